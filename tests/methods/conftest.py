"""A package with a method of its own, installed as a third party's is; and calls of the sandbox, layer by layer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from methods import sandbox, sandbox_process

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def installed_toy(tmp_path_factory):
    """Folder of an installed package whose entry point names the method."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copy(Path(__file__).with_name("toy.py"), folder / "toy_method.py")
    about = folder / "toy_method-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-method\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[metakg.methods]\ntoy = toy_method:Toy\n")
    return folder


@pytest.fixture
def run_with_toy(installed_toy, tmp_path):
    """Runs the command line in a process of its own, with the package, on a store of the test's own."""

    def run(*words):
        path = os.pathsep.join([str(installed_toy), str(ROOT)])
        return subprocess.run(
            [sys.executable, "-m", "metakg", "--store", str(tmp_path / "store"), *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def metakg_with_toy(tmp_path, monkeypatch, capsys):
    """The same within this process, one seed after the other."""
    from metakg.__main__ import main
    from methods.registry import method_resolver
    from tests.methods.toy import Toy

    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(method_resolver.lookup_dict, "toy", Toy)

    def run(*words):
        capsys.readouterr()
        jobs = ["--jobs", "1"] if words[:2] == ("methods", "run") else []
        status = main(["--store", str(tmp_path / "store"), *words, *jobs])
        said = capsys.readouterr()
        return subprocess.CompletedProcess(words, status, said.out, said.err)

    return run


@pytest.fixture
def inside() -> Callable[..., Any]:
    """Run statements in the body of a function ``f`` without arguments, with layers left out, and get its value."""

    def run(body: str, *, without: Collection[str] = (), seconds: float = 5.0, memory_mb: int = 256) -> Any:
        source = "def f():\n" + "\n".join(f"    {line}" for line in body.splitlines())
        found = sandbox._outcome(source, "f", {}, seconds, memory_mb, ("math",), None, without)
        return sandbox._value(found, seconds, memory_mb)

    return run


@pytest.fixture
def _nothing_survives(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No process of a session that a call began may be there afterwards."""
    sessions: set[int] = set()

    class Recorded(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            sessions.add(self.pid)

    monkeypatch.setattr(sandbox_process.subprocess, "Popen", Recorded)
    yield
    deadline = time.monotonic() + 2  # the kernel takes a moment to end what was killed
    while _living(sessions) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _living(sessions) == []


def _living(sessions: set[int]) -> list[int]:
    """Processes of these sessions, without those that ended and wait for init to take note."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, _group, session = entry.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(session) in sessions and state != "Z":
            found.append(int(entry.parent.name))
    return found
