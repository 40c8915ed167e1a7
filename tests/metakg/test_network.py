"""``metakg network``: each view in each format, things as people write them, and one line for each mistake."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest

import metakg
from kg import iris
from metakg.explanation import whole_iri

Shell = Callable[..., tuple[int, str, str]]
VIEWS = (
    ("neighbourhood", "1510", "--max-nodes", 20),
    ("path", "1510", "3cc", "--count", 2),
    ("communities", "--max-nodes", 30),
)


@pytest.fixture(scope="module")
def other(small_store: Path) -> str:
    """A dataset of the store that is not wdbc, as people write it."""
    with metakg.open(small_store, read_only=True) as kg:
        numbers = kg.experience().datasets["openml_id"].sort().to_list()
    return f"openml:{numbers[0]}"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view[0])
def test_each_view_has_each_format(
    shell: Shell, small_store: Path, other: str, view: tuple[object, ...]
) -> None:
    words = ("--store", small_store, "network", *(other if word == "3cc" else word for word in view))
    said = {}
    for form in ("table", "json", "graphml", "dot"):
        status, said[form], err = shell(*words, "--format", form)
        assert status == 0, err
    graph = nx.node_link_graph(json.loads(said["json"]), edges="edges")
    read = nx.read_graphml(io.BytesIO(said["graphml"].encode()))
    assert set(read) == set(graph)
    assert all(read.nodes[node]["label"] == graph.nodes[node]["label"] for node in graph)
    assert read.number_of_edges() == graph.number_of_edges() > 0
    assert said["dot"].count("[label=") >= len(graph)
    assert said["dot"].startswith("digraph" if graph.is_directed() else "graph")
    assert len(said["table"].splitlines()) > 4


def test_a_path_is_told_statement_by_statement(shell: Shell, small_store: Path, other: str) -> None:
    status, out, _ = shell("--store", small_store, "network", "path", 1510, other, "--count", 1)
    assert status == 0
    lines = out.splitlines()
    assert lines[2] == "1. 4 statements"
    assert [line.split("  ")[2].strip("─←→ ") for line in lines[4:8]] == [
        "mls:hasInput",
        "mls:executes",
        "mls:executes",
        "mls:hasInput",
    ]


def test_communities_are_described(shell: Shell, small_store: Path) -> None:
    status, out, _ = shell("--store", small_store, "network", "communities")
    assert status == 0
    assert "communities of" in out
    assert "modularity" in out
    assert "typical: " in out
    assert "pipelines that rank best: " in out
    status, out, _ = shell("--store", small_store, "network", "communities", "--of", "pipelines")
    assert status == 0
    assert "of the others" in out
    assert "datasets on which they rank best" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("neighbourhood", "what?"), "give one of these"),
        (("neighbourhood", "999999"), "is not in the graph"),
        (("path", "1510", "openml:1510"), "both ends are"),
        (
            ("communities", "--procedure", "10-fold-cv"),
            "the graph holds one_vs_rest_balanced_accuracy by 5-fold",
        ),
        (("communities", "--measure", "acuracy"), "did you mean 'accuracy'"),
    ],
)
def test_mistakes_are_one_line(shell: Shell, small_store: Path, words: tuple[str, ...], said: str) -> None:
    status, out, err = shell("--store", small_store, "network", *words)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_things_are_named_as_people_write_them() -> None:
    pipeline = "8ad1f1386e3da299"
    assert (
        whole_iri(31) == whole_iri("openml:31") == whole_iri("openml:dataset/31") == iris.openml_dataset(31)
    )
    assert whole_iri(pipeline) == whole_iri(f"metakg:pipeline/{pipeline}") == iris.own("pipeline", pipeline)
    assert whole_iri(f"oboe/31/{pipeline}") == iris.own("run", f"oboe/31/{pipeline}")


def test_explain_says_what_to_type_next(shell: Shell, small_store: Path) -> None:
    status, out, _ = shell("--store", small_store, "explain", 1510)
    assert status == 0
    line = out.splitlines()[-1].partition(": metakg ")[2]
    assert line == "network neighbourhood openml:dataset/1510"
    assert shell(*line.split(), "--store", small_store)[0] == 0
