"""What tests of the sandbox share: calls with layers left out, and a look at what is left in the process table."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from methods import sandbox, sandbox_process


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
