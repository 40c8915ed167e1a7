"""A language model as the author of plans and of heuristics.

What it writes is never trusted: a plan is validated like anybody's, and a heuristic runs in the sandbox only. Every
request is a run of its own that is a part of the search's; one whose answer is late, refused, malformed or hostile is
a failed run with the reason, and the search goes on: with a plan that was varied without the model, or without a
heuristic.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from methods.errors import MethodError
from methods.moh.code import FUNCTION, Code
from methods.moh.optimization import Search
from methods.moh.plan import RANGES, SELECTIONS, Plan
from methods.moh.proposing import Optimizer, propose

if TYPE_CHECKING:
    from metakg import Run
    from methods.moh.problem import Problem
    from methods.provider import Provider

__all__ = ["Author"]

SYSTEM = (
    "You design heuristics for combinatorial optimization. Answer with what is asked for and nothing else."
)
PLAN_TOKENS, CODE_TOKENS = 600, 1200
FENCE = re.compile(r"```(?:python)?\s*\n(.*?)```", re.DOTALL)


class Author:
    """Asks a model for plans and heuristics.

    Parameters
    ----------
    run
        The search's run.
    """

    def __init__(self, provider: Provider, run: Run, problem: Problem) -> None:
        self._provider = provider
        self._run = run
        self._problem = problem
        self.tokens = 0
        self.failures = 0

    def propose(
        self, meta: Plan, population: Sequence[Optimizer], known: set[str], chance: random.Random
    ) -> tuple[Plan, tuple[int, ...]]:
        """A plan by the model, out of parents that the meta-optimizer selects; without the model where it fails."""
        parents = [meta.select(population, chance) for _ in range(2)]
        try:
            with self._run.child("moh.plan_by_model") as part:
                answer, completion = self._provider.complete_json(
                    _plan_prompt(self._problem, meta, parents), system=SYSTEM, limit=PLAN_TOKENS
                )
                self.tokens += completion.prompt_tokens + completion.completion_tokens
                plan = Plan.from_object(answer)
                if plan.to_json() in known:
                    raise MethodError("plan: it was tried before")
                part.tag(plan=plan.to_json())
        except MethodError:
            self.failures += 1
            return propose(meta, population, known, chance)
        return plan, tuple(dict.fromkeys(parent.number for parent in parents))

    def invent(self, search: Search, optimizer: Optimizer) -> None:
        """Ask for a heuristic and let the search judge it."""
        try:
            with self._run.child("moh.heuristic_by_model") as part:
                completion = self._provider.complete(
                    _code_prompt(self._problem, search), system=SYSTEM, limit=CODE_TOKENS
                )
                self.tokens += completion.prompt_tokens + completion.completion_tokens
                fenced = FENCE.search(completion.text)
                code = Code(fenced[1] if fenced else completion.text)
                part.tag(source=code.source)
                part.tag(utility=search.consider(code, optimizer))
        except MethodError:
            self.failures += 1


def _plan_prompt(problem: Problem, meta: Plan, parents: Sequence[Optimizer]) -> str:
    shown = "\n".join(f"utility {parent.utility:.3f}: {parent.plan.to_json()}" for parent in parents)
    ranges = {name: list(pair) for name, pair in RANGES.items()} | {"selection": list(SELECTIONS)}
    return (
        f"An optimizer evolves heuristics for {problem.name}. It is a JSON object with these fields and ranges:\n"
        f"{json.dumps(ranges)}\n{Plan.__doc__}\n"
        f"The optimizer in use: {json.dumps(asdict(meta))}\n"
        f"Optimizers that were tried (utility: mean gap in percent, lower is better):\n{shown}\n"
        "Write one better optimizer as a JSON object."
    )


def _code_prompt(problem: Problem, search: Search) -> str:
    best = "\n".join(
        f"gap {min(champion.gaps.values()):.2f}: {champion.text[:600]}" for champion in search.champions(3)
    )
    return (
        f"{type(problem).__doc__}\nWrite a Python function {FUNCTION}({', '.join(problem.quantities)}) for the "
        f"problem {problem.name}. Each argument is a numpy array over the candidates; return one array of the same "
        f"length. You may import math and numpy. The best so far, in prefix notation:\n{best}\n"
        "Write one that gives a lower gap, in a fence of Python."
    )
