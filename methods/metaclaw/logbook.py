"""What happened, in the graph: failures as runs that failed, skills as products of them, days and windows as series."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from methods.metaclaw.agent import Agent, Attempt
from methods.metaclaw.outcomes import FOLDS
from methods.metaclaw.pipelines import assemble
from methods.metaclaw.skills import Skill

if TYPE_CHECKING:
    from metakg import Run

__all__ = ["Logbook"]


class Logbook:
    """Observer of an agent that writes to a run.

    Parameters
    ----------
    run
        Of the arm.

    Attributes
    ----------
    refusals
        Number of things that could not be had, by what they were.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self.shown = 0
        self.refusals: Counter[str] = Counter()

    def evolved(self, shown: Sequence[Attempt], added: Sequence[Skill], dropped: int) -> None:
        """Keep the failures that the evolver saw, and the skills that came of them."""
        failed = [self._failure(attempt) for attempt in shown]
        self.shown += len(failed)
        for skill in added:
            self._run.product(
                "skill",
                skill.name,
                skill.content,
                derived_from=failed,
                generation=skill.generation,
                properties={
                    "description": skill.description,
                    "category": skill.category,
                    "dropped samples": float(dropped),
                },
            )

    def _failure(self, attempt: Attempt) -> str:
        """Failed run of an attempt, with the exception that it ended with."""
        task, failure = attempt.task, attempt.outcome.failure
        choices = attempt.decision.choices
        try:
            pipeline, parameters = assemble(choices), {}
        except ValueError:  # scikit-learn would not even make it
            pipeline, parameters = "metaclaw.pipeline", choices
        part = self._run.child(
            pipeline,
            dataset=task.name,
            task="classification",
            procedure=f"{FOLDS}-fold-cv",
            parameters=parameters,
        )
        with contextlib.suppress(Exception), part:
            part.tag(
                {**{f"choice {stage}": choice for stage, choice in choices.items()}, "prompt": task.text}
            )
            part.tag(day=task.day, round=task.number, skills=", ".join(attempt.injected))
            if failure is not None:
                raise failure
        return part.iri

    def refused(self, what: str, why: Exception) -> None:
        """Keep what could not be had as a failed run."""
        self.refusals[what] += 1
        with contextlib.suppress(type(why)), self._run.child(f"metaclaw.{what}"):
            raise why

    def day(self, day: int, attempts: Sequence[Attempt], agent: Agent) -> None:
        """Keep a day's success, and how far skills and policy have come."""
        self._run.log(
            step=day,
            daily_success=float(np.mean([attempt.outcome.success for attempt in attempts])),
            skills=len(agent.library.skills),
            updates=sum(window.steps for window in agent.scheduler.windows),
            dropped_samples=agent.buffer.dropped,
        )

    def end(self, agent: Agent, tokens: Counter[str]) -> None:
        """Keep what can be said when all is over."""
        windows = agent.scheduler.windows
        reasons = Counter(window.reason for window in windows)
        self._run.tag({f"windows {reason}": count for reason, count in sorted(reasons.items())})
        self._run.tag(
            {
                "windows paused": sum(window.paused for window in windows),
                "policy updates": sum(window.steps for window in windows),
                "dropped samples": agent.buffer.dropped,
                "skill generations": agent.library.generation,
                "failures shown": self.shown,
                "prompt tokens": tokens["prompt"],
                "completion tokens": tokens["completion"],
            }
        )
        self._run.tag({f"refused {what}": count for what, count in sorted(self.refusals.items())})
