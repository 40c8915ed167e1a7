"""What the graph says of a method: by how much it differs from each other arm, and whether its claims hold.

Differences are paired: both runs have the same seed, task, version and configuration. The interval is Student's for the
mean of paired differences (Student, 1908), two-sided, 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from methods.errors import MethodError
from methods.method import Arm, Claim, Method, Task
from methods.queries import text

if TYPE_CHECKING:
    from metakg import KnowledgeGraph
    from methods.running import Plan

__all__ = ["LEAST_SEEDS", "ArmScore", "Comparison", "Judged", "Verdict", "finished", "verdict"]

LEAST_SEEDS = 5
"""Seeds that a claim needs."""

_METHOD = "https://w3id.org/metakg/method/"
_MEASURE = "https://w3id.org/metakg/measure/"


@dataclass(frozen=True)
class ArmScore:
    """An arm's mean and standard deviation over seeds, in a measure."""

    arm: str
    kind: str
    measure: str
    seeds: int
    mean: float
    deviation: float


@dataclass(frozen=True)
class Comparison:
    """How much better an arm is than another; above 0 is better, whatever the measure's direction.

    Attributes
    ----------
    low, high
        Ends of the 95 % interval; the mean itself where there is one seed.
    wins, losses
        Seeds in which the arm was better, and worse.
    """

    arm: str
    other: str
    measure: str
    seeds: tuple[int, ...]
    mean: float
    low: float
    high: float
    wins: int
    losses: int


@dataclass(frozen=True)
class Judged:
    """A claim, what the graph says of it (None where no seed has both arms), and whether it holds."""

    claim: Claim
    comparison: Comparison | None
    holds: bool
    why: str


@dataclass(frozen=True)
class Verdict:
    """What the graph says of a method on a task, by one version with one configuration."""

    method: str
    task: str
    measure: str
    direction: str
    version: str
    configuration: str
    code: tuple[str, ...]
    scores: tuple[ArmScore, ...]
    comparisons: tuple[Comparison, ...]
    claims: tuple[Judged, ...]

    @property
    def holds(self) -> bool:
        """Whether every claim holds."""
        return all(judged.holds for judged in self.claims)

    def to_dict(self) -> dict[str, Any]:
        """Everything as dictionaries, lists, text and numbers."""
        return {**asdict(self), "holds": self.holds}


def finished(kg: KnowledgeGraph, about: Plan) -> set[tuple[str, int]]:
    """Arms and seeds that the graph has a finished run of, with this version and configuration."""
    rows = _rows(kg, "finished", about.method, about.task, about.method.version, about.configuration)
    return {(str(arm), int(seed)) for arm, seed in rows}


def verdict(
    kg: KnowledgeGraph, method: Method, task: str | None = None, configuration: str | None = None
) -> Verdict:
    """Judge a method by the runs in the graph.

    Parameters
    ----------
    task
        Name of the task; the method's default without.
    configuration
        As it was kept with the runs; without one the last that was run with the method's present version.

    Raises
    ------
    MethodError
        If the graph has no run of it.
    """
    chosen = method.task(task)
    known = _configurations(kg, method, chosen)
    if configuration is None and known:
        configuration = known[0]
    if configuration not in known:
        others = f"; known: {' | '.join(known)}" if known else ""
        asked = "" if configuration is None else f" with {configuration!r}"
        raise MethodError(
            f"the graph {kg.name} has no run of {method.name} {method.version} on {chosen.name}{asked}{others}: run "
            f"metakg methods run {method.name} --task {chosen.name}"
        )
    about = (method, chosen, method.version, configuration)
    scores, code = _scores(_rows(kg, "scores", *about), chosen, method.arms_of(chosen))
    comparisons = _comparisons(_rows(kg, "pairs", *about), chosen)
    claims = tuple(_judge(claim, chosen, comparisons) for claim in method.claims_of(chosen))
    shown = [
        one for one in comparisons if one.arm == method.arms[0].name and one.measure in _of(chosen, claims)
    ]
    return Verdict(
        method.name,
        chosen.name,
        chosen.measure,
        _direction(chosen, chosen.measure),
        method.version,
        configuration,
        code,
        tuple(scores),
        tuple(shown),
        claims,
    )


def _configurations(kg: KnowledgeGraph, method: Method, task: Task) -> list[str]:
    rows = kg.sparql(text("configurations"), method=_iri(method), benchmark=task.name).rows()
    return [str(configuration) for version, configuration, *_ in rows if str(version) == method.version]


def _rows(
    kg: KnowledgeGraph, name: str, method: Method, task: Task, version: str, configuration: str
) -> Iterable[Any]:
    return kg.sparql(
        text(name),
        method=_iri(method),
        benchmark=task.name,
        version=version,
        configuration=configuration,
    ).rows()


def _iri(method: Method) -> Any:
    from metakg import IRI

    return IRI(_METHOD + method.name)


def _scores(rows: Iterable[Any], task: Task, arms: tuple[Arm, ...]) -> tuple[list[ArmScore], tuple[str, ...]]:
    kinds = {arm.name: arm.kind for arm in arms}
    found, code = [], set[str]()
    for measure, arm, seeds, mean, squares, versions in rows:
        code |= set(filter(None, str(versions or "").split("|")))
        if str(arm) in kinds:
            count, average = int(seeds), float(mean)
            spread = _deviation(count, average, float(squares))
            found.append(ArmScore(str(arm), kinds[str(arm)], _key(measure), count, average, spread))
    order = list(kinds)
    found.sort(key=lambda one: (one.measure != task.measure, one.measure, order.index(one.arm)))
    return found, tuple(sorted(code))


def _comparisons(rows: Iterable[Any], task: Task) -> list[Comparison]:
    from scipy.stats import t

    found = []
    for measure, arm, other, pairs, mean, squares, higher, lower, seeds in rows:
        key, count = _key(measure), int(pairs)
        sign = 1.0 if _direction(task, key) == "higher" else -1.0
        average = sign * float(mean)
        error = _deviation(count, float(mean), float(squares)) / math.sqrt(count)
        reach = float(t.ppf(0.975, count - 1)) * error if count > 1 else 0.0
        won, lost = (int(higher), int(lower)) if sign > 0 else (int(lower), int(higher))
        listed = tuple(sorted(int(seed) for seed in str(seeds).split()))
        found.append(
            Comparison(
                str(arm), str(other), key, listed, average, average - reach, average + reach, won, lost
            )
        )
    return sorted(found, key=lambda one: (one.measure, one.arm, one.other))


def _judge(claim: Claim, task: Task, comparisons: Iterable[Comparison]) -> Judged:
    measure = claim.measure or task.measure
    for one in comparisons:
        if (one.arm, one.other, one.measure) == (claim.arm, claim.other, measure):
            break
    else:
        return Judged(claim, None, False, "no seed has both runs")
    if len(one.seeds) < LEAST_SEEDS:
        return Judged(claim, one, False, f"{len(one.seeds)} of at least {LEAST_SEEDS} seeds")
    holds = one.mean > claim.margin if claim.strict else one.mean >= claim.margin
    return Judged(claim, one, holds, "" if holds else f"the difference is {one.mean:.4g}")


def _of(task: Task, claims: Iterable[Judged]) -> set[str]:
    return {task.measure} | {judged.claim.measure for judged in claims if judged.claim.measure}


def _direction(task: Task, measure: str) -> str:
    if measure in task.measures:
        return task.measures[measure][0]
    from metakg import measure_of

    return measure_of(measure).direction


def _key(measure: Any) -> str:
    return str(measure).removeprefix(_MEASURE)


def _deviation(count: int, mean: float, squares: float) -> float:
    """Sample standard deviation of values whose number, mean and sum of squares are known."""
    if count < 2:
        return 0.0
    return math.sqrt(max(squares - count * mean * mean, 0.0) / (count - 1))
