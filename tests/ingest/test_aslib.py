"""ASlib's scenarios become datasets, pipelines and runs; what is wrong with one is told by its place."""

import shutil
from pathlib import Path

import polars as pl
import pytest

import metakg
from ingest import AslibSource, source_for
from ingest.aslib_scenario import read_scenario
from ingest.testing import SourceTestCase
from kg import iris
from kg.errors import RejectedError, SourceError

SCENARIO = Path(__file__).parent / "aslib" / "SYNTHETIC-SAT"
RUNS, ABOUT = "algorithm_runs.arff", "description.txt"


def changed(folder, name, old, new, of=SCENARIO):
    """Copy of a scenario in which one file is another."""
    copy = folder / f"scenario-{len(list(folder.iterdir()))}"
    shutil.copytree(of, copy)
    text = (copy / name).read_text()
    assert old in text
    (copy / name).write_text(text.replace(old, new))
    return copy, copy / name


WRONG = [
    (RUNS, ",3600,3,timeout", ",3600,3,asleep", "asleep"),
    (RUNS, "@ATTRIBUTE runtime NUMERIC\n", "", "ARFF"),
    (RUNS, "12.5", "fast", "ARFF"),
    (RUNS, "@ATTRIBUTE runtime", "@ATTRIBUTE seconds", "no attribute 'runtime'"),
    (ABOUT, "    - false\n    - false", "    - false", "1 of maximize"),
    (ABOUT, "    - false\n    - false", "    - false\n    - perhaps", "neither true nor false"),
    (ABOUT, "scenario_id: SYNTHETIC-SAT", "scenario_id: [a, b", "line 2"),
    (ABOUT, "scenario_id: SYNTHETIC-SAT", "a: &a [x, x]\nb: *a", "aliases"),
    (ABOUT, "scenario_id: SYNTHETIC-SAT", f"a: {'[' * 3000}", "nested"),
    ("feature_values.arff", "@ATTRIBUTE instance_id STRING\n", "", "ARFF"),
]


class TestAslib(SourceTestCase):
    def make(self):
        return AslibSource(SCENARIO)

    def damaged(self, folder):
        for name, old, new, _ in WRONG:
            copy, broken = changed(folder, name, old, new)
            yield AslibSource(copy), broken
        yield AslibSource(folder / "nowhere"), folder / "nowhere"
        copy, broken = changed(folder, RUNS, "@DATA", "@DATA")
        broken.write_bytes(b"\xff\xfe\x00")
        yield AslibSource(copy), broken


@pytest.fixture(scope="module")
def batch():
    (only,) = AslibSource(SCENARIO).batches()
    return only


def test_runs_are_finished_or_failed_and_only_scores_are_values(batch):
    assert batch.counts() == {
        "datasets": 3,
        "qualities": 5,
        "tasks": 3,
        "pipelines": 2,
        "runs": 6,
        "evaluations": 6,
        "measures": 1,
        "tags": 1,
    }
    failed = batch.runs.filter(status="failed")
    assert sorted(failed["error"]) == ["crash", "memout", "timeout"]
    assert not set(failed["run"]) & set(batch.evaluations["run"])
    seconds = batch.evaluations.filter(measure=iris.measure("runtime_seconds"))
    assert sorted(seconds["value"]) == [0.25, 1.5, 12.5]  # and not the cut-off of 3600


def test_measures_that_are_not_known_are_declared_with_the_direction_of_the_scenario(batch):
    assert batch.measures.select("label", "direction").rows() == [("unsatisfied_clauses", "lower")]


def test_algorithms_are_named_with_their_scenario(batch):
    assert sorted(batch.pipelines["title"]) == [
        "SYNTHETIC-SAT/lingeling-2.1(configuration=--reduce=1)",
        "SYNTHETIC-SAT/walk",
    ]


def test_what_was_not_run_is_left_out_with_the_reason():
    source = AslibSource(SCENARIO)
    list(source.batches())
    assert ("runs", 1) in [(item.what, item.count) for item in source.tally.left_out]
    assert any("not applicable" in item.why for item in source.tally.left_out)


def test_features_are_qualities_of_named_datasets(batch):
    of_php = batch.qualities.filter(dataset=iris.named_dataset("sat/php 10.cnf"))
    assert dict(of_php.select("name", "value").iter_rows()) == {"nvars": 110.0, "nclauses": 561.0}


@pytest.mark.parametrize(("name", "old", "new", "said"), WRONG)
def test_the_error_says_what_is_wrong(tmp_path, name, old, new, said):
    copy, broken = changed(tmp_path, name, old, new)
    with pytest.raises(SourceError) as caught:
        list(AslibSource(copy).batches())
    assert said in str(caught.value)
    assert str(broken) in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "line", "why"),
    [
        ("sat/uf250-01.cnf,2,walk", "sat/uf250-01.cnf,1,walk", 16, "occurs twice"),
        ("sat/tiny.cnf,1,walk", "sat/UF250:01.cnf,1,walk", 18, "punctuation only"),
        ("sat/uf250-01.cnf,1,walk,1.5", "sat/uf250-01.cnf,1,walk,-1.5", 15, "must be from 0"),
    ],
)
def test_a_wrong_row_is_told_by_its_line_and_keeps_all_out(tmp_path, old, new, line, why):
    copy, broken = changed(tmp_path, RUNS, old, new)
    with pytest.raises(RejectedError) as caught, metakg.open(tmp_path / "store") as kg:
        kg.ingest(copy)
    (only,) = caught.value.rejected
    assert only.place == f"{broken}: line {line}"
    assert why in only.why
    with metakg.open(tmp_path / "store") as kg:
        assert kg.ingest(copy, keep_going=True).rejected == (only,)


def test_a_known_measure_is_not_taken_for_its_opposite(tmp_path):
    copy, about = changed(tmp_path, ABOUT, "unsatisfied_clauses", "accuracy")
    runs = copy / RUNS
    runs.write_text(runs.read_text().replace("unsatisfied_clauses", "accuracy"))
    with pytest.raises(SourceError, match="direction is higher, not lower") as caught:
        list(AslibSource(copy).batches())
    assert str(about) in str(caught.value)


def test_older_descriptions_write_lists_with_commas():
    files = {
        "description.txt": b"performance_measures: runtime, score\nmaximize: false, true\n"
        b"performance_type: runtime, solution_quality\nscenario_id: OLD\n",
        RUNS: (SCENARIO / RUNS).read_bytes().replace(b"unsatisfied_clauses", b"score"),
    }
    found = read_scenario(files, "OLD")
    assert [(each.name, each.maximise) for each in found.measures] == [("runtime", False), ("score", True)]
    assert len(found.runs) == 7
    assert found.configurations == {}


def test_a_table_of_configurations_gives_hyperparameters(tmp_path):
    copy, _ = changed(tmp_path, RUNS, "@DATA", "@DATA")
    (copy / "configurations.csv").write_text("idx,restarts,noise\nlingeling-2.1,7,\nwalk,,0.5\n")
    (batch,) = source_for(copy).batches()
    assert set(batch.pipelines["title"]) == {"SYNTHETIC-SAT(restarts=7)", "SYNTHETIC-SAT(noise=0.5)"}
    (copy / "configurations.csv").write_text("idx,restarts\nlingeling-2.1\n")
    with pytest.raises(SourceError, match="line 2: 1 values for 2 columns"):
        list(source_for(copy).batches())


def test_a_scenario_is_known_by_its_folder_or_by_the_name_that_is_given(tmp_path):
    with metakg.open(tmp_path / "store") as kg:
        first = kg.ingest(SCENARIO)
        assert first.graph == iris.graph("aslib", "SYNTHETIC-SAT")
        assert not kg.ingest(SCENARIO).changed
        assert kg.ingest(SCENARIO, name="again", licence="CC0-1.0").graph == iris.graph("aslib", "again")


def test_units_are_seconds(batch):
    assert batch.evaluations.filter(pl.col("value") == 12.5)["measure"].to_list() == [
        iris.measure("runtime_seconds")
    ]
