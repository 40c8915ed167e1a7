"""Recommendations: what every item holds, exclusion, evidence in the graph, and scripts that run."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import metakg
from embeddings.landmarks import MEASURE
from kg import IRI, iris
from kg.errors import PipelineError, TableError
from kg.pipeline import Pipeline, Step

WDBC = iris.openml_dataset(1510)
KEYS = {
    "rank",
    "title",
    "pipeline",
    "pipeline_iri",
    "predicted",
    "interval",
    "measure",
    "expected_runtime_seconds",
    "support",
    "neighbours",
    "code",
}


@pytest.fixture
def kg(own_store):
    with metakg.open(own_store) as graph:
        yield graph


def test_json_has_the_promised_shape(kg, wdbc):
    answer = kg.recommend(wdbc, "diagnosis", top=4)
    items = json.loads(answer.to_json())
    assert [item["rank"] for item in items] == [1, 2, 3, 4]
    for item in items:
        assert set(item) == KEYS
        low, high = item["interval"]
        assert 0 <= low <= item["predicted"] <= high <= 1
        assert item["measure"] == "balanced_accuracy"
        assert item["expected_runtime_seconds"] > 0
        steps = tuple(Step(**step) for step in item["pipeline"]["steps"])
        assert Pipeline(steps).iri == item["pipeline_iri"]
        assert item["support"]
        assert all(set(neighbour) >= {"dataset", "similarity"} for neighbour in item["neighbours"])
        similarities = [neighbour["similarity"] for neighbour in item["neighbours"]]
        assert similarities == sorted(similarities, reverse=True)
    assert len({item["pipeline_iri"] for item in items}) == 4


def test_supporting_runs_are_in_the_graph_and_of_that_pipeline(kg, wdbc):
    answer = kg.recommend(wdbc, "diagnosis", top=2)
    for item in answer:
        for support in item.support:
            (found,) = kg.sparql(
                "SELECT ?pipeline ?value WHERE { ?run <http://www.w3.org/ns/mls#executes> ?pipeline ; "
                "?measure ?value }",
                run=IRI(support.run),
                measure=IRI(MEASURE),
            ).rows()
            assert found == (item.pipeline.iri, pytest.approx(support.value))
            assert support.value <= support.best


def test_an_excluded_dataset_is_neither_trained_on_nor_evidence(kg, wdbc):
    before = kg.similar(1510, top=3)
    assert len(before) == 3
    answer = kg.recommend(wdbc, "diagnosis", top=3, exclude_datasets=["openml:1510"])
    assert WDBC not in {neighbour.dataset for neighbour in answer.neighbours}
    assert all("/oboe/1510/" not in support.run for item in answer for support in item.support)
    assert answer.provenance.excluded == (WDBC,)
    used = next(card for card in kg.models.cards() if card.key == answer.provenance.model)
    assert used.excluded == (WDBC,)
    everything = kg.recommend(wdbc, "diagnosis", top=3)
    assert used.datasets == kg.models.get(kg.recipe(), kg.experience)[0].datasets - 1
    assert everything.iri != answer.iri


def test_what_is_the_same_as_an_excluded_dataset_is_excluded_too(kg):
    from kg.batch import Manifest

    copy = "https://example.org/wdbc-copy"
    statement = f"<{copy}> <http://www.w3.org/2002/07/owl#sameAs> <{WDBC}> .\n"
    about = Manifest("links", "1", "links", "CC0-1.0", "https://example.org/links", kind="project")
    kg.store.add(statement.encode(), about)
    assert kg.same_datasets([copy]) == tuple(sorted((copy, WDBC)))


def test_the_same_question_has_the_same_answer(kg, wdbc):
    first, second = (kg.recommend(wdbc, "diagnosis", top=5) for _ in range(2))
    assert first.to_json() == second.to_json()
    assert first.iri == second.iri


def test_a_data_frame_and_its_file_have_the_same_answer(kg, wdbc):
    from_file = kg.recommend(wdbc, "diagnosis", top=3)
    from_frame = kg.recommend(pd.read_csv(wdbc), "diagnosis", top=3)
    assert from_frame.to_json() == from_file.to_json()
    with pytest.raises(PipelineError, match="path="):
        from_frame.to_python()


def test_the_recommendation_is_kept_once_and_can_be_explained(kg, wdbc):
    answer = kg.recommend(wdbc, "diagnosis", top=3)
    version = kg.store.version
    kg.recommend(wdbc, "diagnosis", top=3)
    assert kg.store.version == version
    told = kg.explain(answer.iri).to_dict()
    assert told["kind"] == "recommendation"
    assert [row["pipeline"] for row in told["pipelines"]] == [item.pipeline.iri for item in answer]
    assert [row["predicted"] for row in told["pipelines"]] == [item.predicted for item in answer]
    shown = {run.run for item in answer for run in item.support}
    assert shown <= {row["run"] for row in told["supporting runs"]}
    assert {row["dataset"] for row in told["neighbours"]} == {n.dataset for n in answer.neighbours}


def test_turtle_says_the_same_with_terms_of_the_ontology(kg, wdbc):
    import rdflib

    import ontology

    answer = kg.recommend(wdbc, "diagnosis", top=2, exclude_datasets=[1510], store_evidence=False)
    graph = rdflib.Graph().parse(data=answer.to_turtle(), format="turtle")
    own = rdflib.Namespace(ontology.NAMESPACE)
    ranks = {int(rank) for rank in graph.objects(None, own.rank)}
    assert ranks == {1, 2}
    known = set(ontology.load().subjects())
    assert {str(dataset) for dataset in graph.objects(None, own.excludedDataset)} == {WDBC}
    used = {term for triple in graph for term in triple if str(term).startswith(ontology.NAMESPACE)}
    assert used <= known
    assert not any(isinstance(term, rdflib.BNode) for triple in graph for term in triple)


def test_a_recommendation_that_is_not_kept_leaves_the_store_as_it_was(kg, wdbc):
    version = kg.store.version
    kg.recommend(wdbc, "diagnosis", top=2, store_evidence=False)
    assert kg.store.version == version


def test_a_store_opened_to_read_answers_and_says_that_nothing_was_kept(small_store, wdbc):
    said = []
    with metakg.KnowledgeGraph(small_store, read_only=True, say=said.append) as kg:
        answer = kg.recommend(wdbc, "diagnosis", top=2)
    assert len(answer) == 2
    assert len(said) == 1
    assert "read only" in said[0]


def test_the_script_runs_against_the_file(kg, wdbc, tmp_path):
    script = tmp_path / "best.py"
    script.write_text(kg.recommend(wdbc, "diagnosis", top=1).to_python())
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    score = float(done.stdout.split("balanced accuracy: ")[1].split(",")[0])
    assert score > 0.9


def test_a_time_budget_is_kept(kg, wdbc):
    free = kg.recommend(wdbc, "diagnosis", top=8)
    tight = kg.recommend(wdbc, "diagnosis", top=8, budget_seconds=0.2)
    assert sum(item.expected_runtime_seconds for item in tight) <= 0.2
    assert len(tight) < len(free)
    assert any("budget" in note for note in tight.notes)


TABLES = {
    "categorical": lambda rng: {"colour": rng.choice(["red", "blue"], 60), "y": rng.choice(["a", "b"], 60)},
    "missing": lambda rng: {
        "x": np.where(rng.random(60) < 0.3, np.nan, rng.random(60)),
        "y": np.arange(60) % 2,
    },
    "text labels": lambda rng: {"x": rng.random(60), "y": np.array(["ä", 'no, "really"'])[np.arange(60) % 2]},
    "many classes": lambda rng: {"x": rng.random(120), "z": rng.random(120), "y": np.arange(120) % 12},
    "booleans": lambda rng: {"x": rng.random(60), "y": np.arange(60) % 3 == 0},
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_of_all_kinds(kg, kind, tmp_path):
    path = tmp_path / "table.csv"
    pd.DataFrame(TABLES[kind](np.random.default_rng(0))).to_csv(path, index=False)
    answer = kg.recommend(path, "y", top=2)
    assert [item.rank for item in answer] == [1, 2]
    compile(answer.to_python(rank=2), "script", "exec")


@pytest.mark.parametrize("task", [None, "regression"])
def test_regression_is_refused_with_what_the_graph_knows(kg, task, wdbc):
    table = pd.read_csv(wdbc)
    with pytest.raises(
        TableError, match=r"holds 0 runs on 0 regression tasks .* 2,\d{3} runs on classification"
    ):
        kg.recommend(table, "mean radius", task=task)
