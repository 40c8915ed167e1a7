"""Communities: alike by Spearman's correlation, within the limits, described, and the same each time."""

from __future__ import annotations

import os
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest
from scipy.stats import spearmanr

import kg
from kg.communities import communities
from kg.errors import QueryError
from kg.experience import Experience, load
from kg.pipeline import Pipeline

ASKED = ("one_vs_rest_balanced_accuracy", "5-fold-cv")


@pytest.fixture(scope="module")
def experience(experiments: kg.Store) -> Experience:
    return load(experiments)


def test_edges_are_rank_correlations_to_the_nearest(experience: Experience) -> None:
    found = communities(experience, *ASKED, neighbours=3)
    datasets, _, values = experience.matrix(*ASKED)
    assert list(found.graph) == datasets
    for here, there, weight in found.graph.edges(data="weight"):
        rows = values[[datasets.index(here), datasets.index(there)]]
        both = ~np.isnan(rows).any(axis=0)
        assert weight == pytest.approx(spearmanr(*rows[:, both]).statistic, abs=1e-4)
    assert min(dict(found.graph.degree).values()) >= 3
    parts = [set(item.members) for item in found.items]
    assert set().union(*parts) == set(datasets)
    assert sum(map(len, parts)) == len(datasets)
    assert found.modularity == pytest.approx(nx.community.modularity(found.graph, parts, weight="weight"))
    assert found.modularity > 0.1
    assert found.truncated == ""


def test_traits_and_winners_are_what_the_experience_holds(experience: Experience) -> None:
    found = communities(experience, *ASKED)
    datasets, pipelines, values = experience.matrix(*ASKED)
    described, names, qualities = experience.quality_table()
    for item in found.items:
        rows = values[[datasets.index(dataset) for dataset in item.members]]
        best, rank = item.winners[0]
        beaten = np.nanmean(rows[:, [pipelines.index(best)]] >= rows, axis=1)
        assert np.mean(beaten) == pytest.approx(rank, abs=0.05)
        for trait in item.traits:
            column = qualities[:, names.index(trait.name)]
            inside = [column[described.index(d)] for d in item.members if d in described]
            assert trait.inside == pytest.approx(np.nanmedian(inside))
    assert any(item.traits for item in found.items)


def test_pipelines_of_a_community_share_components(experience: Experience) -> None:
    found = communities(experience, *ASKED, of="pipelines")
    objects: dict[str, Pipeline] = experience.pipeline_objects
    assert {about["type"] for _, about in found.graph.nodes(data=True)} == {"mkg:Pipeline"}
    for item in found.items:
        for trait in item.traits:
            share = np.mean(
                [trait.name in {step.component for step in objects[iri].steps} for iri in item.members]
            )
            assert trait.inside == pytest.approx(share, abs=1e-3)
            assert trait.inside > trait.outside
        assert all(iri in set(experience.runs["dataset"]) for iri, _ in item.winners)


def test_the_limit_is_kept_and_said(experience: Experience) -> None:
    found = communities(experience, *ASKED, max_nodes=12)
    assert len(found.graph) == 12
    assert found.truncated.startswith("12 of 20 datasets are grouped")


def test_every_process_finds_the_same() -> None:
    code = (
        "from ingest import find_source; import kg; from kg.communities import communities;"
        "from kg.experience import load; s = kg.MemoryStore(); s.commit(list(find_source('lcdb').batches()));"
        "print(communities(load(s), 'accuracy', 'learning-curve-holdout').items)"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1] != ""


def test_mistakes_are_named(experience: Experience) -> None:
    with pytest.raises(QueryError, match=r"the graph holds .*one_vs_rest_balanced_accuracy by 5-fold-cv"):
        communities(experience, "accuracy", "10-fold-cv")
    with pytest.raises(QueryError, match="at least 1"):
        communities(experience, *ASKED, neighbours=0)
    with pytest.raises(QueryError, match="of datasets or of pipelines"):
        communities(experience, *ASKED, of="runs")  # type: ignore[arg-type]
