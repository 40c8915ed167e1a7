"""The source that the docs write from scratch is found by its entry point, and keeps the contract."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "own-source.md"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The page's code, laid out as an installed package is."""
    folder = tmp_path_factory.mktemp("installed")
    for name, code in re.findall(r"<!-- (\S+) -->\n```python\n(.*?)```", PAGE.read_text(), re.DOTALL):
        (folder / name).write_text(code)
    (point,) = re.findall(r'^diary = "(\S+)"$', PAGE.read_text(), re.MULTILINE)
    about = folder / "diary-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: diary\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[metakg.sources]\ndiary = {point}\n")
    (folder / "mine.diary").write_text(re.search(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)[1])
    return folder


def run(package, *words):
    path = os.pathsep.join([str(package), str(ROOT)])
    return subprocess.run(
        [sys.executable, *words],
        cwd=package,
        env={**os.environ, "PYTHONPATH": path, "METAKG_STORE": str(package / "store")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_it_is_short(package):
    assert len((package / "diary.py").read_text().splitlines()) < 150


def test_its_suite_passes(package):
    done = run(package, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_diary.py")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_the_command_line_finds_it(package):
    done = run(package, "-m", "metakg", "-q", "ingest", "mine.diary")
    assert (done.returncode, done.stderr) == (0, "")
    assert "diary: 2 datasets, 2 tasks, 3 pipelines, 3 runs, 3 evaluations" in done.stdout
    again = run(package, "-m", "metakg", "-q", "ingest", "diary", "--path", "mine.diary")
    assert "nothing changed" in again.stdout
    wrong = package / "wrong.diary"
    wrong.write_text("iris | SVC | accuracy 9.53\n")
    refused = run(package, "-m", "metakg", "-q", "ingest", "wrong.diary")
    assert refused.returncode == 1
    assert "wrong.diary, line 1: accuracy is 9.53, accuracy must be from 0 to 1" in refused.stdout
