"""MoH as a method: the contract, and what its runs leave in the graph."""

import json

import pytest

import metakg
from methods.errors import MethodError
from methods.method import Trial
from methods.moh import MoH
from methods.moh.plan import Plan
from methods.testing import MethodTestCase


class TestMoH(MethodTestCase):
    method = "moh"
    effort = 0.06
    arms = ("moh", "fixed_gp", "best_fit")


@pytest.fixture
def trial(tmp_path):
    """Runs an arm of a task with little effort; gives the scores and the graph."""

    def run(arm, task, data=None, effort=0.05, **settings):
        kg = metakg.open(tmp_path / "store")
        kg.measure("gap", "lower", -100, None)
        kg.measure("evaluations", "lower", 0, None)
        with kg.run(f"moh.{arm}", dataset="instances", seed=3) as begun:
            scores = MoH().execute(
                Trial(arm, task, 3, effort, data, {**MoH.hyperparameters, **settings}, begun)
            )
        kg.refresh()
        return scores, kg

    return run


PREFIXES = """
PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#>
PREFIX mkg: <https://w3id.org/metakg/ontology#>
PREFIX prov: <http://www.w3.org/ns/prov#>
PREFIX mls: <http://www.w3.org/ns/mls#>
PREFIX dcterms: <http://purl.org/dc/terms/>
"""


def test_the_graph_holds_optimizers_with_their_parents_and_the_heuristic_with_its_optimizer(trial):
    scores, kg = trial("moh", "bin-packing")
    assert scores["evaluations"] <= 0.05 * 36000 + 40
    text = PREFIXES + "SELECT ?one ?kind ?text WHERE { ?one mkg:productKind ?kind ; rdf:value ?text }"
    products = {iri: (kind, said) for iri, kind, said in kg.sparql(text).rows()}
    plans = {iri for iri, (kind, _) in products.items() if kind == "optimizer"}
    assert len(plans) == 11
    assert all(Plan.from_json(products[iri][1]) for iri in plans)
    derived = list(
        kg.sparql(PREFIXES + "SELECT ?one ?other WHERE { ?one prov:wasDerivedFrom ?other }").rows()
    )
    assert len({one for one, other in derived if one in plans and other in plans}) >= 5
    heuristics = {iri for iri, (kind, _) in products.items() if kind == "heuristic"}
    assert heuristics
    assert heuristics <= {one for one, other in derived if other in plans}


@pytest.mark.parametrize(
    ("arm", "task", "sets"),
    [("first_fit", "bin-packing", 3), ("nearest_neighbour", "tsp-constructive", 3), ("savings", "cvrp", 2)],
)
def test_each_test_set_is_a_run_of_its_own(trial, arm, task, sets):
    scores, kg = trial(arm, task)
    assert scores["gap"] > 1
    titles = kg.sparql(
        PREFIXES + "SELECT DISTINCT ?title WHERE { ?run mls:achieves/mls:definedOn/dcterms:title ?title }"
    ).rows()
    assert len({title for (title,) in titles} - {"instances"}) == sets


def test_a_file_of_the_person_takes_the_place_of_the_test_instances(trial, tmp_path):
    places = "\n".join(f"{number} {number * number % 17} {number * 7 % 11}" for number in range(1, 21))
    path = tmp_path / "own.tsp"
    path.write_text(
        f"TYPE : TSP\nDIMENSION : 20\nEDGE_WEIGHT_TYPE : EUC_2D\nNODE_COORD_SECTION\n{places}\nEOF\n"
    )
    scores, kg = trial("nearest_neighbour", "tsp", data=path)
    assert scores["gap"] > 0
    assert "TSPLIB own" in json.dumps(
        list(kg.sparql(PREFIXES + "SELECT ?title WHERE { ?d dcterms:title ?title }").rows())
    )


def test_a_heuristic_of_every_problem_is_searched_and_tested(trial):
    for task in ("tsp", "tsp-constructive", "cvrp"):
        scores, _ = trial("fixed_gp", task, effort=0.1, iterations=2)
        assert 0 < scores["gap"] < 100


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"iterations": 0}, "iterations=0"),
        ({"proposer": "oracle"}, "proposer is 'oracle', but has to be plans or llm"),
        ({"proposer": "llm"}, "set METAKG_LLM_BASE_URL"),
    ],
)
def test_settings_that_cannot_be_are_refused(trial, settings, said, monkeypatch):
    for name in ("METAKG_LLM_BASE_URL", "OPENAI_BASE_URL", "METAKG_LLM_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MethodError) as refused:
        trial("moh", "bin-packing", **settings)
    assert said in str(refused.value)
