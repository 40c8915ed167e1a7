"""What runs in the sandbox: solves instances with a function that nobody has read.

Imported before the process is locked in; afterwards nothing can be compiled, so every problem is solved once here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from methods.moh.problems import problem_of

__all__ = ["costs"]

SMALL: dict[str, dict[str, Any]] = {
    "bin-packing": {"items": [60, 50, 40, 30]},
    "tsp": {"distances": [[abs(i - j) for j in range(6)] for i in range(6)]},
    "tsp-constructive": {"distances": [[abs(i - j) for j in range(6)] for i in range(6)]},
    "cvrp": {
        "distances": [[float(abs(i - j)) for j in range(7)] for i in range(7)],
        "demands": [0, 1, 2, 3, 1, 2, 3],
        "capacity": 6,
    },
}


def costs(function: Callable[..., Any], arguments: Mapping[str, Any]) -> list[float]:
    """Costs of the solutions that the function makes of the packed instances of a task."""
    problem = problem_of(arguments["task"])
    names = problem.quantities

    def score(quantities: np.ndarray) -> np.ndarray:
        given = {name: row.copy() for name, row in zip(names, quantities, strict=True)}
        values = np.asarray(function(**given), dtype=float)
        if values.shape not in ((), quantities.shape[1:]):
            raise ValueError(f"the result has the shape {values.shape}, but {quantities.shape[1:]} is needed")
        return np.nan_to_num(np.broadcast_to(values, quantities.shape[1:]), posinf=1e9, neginf=-1e9)

    return [problem.cost(problem.unpacked(packed), score) for packed in arguments["instances"]]


for _task, _packed in SMALL.items():
    costs(lambda **quantities: next(iter(quantities.values())), {"task": _task, "instances": [_packed]})
