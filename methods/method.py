"""The contract of a method: what it states of itself, and the one function that runs one of its arms.

A method is compared with its baselines and its ablations on a task, seed by seed; method, baselines and ablations are
its **arms**, and all of them run through :meth:`Method.execute`. What it should show stands in its **claims**, which
the graph answers (`methods.verdict`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from methods.errors import MethodError

if TYPE_CHECKING:
    from metakg import Run

__all__ = ["Arm", "Claim", "Method", "Paper", "Setting", "Task", "Trial"]

Setting = int | float | str | bool
"""Value of a hyperparameter."""


@dataclass(frozen=True)
class Paper:
    """Where a method was published; ``arxiv`` is the number, such as ``2505.20881``."""

    title: str
    arxiv: str
    year: int

    @property
    def url(self) -> str:
        """Page of the paper."""
        return f"https://arxiv.org/abs/{self.arxiv}"


@dataclass(frozen=True)
class Task:
    """What the arms are compared on.

    Attributes
    ----------
    name
        As it is asked for.
    title
        For people.
    measure
        Key of the measure that claims are about unless they name another.
    dataset
        Name of the data in the graph.
    type
        Of the task in the graph; one of the types that :meth:`metakg.KnowledgeGraph.run` takes.
    procedure
        How the measures are estimated, such as ``last-14-of-44-days``.
    measures
        That :mod:`metakg` does not know: direction (``higher`` or ``lower``), lowest and highest value by key.
    data
        What ``--data`` takes, for people; None if the task needs no file.
    needs_data
        Whether the task cannot run without ``--data``.
    """

    name: str
    title: str
    measure: str
    dataset: str
    type: str = "other"
    procedure: str = "holdout"
    measures: Mapping[str, tuple[str, float | None, float | None]] = field(default_factory=dict)
    data: str | None = None
    needs_data: bool = False


@dataclass(frozen=True)
class Arm:
    """One of the things that are compared: the method itself, a baseline, or the method without one of its parts.

    ``tasks`` names those that it runs on; empty for all. An ``optional`` one runs only where it is asked for by name.
    """

    name: str
    kind: Literal["method", "baseline", "ablation"]
    title: str
    tasks: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Claim:
    """That one arm is better than another by a margin, in the mean of the differences over seeds.

    Attributes
    ----------
    arm, other
        Names of arms.
    margin
        In the measure's unit; differences are counted in the direction that is better.
    strict
        Whether a difference of just the margin is too little.
    task
        That it is about; None for every task that both arms run on.
    measure
        That it is about; None for the task's.
    """

    arm: str
    other: str
    margin: float = 0.0
    strict: bool = False
    task: str | None = None
    measure: str | None = None

    def __str__(self) -> str:
        sign, by = ">" if self.strict else "≥", f" + {self.margin:g}" if self.margin else ""
        return f"{self.arm} {sign} {self.other}{by}"


@dataclass(frozen=True)
class Trial:
    """One run of one arm.

    Attributes
    ----------
    effort
        How much of the usual work is to be done: 1 by default, 2 for twice the budget. Work is counted in steps or
        evaluations and never in seconds, so that results are the same on every machine.
    data
        File or folder of the person's; None for the task's own data.
    hyperparameters
        All of the method's, by name.
    run
        The run that is being recorded; what else is worth keeping is noted with it.
    report
        Takes the share of the work that is done.
    """

    arm: str
    task: str
    seed: int
    effort: float
    data: Path | None
    hyperparameters: Mapping[str, Any]
    run: Run
    report: Callable[[float], None] = lambda _: None

    def progress(self, done: float, total: float) -> None:
        """Say how far it is."""
        self.report(min(done / total, 1.0) if total else 1.0)

    def amount(self, base: int, least: int = 1) -> int:
        """Number of steps or evaluations that the effort allows, where ``base`` are the usual ones."""
        return max(least, round(base * self.effort))


class Method(ABC):
    """A method with its baselines; subclasses state the attributes and run an arm.

    Subclasses are made without arguments, as often as needed and in any process; importing their module loads nothing
    heavy.

    Attributes
    ----------
    name
        As it is asked for, in lower case.
    paper
        Where it was published.
    fidelity
        ``reimplementation`` where the paper states the method in full, ``reconstruction`` where parts of it had to be
        filled in.
    note
        What differs from the paper, in a sentence or two.
    version
        Of this implementation: raised when results change.
    tasks
        What it runs on; the first is the default.
    arms
        The method itself first.
    claims
        What it should show.
    hyperparameters
        Values that can be chosen, with their defaults.
    requires
        Modules of further packages that it imports.
    nominal_seconds
        How long five seeds of all arms take on two cores with an effort of 1.
    """

    name: ClassVar[str]
    paper: ClassVar[Paper]
    fidelity: ClassVar[Literal["reimplementation", "reconstruction"]]
    note: ClassVar[str]
    version: ClassVar[str]
    tasks: ClassVar[tuple[Task, ...]]
    arms: ClassVar[tuple[Arm, ...]]
    claims: ClassVar[tuple[Claim, ...]]
    hyperparameters: ClassVar[Mapping[str, Setting]] = {}
    requires: ClassVar[tuple[str, ...]] = ()
    nominal_seconds: ClassVar[float] = 100.0

    @abstractmethod
    def execute(self, trial: Trial) -> Mapping[str, float]:
        """Run one arm on one task with one seed.

        The same trial gives the same scores on every machine. It may note series, parts and products with
        ``trial.run``; the scores that it returns are noted by the caller.

        Returns
        -------
        scores
            By key of the measure, the task's among them.

        Raises
        ------
        MethodError
            If the person's data or a hyperparameter cannot be used.
        """

    def task(self, name: str | None = None) -> Task:
        """Task by name; the default without one.

        Raises
        ------
        MethodError
            If there is no such task.
        """
        for task in self.tasks:
            if name in (None, task.name):
                return task
        raise MethodError(
            f"{self.name} has no task {name!r}; known: {', '.join(task.name for task in self.tasks)}"
        )

    def arms_of(self, task: Task) -> tuple[Arm, ...]:
        """Arms that run on a task."""
        return tuple(arm for arm in self.arms if not arm.tasks or task.name in arm.tasks)

    def claims_of(self, task: Task) -> tuple[Claim, ...]:
        """Claims about a task."""
        arms = {arm.name for arm in self.arms_of(task)}
        return tuple(
            claim
            for claim in self.claims
            if claim.task in (None, task.name) and {claim.arm, claim.other} <= arms
        )
