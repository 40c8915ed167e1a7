"""Make ``optuna.db`` and ``optuna-journal.jsonl``: the same studies in both of Optuna's storages.

Run where Optuna 5 and scikit-learn are installed: ``python tests/ingest/recordings/make_optuna.py``.
"""

import warnings
from pathlib import Path

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from sklearn.datasets import load_iris
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

HERE = Path(__file__).parent
X, y = load_iris(return_X_y=True)


def svc(trial):
    kernel = trial.suggest_categorical("kernel", ["linear", "rbf", "sigmoid"])
    C = trial.suggest_float("C", 1e-4, 10.0, log=True)
    shrinking = trial.suggest_categorical("shrinking", [True, False])
    degree = trial.suggest_int("degree", 2, 5)
    trial.set_user_attr("note", {"fold": [1, 2], "by": "hand"})
    if trial.number == 4:
        raise ValueError("a failure of the person's own")
    if trial.number == 5:
        return float("nan")
    model = SVC(kernel=kernel, C=C, shrinking=shrinking, degree=degree)
    scores = []
    for fold, (train, test) in enumerate(StratifiedKFold(5).split(X, y)):
        scores.append(model.fit(X[train], y[train]).score(X[test], y[test]))
        trial.report(sum(scores) / len(scores), fold)
        if scores[0] < 0.9:
            raise optuna.TrialPruned
    return sum(scores) / len(scores)


def network(trial):
    units = trial.suggest_int("hidden_layer_sizes", 2, 8)
    model = MLPClassifier(hidden_layer_sizes=units, max_iter=50, random_state=0)
    return cross_val_score(model, X, y).mean(), units


def fill(storage):
    svcs = optuna.create_study(
        storage=storage,
        study_name="iris SVC",
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=1),
    )
    svcs.set_metric_names(["accuracy"])
    for name, text in (("dataset", "iris"), ("model", "sklearn.svm.SVC"), ("procedure", "5-fold-cv")):
        svcs.set_user_attr(name, text)
    svcs.set_user_attr("task", "classification")
    svcs.optimize(svc, n_trials=12, catch=(ValueError,))
    svcs.enqueue_trial({"C": 0.5})
    svcs.enqueue_trial({"C": 0.25})
    svcs.ask()
    both = optuna.create_study(
        storage=storage,
        study_name="network",
        directions=["maximize", "minimize"],
        sampler=optuna.samplers.RandomSampler(seed=1),
    )
    both.set_user_attr("dataset", "iris")
    both.optimize(network, n_trials=3)
    both.add_trial(
        optuna.trial.create_trial(
            params={"hidden_layer_sizes": 3, "activation": "tanh"},
            distributions={
                "hidden_layer_sizes": optuna.distributions.IntDistribution(2, 8),
                "activation": CategoricalDistribution(["relu", "tanh"]),
            },
            values=[0.5, 3],
        )
    )
    odd = optuna.create_study(storage=storage, study_name="odd", direction="minimize")
    odd.set_user_attr("dataset", "none")
    odd.add_trial(
        optuna.trial.create_trial(
            params={"x": 0.5}, distributions={"x": FloatDistribution(0, 1)}, value=float("inf")
        )
    )
    deleted = optuna.create_study(storage=storage, study_name="deleted")
    deleted.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    optuna.delete_study(study_name="deleted", storage=storage)
    last = optuna.create_study(storage=storage, study_name="last")
    last.set_user_attr("dataset", "none")
    last.optimize(lambda trial: trial.suggest_float("x", 0, 1, step=0.25), n_trials=2)


def main():
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    database, journal = HERE / "optuna.db", HERE / "optuna-journal.jsonl"
    for path in (database, journal):
        path.unlink(missing_ok=True)
    fill(f"sqlite:///{database}")
    fill(optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal))))


if __name__ == "__main__":
    main()
