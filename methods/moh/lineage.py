"""What a search leaves in the graph: its optimizers, which descends from which, and the heuristics they evolved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from methods.moh.code import Code
from methods.moh.optimization import Champion, Outcome
from methods.moh.proposing import Optimizer

if TYPE_CHECKING:
    from metakg import Run

__all__ = ["Lineage"]


class Lineage:
    """Notes products of a run."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._optimizers: dict[int, str] = {}

    def optimizer(self, optimizer: Optimizer, accepted: bool) -> None:
        """Note an optimizer: its plan, its utility, and whether it became the meta-optimizer."""
        origins = [self._optimizers[number] for number in optimizer.parents]
        properties: dict[str, str | float] = {
            "utility": optimizer.utility,
            "rating": optimizer.rating,
            "accepted": "yes" if accepted else "no",
        }
        if optimizer.proposer is not None:
            properties["proposed by"] = self._optimizers[optimizer.proposer]
        self._optimizers[optimizer.number] = self._run.product(
            "optimizer",
            f"optimizer {optimizer.number}",
            optimizer.plan.to_json(),
            derived_from=origins,
            generation=optimizer.generation,
            properties=properties,
        )

    def heuristic(self, outcome: Outcome) -> None:
        """Note the best heuristic, and the best one of each optimizer that was meta-optimizer."""
        self._noted(outcome.best, "best heuristic", outcome)
        for number in outcome.metas:
            champion = outcome.champions.get(number)
            if champion is not None and champion.text != outcome.best.text:
                self._noted(champion, f"best heuristic of optimizer {number}", outcome)

    def _noted(self, champion: Champion, title: str, outcome: Outcome) -> None:
        properties: dict[str, str | float] = {
            f"validation gap n={size}": gap for size, gap in sorted(champion.gaps.items())
        }
        properties |= {
            "evaluations": outcome.ledger.spent,
            "length": len(champion.expression),
            "language": "Python" if isinstance(champion.expression, Code) else "expression",
        }
        self._run.product(
            "heuristic",
            title,
            champion.text,
            derived_from=[self._optimizers[champion.optimizer]],
            generation=outcome.optimizers[champion.optimizer].generation,
            properties=properties,
        )
