"""A small real method, as another package would write one: means of noisy measurements, with and without outliers."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np

from methods import Arm, Claim, Method, MethodError, Paper, Task, Trial


class Toy(Method):
    """Estimates a location from contaminated samples."""

    name = "toy"
    paper = Paper("Robust Estimation of a Location Parameter", "1964.00001", 1964)
    fidelity = "reconstruction"
    note = "the median stands for it"
    version = "1"
    tasks = (
        Task(
            "contaminated",
            "samples of which a tenth is far off",
            "location_error",
            "contaminated normal samples",
            procedure="known-location",
            measures={"location_error": ("lower", 0.0, None)},
            data="a file with one number a line",
        ),
    )
    arms = (
        Arm("median", "method", "median of the sample"),
        Arm("mean", "baseline", "mean of the sample"),
        Arm("first", "ablation", "the first value"),
    )
    claims = (Claim("median", "mean"), Claim("median", "first", margin=0.1, strict=True))
    hyperparameters: ClassVar = {"size": 200, "shift": 5.0, "fail": "", "wait": 0.0}
    nominal_seconds = 10.0

    def execute(self, trial: Trial):
        """See the class."""
        rng = np.random.default_rng(trial.seed)
        sample = rng.normal(size=trial.amount(trial.hyperparameters["size"]))
        if trial.data:
            try:
                sample = np.loadtxt(trial.data)
            except ValueError as error:
                raise MethodError(f"{trial.data}: {error}") from error
        sample[rng.random(len(sample)) < 0.1] += trial.hyperparameters["shift"]
        time.sleep(trial.hyperparameters["wait"])
        for step, value in enumerate(sample[:3]):
            trial.run.log(step=step, sample=value)
            trial.progress(step, 3)
        if trial.hyperparameters["fail"] == trial.arm:
            raise FloatingPointError("the sample burst")
        if trial.arm == "median":
            with trial.run.child("toy.part", name="part") as part:
                part["location_error"] = 1.0
            skill = trial.run.product("skill", "sort first", "sort, then halve", derived_from=[part.iri])
            trial.run.product(
                "skill", "sort less", derived_from=[skill], generation=1, properties={"rank": 2}
            )
        estimate = {"median": np.median(sample), "mean": np.mean(sample), "first": sample[0]}[trial.arm]
        return {"location_error": abs(float(estimate))}
