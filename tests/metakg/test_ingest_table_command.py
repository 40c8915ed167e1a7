"""`metakg ingest table`: the guess is shown, asked about, corrected and remembered."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

TEXT = "problem,framework,acc,odd\niris,svm,0.5,1\niris,knn,0.25,2\n"


@pytest.fixture
def command(tmp_path):
    """Run the program by itself, with nobody to ask."""

    def run(*words, stdin=subprocess.DEVNULL):
        words = [
            sys.executable,
            "-m",
            "metakg",
            "--store",
            str(tmp_path / "store"),
            "ingest",
            "table",
            *map(str, words),
        ]
        done = subprocess.run(words, stdin=stdin, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "results.csv"
    file.write_text(TEXT)
    return file


def test_without_a_terminal_the_guess_is_shown_and_nothing_is_written(command, path, tmp_path):
    status, out, errors = command(path, "--dataset", "iris")
    assert status == 1
    assert [
        line.split()[:2] for line in out.splitlines() if line.startswith((" framework", " acc", " odd"))
    ] == [
        ["framework", "pipeline"],
        ["acc", "measure"],
        ["odd", "not"],
    ]
    assert "go on with --yes, or correct it with --map" in errors
    assert not (tmp_path / "store").exists()


def test_a_map_is_used_and_remembered(command, path, tmp_path):
    status, out, _ = command(
        path, "--map", "dataset=problem,root_mean_squared_error=acc", "--licence", "CC0-1.0"
    )
    assert status == 0
    assert "table: 1 datasets, 1 tasks, 2 pipelines, 2 runs, 2 evaluations" in out
    (held,) = json.loads((tmp_path / "store" / "table-maps.json").read_text()).values()
    assert held["acc"] == ["measure", "root_mean_squared_error"]
    other = path.with_name("other.csv")
    other.write_text(TEXT.replace("0.5", "7.5"))
    status, out, errors = command(other)
    assert status == 0, errors
    assert "2 evaluations" in out
    assert "its columns are read as they were before" in errors
    status, out, _ = command(path)
    assert (status, "already there: nothing changed" in out) == (0, True)


def test_yes_goes_on_and_what_falls_short_is_said(command, path):
    status, out, errors = command(path, "--yes", "--dataset", "iris")
    assert (status, "2 runs, 2 evaluations" in out) == (0, True)
    assert "scores are of an unspecified procedure; state it with --procedure" in errors


def test_wrong_rows_are_listed_by_line_and_nothing_is_written(command, path, tmp_path):
    path.write_text(TEXT + "iris,nb,1.5,3\n")
    status, out, errors = command(path, "--map", "dataset=problem")
    assert status == 1
    assert "line 4: acc is 1.5, accuracy must be from 0 to 1" in out
    assert "nothing was written" in errors
    assert not (tmp_path / "store").exists()
    status, out, _ = command(path, "--map", "dataset=problem", "--keep-going")
    assert (status, "2 runs, 2 evaluations" in out) == (0, True)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--map", "dataset"], "map 'dataset': 'dataset' is not role=column"),
        (["--measure", "odd=up"], "direction 'up' is unknown"),
        (["--yes"], "no column says which dataset"),
        (["--map", "dataset=nowhere"], "no column 'nowhere'"),
    ],
)
def test_mistakes_are_one_line_and_no_traceback(words, error, command, path, tmp_path):
    status, _, errors = command(path, *words)
    assert status == 2
    (line,) = errors.splitlines()
    assert line.startswith("metakg: ")
    assert error in line
    assert not (tmp_path / "store").exists()


@pytest.mark.parametrize(("answer", "status"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1)])
def test_on_a_terminal_it_is_asked(answer, status, path, tmp_path):
    ours, theirs = pty.openpty()
    words = [sys.executable, "-m", "metakg", "--quiet", "--store", str(tmp_path / "store")]
    done = subprocess.Popen(
        [*words, "ingest", "table", str(path), "--dataset", "iris"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(theirs)
    os.write(ours, answer)
    out, errors = done.communicate(timeout=60)
    os.close(ours)
    assert done.returncode == status
    assert "Go on? [y/N]" in errors
    assert ("2 runs" in out) == (status == 0)
    assert (tmp_path / "store").exists() == (status == 0)
