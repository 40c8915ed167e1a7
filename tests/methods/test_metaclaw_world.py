"""The tables fail for real, and nothing that the agent reads is an answer."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import StratifiedKFold, cross_val_score

from methods.metaclaw.choices import STAGES
from methods.metaclaw.damages import DAMAGES, damage
from methods.metaclaw.mining import Failure, RuleMiner
from methods.metaclaw.outcomes import BelowBaseline, Outcome, attempt, baseline
from methods.metaclaw.pipelines import assemble
from methods.metaclaw.reading import pair, phrases
from methods.metaclaw.stream import DAYS, kinds, stream
from methods.metaclaw.tables import TABLES, sample
from tests.methods.metaclaw_stream import world

SOUND = {
    "cleaner": "keep",
    "imputer": "median",
    "scaler": "standard",
    "encoder": "onehot_unknown",
    "weight": "none",
    "model": "logistic",
}


def damaged(*names, table="wine", strength=0.8):
    rng = np.random.default_rng(0)
    return damage(*sample(table, 150, rng), names, rng, strength)


@pytest.mark.parametrize(
    ("damages", "changes", "error"),
    [
        (("missing",), {"imputer": "none"}, "Input X contains NaN"),
        (("infinite",), {}, "infinity"),
        (("categories",), {"encoder": "none"}, "could not convert string to float"),
        (("places",), {"encoder": "onehot"}, "unknown categories"),
        (("places",), {"encoder": "onehot_sparse", "model": "bayes"}, "Sparse data was passed"),
        ((), {"model": "counts"}, "Negative values"),
        ((), {"model": "knn", "weight": "balanced"}, "class_weight"),
    ],
)
def test_scikit_learn_raises(damages, changes, error):
    table, labels = damaged(*damages)
    cells = table.to_numpy(dtype=object)
    with pytest.raises((ValueError, TypeError), match=error):
        assemble(SOUND | changes).fit(cells[::2], labels[::2]).predict(cells[1::2])


@pytest.mark.parametrize(("name", "cleaner"), [("dates", "dates"), ("amounts", "amounts")])
def test_a_cleaner_makes_numbers_of_text(name, cleaner):
    table, _ = damaged(name)
    cells = table.to_numpy(dtype=object)
    cleaned = assemble(SOUND | {"cleaner": cleaner})[0].transform(cells)
    assert any(isinstance(cell, str) for cell in cells[0])
    assert not any(isinstance(cell, str) for row in cleaned for cell in row)
    changed = [i for i, cell in enumerate(cells[0]) if isinstance(cell, str)]
    order = np.argsort(cleaned[:, changed[0]].astype(float), kind="stable")
    if name == "dates":
        assert list(cells[order, changed[0]]) == sorted(cells[:, changed[0]])


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_can_happen_to_each_table(table, name):
    before, labels = sample(table, 140, np.random.default_rng(0))
    after, kept = damaged(name, table=table)
    assert len(after) == len(kept) >= 40
    assert len(np.unique(kept)) == len(np.unique(labels))
    assert after.shape != before.shape or not after.equals(before)


def test_the_score_is_scikit_learns_and_a_low_one_fails():
    task = world()[0][0]
    choices = SOUND | {"cleaner": "finite"}
    score = attempt(task, choices, 0.0)
    folds = StratifiedKFold(2, shuffle=True, random_state=task.number)
    theirs = cross_val_score(
        assemble(choices), task.cells, task.labels, cv=folds, scoring="balanced_accuracy", error_score="raise"
    )
    assert score == pytest.approx(theirs.mean(), abs=1e-9)
    with pytest.raises(BelowBaseline, match=r"balanced accuracy 0\.\d+ is 0\.\d+ below the baseline"):
        attempt(task, choices, score + 0.1)


def test_the_baseline_is_above_chance_and_below_one():
    for task in world()[0][:20]:
        assert 1 / len(np.unique(task.labels)) < baseline(task) < 1


@pytest.mark.parametrize("bad", [{"model": "__import__('os')"}, {"imputer": "Median"}])
def test_what_is_not_on_the_list_is_not_made(bad):
    with pytest.raises(KeyError):
        assemble(SOUND | bad)


def test_a_stream_repeats_itself_and_another_seed_is_another():
    first, again, other = (list(stream(seed, 2)) for seed in (100, 100, 101))
    assert [task.text for task in first] == [task.text for task in again]
    assert all(
        np.array_equal(a.cells.astype(str), b.cells.astype(str)) for a, b in zip(first, again, strict=True)
    )
    assert [task.text for task in first] != [task.text for task in other]


def test_kinds_come_go_and_change():
    for seed in range(100, 110):
        found = kinds(np.random.default_rng([seed, 1]))
        assert sum(kind.first > 0 for kind in found) == 4
        assert sum(kind.last < DAYS - 1 for kind in found) == 2
        assert sum(kind.damages_on(0) != kind.damages_on(DAYS - 1) for kind in found) >= 4


def test_no_task_names_a_choice():
    named = {pair(stage, name) for stage, names in STAGES.items() for name in names}
    assert not any(named & set(phrases(task.text)) for task in world()[0])


def test_the_miner_writes_of_what_it_was_shown_and_knows_no_task():
    prompt = "The library asks: sort every loan. Some cells are empty."
    error = (
        "ValueError: Input X contains NaN.\nLogisticRegression does not accept missing values encoded as NaN"
    )
    pipeline = "cleaner keep, imputer none, scaler standard, encoder drop, weight none, model logistic"
    (skill,) = RuleMiner().evolve([Failure.of(prompt, pipeline, error)], [])
    assert skill["content"].startswith("Avoid imputer none. Use imputer ")
    assert "library" in skill["description"]
    assert skill["category"] == "mistake"
    other = RuleMiner().evolve([Failure.of(prompt, pipeline, error.replace("NaN", "thing"))], [])
    assert other[0]["content"] != skill["content"]
    assert RuleMiner().evolve([Failure.of(prompt, pipeline, error)], [skill["name"]]) == []
    assert RuleMiner().evolve([Failure(prompt, "not a pipeline at all")], []) == []


def test_the_text_of_an_error_is_the_same_in_every_process():
    failure = ValueError("Found unknown categories ['b', 'a'] in column 1 during transform")
    assert "['a', 'b']" in Outcome(0.5, failure).error
    assert Outcome(0.5, None).error == ""
