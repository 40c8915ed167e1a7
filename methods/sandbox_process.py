"""One fresh worker process per call: started with nothing of our environment, read with a cap, killed as a group."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[1]
_WORKER = Path(__file__).with_name("sandbox_worker.py")
_LONGEST_START = 120.0
_MOST_BYTES = 9 * 2**20
_THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA", "VECLIB")

_LINE = (int, type(None))
_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "refused": {"line": _LINE, "what": str},
    "failed": {"kind": str, "text": str, "line": _LINE},
}


@dataclass(frozen=True)
class Outcome:
    """What a worker left behind.

    ``kind`` is "value", "failed", "refused" or "broken" with the ``content`` that it sent; or "late" (over the time),
    "unstarted" (not ready in time), "flooded" (sent too much) or "gone" (no answer, or one that no worker writes).
    ``status`` is that of the process, -9 where it had to be killed.
    """

    kind: str
    content: Any = None
    layers: dict[str, bool] | None = None
    status: int | None = None


def outcome(request: dict[str, Any]) -> Outcome:
    """Run one request in a new process and wait for its end, which comes at its time limit at the latest."""
    request = request | {
        "parent": os.getpid(),
        "path": [str(_ROOT), *(str(Path(part).absolute()) for part in sys.path if part)],
    }
    with tempfile.TemporaryFile() as written:
        written.write(json.dumps(request).encode())
        written.seek(0)
        # Not -I: it would ignore PYTHONHASHSEED. All that -I keeps out is kept out by -s, -P and the environment.
        worker = subprocess.Popen(
            [sys.executable, "-s", "-S", "-P", "-B", str(_WORKER)],
            stdin=written,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0", "LANG": "C.UTF-8"}
            | {f"{name}_NUM_THREADS": "1" for name in _THREADS},
            cwd="/",
            start_new_session=True,
        )
    try:
        read = _read(worker, request["seconds"])
    finally:
        # Before the worker is waited for: until then nothing else can get its number, which is its group's too.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(worker.pid, signal.SIGKILL)
        status = worker.wait()
        if worker.stdout is not None:
            worker.stdout.close()
    return replace(read, status=status)


def _read(worker: subprocess.Popen[bytes], seconds: float) -> Outcome:
    assert worker.stdout is not None
    channel = worker.stdout.fileno()
    poll = select.poll()
    poll.register(channel, select.POLLIN | select.POLLHUP)
    held, layers = b"", None
    deadline = time.monotonic() + _LONGEST_START
    while True:
        wait = deadline - time.monotonic()
        if wait <= 0 or not poll.poll(wait * 1000):
            return Outcome("unstarted" if layers is None else "late", layers=layers)
        part = os.read(channel, 65536)
        if not part:
            return Outcome("gone", layers=layers)
        held += part
        if len(held) > _MOST_BYTES:
            return Outcome("flooded", layers=layers)
        while b"\n" in held:
            line, held = held.split(b"\n", 1)
            kind, content = _message(line)
            if kind == "ready" and layers is None:
                layers, deadline = content, time.monotonic() + seconds
            else:
                return Outcome(kind, content, layers)


def _message(line: bytes) -> tuple[str, Any]:
    """Kind and content, or "gone" for what no worker of ours writes: code past the other layers may write anything."""
    try:
        ((kind, content),) = json.loads(line).items()
    except (ValueError, AttributeError, RecursionError):
        return "gone", None
    if kind == "value" or (kind == "broken" and isinstance(content, str)):
        return kind, content
    shape = _SHAPES.get(kind, {})
    if not isinstance(content, dict) or (not shape and kind != "ready"):
        return "gone", None
    if shape and (
        content.keys() != shape.keys() or not all(isinstance(content[key], shape[key]) for key in shape)
    ):
        return "gone", None
    return kind, content
