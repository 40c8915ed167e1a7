"""Neighbourhoods of nodes: what is near is there, what is left out is said, and the same comes back each time."""

from __future__ import annotations

import networkx as nx
import pytest

import kg
from kg import iris
from kg.errors import QueryError
from kg.network import neighbourhood
from kg.vocabulary import MLS, own_term

DATASET = iris.openml_dataset(31)
TASK = iris.task("openml-31", "5-fold-cv")
PIPELINE = iris.own("pipeline", "8ad1f1386e3da299")
RUN = iris.own("run", "oboe/31/8ad1f1386e3da299")


def test_a_run_is_tied_to_its_task_its_pipeline_and_its_scores(experiments: kg.Store) -> None:
    graph = neighbourhood(experiments, RUN)
    assert isinstance(graph, nx.MultiDiGraph)
    assert set(graph.successors(RUN)) >= {
        TASK,
        PIPELINE,
        DATASET,
        iris.evaluation(RUN, "runtime_seconds"),
        iris.evaluation(RUN, "one_vs_rest_balanced_accuracy"),
    }
    assert graph.has_edge(RUN, PIPELINE, key=f"{MLS}executes")
    assert graph.edges[RUN, PIPELINE, f"{MLS}executes"]["label"] == "mls:executes"
    assert graph.nodes[PIPELINE] == {
        "hop": 1,
        "label": "StandardScaler > GaussianNB",
        "type": "mkg:Pipeline",
    }
    assert graph.nodes[DATASET]["label"] == "credit-g"
    assert graph.nodes[RUN] == {"hop": 0, "label": "run/oboe/31/8ad1f1386e3da299", "type": "mls:Run"}
    assert graph.graph == {"centre": RUN, "truncated": ""}


def test_edges_are_statements_of_the_graph(experiments: kg.Store) -> None:
    graph = neighbourhood(experiments, PIPELINE, hops=2, max_nodes=60)
    ask = "ASK { ?s ?p ?o }"
    for source, target, predicate in graph.edges(keys=True):
        bindings = {"s": kg.IRI(source), "p": kg.IRI(predicate), "o": kg.IRI(target)}
        assert experiments.query(ask, bindings=bindings).answer
    assert nx.is_weakly_connected(graph)
    hops = nx.single_source_shortest_path_length(graph.to_undirected(as_view=True), PIPELINE)
    assert {node: graph.nodes[node]["hop"] for node in graph} == hops


def test_both_directions_are_followed(experiments: kg.Store) -> None:
    step = f"{PIPELINE}/step/4"
    graph = neighbourhood(experiments, step)
    assert set(graph.predecessors(step)) == {PIPELINE}
    assert list(graph.successors(step)) == [iris.component("sklearn.naive_bayes.GaussianNB")]
    assert graph.has_edge(PIPELINE, step, key=own_term("hasStep"))


def test_what_is_left_out_is_said(experiments: kg.Store) -> None:
    small = neighbourhood(experiments, DATASET, max_nodes=20)
    assert len(small) == 20
    assert small.graph["truncated"].startswith("20 nodes are shown, more lie within 1 hop")
    whole = neighbourhood(experiments, DATASET, max_nodes=1000)
    assert whole.graph["truncated"] == ""
    assert set(small) < set(whole)
    # 219 runs of OBOE do not hide the few things of other kinds.
    assert {TASK, DATASET.replace("/dataset/", "/distribution/"), "https://www.openml.org/d/31"} <= set(small)


def test_hops_share_the_nodes(experiments: kg.Store) -> None:
    graph = neighbourhood(experiments, DATASET, hops=2, max_nodes=50)
    hops = [graph.nodes[node]["hop"] for node in graph]
    assert len(graph) == 50
    assert hops.count(1) == 24
    assert hops.count(2) == 25


def test_the_same_statements_give_the_same_graph(batches: list[kg.Batch]) -> None:
    graphs = []
    for order in (batches, batches[::-1]):
        with kg.MemoryStore() as store:
            for batch in order:
                store.commit(batch)
            graphs.append(neighbourhood(store, DATASET, hops=2, max_nodes=80))
    assert list(graphs[0]) == list(graphs[1])
    assert nx.utils.graphs_equal(*graphs)


def test_a_hub_is_cut_and_says_so(experiments: kg.Store) -> None:
    measure = iris.measure("runtime_seconds")
    graph = neighbourhood(experiments, measure, max_nodes=30)
    assert len(graph) == 30
    assert graph.graph["truncated"]
    assert {graph.edges[edge]["label"] for edge in graph.edges(keys=True)} == {"mls:specifiedBy"}


@pytest.mark.parametrize(
    ("iri", "options", "said"),
    [
        ("https://w3id.org/metakg/run/none", {}, "is not in the graph"),
        (DATASET, {"hops": 0}, "at least 1"),
        (DATASET, {"max_nodes": 0}, "at least 1"),
        ("not an iri", {}, "not an IRI"),
    ],
)
def test_mistakes_are_named(experiments: kg.Store, iri: str, options: dict[str, int], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        neighbourhood(experiments, iri, **options)
