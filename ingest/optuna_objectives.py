"""What the objectives of a study measure: a known measure by its name, or one declared with the study's direction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingest.optuna_studies import Study
from kg.errors import SourceError
from kg.measure_names import normalise
from kg.measures import Measure, declared

__all__ = ["agreed", "objectives_of"]


def objectives_of(study: Study, given: Sequence[str | Measure] | None) -> dict[str, Measure | None]:
    """Names of the objectives in their order, each with the measure that is declared for it, or None if it is known.

    Parameters
    ----------
    given
        Names or measures, one for each objective; if left out, the study's ``metric_names``, or else ``objective of``
        the study, which compares with nothing but the study itself.

    Raises
    ------
    QueryError
        If a name cannot be a measure's.
    SourceError
        If there are more or fewer names than objectives, two are the same, or a measure's direction is not the study's.
    """
    count = len(study.directions)
    named = given if given is not None else study.metric_names
    if named is None:
        numbers = [""] if count == 1 else [f" {number}" for number in range(count)]
        named = [f"objective{number} of {study.name}" for number in numbers]
    place = f"study {study.name!r}"
    if isinstance(named, str) or len(named) != count:
        raise SourceError(
            f"{place} has {count} objectives, named are {named!r}: give one name for each, as in measures=['accuracy']"
        )
    found: dict[str, Measure | None] = {}
    for each, direction in zip(named, study.directions, strict=True):
        name = each.label if isinstance(each, Measure) else each
        if not isinstance(name, str) or name in found:
            raise SourceError(f"{place}: objective {name!r} is no name, or one for two objectives: rename it")
        if not direction:
            raise SourceError(f"{place}: objective {name!r} has no direction: it cannot be compared")
        found[name] = _measure(name, each, direction, place)
    return found


def _measure(name: str, given: str | Measure, direction: str, place: str) -> Measure | None:
    if isinstance(given, Measure):
        better: str = given.direction
    else:
        reading = normalise(name)
        if reading is None:
            return declared(name, direction)
        flipped = {"higher": "lower", "lower": "higher"}
        better = reading.measure.direction
        better = better if reading.factor > 0 else flipped[better]
    if better != direction:
        raise SourceError(
            f"{place} seeks {direction} values of {name!r}, of which {better} ones are better: "
            "say what it measures, as in measure='error_rate'"
        )
    return given if isinstance(given, Measure) else None


def agreed(objectives: Mapping[str, Mapping[str, Measure | None]]) -> dict[str, Measure]:
    """Declared measures of all studies, by the name of the objective.

    Parameters
    ----------
    objectives
        Those of each study.

    Raises
    ------
    SourceError
        If two studies mean different things by one name.
    """
    found: dict[str, tuple[str, Measure]] = {}
    for study, mine in objectives.items():
        for name, measure in mine.items():
            if measure is None:
                continue
            other, known = found.setdefault(name, (study, measure))
            if known != measure:
                raise SourceError(
                    f"studies {other!r} and {study!r} mean different things by {name!r}: "
                    "take them one by one, as in study='...', each with a measure= of its own"
                )
    return {name: measure for name, (_, measure) in found.items()}
