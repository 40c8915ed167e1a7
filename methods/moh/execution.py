"""Runs one arm on one task with one seed: search, then tests on larger instances that nothing was chosen on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from methods.errors import MethodError
from methods.method import Trial
from methods.moh.lineage import Lineage
from methods.moh.optimization import Outcome, Search
from methods.moh.plan import OPERATORS, Plan
from methods.moh.plans import TUNED
from methods.moh.problem import Instance, Problem
from methods.moh.problems import problem_of
from methods.moh.travelling import Travelling, country_tours, read_instances

__all__ = ["execute"]

PROPOSING = ("moh", "no_reuse")
SEARCHING = (*PROPOSING, "fixed_gp", "random_search")
PROPOSERS = ("plans", "llm")


def execute(trial: Trial) -> Mapping[str, float]:
    """Scores of an arm: the mean gap over the test sizes in percent, and the evaluations that were spent."""
    problem = problem_of(trial.task)
    tests = _tests(trial, problem)
    trial.run.tag(reference=problem.reference)
    if trial.arm not in SEARCHING:
        return {"gap": _tested(trial, problem, tests, None), "evaluations": 0.0}
    lineage = Lineage(trial.run)
    outcome = _searched(trial, problem, lineage)
    for evaluations, utility in outcome.utilities:
        trial.run.log(step=evaluations, utility=utility)
    trial.run.tag({f"evaluations for {kind}": count for kind, count in outcome.ledger.kinds.items()})
    trial.run.tag({"meta-optimizers": " ".join(map(str, outcome.metas))})
    lineage.heuristic(outcome)
    return {
        "gap": _tested(trial, problem, tests, outcome),
        "evaluations": float(outcome.ledger.spent),
    }


def _searched(trial: Trial, problem: Problem, lineage: Lineage) -> Outcome:
    settings = trial.hyperparameters
    iterations, proposals, proposer = (settings[name] for name in ("iterations", "proposals", "proposer"))
    if iterations < 1 or proposals < 1:
        raise MethodError(f"moh: iterations={iterations} and proposals={proposals} have to be 1 at least")
    if proposer not in PROPOSERS:
        raise MethodError(f"moh: proposer is {proposer!r}, but has to be {' or '.join(PROPOSERS)}")
    first = TUNED[problem.name]
    if trial.arm == "random_search":
        first = Plan.from_object({operator: float(operator == "fresh") for operator in OPERATORS})
    search = Search(
        problem,
        trial.seed,
        first,
        trial.amount(problem.evaluations, least=40 * iterations * (1 + proposals)),
        iterations=iterations,
        proposing=settings["proposing"],
        proposals=proposals if trial.arm in PROPOSING else 0,
        reuse=trial.arm == "moh",
        note=lineage.optimizer,
        report=trial.progress,
    )
    if proposer == "plans" or trial.arm != "moh":
        return search.run()
    from methods.moh.language import Author
    from methods.provider import Provider

    provider = Provider.needed("moh: proposer=llm needs a model")
    author = Author(provider, trial.run, problem)
    outcome = replace(search, propose=author.propose, invent=author.invent).run()
    trial.run.tag(model=provider.model, tokens=author.tokens, failures_of_the_model=author.failures)
    return outcome


def _tests(trial: Trial, problem: Problem) -> dict[str, Sequence[Instance]]:
    # By name of the dataset, read before anything is searched for: a file that cannot be read should not cost minutes.
    if trial.data is not None:
        return {f"TSPLIB {instance.name}": [instance] for instance in read_instances(trial.data)}
    return {problem.dataset(size): problem.instances("test", size, trial.seed) for size in problem.test_sizes}


def _tested(
    trial: Trial, problem: Problem, tests: Mapping[str, Sequence[Instance]], outcome: Outcome | None
) -> float:
    """Mean gap over the sets; the cities of countries are one more set that does not count in it."""
    gaps = [_tested_on(trial, problem, name, instances, outcome) for name, instances in tests.items()]
    if trial.data is None and isinstance(problem, Travelling):
        _tested_on(trial, problem, "GeoNames cities n=200", country_tours(), outcome)
    return sum(gaps) / len(gaps)


def _tested_on(
    trial: Trial, problem: Problem, name: str, instances: Sequence[Instance], outcome: Outcome | None
) -> float:
    part = trial.run.child(
        f"moh.{trial.arm}",
        dataset=name,
        procedure="holdout",
        parameters={"instances": len(instances)},
        seed=trial.seed,
    )
    with part:
        part.tag(reference=problem.reference)
        if outcome is not None:
            gaps = problem.gaps(outcome.best.expression, instances)
        else:
            gaps = [problem.gap(instance, problem.by_hand(trial.arm, instance)) for instance in instances]
        gap = sum(gaps) / len(gaps)
        part["gap"] = gap
        part.tag({instance.name: f"{found:.4f}" for instance, found in zip(instances, gaps, strict=True)})
    return gap
