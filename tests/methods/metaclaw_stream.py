"""A short stream and an agent on it, for tests of MetaClaw."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from methods.metaclaw.agent import Agent, Attempt, Settings
from methods.metaclaw.mining import RuleMiner
from methods.metaclaw.outcomes import Outcomes
from methods.metaclaw.skills import Skill
from methods.metaclaw.stream import FIRST_DAY, Round, calendar, stream
from methods.metaclaw.trial import outcome_reward

__all__ = ["Observed", "agent", "world"]

DAYS = 8


@cache
def world(seed: int = 100) -> tuple[tuple[Round, ...], Outcomes]:
    """Rounds of a seed with the outcomes that tests share."""
    return tuple(stream(seed, DAYS)), Outcomes()


class Observed:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.support: list[Sequence[Attempt]] = []
        self.shown: list[Sequence[Attempt]] = []
        self.added: list[Skill] = []
        self.refusals: list[tuple[str, Exception]] = []

    def evolved(self, shown: Sequence[Attempt], added: Sequence[Skill], dropped: int) -> None:
        self.shown.append(shown)
        if added:
            self.support.append(shown)
        self.added += added

    def refused(self, what: str, why: Exception) -> None:
        self.refusals.append((what, why))


def agent(settings: Settings, *, observer: Any = None, evolver: Any = None, reward: Any = None) -> Agent:
    """Agent on the stream."""
    return Agent(
        settings,
        seed=100,
        begin=FIRST_DAY,
        outcomes=world()[1],
        evolver=evolver or RuleMiner(),
        observer=observer or Observed(),
        reward=reward or outcome_reward,
        calendar=calendar(100, DAYS),
    )
