"""Tours and routes of MoH: local search, instances of TSPLIB, reference costs."""

import itertools

import numpy as np
import pytest

from methods.errors import MethodError
from methods.moh.problems import problem_of
from methods.moh.references import route_cost, tour_cost
from methods.moh.routes import improved, joined
from methods.moh.tours import improve, length, nearest_neighbour, neighbours_of
from methods.moh.travelling import read_instances
from methods.moh.tsplib import read_distances

ULYSSES16 = """NAME: ulysses16
TYPE: TSP
COMMENT: Odyssey of Ulysses (Groetschel/Padberg)
DIMENSION: 16
EDGE_WEIGHT_TYPE: GEO
DISPLAY_DATA_TYPE: COORD_DISPLAY
NODE_COORD_SECTION
 1 38.24 20.42
 2 39.57 26.15
 3 40.56 25.32
 4 36.26 23.12
 5 33.48 10.54
 6 37.56 12.19
 7 38.42 13.11
 8 37.52 20.44
 9 41.23 9.10
 10 41.17 13.05
 11 36.08 -5.21
 12 38.47 15.13
 13 38.15 15.35
 14 37.51 15.17
 15 35.49 14.32
 16 39.36 19.56
 EOF
"""
SQUARE = """NAME : square
TYPE : TSP
DIMENSION : 5
EDGE_WEIGHT_TYPE : {kind}
{more}
EOF
"""
PLACES = "NODE_COORD_SECTION\n1 0 0\n2 3 4\n3 6.4 0\n4 0 10\n5 1 1"


def random_distances(size, seed):
    places = np.random.default_rng(seed).random((size, 2))
    return np.sqrt(((places[:, None] - places[None]) ** 2).sum(-1))


def test_local_search_leaves_a_tour_that_no_move_makes_shorter():
    for seed in range(5):
        distances = random_distances(30, seed)
        tour = nearest_neighbour(distances)
        before, place = length(tour, distances), np.argsort(tour)
        improve(tour, place, distances, neighbours_of(distances, 29), np.ones(30, dtype=np.bool_))
        assert sorted(tour) == list(range(30))
        assert (tour[place] == np.arange(30)).all()
        after = length(tour, distances)
        assert after < before
        for first, last in itertools.combinations(range(30), 2):
            turned = np.concatenate([tour[:first], tour[first : last + 1][::-1], tour[last + 1 :]])
            moved = np.insert(np.delete(tour, first), last, tour[first])
            assert length(turned, distances) > after - 1e-8
            assert length(moved, distances) > after - 1e-8


def test_huge_seeming_lengths_do_not_lead_the_search_in_circles():
    problem = problem_of("tsp")
    near = problem.instances("evolution", 50, 0)[0]
    far = problem.unpacked({"distances": (1e4 * near.data.distances).tolist()})
    costs = [
        problem.cost(one, lambda quantities: quantities[1] * 7e8 * (1 + quantities[2]) + quantities[0])
        for one in (near, far)
    ]
    assert costs[1] == pytest.approx(1e4 * costs[0], rel=0.05)


def test_routes_serve_everybody_once_within_the_capacity():
    for seed in range(5):
        distances, chance = random_distances(21, seed), np.random.default_rng(seed)
        demands = np.concatenate([[0], chance.integers(1, 10, 20)])
        pairs = np.array(list(itertools.combinations(range(1, 21), 2)))
        routes = joined(chance.permutation(len(pairs)), pairs, demands, 30)
        lengths = []
        for _ in range(2):
            assert sorted(routes[routes > 0]) == list(range(1, 21))
            assert max(demands[route].sum() for route in routes) <= 30
            closed = [[0, *route[route > 0], 0] for route in routes]
            lengths.append(sum(distances[route[:-1], route[1:]].sum() for route in closed))
            said = improved(routes, distances, demands, 30)
        assert lengths[1] < lengths[0]
        assert said == pytest.approx(lengths[1])
        assert said >= route_cost(distances, demands, 30, 200) * 0.999


def test_distances_of_tsplib_give_the_published_length_of_ulysses16(tmp_path):
    (tmp_path / "ulysses16.tsp").write_text(ULYSSES16)
    [instance] = read_instances(tmp_path)
    assert instance.name == "ulysses16"
    assert instance.reference == 6859
    problem = problem_of("tsp")
    assert (
        problem.by_hand("nearest_neighbour", instance) > problem.by_hand("guided_by_hand", instance) >= 6859
    )


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("EUC_2D", [0, 5, 6, 10, 1]),
        ("CEIL_2D", [0, 5, 7, 10, 2]),
        ("MAN_2D", [0, 7, 6, 10, 2]),
        ("ATT", [0, 2, 3, 4, 1]),
    ],
)
def test_distances_are_rounded_as_tsplib_says(tmp_path, kind, wanted):
    path = tmp_path / "square.tsp"
    path.write_text(SQUARE.format(kind=kind, more=PLACES))
    assert read_distances(path)[0].tolist() == wanted


def test_a_triangle_of_weights_is_read(tmp_path):
    path = tmp_path / "square.tsp"
    weights = "EDGE_WEIGHT_FORMAT : UPPER_ROW\nEDGE_WEIGHT_SECTION\n1 2 3 4 5 6\n7 8 9 10"
    path.write_text(SQUARE.format(kind="EXPLICIT", more=weights))
    distances = read_distances(path)
    assert distances[1].tolist() == [1, 0, 5, 6, 7]
    assert (distances == distances.T).all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hello", "'DIMENSION' is missing"),
        (ULYSSES16.replace("GEO", "XRAY1"), "XRAY1 are not known"),
        (ULYSSES16.replace("TYPE: TSP", "TYPE: ATSP"), "its type is ATSP"),
        (ULYSSES16.replace("DIMENSION: 16", "DIMENSION: 99999"), "it has 99999 cities"),
        (ULYSSES16.replace("DIMENSION: 16", "DIMENSION: 15"), "not an instance"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_in_one_sentence(tmp_path, text, said):
    path = tmp_path / "broken.tsp"
    path.write_text(text)
    with pytest.raises(MethodError) as refused:
        read_distances(path)
    assert said in str(refused.value)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_without_instances_is_named(tmp_path):
    with pytest.raises(MethodError, match=r"no file in this folder ends in \.tsp"):
        read_instances(tmp_path)


def test_reference_costs_are_optimal_on_what_can_be_enumerated():
    distances = random_distances(8, 0)
    best = min(distances[[0, *order], [*order, 0]].sum() for order in itertools.permutations(range(1, 8)))
    assert tour_cost(distances) == pytest.approx(best, rel=1e-4)


def test_stored_references_are_below_every_heuristic_by_hand():
    for task, arm in (("tsp", "guided_by_hand"), ("cvrp", "savings")):
        problem = problem_of(task)
        for size in problem.test_sizes[:1]:
            gaps = [problem.gap(one, problem.by_hand(arm, one)) for one in problem.instances("test", size, 0)]
            assert -0.1 < min(gaps) <= max(gaps) < 12
