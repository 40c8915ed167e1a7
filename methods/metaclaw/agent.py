"""The agent at work: rounds come, skills evolve at once, the policy is updated when nobody asks.

One object runs one arm. What happens is told to an observer, which writes it down (`methods.metaclaw.logbook`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import numpy as np

from methods.metaclaw.choices import STAGES, choice_text
from methods.metaclaw.learning import Buffer, Learner, Sample
from methods.metaclaw.mining import Failure
from methods.metaclaw.outcomes import Outcome, Outcomes
from methods.metaclaw.policy import Decision, Policy
from methods.metaclaw.reading import vector
from methods.metaclaw.scheduling import Clock, Scheduler, State
from methods.metaclaw.skills import BadSkill, Library, Skill
from methods.metaclaw.stream import Round

__all__ = ["Agent", "Attempt", "Evolver", "Observer", "Settings"]

FAILING = 0.4
"""Success of a batch below which skills evolve."""

MOST_FAILURES, MOST_SKILLS = 6, 3

_TALK, _STEP, _LOOK = timedelta(minutes=4), timedelta(minutes=2), timedelta(minutes=5)


class Evolver(Protocol):
    """Writes skills from failures."""

    def evolve(self, failures: Sequence[Failure], names: Sequence[str]) -> Sequence[object]:
        """Offer skills, given at most six failures and the names of the skills that there are."""


@dataclass(frozen=True)
class Attempt:
    """What the agent did in a round, and what came of it."""

    task: Round
    decision: Decision
    outcome: Outcome
    injected: tuple[str, ...]


class Observer(Protocol):
    """Is told what happens."""

    def evolved(self, shown: Sequence[Attempt], added: Sequence[Skill], dropped: int) -> None:
        """Failures were shown to the evolver; skills were added and samples dropped."""

    def refused(self, what: str, why: Exception) -> None:
        """Something that was offered or asked for could not be had."""


@dataclass(frozen=True)
class Settings:
    """What an arm does and how.

    Attributes
    ----------
    skills
        Whether skills evolve.
    learns
        Whether the policy is updated.
    shuffled
        Whether the choices that skills name are replaced by random ones.
    stale
        Whether samples of older generations, support batches among them, are kept.
    rank, strength
        Of `Policy`.
    focus
        Power that attention is raised to: how much more the skills that fit best count.
    rate, passes, size
        Of `Learner` and `Buffer`.
    batch
        Rounds after which the success is looked at.
    """

    skills: bool
    learns: bool
    shuffled: bool = False
    stale: bool = False
    rank: int = 32
    strength: float = 12.0
    focus: float = 2.0
    rate: float = 0.003
    passes: int = 4
    size: int = 4
    batch: int = 6


class Agent:
    """An arm on a stream.

    Parameters
    ----------
    reward
        Of an attempt: -1, 0 or 1.
    calendar
        Entries in which the person is away.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        seed: int,
        begin: datetime,
        outcomes: Outcomes,
        evolver: Evolver,
        observer: Observer,
        reward: Callable[[Attempt], float],
        calendar: Sequence[tuple[datetime, datetime]] = (),
    ) -> None:
        self.settings = settings
        self.policy = Policy(rank=settings.rank, strength=settings.strength, seed=seed)
        self.library = Library()
        self.buffer = Buffer(passes=settings.passes, size=settings.size, seed=seed)
        self.clock = Clock(begin)
        self.scheduler = Scheduler(lambda: self.clock.now, calendar)
        self._learner = Learner(self.policy, rate=settings.rate)
        self._seed = seed
        self._outcomes, self._evolver, self._observer, self._reward = outcomes, evolver, observer, reward
        self._batch: list[Attempt] = []
        self._held: list[Sample] = []
        self._shuffle = np.random.default_rng([seed, 6])

    def run(self, rounds: Iterable[Round]) -> Iterable[Attempt]:
        """Work through a stream."""
        for task in rounds:
            self.idle_until(task.moment)
            yield self.answer(task)

    def idle_until(self, moment: datetime) -> None:
        """Let time pass; learn where there is a window and something to learn from."""
        while self.clock.now < moment:
            state = self.scheduler.poll(bool(self.settings.learns and len(self.buffer)))
            if state is State.UPDATING:
                self.scheduler.step()
                self._learner.update(self.buffer.batch())
                self.clock.advance(min(moment, self.clock.now + _STEP))
            else:
                self.clock.advance(min(moment, self.clock.now + _LOOK))

    def answer(self, task: Round) -> Attempt:
        """One round: retrieve, choose, try, and remember."""
        self.scheduler.begin_request()
        injected = self.library.retrieve(task.text) if self.settings.skills else []
        x = vector(
            task.text, [(skill.content, attention**self.settings.focus) for skill, attention in injected]
        )
        uniform = np.random.default_rng([self._seed, 5, task.number]).random(len(STAGES))
        decision = self.policy.decide(x, uniform)
        outcome = self._outcomes.of(task, decision.choices)
        attempt = Attempt(task, decision, outcome, tuple(skill.name for skill, _ in injected))
        if self.settings.learns:
            self._held.append(
                Sample(
                    x,
                    decision.actions,
                    decision.log_probability,
                    self._reward(attempt),
                    self.library.generation,
                    task.number,
                )
            )
        self._batch.append(attempt)
        if len(self._batch) == self.settings.batch:
            # Until the batch is looked back on, nobody knows whether it will be the support set of a skill.
            for sample in self._held:
                self.buffer.add(sample)
            self._held = []
            self._look_back()
        self.clock.advance(self.clock.now + _TALK)
        self.scheduler.end_request()
        return attempt

    def _look_back(self) -> None:
        batch, self._batch = self._batch, []
        success = np.mean([attempt.outcome.success for attempt in batch])
        if not self.settings.skills or success >= FAILING:
            return
        shown = [attempt for attempt in batch if not attempt.outcome.success][:MOST_FAILURES]
        failures = [Failure.of(a.task.text, choice_text(a.decision.choices), a.outcome.error) for a in shown]
        offered = self._evolver.evolve(failures, list(self.library.skills))
        if len(offered) > MOST_SKILLS:
            self._observer.refused(
                "skill", BadSkill(f"{len(offered)} skills were offered; {MOST_SKILLS} are taken")
            )
        skills = []
        for thing in offered[:MOST_SKILLS]:
            try:
                skills.append(Skill.of(thing))
            except BadSkill as error:
                self._observer.refused("skill", error)
        if self.settings.shuffled:
            skills = [replace(skill, content=self._shuffled(skill.content)) for skill in skills]
        added = self.library.add(skills)
        dropped = 0
        if added and not self.settings.stale:
            dropped = self.buffer.drop_before(self.library.generation)
        self._observer.evolved(shown, added, dropped)

    def _shuffled(self, content: str) -> str:
        """Content of the same form that names random choices of random stages."""
        words = content.split()
        stages = list(STAGES)
        for i, word in enumerate(words[:-1]):
            if word in STAGES:
                words[i] = str(self._shuffle.choice(stages))
                words[i + 1] = f"{self._shuffle.choice(STAGES[words[i]])}."
        return " ".join(words)
