"""The command ``methods`` on a method that another package brings: a real store, real processes."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

import metakg
from tests.methods.conftest import ROOT

ROWS = """PREFIX mkg: <https://w3id.org/metakg/ontology#> PREFIX mls: <http://www.w3.org/ns/mls#>
SELECT ?arm ?seed ?status WHERE { ?run mkg:method ?method ; mkg:arm ?arm ; mkg:seed ?seed ; mkg:status ?status }"""


def runs_of(folder):
    return sorted(tuple(row) for row in metakg.open(folder / "store").sparql(ROWS).rows())


def test_list_and_show(run_with_toy, metakg_with_toy):
    listed = run_with_toy("methods", "list")
    assert re.search(r"toy +Robust Estimation.*\(1964\) +reconstruction", listed.stdout)
    shown = metakg_with_toy("methods", "show", "toy").stdout
    for words in (
        "https://arxiv.org/abs/1964.00001",
        "mean (baseline)",
        "median > first + 0.1",
        "size = 200",
    ):
        assert words in shown


def test_the_overview_names_it(run_with_toy):
    overview = run_with_toy("--help").stdout
    assert re.search(r"methods +Meta-learning methods", overview)
    wrong = run_with_toy("method")
    assert wrong.returncode == 2
    assert "did you mean 'methods'?" in wrong.stderr


def test_run_then_verdict(run_with_toy, metakg_with_toy, tmp_path):
    done = run_with_toy("methods", "run", "toy")
    assert done.returncode == 0, done.stderr
    assert re.search(r"median \(method\) +5 +\d", done.stdout)
    assert re.search(r"median against mean +\+0\.", done.stdout)
    assert len(runs_of(tmp_path)) == 15
    said = metakg_with_toy("methods", "verdict", "toy")
    assert said.returncode == 0
    assert re.search(r"median ≥ mean .* 5 of 5 +holds", said.stdout)
    assert "2 of 2 claims hold; seeds 0, 1, 2, 3, 4" in said.stdout
    as_json = json.loads(metakg_with_toy("methods", "verdict", "toy", "--format", "json").stdout)
    assert as_json["holds"] is True
    assert {score["arm"] for score in as_json["scores"]} == {"median", "mean", "first"}
    again = metakg_with_toy("methods", "run", "toy", "--seeds", "6")
    assert "15 runs are in the graph already" in again.stderr
    assert len(runs_of(tmp_path)) == 18


def test_of_several_runs_the_last_counts(metakg_with_toy, tmp_path):
    assert metakg_with_toy("methods", "run", "toy", "--seeds", "2").returncode == 0
    before = metakg_with_toy("methods", "verdict", "toy", "--format", "json").stdout
    assert metakg_with_toy("methods", "run", "toy", "--seeds", "2", "--again").returncode == 0
    assert len(runs_of(tmp_path)) == 12
    after = metakg_with_toy("methods", "verdict", "toy", "--format", "json").stdout
    known = [json.loads(text)["comparisons"] for text in (before, after)]
    assert known[0] == known[1]


def test_a_verdict_that_does_not_hold(metakg_with_toy):
    """With no contamination the mean is the better estimate, and the graph says so."""
    done = metakg_with_toy("methods", "run", "toy", "--set", "shift=0", "--seeds", "40")
    assert done.returncode == 0
    said = metakg_with_toy("methods", "verdict", "toy")
    assert said.returncode == 1
    assert re.search(r"median ≥ mean .* -0\.\d+ .* DOES NOT HOLD: the difference is -0\.", said.stdout)


def test_a_failed_arm_is_told_and_kept(metakg_with_toy, tmp_path):
    done = metakg_with_toy("methods", "run", "toy", "--set", "fail=mean", "--seeds", "2")
    assert done.returncode == 2
    assert "mean with seed 1 failed: FloatingPointError: the sample burst" in done.stderr
    assert "2 of 6 runs failed" in done.stderr
    assert ("mean", 1, "failed") in runs_of(tmp_path)
    assert ("first", 1, "finished") in runs_of(tmp_path)
    failures = metakg_with_toy("ask", "failures").stdout
    assert "the sample burst" in failures


def test_data_of_ones_own(metakg_with_toy, tmp_path):
    mine = tmp_path / "mine.txt"
    mine.write_text("\n".join(map(str, range(-50, 51))))
    done = metakg_with_toy("methods", "run", "toy", "--data", "mine.txt", "--seeds", "1")
    assert done.returncode == 0, done.stderr
    assert re.search(r"data=mine.txt \([0-9a-f]{12}\)", done.stdout)
    mine.write_text("one\n")
    wrong = metakg_with_toy("methods", "run", "toy", "--data", "mine.txt", "--seeds", "3")
    assert (wrong.returncode, "mine.txt: could not convert" in wrong.stderr) == (2, True)
    assert "Traceback" not in wrong.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "toi"], "no method 'toi'; known: "),
        (["run", "toy", "--task", "other"], "toy has no task 'other'; known: contaminated"),
        (
            ["run", "toy", "--arm", "mode"],
            "toy on contaminated has no arm 'mode'; known: median, mean, first",
        ),
        (["run", "toy", "--set", "size"], "--set 'size' is no setting: write NAME=VALUE"),
        (
            ["run", "toy", "--set", "sise=3"],
            "toy has no hyperparameter 'sise'; known: size, shift, fail, wait",
        ),
        (["run", "toy", "--set", "size=big"], "size of toy is 'big': give a int"),
        (["run", "toy", "--seeds", "4-2"], "write 5 for seeds 0 to 4, 100-104, or 3,7"),
        (["run", "toy", "--budget", "soon"], "'soon' is not a time"),
        (["run", "toy", "--data", "nowhere.txt"], "nowhere.txt: there is no such file or folder"),
        (["verdict", "toy"], "there is no metakg store"),
    ],
)
def test_mistakes(metakg_with_toy, tmp_path, words, message):
    done = metakg_with_toy("methods", *words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "store").exists() or not runs_of(tmp_path)


def test_a_verdict_on_nothing(metakg_with_toy):
    assert metakg_with_toy("init").returncode == 0
    done = metakg_with_toy("methods", "verdict", "toy")
    assert done.returncode == 2
    assert "has no run of toy 1 on contaminated: run metakg methods run toy" in done.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupted_it_goes_on(installed_toy, run_with_toy, tmp_path, jobs):
    """Ctrl-C ends it at once and quietly; what had finished is not run again."""
    path = os.pathsep.join([str(installed_toy), str(ROOT)])
    words = ["methods", "run", "toy", "--set", "wait=1", "--seeds", "4", "--jobs", jobs]
    process = subprocess.Popen(
        [sys.executable, "-m", "metakg", "--store", str(tmp_path / "store"), *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    first = process.stderr.readline()
    assert re.match(r"seed \d done", first)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert "interrupted" in errors
    time.sleep(0.2)
    finished = [row for row in runs_of(tmp_path) if row[2] == "finished"]
    assert 3 <= len(finished) < 12
    done = run_with_toy(*words)
    assert f"{len(finished)} runs are in the graph already" in done.stderr
    assert len([row for row in runs_of(tmp_path) if row[2] == "finished"]) == 12
