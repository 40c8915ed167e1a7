"""`metakg ingest`: where a source's file comes from, and how far it is."""

import io
import os
import re
import subprocess
import sys
import time

import pytest
from rich.console import Console

from ingest.tables import DATA
from metakg.cli import bars


def test_a_source_is_read_from_the_path_that_is_given(tmp_path, shell):
    store = tmp_path / "store"
    status, out, _ = shell("--store", store, "ingest", "lcdb", "--path", DATA)
    assert status == 0
    assert "lcdb: 270 datasets" in out
    status, out, errors = shell("--store", store, "ingest", "lcdb", "--path", tmp_path / "nowhere")
    assert (status, out) == (2, "")
    assert errors.startswith("metakg: ")
    assert str(tmp_path / "nowhere") in errors
    assert len(errors.splitlines()) == 1


def test_a_path_is_for_one_source(tmp_path, shell):
    status, _, errors = shell("--store", tmp_path / "store", "ingest", "oboe", "lcdb", "--path", DATA)
    assert status == 2
    assert "--path is for one source, 2 are named" in errors
    assert not (tmp_path / "store").exists()


def test_a_package_that_is_not_there_is_answered_with_how_to_get_it(tmp_path, shell, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    status, out, errors = shell("--store", tmp_path / "store", "ingest", "tensoroboe")
    assert (status, out) == (2, "")
    (line,) = errors.splitlines()
    assert line.startswith("metakg: oboe-0.2.0-py3-none-any.whl is neither in the current folder nor in ")
    assert "`pip download --no-deps oboe==0.2.0`" in line


@pytest.mark.parametrize("words", [(), ("--quiet",)])
def test_a_terminal_is_shown_how_far_it_is(words, tmp_path):
    terminal, own_end = os.openpty()
    done = subprocess.Popen(
        [sys.executable, "-m", "metakg", "--store", str(tmp_path / "store"), *words, "ingest", "lcdb"],
        stdout=subprocess.DEVNULL,
        stderr=own_end,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(own_end)
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 65_536)
        except OSError:  # Linux says so when the other end is closed
            break
    os.close(terminal)
    assert done.wait(timeout=60) == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    if words:
        assert plain == ""
    else:
        assert re.search(r"reading lcdb .*4,367/4,367 .*\d+:\d\d", plain)


def test_bars_show_units_their_rate_and_the_time_left():
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120, color_system=None)
    with bars.counts(console) as advance:
        for done in range(0, 400_000, 100_000):
            advance("reading tensoroboe", done, 12_047_988)
            time.sleep(0.2)
    (amount, rate, left) = re.findall(
        r"tensoroboe .*? ([\d,]+/[\d,]+) +([\d,]+)/s (\d+:\d\d:\d\d)", screen.getvalue()
    )[-1]
    assert amount == "300,000/12,047,988"
    assert 100_000 < int(rate.replace(",", "")) < 700_000
    hours, minutes, seconds = map(int, left.split(":"))
    assert 10 < 3600 * hours + 60 * minutes + seconds < 120


def test_runs_of_a_tracker_with_a_dataset_and_a_measure_that_are_said_beside_them(tmp_path, shell):
    runs = tmp_path / "runs.jsonl"
    runs.write_text('{"model": "SVC", "accuracy": 0.5, "gini": 0.25}\n')
    store = tmp_path / "store"
    status, out, errors = shell("--store", store, "ingest", runs)
    assert status == 1
    assert out.startswith(
        f"{runs}:1: names no dataset, nor has its experiment a name: give one with --dataset"
    )
    assert "nothing was written" in errors
    said = ["--dataset=openml:31", "--measure=gini=higher:0:1", "--name=first", "--licence=CC0-1.0"]
    status, out, _ = shell("--store", store, "ingest", runs, *said)
    assert status == 0
    assert out.startswith("jsonl: 1 datasets, 1 tasks, 1 pipelines, 1 runs, 2 evaluations, 1 measures (")
    assert len(out.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("oboe", "--dataset", "31"), "source 'oboe' takes no dataset"),
        (("runs.ttl", "--measure", "gini=higher"), "--measure is not for RDF files"),
        (("oboe", "--title", "x"), "--title is for RDF files only"),
        (("mlflow", "wandb", "--name", "x"), "ingest them one by one"),
        (("mlflow", "--measure", "gini"), "measure 'gini' is not understood: write name=higher"),
        (("mlflow", "--dataset", "???"), "dataset '???' is no name"),
        (("sacred",), "runs: no such file or folder: say with --path"),
    ],
)
def test_options_that_do_not_fit_are_told(words, reason, tmp_path, shell, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, errors = shell("--store", tmp_path / "store", "ingest", *words)
    assert (status, out) == (2, "")
    assert reason in errors
