"""Parts of MoH: plans, expressions, problems, the inner and the outer loop."""

import json
import random

import numpy as np
import pytest

from methods.errors import MethodError
from methods.moh.bin_packing import BinPacking
from methods.moh.evolution import evolve
from methods.moh.grammar import Grammar
from methods.moh.interpreter import run
from methods.moh.optimization import Search, weighted
from methods.moh.plan import OPERATORS, Plan
from methods.moh.problem import Judge, Ledger
from methods.moh.problems import problem_of
from methods.moh.proposing import Optimizer, propose, random_plan
from methods.moh.variation import vary


class SmallPacking(BinPacking):
    """Quick to run."""

    training_sizes = (100, 200)
    test_sizes = (300,)
    test_count = {300: 2}  # noqa: RUF012
    training_count = 2


def test_a_plan_survives_json():
    plan = random_plan(random.Random(1))
    assert Plan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[1]", "an object is needed, not list"),
        ('{"colour": 1}', "'colour' is not known; known: constant"),
        ('{"selection": "best"}', "selection is 'best', but has to be rank or tournament or uniform"),
        ('{"population": 3.5}', "population is 3.5, but has to be a whole number"),
        ('{"crossover": true}', "crossover is True, but has to be a number"),
        ('{"crossover": NaN}', "crossover is nan, but has to lie between 0 and 1"),
        ('{"population": 1000}', "population is 1000, but has to lie between 4 and 40"),
        (json.dumps(dict.fromkeys(OPERATORS, 0)), "one of crossover"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_one_sentence(text, said):
    with pytest.raises(MethodError, match=r"^plan: ") as refused:
        Plan.from_json(text)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_selection_by_rank_is_in_proportion_to_one_by_rank_and_five():
    chance = random.Random(0)
    drawn = [Plan().select(range(10), chance) for _ in range(40000)]
    wanted = np.array([1 / (rank + 5) for rank in range(1, 11)])
    assert np.bincount(drawn) / 40000 == pytest.approx(wanted / wanted.sum(), abs=0.01)


def value(tree, quantities):
    """Value of a tree by recursion, for one candidate."""
    position = 0

    def protected(first, second):
        return first / second if abs(second) > 1e-9 else 1.0

    meaning = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": protected,
        "min": min,
        "max": max,
        "neg": lambda a: -a,
        "abs": abs,
        "sqrt": lambda a: np.sqrt(abs(a)),
        "exp": lambda a: np.exp(min(a, 20.0)),
        "log": lambda a: np.log(abs(a) + 1e-9),
        "less": lambda a, b: 1.0 if a < b else 0.0,
        "where": lambda c, a, b: a if c > 0.5 else b,
    }

    def step():
        nonlocal position
        node = tree[position]
        position += 1
        if not node.arity:
            return quantities.get(node.value, node.value) if isinstance(node.value, str) else node.value
        found = meaning[node.name](*[step() for _ in range(node.arity)])
        return min(max(found, -1e9), 1e9)

    return step()


def test_compiled_programs_compute_what_their_trees_say():
    grammar, chance = Grammar(("a", "b")), random.Random(3)
    given = np.random.default_rng(0).normal(size=(2, 6))
    for _ in range(150):
        tree = grammar.random_tree(5, chance)
        got = run(*grammar.program(tree), given)
        wanted = [value(tree, {"a": a, "b": b}) for a, b in given.T]
        np.testing.assert_allclose(got, wanted, rtol=1e-9, err_msg=str(tree))


def test_children_are_whole_trees_within_the_limit():
    grammar, chance = Grammar(("a", "b")), random.Random(5)
    given = np.ones((2, 3))
    for operator in OPERATORS:
        plan = Plan(**{**dict.fromkeys(OPERATORS, 0.0), operator: 1.0}, size_limit=20)
        parents = [grammar.random_tree(3, chance) for _ in range(20)]
        parents = [parent for parent in parents if len(parent) <= 20]
        children = [vary(plan, grammar, lambda: chance.choice(parents), chance) for _ in range(100)]  # noqa: B023
        assert max(map(len, children)) <= 20
        assert all(np.isfinite(run(*grammar.program(child), given)).all() for child in children)
        assert len({str(child) for child in children} - {str(parent) for parent in parents}) > 5


def packed_by_hand(items, choose):
    rooms = []
    for item in items:
        fitting = [index for index, room in enumerate(rooms) if room >= item]
        at = choose(rooms, fitting) if fitting else None
        if at is None:
            rooms.append(100)
            at = len(rooms) - 1
        rooms[at] -= item
    return len(rooms)


def test_bins_are_packed_as_by_hand():
    problem = SmallPacking()
    for instance in problem.instances("test", 300, 1):
        best = packed_by_hand(instance.data, lambda rooms, fitting: min(fitting, key=rooms.__getitem__))
        assert problem.by_hand("best_fit", instance) == best
        assert problem.cost(instance, lambda quantities: -quantities[1]) == best
        first = packed_by_hand(instance.data, lambda _, fitting: fitting[0])
        assert problem.by_hand("first_fit", instance) == first
        assert instance.reference == np.ceil(instance.data.sum() / 100)
        assert instance.reference <= best


def test_a_heuristic_that_says_nothing_packs_nothing_together():
    problem = SmallPacking()
    [instance, _] = problem.instances("test", 300, 1)
    assert problem.cost(instance, lambda quantities: np.zeros(quantities.shape[1])) == 300


@pytest.mark.parametrize("task", ["bin-packing", "tsp", "tsp-constructive", "cvrp"])
@pytest.mark.parametrize("seed", [0, 100])
def test_no_instance_is_of_two_roles(task, seed):
    problem = problem_of(task)

    def content(role, size):
        return [json.dumps(problem.packed(one)) for one in problem.instances(role, size, seed)]

    size = problem.training_sizes[0]
    every = content("evolution", size) + content("validation", size)
    assert len(set(every)) == 2 * problem.training_count
    assert min(problem.test_sizes) >= max(problem.training_sizes)
    assert not set(every) & set(content("test", problem.test_sizes[0]))


def test_evolution_keeps_its_budget_and_is_the_same_again():
    problem = SmallPacking()
    found = []
    for _ in range(2):
        judge = Judge(problem, problem.instances("evolution", 200, 0), Ledger(), "evolution")
        pool = evolve([], Plan(screening=1), judge, 400, random.Random(2))
        assert 400 <= judge.ledger.spent < 402
        found.append([(one.text, one.gaps) for one in pool])
        assert len({one.gaps for one in pool}) == len(pool)
        assert found[-1][0][1] < found[-1][-1][1]
    assert found[0] == found[1]


def searched(seed=4, **options):
    accepted = []
    search = Search(
        SmallPacking(),
        seed,
        Plan(),
        4000,
        note=lambda optimizer, taken: accepted.append((optimizer, taken)),
        **options,
    )
    return search.run(), accepted


def test_a_better_optimizer_proposes_from_then_on_and_a_worse_one_never_does():
    outcome, noted = searched(seed=3)
    assert len(outcome.metas) > 1
    assert outcome.metas == [optimizer.number for optimizer, taken in noted if taken]
    proposers = {optimizer.generation: optimizer.proposer for optimizer, _ in noted[1:]}
    assert set(proposers.values()) > {0}
    for optimizer, taken in noted[1:]:
        meta = outcome.optimizers[optimizer.proposer]
        if taken:
            assert optimizer.rating < meta.rating
            assert proposers.get(optimizer.generation + 1, optimizer.number) == optimizer.number
        assert all(parent < optimizer.number for parent in optimizer.parents)


def test_without_reuse_the_first_optimizer_goes_on_proposing():
    outcome, noted = searched(reuse=False)
    assert outcome.metas == [0]
    assert {optimizer.proposer for optimizer, _ in noted[1:]} == {0}
    assert len(noted) > 3


@pytest.mark.parametrize("options", [{}, {"reuse": False}, {"proposals": 0}])
def test_every_arm_spends_the_same(options):
    outcome, _ = searched(**options)
    assert 0.95 * 4000 <= outcome.ledger.spent <= 4000 * 1.02
    assert sum(outcome.ledger.kinds.values()) == outcome.ledger.spent
    assert outcome.best.rank[0] == weighted(outcome.best.gaps)


def test_the_plan_in_use_says_how_plans_are_proposed():
    population = [Optimizer(Plan(), 0), Optimizer(random_plan(random.Random(9)), 1)]
    nothing = dict.fromkeys(OPERATORS, 0.0)
    fresh, parents = propose(Plan(**nothing | {"fresh": 1.0}), population, set(), random.Random(0))
    assert parents == ()
    assert fresh not in [one.plan for one in population]
    for number in range(20):
        point, parents = propose(
            Plan(**nothing | {"point": 1.0}), population, {Plan().to_json()}, random.Random(number)
        )
        parent = population[parents[0]].plan
        changed = [name for name in vars(parent) if getattr(parent, name) != getattr(point, name)]
        assert len(changed) <= 1
