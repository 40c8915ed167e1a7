"""`methods.iclad` as a method: the contract, its parts per set, and its claims on real sets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch

import metakg
from methods.comparison import compare
from methods.errors import MethodError
from methods.iclad import Iclad
from methods.iclad.evaluation import areas
from methods.iclad.sets import AnomalySet, adbench, builtin, split
from methods.method import Setting
from methods.running import plan
from methods.testing import MethodTestCase

ADBENCH = Path(__file__).parents[2].parent / "shared" / "data" / "adbench"

torch.set_num_threads(1)


class TestIclad(MethodTestCase):
    """The conformance suite, with little work."""

    method = "iclad"
    effort = 0.25
    arms = ("iclad", "knn", "untrained")
    settings: ClassVar[Mapping[str, Setting]] = {"rows": 60, "support": 40}


def test_splits_are_stratified_disjoint_and_decided_by_the_seed() -> None:
    X = np.arange(1000, dtype=float)[:, None]
    data = AnomalySet("numbers", X, (np.arange(1000) % 20 == 0).astype(int))
    first, again, other = split(data, 0), split(data, 0), split(data, 1)
    assert np.array_equal(first.X, again.X)
    assert not np.array_equal(first.X, other.X)
    assert not set(first.X[:, 0]) & set(first.asked[:, 0])
    assert (len(first.X), len(first.asked)) == (700, 300)
    assert first.y.sum() == 35
    assert first.truth.sum() == 15
    assert first.known.sum() == 35
    assert first.y[first.known].sum() == 2
    small = split(data, 0, most=100)
    assert (len(small.X), small.y.sum(), len(small.asked), small.truth.sum()) == (100, 5, 100, 5)


def test_builtin_sets_are_ten_with_a_tenth_of_anomalies() -> None:
    sets = list(builtin())
    assert len({data.name for data in sets}) == 10
    for data in sets:
        assert data.y.mean() == pytest.approx(0.1, abs=0.01)
        assert data.X.shape[0] == len(data.y) >= 50


def test_each_set_is_a_part_of_the_run_with_its_own_scores(tmp_path: Path) -> None:
    folder = tmp_path / "sets"
    folder.mkdir()
    for number, data in zip(range(2), builtin(), strict=False):
        np.savez(folder / f"{number}_{data.name}.npz", X=data.X, y=data.y)
    kg = metakg.open(tmp_path / "store")
    (done,) = compare(kg, plan(Iclad(), "adbench", data=folder), [0], arms=["knn"])
    text = """PREFIX mkg: <https://w3id.org/metakg/ontology#> PREFIX mls: <http://www.w3.org/ns/mls#>
        SELECT ?value WHERE { ?run mls:hasOutput ?e . FILTER NOT EXISTS { ?run mkg:arm ?arm }
        ?e mls:specifiedBy ?measure ; mls:hasValue ?value FILTER(STRENDS(STR(?measure), "roc_auc_one_class")) }"""
    parts = [float(row[0]) for row in kg.sparql(text).rows()]
    assert len(parts) == 2
    assert np.mean(parts) == pytest.approx(done.scores["roc_auc_one_class"])


def test_a_folder_without_sets_is_told(tmp_path: Path) -> None:
    with pytest.raises(MethodError, match=r"no \.npz files"):
        list(adbench(tmp_path))
    (tmp_path / "bad.npz").write_bytes(b"no archive")
    with pytest.raises(MethodError, match=r"bad\.npz is not an ADBench file"):
        list(adbench(tmp_path))


@pytest.mark.skipif(not ADBENCH.is_dir(), reason="the ADBench sets are not part of the project")
def test_claims_hold_on_small_parts_of_the_adbench_sets() -> None:
    """Means over the sets, 300 rows of each part, one seed; docs/methods/iclad.md has the full comparison."""
    found = {
        arm: [
            areas(arm, split(data, 0, most=300), seed=0, members=2, support=256) for data in adbench(ADBENCH)
        ]
        for arm in ("iclad", "isolation_forest", "labels_hidden", "untrained")
    }

    def mean(arm: str, measure: str) -> float:
        return float(np.mean([scores[measure] for scores in found[arm]]))

    for claim in Iclad.claims:
        assert claim.measure is not None
        assert mean(claim.arm, claim.measure) >= mean(claim.other, claim.measure) + claim.margin, claim
