"""The model of `methods.iclad`: what it may look at, what labels do, and that the packaged one is what it says."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from methods.errors import MethodError
from methods.iclad import baselines
from methods.iclad.checkpoint import SHIPPED, load, record_of, untrained
from methods.iclad.detector import ICLAD
from methods.iclad.episodes import episodes
from methods.iclad.model import FiLM, InContextDetector


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def table() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows on a plane in six columns with a twentieth of anomalies, queries, and which of these are anomalous."""
    random = np.random.default_rng(3)
    plane = random.normal(size=(2, 6))

    def rows(count: int) -> np.ndarray:
        return random.normal(size=(count, 2)) @ plane + 0.1 * random.normal(size=(count, 6))

    anomalies = random.normal(size=(60, 6)) * 1.5
    return (
        np.vstack([rows(380), anomalies[:20]]),
        np.vstack([rows(160), anomalies[20:]]),
        np.arange(200) >= 160,
    )


def test_a_query_is_scored_the_same_whatever_is_asked_with_it() -> None:
    generator = torch.Generator().manual_seed(0)
    batch = episodes(3, 40, 30, generator)
    model = load()
    with torch.inference_mode():
        together = model(batch.support, batch.labels, batch.queries)[1]
        alone = torch.cat(
            [model(batch.support, batch.labels, batch.queries[:, i : i + 1])[1] for i in range(30)], 1
        )
        among_others = model(
            batch.support, batch.labels, torch.cat([batch.queries[:, :5], 50 * batch.queries], 1)
        )[1]
    assert together.std() > 0.1
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(together[:, :5], among_others[:, :5], rtol=1e-4, atol=1e-4)


def test_a_support_row_is_scored_as_a_query_that_does_not_see_it() -> None:
    batch = episodes(2, 40, 4, torch.Generator().manual_seed(1), regime=1)
    own = torch.arange(40).expand(2, -1)
    with torch.inference_mode():
        of_support, of_queries = load()(batch.support, batch.labels, batch.support, own)
        seen = load()(batch.support, batch.labels, batch.support)[1]
    torch.testing.assert_close(of_support, of_queries, rtol=1e-4, atol=1e-4)
    assert (seen - of_queries).abs().max() > 0.01


def test_labels_modulate_rows_and_no_label_leaves_them_as_they_are() -> None:
    film = FiLM(32, 3)
    x = torch.randn(1, 3, 32, 3)
    found = film(x, torch.tensor([[-1, 0, 1]]))
    assert torch.equal(found[:, 0], x[:, 0])
    for place, label in ((1, 0), (2, 1)):
        expected = (1 + film.gamma[label]) * x[0, place] + film.beta[label]
        torch.testing.assert_close(found[0, place], expected)
        assert not torch.allclose(found[0, place], x[0, place])


def test_scores_follow_the_labels_that_are_told() -> None:
    """Two clusters, half of the rows each: which one is anomalous is known from the labels alone."""
    random = np.random.default_rng(0)
    rows = np.vstack([random.normal(-2, 1, (100, 4)), random.normal(2, 1, (100, 4))])
    asked = np.vstack([random.normal(-2, 1, (50, 4)), random.normal(2, 1, (50, 4))])
    second = np.arange(100) >= 50
    labels = np.repeat([0, 1], 100)
    areas = [
        roc_auc_score(second, -ICLAD(members=2).fit(rows, told).score_samples(asked))
        for told in (labels, 1 - labels)
    ]
    assert areas[0] > 0.9
    assert areas[1] < 0.1


def test_scores_hardly_change_with_the_order_of_columns_and_not_with_their_units(
    table: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    rows, asked, _ = table
    order = np.random.default_rng(1).permutation(6)
    agreement = []
    for members in (16, 4):
        plain = ICLAD(members=members).fit(rows).score_samples(asked)
        permuted = ICLAD(members=members).fit(rows[:, order]).score_samples(asked[:, order])
        agreement.append(np.corrcoef(plain, permuted)[0, 1])
    assert agreement[0] > 0.99, "the more members, the less the order matters"
    assert agreement[1] > 0.95
    units = np.array([1e-3, 1.0, 50.0, 1e4, 2.0, 7.0])
    np.testing.assert_allclose(ICLAD().fit(rows * units).score_samples(asked * units), plain, atol=0.05)


def test_inference_changes_no_weight_and_needs_no_gradient(
    table: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    rows, asked, anomalous = table
    model = load()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    detector = ICLAD().fit(rows)
    first = detector.score_samples(asked)
    assert np.array_equal(first, detector.score_samples(asked))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert roc_auc_score(anomalous, -first) > 0.75


def test_it_is_no_disguise_of_the_baselines(table: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    rows, asked, _ = table
    ours = -ICLAD().fit(rows).score_samples(asked)
    for theirs in (baselines.isolation_forest(rows, asked, 0), baselines.knn(rows, asked)):
        ranks = [np.argsort(np.argsort(scores)) for scores in (ours, theirs)]
        assert abs(np.corrcoef(ranks)[0, 1]) < 0.97


def test_tables_of_many_columns_gaps_and_constants_are_scored() -> None:
    random = np.random.default_rng(5)
    rows = random.normal(size=(80, 50))
    rows[:, 3] = 7.0
    rows[::5, 4] = np.nan
    rows[:, 5] = np.nan
    asked = rows[:10].copy()
    asked[0] += 8.0
    scores = ICLAD(members=8).fit(rows).score_samples(asked)
    assert np.isfinite(scores).all()
    assert scores.argmin() == 0


def test_the_packaged_checkpoint_is_small_and_says_how_it_was_made() -> None:
    record = json.loads(record_of(SHIPPED).read_text(encoding="utf-8"))
    assert SHIPPED.stat().st_size == record["bytes"] < 3_000_000
    assert {"seed", "steps", "seconds", "torch", "sha256"} <= set(record)
    assert "synthetic" in record["data"]
    assert isinstance(load(), InContextDetector)


@pytest.mark.parametrize("fault", ["changed", "missing", "no record"])
def test_a_checkpoint_that_is_not_its_record_s_is_refused_in_a_sentence(tmp_path: Path, fault: str) -> None:
    copy = tmp_path / "iclad.safetensors"
    shutil.copy(SHIPPED, copy)
    shutil.copy(record_of(SHIPPED), record_of(copy))
    if fault == "changed":
        data = bytearray(copy.read_bytes())
        data[-100] ^= 1
        copy.write_bytes(data)
    else:
        (copy if fault == "missing" else record_of(copy)).unlink()
    with pytest.raises(MethodError) as raised:
        load(copy)
    said = str(raised.value)
    assert "iclad.safetensors" in said
    assert "methods.iclad.pretrain" in said
    assert "\n" not in said
    assert ("SHA-256" in said) == (fault == "changed")


@pytest.mark.parametrize(
    ("rows", "labels", "word"),
    [
        (np.zeros((3, 2)), None, "must have four"),
        (np.zeros((9, 2)), np.full(9, 2), "-1"),
        (np.zeros(9), None, "dimensions"),
        (np.array([["a", "b"]] * 9), None, "numbers"),
    ],
)
def test_tables_and_labels_that_cannot_be_used_are_told(
    rows: np.ndarray, labels: np.ndarray | None, word: str
) -> None:
    with pytest.raises(MethodError, match=word):
        ICLAD(model=untrained(0)).fit(rows, labels)
