"""Runs arms of methods, each as a tracked run in the graph.

What differs between two runs of a comparison is the arm and the seed and nothing else: that is the **configuration**
(effort, data, hyperparameters), which is kept with each run and says which runs can be paired.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from methods.code_version import code_version
from methods.errors import MethodError
from methods.method import Arm, Method, Setting, Task, Trial

if TYPE_CHECKING:
    from metakg import KnowledgeGraph, Run

__all__ = ["Plan", "Results", "plan", "run_arm"]


@dataclass(frozen=True)
class Plan:
    """What is run: a method on a task, with everything that its arms have in common.

    Attributes
    ----------
    hyperparameters
        All of them, by name.
    configuration
        What was chosen, as text.
    """

    method: Method
    task: Task
    effort: float
    data: Path | None
    hyperparameters: Mapping[str, Setting]
    configuration: str

    @property
    def arms(self) -> tuple[Arm, ...]:
        """Arms that run on the task."""
        return self.method.arms_of(self.task)

    def arm(self, name: str) -> Arm:
        """Arm by name.

        Raises
        ------
        MethodError
            If it is none of the task's.
        """
        for arm in self.arms:
            if arm.name == name:
                return arm
        known = ", ".join(arm.name for arm in self.arms)
        raise MethodError(f"{self.method.name} on {self.task.name} has no arm {name!r}; known: {known}")


@dataclass(frozen=True)
class Results:
    """What came out of one arm: scores by measure, the IRI of the run, and the error if it failed."""

    arm: str
    seed: int
    scores: Mapping[str, float] = field(default_factory=dict)
    run: str = ""
    seconds: float = math.nan
    error: str | None = None


def plan(
    method: Method,
    task: str | None = None,
    *,
    budget_seconds: float | None = None,
    data: str | Path | None = None,
    **hyperparameters: Setting,
) -> Plan:
    """Check what is asked for, before anything is run.

    Parameters
    ----------
    task
        Name of the task; the default one without.
    budget_seconds
        Time that five seeds of all arms may take on two cores, about; work is scaled by its ratio to the method's
        usual time.

    Raises
    ------
    MethodError
        If the method has no such task or hyperparameter, the data is not there, or a package is missing.
    """
    chosen = method.task(task)
    missing = [name for name in method.requires if importlib.util.find_spec(name) is None]
    if missing:
        raise MethodError(f"{method.name} needs {', '.join(missing)}: pip install 'metakg[methods]'")
    path = _data(method, chosen, data)
    values = {**method.hyperparameters}
    for name, value in hyperparameters.items():
        values[name] = _setting(method, name, value)
    effort = 1.0 if budget_seconds is None else float(f"{budget_seconds / method.nominal_seconds:.3g}")
    parts = [f"effort={effort:g}"]
    if path is not None:
        parts.append(f"data={path.name} ({_fingerprint(path)})")
    parts += [
        f"{name}={value}" for name, value in sorted(values.items()) if value != method.hyperparameters[name]
    ]
    return Plan(method, chosen, effort, path, values, "; ".join(parts))


def run_arm(
    kg: KnowledgeGraph, plan: Plan, arm: Arm, seed: int, report: Callable[[float], None] = lambda _: None
) -> Results:
    """Run an arm with a seed, and keep the run in the graph; one that fails is kept too.

    Raises
    ------
    MethodError
        If the person's data or a hyperparameter cannot be used, or the graph cannot be written to.
    """
    method, task = plan.method, plan.task
    for name, (direction, low, high) in task.measures.items():
        kg.measure(name, direction, low, high)
    code = code_version(type(method))
    begun = time.perf_counter()
    run = kg.run(
        f"{method.name}.{arm.name}",
        dataset=task.dataset,
        task=task.type,
        procedure=task.procedure,
        project=method.name,
        name=f"{method.name} {arm.name} on {task.name}, seed {seed}",
        parameters={**plan.hyperparameters, "effort": plan.effort},
        seed=seed,
    )
    scores: Mapping[str, float] = {}
    error = None
    try:
        with run:
            _mark(run, plan, arm, code)
            trial = Trial(
                arm.name, task.name, seed, plan.effort, plan.data, plan.hyperparameters, run, report
            )
            scores = _checked(plan, arm, method.execute(trial))
            run.score(scores)
    except MethodError:
        raise
    except Exception as failure:  # noqa: BLE001 - a failed arm is a result: the others go on
        error = f"{type(failure).__name__}: {' '.join(str(failure).split())}"
    if not run.logged:
        raise MethodError(
            f"the run of {arm.name} could not be kept in {kg.name}, as the warning above says: mend that first"
        )
    return Results(arm.name, seed, dict(scores), run.iri, time.perf_counter() - begun, error)


def _mark(run: Run, plan: Plan, arm: Arm, code: str) -> None:
    method = plan.method
    published: dict[str, Any] = {
        "name": method.name,
        "title": method.paper.title,
        "fidelity": method.fidelity,
        "publication": method.paper.url,
        "year": method.paper.year,
        "note": method.note,
    }
    run.trial(
        published,
        arm=arm.name,
        kind=arm.kind,
        benchmark=plan.task.name,
        version=method.version,
        configuration=plan.configuration,
    )
    run.tag(code=code)


def _checked(plan: Plan, arm: Arm, scores: Mapping[str, float]) -> dict[str, float]:
    """Scores as numbers; a method that forgets the task's measure, or returns no number, has failed."""
    found = {name: float(value) for name, value in scores.items()}
    if plan.task.measure not in found:
        raise ValueError(f"arm {arm.name} returned no {plan.task.measure}")
    for name, value in found.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} of arm {arm.name} is {value}")
    return found


def _data(method: Method, task: Task, data: str | Path | None) -> Path | None:
    if data is None:
        if task.needs_data:
            raise MethodError(f"task {task.name} of {method.name} needs --data: {task.data}")
        return None
    if task.data is None:
        raise MethodError(f"task {task.name} of {method.name} takes no data: leave --data out")
    path = Path(data).expanduser()
    if not path.exists():
        raise MethodError(f"{path}: there is no such file or folder; {task.name} takes {task.data}")
    return path


def _setting(method: Method, name: str, value: Setting) -> Setting:
    if name not in method.hyperparameters:
        known = ", ".join(method.hyperparameters) or "none"
        raise MethodError(f"{method.name} has no hyperparameter {name!r}; known: {known}")
    kind = type(method.hyperparameters[name])
    if isinstance(value, kind) and (kind is bool) == isinstance(value, bool):
        return value
    try:
        if kind is bool:
            return {"true": True, "false": False}[str(value).lower()]
        return kind(value)
    except (KeyError, ValueError) as error:
        raise MethodError(f"{name} of {method.name} is {value!r}: give a {kind.__name__}") from error


def _fingerprint(path: Path) -> str:
    """First digits of the SHA-256 of a file's bytes, or of the names and bytes of a folder's files."""
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
        if file.is_file():
            digest.update(str(file.relative_to(path)).encode())
            with file.open("rb") as stream:
                while block := stream.read(2**20):
                    digest.update(block)
    return digest.hexdigest()[:12]
