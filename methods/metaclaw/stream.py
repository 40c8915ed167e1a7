"""The stream: 44 days on which tasks of recurring kinds come, and the kinds change with time.

A kind of task is a table, the things that go wrong with it, and who asks about what. Which kinds a stream has is drawn
from its seed. Some are there from the first day, others come later, some stop, damages grow, and one day in the second
half of the stream each old kind gets a further damage.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from methods.metaclaw.damages import DAMAGES, damage
from methods.metaclaw.pipelines import Cells
from methods.metaclaw.tables import TABLES, Labels, sample
from methods.metaclaw.wording import describe

__all__ = ["DAYS", "FIRST_DAY", "ROUNDS", "Kind", "Round", "calendar", "kinds", "stream"]

DAYS = 44
ROUNDS = 7
"""Of a day."""

FIRST_DAY = datetime(2026, 1, 5)

_TOPICS = (
    ("A vineyard", "bottle"), ("The herbarium", "specimen"), ("A clinic", "patient"), ("The post office", "letter"),
    ("An insurer", "claim"), ("A radar station", "echo"), ("The customs", "parcel"), ("A foundry", "casting"),
    ("The library", "loan"), ("A hatchery", "trout"), ("The observatory", "star"), ("A bakery", "order"),
)  # fmt: skip

_CARRIED = ("amounts", "dates", "categories", "places", "infinite")
"""Damages to the most telling columns, of which a kind has one."""

_GAPS = ("missing", "unmeasured")
_FURTHER = tuple(name for name in DAMAGES if name not in _CARRIED)


@dataclass(frozen=True)
class Kind:
    """A kind of task that recurs.

    Attributes
    ----------
    table
        One of `methods.metaclaw.tables.TABLES`.
    damages
        That it has from the beginning.
    later
        Damage that it has from day ``change`` on.
    first, last
        Days on which it comes.
    topic
        Who asks, about what.
    """

    table: str
    damages: tuple[str, ...]
    later: str
    change: int
    first: int
    last: int
    topic: tuple[str, str]

    def damages_on(self, day: int) -> tuple[str, ...]:
        """What is wrong with its tables on a day."""
        return (*self.damages, self.later) if day >= self.change else self.damages


@dataclass(frozen=True, eq=False)
class Round:
    """A task that comes at a moment.

    Attributes
    ----------
    number
        Of the stream, from 0.
    day
        From 0.
    moment
        On the agent's clock.
    kind
        Index of its kind; the agent never sees it.
    text
        What the agent reads.
    clean
        The table before anything went wrong with its cells: for the task's baseline only.
    cells, labels
        That the pipeline gets.
    """

    number: int
    day: int
    moment: datetime
    kind: int
    name: str
    text: str
    clean: NDArray[np.float64]
    cells: Cells
    labels: Labels


def _damages(rng: np.random.Generator) -> tuple[str, ...]:
    """Damages of a kind, and last the one that it gets later."""
    order = [str(name) for name in rng.permutation(_FURTHER)]
    gaps = next(name for name in order if name in _GAPS)
    order = [name for name in order if name not in _GAPS or name == gaps]
    return (str(rng.choice(_CARRIED)), *order[: 2 + int(rng.random() < 0.4)])


def kinds(rng: np.random.Generator) -> list[Kind]:
    """The ten kinds of a stream."""
    topics = rng.permutation(len(_TOPICS))
    found = []
    for i in range(10):
        *damages, later = _damages(rng)
        first = 0 if i < 6 else int(rng.integers(6, 26))
        last = DAYS - 1 if i not in (0, 1) else int(rng.integers(14, 24))
        change = int(rng.integers(DAYS // 2 - 4, DAYS - 10)) if i % 2 else DAYS
        table = str(rng.choice(TABLES))
        found.append(Kind(table, tuple(damages), later, change, first, last, _TOPICS[topics[i]]))
    return found


def calendar(seed: int, days: int = DAYS) -> list[tuple[datetime, datetime]]:
    """Begin and end of the hours in which the person is away: on every second day, about."""
    rng = np.random.default_rng([seed, 4])
    away = []
    for day in range(days):
        begin = FIRST_DAY + timedelta(days=day, hours=int(rng.integers(9, 21)))
        if rng.random() < 0.5:
            away.append((begin, begin + timedelta(hours=1)))
    return away


def moments(day: int, rounds: int, rng: np.random.Generator) -> list[datetime]:
    """Moments of a day's rounds, between 8:00 and 22:30; some follow at once, some after a long break."""
    minutes = np.sort(rng.choice(np.arange(0, 870, 5), rounds, replace=False))
    start = FIRST_DAY + timedelta(days=day, hours=8)
    return [start + timedelta(minutes=int(minute)) for minute in minutes]


def stream(seed: int, days: int = DAYS, rounds: int = ROUNDS) -> Iterator[Round]:
    """Rounds of a seed, day after day.

    Every round has random numbers of its own, so that a stream of fewer days is the beginning of the longer one.

    Parameters
    ----------
    days
        How many, at most `DAYS`.
    rounds
        Of each day, at most 174.
    """
    world = np.random.default_rng([seed, 1])
    all_kinds = kinds(world)
    weights = world.dirichlet(np.full(len(all_kinds), 4.0), size=3)
    number = 0
    for day in range(days):
        rng = np.random.default_rng([seed, 2, day])
        present = [i for i, kind in enumerate(all_kinds) if kind.first <= day <= kind.last]
        at = day / (DAYS - 1) * 2
        now = np.array([np.interp(at, [0, 1, 2], weights[:, i]) for i in present])
        for moment in moments(day, rounds, rng):
            chosen = present[int(rng.choice(len(present), p=now / now.sum()))]
            kind = all_kinds[chosen]
            own = np.random.default_rng([seed, 3, number])
            table, labels = sample(kind.table, int(own.integers(120, 170)), own)
            strength = min(1.0, 0.3 + 0.5 * day / DAYS + 0.2 * own.random())
            names = kind.damages_on(day)
            lost = set(names) & {"rare"}
            clean, kept = damage(table, labels, lost, own, strength)
            damaged, _ = damage(clean, kept, set(names) - lost, own, strength)
            cells = damaged.to_numpy(dtype=object)
            text = describe(damaged, kept, kind.topic, own)
            name = f"{kind.table}, day {day}, round {number}"
            yield Round(number, day, moment, chosen, name, text, clean.to_numpy(), cells, kept)
            number += 1
