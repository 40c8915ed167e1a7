"""Record runs with W&B, offline: python make_wandb.py FOLDER."""

import os
import sys
from pathlib import Path

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
os.chdir(folder)
os.environ.update(
    WANDB_MODE="offline", WANDB_SILENT="true", WANDB_DISABLE_CODE="true", WANDB_DISABLE_GIT="true"
)

import wandb  # noqa: E402

settings = wandb.Settings(
    x_disable_meta=False,
    x_disable_stats=True,
    x_disable_machine_info=True,
    x_save_requirements=False,
    host="laptop",
    console="off",
)
config = {
    "dataset": "cifar10",
    "architecture": "ResNet18",
    "learning_rate": 0.1,
    "optimizer": {"name": "sgd", "momentum": 0.9},
    "seed": 5,
    "task": "classification",
}
with wandb.init(
    project="images", name="resnet", id="aaaa1111", config=config, tags=["baseline"], group="first",
    notes="as in the paper", settings=settings,
) as run:  # fmt: skip
    for epoch in range(5):
        run.log({"val/acc": 0.6 + epoch / 20, "train/loss": 1 / (1 + epoch), "epoch": epoch, "mine": epoch})
    run.summary["best"] = 0.8
with wandb.init(project="images", name="from openml", id="bbbb2222", settings=settings) as run:
    run.config.update({"openml_id": 40996, "model": "MLPClassifier", "alpha": 0.0001, "batch_size": 64})
    run.log({"accuracy": 0.875, "loss": float("nan"), "text": "x" * 40_000})
run = wandb.init(
    project="images", name="broken", id="cccc3333", config={"model": "MLPClassifier"}, settings=settings
)
run.log({"accuracy": 0.5})
run.finish(exit_code=3)
