"""Record runs with MLflow, by its file store or its SQLite store: python make_mlflow.py sqlite|file FOLDER."""

import os
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

STORE, FOLDER = sys.argv[1], Path(sys.argv[2])
FOLDER.mkdir(parents=True, exist_ok=True)
os.chdir(FOLDER)
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"

import mlflow  # noqa: E402
import mlflow.sklearn  # noqa: E402
from sklearn.datasets import load_diabetes, load_iris  # noqa: E402
from sklearn.ensemble import RandomForestRegressor  # noqa: E402
from sklearn.model_selection import train_test_split  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

mlflow.set_tracking_uri("sqlite:///mlflow.db" if STORE == "sqlite" else (FOLDER / "mlruns").as_uri())
if STORE == "sqlite":
    mlflow.create_experiment("flowers", artifact_location="artifacts")

mlflow.set_experiment("flowers")
X, y = load_iris(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
mlflow.sklearn.autolog(log_models=False, log_input_examples=False)
with mlflow.start_run(run_name="scaled svc"):
    model = make_pipeline(StandardScaler(), SVC(C=2.0, random_state=7)).fit(X_train, y_train)
    mlflow.log_metric("test_accuracy", model.score(X_test, y_test))
mlflow.sklearn.autolog(disable=True)

mlflow.set_experiment("diabetes")
X, y = load_diabetes(return_X_y=True, as_frame=True)
with mlflow.start_run(run_name="depths") as parent:
    mlflow.log_metric("rmse", 58.5)
    mlflow.log_param("model", "RandomForestRegressor")
    table = mlflow.data.from_pandas(X.assign(target=y), name="diabetes", targets="target")
    mlflow.log_input(table, context="training")
    for depth in (2, 4):
        with mlflow.start_run(run_name=f"depth {depth}", nested=True):
            mlflow.log_params(
                {"model": "RandomForestRegressor", "max_depth": depth, "n_estimators": 50, "seed": 1}
            )
            mlflow.set_tags({"dataset": "https://www.openml.org/d/44223", "purpose": "compare depths"})
            forest = RandomForestRegressor(n_estimators=50, max_depth=depth, random_state=1)
            forest.fit(X[:300], y[:300])
            mlflow.log_metric("r2", forest.score(X[300:], y[300:]))
            mlflow.log_metric("surprise", 0.25 * depth)
            Path("notes.txt").write_text(f"depth {depth}\n")
            mlflow.log_artifact("notes.txt", artifact_path="words")

mlflow.set_experiment("networks")
with mlflow.start_run(run_name="network"):
    mlflow.log_params({"model": "TinyNet", "learning_rate": "0.01", "layers": "[8, 4]", "dropout": "None"})
    for epoch in range(4):
        mlflow.log_metrics(
            {"val/accuracy": 0.5 + epoch / 10, "train_loss": 1 / (epoch + 1), "gap": 0.1 * epoch}, step=epoch
        )
subprocess.run(  # a run that raises
    [
        sys.executable,
        "-c",
        "import mlflow, os\n"
        f"mlflow.set_tracking_uri({mlflow.get_tracking_uri()!r})\n"
        "mlflow.set_experiment('networks')\n"
        "with mlflow.start_run(run_name='too large'):\n"
        "    mlflow.log_param('model', 'TinyNet')\n"
        "    raise MemoryError('no more')\n",
    ],
    check=False,
)
client = mlflow.MlflowClient()
experiment = client.get_experiment_by_name("networks").experiment_id
client.create_run(experiment, run_name="still running")
gone = client.create_run(experiment, run_name="thrown away")
client.log_metric(gone.info.run_id, "accuracy", 0.1)
client.delete_run(gone.info.run_id)
Path("notes.txt").unlink()
TABLES = (
    "experiments",
    "runs",
    "params",
    "tags",
    "metrics",
    "latest_metrics",
    "datasets",
    "inputs",
    "input_tags",
)
if STORE == "sqlite":  # of its hundred tables, those that hold runs
    with sqlite3.connect("mlflow.db") as database:
        names = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        database.execute("PRAGMA foreign_keys = OFF")
        for name in names:
            if name not in TABLES and not name.startswith("sqlite_"):
                database.execute(f'DROP TABLE "{name}"')
        Path("mlflow.sql").write_text("\n".join(database.iterdump()) + "\n")
else:
    with tarfile.open("mlruns.tar.gz", "w:gz") as archive:
        archive.add("mlruns")
