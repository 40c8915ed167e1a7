"""What is wrong with a table of results is told by its line, and keeps all of it out unless one goes on."""

from __future__ import annotations

import pytest

from ingest import TableSource
from kg.errors import MetakgError, RejectedError, SourceError

GOOD = "dataset,model,fold,acc,fit_time\n" + "".join(
    f"iris,{model},{fold},0.{fold + 1},{fold}\n" for model in ("svm", "knn", "nb") for fold in range(2)
)


@pytest.mark.parametrize(
    ("old", "new", "place", "why"),
    [
        ("iris,svm,1,0.2,1", "iris,svm,1,much,1", "line 3", "acc is 'much', which is not a number"),
        ("iris,svm,1,0.2,1", "iris,svm,1,nan,1", "line 3", "acc is 'nan', which is not a finite number"),
        ("iris,svm,1,0.2,1", "iris,svm,1,inf,1", "line 3", "acc is 'inf', which is not a finite number"),
        ("iris,svm,1,0.2,1", "iris,svm,1,1.2,1", "line 3", "acc is 1.2, accuracy must be from 0 to 1"),
        (
            "iris,svm,1,0.2,1",
            "iris,svm,1,0.2,-1",
            "line 3",
            "fit_time is -1, training_seconds must be from 0",
        ),
        ("iris,svm,1,0.2,1", "iris,svm,1,,1", "line 3", "has no score, and no column says why"),
        ("iris,svm,1,0.2,1", "iris,svm,,0.2,1", "line 3", "fold is empty"),
        ("iris,svm,1,0.2,1", "iris,svm,1.5,0.2,1", "line 3", "fold is '1.5', which is not a whole number"),
        ("iris,svm,1,0.2,1", "iris,,1,0.2,1", "line 3", "the cell of 'model' is empty"),
        ("iris,svm,1,0.2,1", ",svm,1,0.2,1", "line 3", "names no dataset"),
        ("iris,svm,1,0.2,1", "!!,svm,1,0.2,1", "line 3", "dataset name '!!' has no letter or digit"),
        ("iris,svm,1,0.2,1", "iris,svm,0,0.2,1", "line 3", "same dataset, pipeline and fold as 2"),
        ("iris,svm,1,0.2,1", "iris,svm,1,0.2", "line 3", "has 4 cells, the header has 5"),
        ("iris,svm,1,0.2,1", "iris,svm,1,0,2,1", "line 3", "has 6 cells, the header has 5"),
        ("iris,svm,1,0.2,1", '"\n\n",svm,1,0.2,1', "line 3", "names no dataset"),
        ("iris,knn,0,0.1,0", "\n\niris,knn,0,x,0", "line 6", "acc is 'x'"),
    ],
)
def test_what_is_wrong_is_told_by_its_line(old, new, place, why, tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(RejectedError) as caught:
        list(TableSource(path).batches())
    assert (caught.value.rejected[0].place, caught.value.count) == (place, 1)
    assert why in caught.value.rejected[0].why
    source = TableSource(path)
    source.keep_going = True
    (batch,) = source.batches()
    assert batch.runs.height in (2, 3)
    assert source.passed["runs"] == source.tally.expected("runs") == batch.runs.height


def test_a_run_does_not_live_on_without_a_fold_that_is_wrong(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(GOOD.replace("iris,svm,1,0.2,1", "iris,svm,1,1.2,1"))
    source = TableSource(path)
    source.keep_going = True
    (batch,) = source.batches()
    assert sorted(batch.pipelines["title"]) == ["knn", "nb"]
    assert "a row of theirs is wrong" in [item.why for item in source.tally.left_out]


def test_every_wrong_row_is_counted_and_the_first_thousand_are_listed(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("dataset,model,acc\n" + "iris,svm,2\n" * 1_500)
    with pytest.raises(RejectedError) as caught:
        list(TableSource(path).batches())
    assert caught.value.count >= 1_500
    assert len(caught.value.rejected) == 1_000


def test_a_run_that_lacks_folds_of_the_stated_procedure_is_refused(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text(GOOD)
    with pytest.raises(RejectedError, match="has 2 of the 10 folds of 10-fold-cv"):
        list(TableSource(path, procedure="10-fold-cv").batches())
    (batch,) = TableSource(path, procedure="2-fold-cv").batches()
    assert batch.runs.height == 3
    with pytest.raises(SourceError, match="is no key"):
        TableSource(path, procedure="10 folds")


def test_a_table_of_which_nothing_goes_in_says_why(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("dataset,model,metric,score\niris,svm,my own,4\n")
    with pytest.raises(SourceError, match=r"none of its runs goes in: .*'my own' is not known: declare it"):
        list(TableSource(path).batches())
    source = TableSource(path, measures=["my own=lower"])
    (batch,) = source.batches()
    assert batch.measures["label"].to_list() == ["my own"]


@pytest.mark.parametrize("text", ["gini", "=higher", "gini=up", "gini=higher:a", "gini=higher:1:0"])
def test_a_declaration_that_is_none_is_refused(text, tmp_path):
    with pytest.raises(MetakgError, match="measure"):
        TableSource(tmp_path / "results.csv", measures=[text])


def test_a_table_of_nothing_but_wrong_rows_leaves_nothing(tmp_path):
    path = tmp_path / "results.csv"
    path.write_text("dataset,model,acc\niris,svm,2\niris,,0.5\n")
    source = TableSource(path)
    source.keep_going = True
    assert list(source.batches()) == []
    assert [item.place for item in source.tally.rejected] == ["line 3", "line 2"]
    assert not any(source.tally.expected(table) for table in source.tally.counts)
