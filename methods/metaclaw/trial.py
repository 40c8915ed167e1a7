"""One trial: an arm on the stream of a seed, from the contract's words to the agent's and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import torch

from methods.metaclaw.agent import Agent, Attempt, Evolver, Settings
from methods.metaclaw.asking import AskingEvolver, Judge, Questions
from methods.metaclaw.logbook import Logbook
from methods.metaclaw.mining import RuleMiner
from methods.metaclaw.outcomes import Outcomes
from methods.metaclaw.stream import DAYS, FIRST_DAY, ROUNDS, Round, calendar, stream
from methods.method import Trial

__all__ = ["ARMS", "LAST_DAYS", "run_trial"]

LAST_DAYS = 14
"""Days at the end whose success is reported; a third of the days of a shorter stream."""

ARMS: Mapping[str, Settings] = {
    "full": Settings(skills=True, learns=True),
    "static": Settings(skills=False, learns=False),
    "skills_only": Settings(skills=True, learns=False),
    "rl_only": Settings(skills=False, learns=True),
    "random_skills": Settings(skills=True, learns=True, shuffled=True),
    "stale_samples": Settings(skills=True, learns=True, stale=True),
}
"""What each arm does."""


@lru_cache(maxsize=1)
def _world(seed: int, days: int, rounds: int) -> tuple[Sequence[Round], Outcomes]:
    """Stream of a seed with its outcomes, which the arms of the seed share."""
    return tuple(stream(seed, days, rounds)), Outcomes()


def outcome_reward(attempt: Attempt) -> float:
    """1 for a success, -1 for a failure."""
    return 1.0 if attempt.outcome.success else -1.0


def run_trial(trial: Trial) -> Mapping[str, float]:
    """Run an arm.

    Raises
    ------
    MethodError
        If a language model is to be asked and none is configured.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _run(trial)
    finally:
        torch.set_num_threads(threads)


def _run(trial: Trial) -> Mapping[str, float]:
    given = trial.hyperparameters
    days = min(DAYS, trial.amount(DAYS, least=3))
    rounds, outcomes = _world(trial.seed, days, max(ROUNDS, min(170, trial.amount(ROUNDS))))
    settings = replace(
        ARMS[trial.arm],
        rank=int(given["rank"]),
        strength=float(given["strength"]),
        focus=float(given["focus"]),
        rate=float(given["rate_rl_only" if trial.arm == "rl_only" else "rate"]),
        passes=int(given["passes"]),
        batch=int(given["batch"]),
    )
    logbook = Logbook(trial.run)
    evolver, reward, tokens = _asked(trial, logbook)
    agent = Agent(
        settings,
        seed=trial.seed,
        begin=FIRST_DAY,
        outcomes=outcomes,
        evolver=evolver,
        observer=logbook,
        reward=reward,
        calendar=calendar(trial.seed, days),
    )
    by_day: dict[int, list[Attempt]] = {day: [] for day in range(days)}
    for attempt in agent.run(rounds):
        by_day[attempt.task.day].append(attempt)
        if len(by_day[attempt.task.day]) == len(rounds) // days:
            logbook.day(attempt.task.day, by_day[attempt.task.day], agent)
            trial.progress(attempt.task.day + 1, days)
    logbook.end(agent, tokens)
    success = np.array([[attempt.outcome.success for attempt in by_day[day]] for day in range(days)])
    last = LAST_DAYS if days == DAYS else max(1, days // 3)
    return {
        "first_attempt_success": float(success[-last:].mean()),
        "first_attempt_success_of_all_days": float(success.mean()),
    }


def _asked(trial: Trial, logbook: Logbook) -> tuple[Evolver, Callable[[Attempt], float], Counter[str]]:
    """Evolver and reward as they were chosen, and the count of tokens."""
    given = trial.hyperparameters
    miner = RuleMiner(doubt=float(given["doubt"]))
    if given["evolver"] == "rules" and given["reward"] == "outcome":
        return miner, outcome_reward, Counter()
    from methods.provider import Provider

    provider = Provider.needed("metaclaw: evolver llm and reward judge ask a language model")
    questions = Questions(provider, logbook.refused)
    evolver: Evolver = AskingEvolver(questions, logbook.refused) if given["evolver"] == "llm" else miner
    reward = Judge(questions, logbook.refused) if given["reward"] == "judge" else outcome_reward
    return evolver, reward, questions.tokens
