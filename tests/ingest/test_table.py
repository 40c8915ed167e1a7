"""Tables of results: what their columns are taken for, and what becomes of their rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import metakg
from ingest import TableSource, source_for
from ingest.table_maps import parse_map
from ingest.testing import SourceTestCase
from kg import iris
from kg.errors import QueryError, SourceError
from kg.pipeline import Pipeline

TABLES = Path(__file__).parent / "tables"

FOLDS = """dataset,model,param_C,fold,acc,fit_time_ms,remark
iris,sklearn.svm.SVC,1.0,0,0.5,10,first
iris,sklearn.svm.SVC,1.0,1,1.0,30,
iris,sklearn.svm.SVC,2.0,0,0.25,10,
iris,sklearn.svm.SVC,2.0,1,0.75,10,
"""


class TestTable(SourceTestCase):
    """The contract, on real results of the AutoML Benchmark."""

    def make(self):
        return TableSource(TABLES / "amlb-2019.csv")

    def damaged(self, folder):
        for name, content in {
            "empty.csv": b"",
            "header.csv": b"dataset,model,acc\n",
            "binary.csv": b"\x80\x81\xff\n\x00\xff",
            "no-pipeline.csv": b"dataset,acc\niris,0.5\n",
            "no-score.csv": b"dataset,model,remark\niris,svm,0.5\n",
            "no-dataset.csv": b"model,acc\nsvm,0.5\n",
            "doubled.csv": b"dataset,model,acc,acc\niris,svm,0.5,0.5\n",
            "open-quote.csv": b'dataset,model,acc\n"iris,svm,0.5\n',
            "packed.csv.gz": b"\x1f\x8b\x08\x00\x00",
            "text.parquet": b"dataset,model,acc\n",
            "text.xlsx": b"dataset,model,acc\n",
        }.items():
            path = folder / name
            path.write_bytes(content)
            yield TableSource(path), path
        yield TableSource(folder / "nowhere.csv"), folder / "nowhere.csv"


@pytest.fixture
def table(tmp_path):
    def write(content: str, name: str = "results.csv") -> Path:
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return write


def batch_of(source):
    (batch,) = source.batches()
    return batch


def scores(source, measure="accuracy"):
    evaluations = batch_of(source).evaluations
    return sorted(evaluations.filter(pl.col("measure") == iris.measure(measure))["value"])


def roles(source):
    return {each.column: (each.role, each.detail) for each in source.columns().roles}


def test_folds_are_one_run_with_their_mean_and_a_series(table):
    source = TableSource(table(FOLDS))
    batch = batch_of(source)
    assert scores(source) == [0.5, 0.75]
    assert scores(source, "training_seconds") == [0.01, 0.02]
    assert batch.tasks["procedure"].to_list() == [iris.procedure("2-fold-cv")]
    assert batch.tasks["type"].to_list() == ["classification"]
    points = batch.series.filter(pl.col("name") == "accuracy").sort("position", "value")
    assert points.select("axis", "position", "value").rows() == [
        ("fold", 0, 0.25),
        ("fold", 0, 0.5),
        ("fold", 1, 0.75),
        ("fold", 1, 1.0),
    ]


def test_pipelines_are_the_nodes_that_other_sources_make(table):
    titles = {
        Pipeline.from_canonical(text).title
        for text in batch_of(TableSource(table(FOLDS))).pipelines["canonical"]
    }
    assert titles == {"SVC", "SVC(C=2)"}


def test_order_of_rows_and_columns_says_nothing(table):
    first = batch_of(TableSource(table(FOLDS)))
    lines = FOLDS.splitlines()
    turned = [",".join(reversed(line.split(","))) for line in (lines[0], *reversed(lines[1:]))]
    second = batch_of(TableSource(table("\n".join(turned) + "\n", "results.csv")))
    for name in ("runs", "series"):
        assert first.tables()[name].sort(pl.all()).equals(second.tables()[name].sort(pl.all()))


def test_repeats_of_folds_are_one_run(table):
    rows = [
        f"iris,svm,{repeat},{fold},{0.1 * repeat + 0.01 * fold:.2f}"
        for repeat in range(3)
        for fold in range(2)
    ]
    source = TableSource(table("dataset,model,repeat,fold,acc\n" + "\n".join(rows)))
    assert batch_of(source).tasks["procedure"].to_list() == [iris.procedure("3x2-fold-cv")]
    assert scores(source) == pytest.approx([0.105])
    assert batch_of(source).series.height == 6


def test_seeds_make_runs_only_where_nothing_else_tells_rows_apart(table):
    one = batch_of(TableSource(table("dataset,model,fold,seed,acc\niris,svm,0,7,0.5\niris,svm,1,8,0.7\n")))
    assert one.runs["seed"].to_list() == [None]
    two = batch_of(TableSource(table("dataset,model,seed,acc\niris,svm,7,0.5\niris,svm,8,0.7\n")))
    assert sorted(two.runs["seed"]) == [7, 8]


def test_uneven_folds_are_of_no_procedure_and_it_is_said(table):
    source = TableSource(table(FOLDS + "iris,sklearn.svm.SVC,2.0,2,0.5,10,\n"))
    assert batch_of(source).tasks["procedure"].to_list() == [iris.procedure("unspecified")]
    assert "the number of folds does not tell the procedure" in source.notes[0]


def test_the_long_form_is_read_as_the_wide_one(table):
    long = "dataset,algorithm,measure,score\niris,svm,accuracy,0.9\niris,svm,log_loss,0.3\niris,knn,accuracy,0.8\n"
    source = TableSource(table(long + "iris,knn,log_loss,0.4\niris,knn,my own,4\n"))
    assert batch_of(source).runs.height == 2
    assert scores(source) == [0.8, 0.9]
    assert scores(source, "log_loss") == [0.3, 0.4]
    assert "measure 'my own' is not known: declare it" in [item.why for item in source.tally.left_out]


def test_parameters_stand_in_columns_or_as_json(table):
    source = TableSource(
        table(
            'data set;method;hyperparameters;params.depth;score;metric\niris;forest;"{""trees"": 10, ""bag"": true}";3;'
            "0.9;acc\n"
        )
    )
    (text,) = batch_of(source).pipelines["canonical"]
    assert Pipeline.from_canonical(text).title == "forest(bag=True, depth=3, trees=10)"


@pytest.mark.parametrize(
    ("header", "cell", "iri", "number"),
    [
        ("dataset", "openml.org/d/31", iris.openml_dataset(31), 31),
        ("dataset", "openml:31", iris.openml_dataset(31), 31),
        ("dataset", "31", iris.openml_dataset(31), 31),
        ("did", "31", iris.openml_dataset(31), 31),
        ("dataset", "credit-g", iris.named_dataset("credit-g"), None),
        ("tid", "146818", iris.named_dataset("OpenML task 146818"), None),
        ("task", "146818", iris.named_dataset("OpenML task 146818"), None),
        ("id", "https://www.openml.org/t/146818", iris.named_dataset("OpenML task 146818"), None),
        ("task", "Australian", iris.named_dataset("Australian"), None),
    ],
)
def test_datasets_are_named_as_people_name_them(header, cell, iri, number, table):
    batch = batch_of(TableSource(table(f"{header},model,acc\n{cell},svm,0.5\n")))
    assert batch.datasets.select("dataset", "openml_id").rows() == [(iri, number)]
    if "146818" in cell:
        assert batch.datasets["landing_page"].to_list() == ["https://www.openml.org/t/146818"]


def test_the_task_of_openml_is_its_own_where_dataset_and_folds_are(table):
    rows = "".join(f"40981,146818,svm,{fold},0.5\n" for fold in range(10))
    (task,) = batch_of(TableSource(table("did,tid,model,fold,acc\n" + rows))).tasks["task"]
    assert task == iris.openml_task(146818)
    (task,) = batch_of(TableSource(table("did,tid,model,acc\n40981,146818,svm,0.5\n"))).tasks["task"]
    assert task == iris.task("openml-40981", "unspecified")


def test_a_map_overrides_the_guess(table):
    path = table("problem,framework,method,auc,acc2\niris,svm,knn,0.9,0.8\n")
    source = TableSource(path, map="dataset=problem,pipeline=method,accuracy=acc2,unused=auc")
    assert roles(source) == {
        "problem": ("dataset", ""),
        "framework": ("", ""),
        "method": ("pipeline", ""),
        "auc": ("", ""),
        "acc2": ("measure", "accuracy"),
    }
    assert scores(source) == [0.8]
    assert batch_of(source).pipelines["title"].to_list() == ["knn"]


@pytest.mark.parametrize("text", ["dataset", "=x", "dataset=", "dataset=a,pipeline=a"])
def test_a_map_that_is_none_is_refused(text):
    with pytest.raises(QueryError, match="map"):
        parse_map(text)


def test_a_map_names_columns_and_measures_that_are_there(table):
    path = table("dataset,model,acc\niris,svm,0.5\n")
    with pytest.raises(SourceError, match=r"no column 'accuracy'.*dataset, model, acc"):
        TableSource(path, map="accuracy=accuracy").columns()
    with pytest.raises(SourceError, match=r"'gini'.*--measure gini=higher:0:1"):
        TableSource(path, map="gini=acc").columns()


def test_a_declared_measure_goes_in_with_its_declaration(table):
    source = TableSource(table("dataset,model,gini\niris,svm,0.5\n"), measures=["gini=higher:0:1"])
    assert scores(source, "gini") == [0.5]
    assert batch_of(source).measures["direction"].to_list() == ["higher"]


def test_failed_folds_fail_their_run_with_the_error(table):
    source = TableSource(
        table(
            "dataset,model,fold,acc,error\niris,svm,0,0.5,\niris,svm,1,,out of memory\niris,knn,0,0.5,\niris,knn,1,1,\n"
        )
    )
    batch = batch_of(source)
    assert sorted(batch.runs.select("status", "error").rows()) == [
        ("failed", "fold 1: out of memory"),
        ("finished", None),
    ]
    assert scores(source) == [0.75]
    assert batch.tasks["procedure"].to_list() == [iris.procedure("2-fold-cv")]


def test_a_status_fails_a_run_though_it_has_a_score(table):
    source = TableSource(
        table("dataset,model,acc,status\niris,svm,0.5,TIMEOUT\niris,knn,nan,ok\niris,nb,0.25,ok\n")
    )
    assert sorted(batch_of(source).runs["status"]) == ["failed", "failed", "finished"]
    assert scores(source) == [0.25]


def test_one_dataset_for_all_rows(table):
    batch = batch_of(TableSource(table("model,acc\nsvm,0.5\n"), dataset="mine"))
    assert batch.datasets["title"].to_list() == ["mine"]
    batch = batch_of(TableSource(table("model,acc\nsvm,0.5\n"), dataset="31"))
    assert batch.datasets["openml_id"].to_list() == [31]


def test_regression_is_told_by_its_measures_or_the_type(table):
    assert batch_of(TableSource(table("dataset,model,r2\na,svm,0.5\n"))).tasks["type"].to_list() == [
        "regression"
    ]
    source = TableSource(table("dataset,model,pearson,task_type\na,svm,0.5,Regression\n"))
    assert batch_of(source).tasks["type"].to_list() == ["regression"]


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_a_data_frame_is_read_as_its_csv(kind, table):
    path = table(FOLDS)
    frame = pd.read_csv(path) if kind == "pandas" else pl.read_csv(path)
    source = source_for(frame, name="results")
    assert (
        batch_of(source)
        .evaluations.sort(pl.all())
        .equals(batch_of(TableSource(path)).evaluations.sort(pl.all()))
    )
    with pytest.raises(SourceError, match="needs a name"):
        source_for(frame)


def test_the_knowledge_graph_takes_a_path_and_a_data_frame(tmp_path, table):
    path = table(FOLDS)
    with metakg.open(tmp_path / "store") as kg:
        assert kg.ingest(path).written["runs"] == 2
        assert not kg.ingest(str(path)).changed
        assert kg.ingest(pd.read_csv(path), name="frame").written["evaluations"] == 4
        assert sorted(graph.version for graph in kg.status().graphs) == ["frame", "results"]
        path.write_text(FOLDS.replace("0.25", "0.35"))
        assert kg.ingest(path).changed
        assert len(kg.status().graphs) == 2
        (run, *_) = kg.store.query(
            "SELECT ?run WHERE { ?run a <http://www.w3.org/ns/mls#Run> }",
            default_graph=iris.graph("table", "frame"),
        ).rows()
        assert kg.store.series([run[0]]).height == 4


def test_a_folder_is_one_graph_with_the_runs_of_each_file(tmp_path):
    folder = tmp_path / "all"
    folder.mkdir()
    (folder / "a.csv").write_text(FOLDS)
    (folder / "b.tsv").write_text("dataset\tmodel\tacc\niris\tsvm\t0.5\n")
    (folder / "notes.txt").write_text("not a table")
    (folder / "c.csv").write_text(FOLDS)
    source = source_for(folder)
    with pytest.raises(SourceError, match=r"b.tsv, line 2: fold is empty"):
        list(source.batches())
    (folder / "b.tsv").unlink()
    batch = batch_of(source_for(folder))
    assert (batch.runs.height, batch.pipelines.height, batch.datasets.height) == (4, 2, 1)
    assert batch.manifest.version == "all"


def test_columns_may_have_the_names_that_the_source_uses_itself(table):
    header = "row,run,line,file,measure key,split,value of,dataset,openml_task,pipeline,accuracy"
    source = TableSource(
        table(f"{header}\n1,2,3,4,5,6,7,iris,9,svm,0.5\n2,2,3,4,5,6,7,wine,9,svm,0.25\n"),
        map="unused=dataset,task=row",
    )
    assert scores(source) == [0.25, 0.5]


def test_a_number_that_no_dataset_has_is_a_name(table):
    batch = batch_of(TableSource(table("dataset,model,acc\n99999999999999999999999,svm,0.5\n")))
    assert batch.datasets["openml_id"].to_list() == [None]


def test_a_task_that_two_datasets_claim_is_the_task_of_neither(table):
    rows = "".join(f"{did},5,svm,{fold},0.5\n" for did in (1, 2) for fold in range(10))
    tasks = batch_of(TableSource(table("did,tid,model,fold,acc\n" + rows))).tasks["task"]
    assert sorted(tasks) == [iris.task(f"openml-{did}", "10-fold-cv") for did in (1, 2)]


def test_repeats_that_differ_between_runs_do_not_tell_the_procedure(table):
    rows = ["svm,0,0", "svm,0,1", "svm,1,0", "svm,1,1", "knn,0,0", "knn,0,1", "knn,0,2", "knn,0,3"]
    source = TableSource(
        table("dataset,model,repeat,fold,acc\n" + "".join(f"iris,{row},0.5\n" for row in rows))
    )
    assert batch_of(source).tasks["procedure"].to_list() == [iris.procedure("unspecified")]


@pytest.mark.parametrize(
    ("header", "cell", "role"),
    [
        ("split", "test", ""),
        ("split", "3", "fold"),
        ("fold", "fold_3", "fold"),
        ("type", "AutoML", ""),
        ("type", "Binary", "type"),
        ("dataset_id", "credit-g", "dataset"),
        ("dataset_id", "31", "dataset_id"),
        ("error", "0.3", ""),
        ("error", "out of memory", "error"),
        ("start_time", "17", ""),
        ("start_time", "2026-11-01 12:00:00", "started"),
        ("score", "0.3", ""),
        ("loss", "0.3", ""),
        ("config/depth", "3", "parameter"),
        ("train_accuracy", "0.3", ""),
        ("1 - AUC", "0.3", "measure"),
        ("accuracy", "high", ""),
    ],
)
def test_a_name_alone_does_not_make_a_role(header, cell, role, table):
    assert roles(TableSource(table(f"{header},model\n{cell},svm\n")))[header][0] == role
