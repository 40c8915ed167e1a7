"""Record runs with Sacred's FileStorageObserver: python make_sacred.py FOLDER."""

import contextlib
import json
import sys
from pathlib import Path

from sacred import Experiment
from sacred.observers import FileStorageObserver

experiment = Experiment("wines", save_git_info=False)

experiment.add_config(
    dataset="openml:187",
    model="sklearn.svm.SVC",
    C=1.0,
    kernel="rbf",
    broken=False,
    training={"epochs": 3, "rate": 0.1},
)


@experiment.main
def run(C, broken, training, _run):
    for epoch in range(training["epochs"]):
        experiment.log_scalar("val_accuracy", 0.7 + epoch / 20 + C / 100, epoch)
        experiment.log_scalar("train_loss", 1 / (1 + epoch), epoch)
    if broken:
        raise ValueError("C is too strange")
    return 0.75


experiment.observers.append(FileStorageObserver(sys.argv[1]))
experiment.run(config_updates={"seed": 3})
experiment.run(config_updates={"seed": 3, "C": 4.0})
with contextlib.suppress(ValueError):
    experiment.run(config_updates={"broken": True})
for path in Path(sys.argv[1]).glob("*/run.json"):  # nothing of the machine
    said = json.loads(path.read_text().replace(sys.prefix, "/venv"))
    said["host"] |= {"hostname": "laptop", "cpu": "a processor", "os": ["Linux", "Linux-x86_64"]}
    path.write_text(json.dumps(said, indent=2) + "\n")
