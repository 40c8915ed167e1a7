"""Queries of people, answered by processes that can be killed: no engine of ours can stop a query by itself.

A process is kept warm for the version that a store reads, and a query costs a few milliseconds more than in this
process. It ends when its time is over, when it needs too much memory, when the engine crashes on what it was given,
and when this process ends, in whatever way.
"""

from __future__ import annotations

import fcntl
import io
import json
import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kg import snapshots
from kg.binding import bind
from kg.embedded import EmbeddedStore
from kg.errors import MetakgError, QueryError, StoreError
from kg.guard import check_read_only, services_as_graphs
from kg.memory import MemoryStore
from kg.query_worker import HEADER, OUT_OF_MEMORY, write_frame
from kg.remote import RemoteStore
from kg.result import Result
from kg.store import Store
from kg.terms import Value
from kg.tied_process import fair_memory

__all__ = ["QueryProcesses"]

_MOST = 4
"""Processes at the same time; further queries wait for one, within their time."""

_MOST_IDLE = 2

_START_SECONDS = 30.0


class QueryProcesses:
    """Answers queries over the version that a store reads, each in a process of its own.

    A remote store answers by itself, within the time limit of its connection; what its queries cost here, where the
    engine finds out whether they parse, is limited all the same.

    Parameters
    ----------
    store
        An embedded, memory or remote store; it is not closed before this object.
    memory_bytes
        What one process may use; :func:`kg.tied_process.fair_memory` if left out.
    """

    def __init__(self, store: Store, *, memory_bytes: int | None = None) -> None:
        self._store = store
        self._memory_bytes = memory_bytes or fair_memory()
        self._idle: list[_Process] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(_MOST)
        self._closed = False

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Value] | None = None,
        default_graph: str | Sequence[str] | None = None,
        limit: int | None = None,
        timeout_seconds: float = math.inf,
        allowed_services: Sequence[str] = (),
    ) -> Result:
        """Answer as :meth:`kg.store.Store.query` does, within a time limit.

        Raises
        ------
        QueryError
            If the query is refused, or takes too long or too much memory.
        StoreError
            If the store cannot be read.
        """
        text = bind(text, bindings) if bindings else text
        check_read_only(text, allowed_services)
        if not isinstance(self._store, RemoteStore):
            return self._ask(text, default_graph, limit, timeout_seconds, allowed_services)
        self._ask(services_as_graphs(text, allowed_services), None, 1, timeout_seconds, ())
        return self._store.query(
            text, default_graph=default_graph, limit=limit, allowed_services=allowed_services
        )

    def _ask(
        self,
        text: str,
        default_graph: str | Sequence[str] | None,
        limit: int | None,
        seconds: float,
        allowed_services: Sequence[str],
    ) -> Result:
        end = time.monotonic() + seconds
        request = {
            "text": text,
            "default_graph": default_graph,
            "limit": limit,
            "allowed_services": list(allowed_services),
        }
        if not self._places.acquire(timeout=None if math.isinf(seconds) else seconds):
            raise QueryError(
                f"{_MOST} queries run already, and none ended within {seconds:g} s: try again later"
            )
        process = None
        try:
            process = self._taken()
            return process.ask(request, end, self._memory_bytes)
        except TimeoutError as error:
            raise QueryError(
                f"no answer within {seconds:g} s: narrow the query, or raise the time limit"
            ) from error
        finally:
            if process is not None:
                self._give_back(process)
            self._places.release()

    def _taken(self) -> _Process:
        """A process that reads the store's present version."""
        with self._lock:
            for process in [process for process in self._idle if process.version != self._store.version]:
                self._idle.remove(process)
                process.end()
            if self._idle:
                return self._idle.pop()
        return self._started()

    def _started(self) -> _Process:
        if isinstance(self._store, EmbeddedStore):
            return _on_snapshot(self._store, self._memory_bytes)
        dump = self._store.dump_all() if isinstance(self._store, MemoryStore) else b""
        return _Process(self._store.version, None, self._memory_bytes, dump)

    def _give_back(self, process: _Process) -> None:
        if not process.usable:
            process.end()
            if self._closed:
                return
            process = self._started()  # warm by the time that the next query comes
        with self._lock:
            if not self._closed and len(self._idle) < _MOST_IDLE:
                self._idle.append(process)
                return
        process.end()

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()


def _on_snapshot(store: EmbeddedStore, memory_bytes: int) -> _Process:
    """A process that reads the version that the store reads; it holds it on disk by itself."""
    while True:
        version = store.version
        if not version:
            return _Process(version, None, memory_bytes, b"")
        path = snapshots.snapshot(store.folder, version)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            if store.version != version:
                continue  # another thread has moved the store on, and a writer has cleared this version away
            raise StoreError(
                f"the store {store.folder} is damaged: its version {version} is missing ({error.strerror}); "
                "restore the folder from a backup, or move it away and ingest again"
            ) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            if path.exists():
                return _Process(version, path, memory_bytes, pass_fds=(handle,))
        finally:
            os.close(handle)


class _Process:
    """One process; it answers one query at a time."""

    def __init__(
        self,
        version: int,
        path: Path | None,
        memory_bytes: int,
        dump: bytes | None = None,
        pass_fds: Sequence[int] = (),
    ) -> None:
        self.version = version
        self.usable = True
        self._ready = False
        self._pending = bytearray()
        root = str(Path(__file__).parents[1])
        search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kg.query_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": search},
            start_new_session=True,  # Ctrl+C reaches us, and it ends with us
            pass_fds=pass_fds,
        )
        opening = {"path": None if path is None else str(path), "memory_bytes": memory_bytes}
        self._send(opening)
        if dump is not None:
            self._write(dump)

    def ask(self, request: dict[str, Any], end: float, memory_bytes: int) -> Result:
        """Answer of a query; a process that did not get to its end is not usable any more.

        Raises
        ------
        TimeoutError
            If there is no whole answer at the time ``end`` (:func:`time.monotonic`).
        QueryError
            If the query fails, or ended the process.
        StoreError
            If the store cannot be opened.
        """
        self.usable = False
        try:
            if not self._ready:
                self._expect_ready(max(end, time.monotonic() + _START_SECONDS) if math.isinf(end) else end)
            self._send(request)
            result = self._result(request["limit"], end)
        except (EOFError, BrokenPipeError) as error:
            raise QueryError(self._why_it_ended(memory_bytes)) from error
        return result

    def _expect_ready(self, end: float) -> None:
        letter, payload = self._frame(end)
        if letter != b"R":
            raise StoreError(json.loads(payload)[1])
        self._ready = True

    def _result(self, limit: int | None, end: float) -> Result:
        import pyoxigraph as ox

        kind, about = self._frame(end)
        body = io.BytesIO()
        letter, payload = kind, about
        while letter not in (b"E", b"X"):
            letter, payload = self._frame(end)
            if letter == b"D":
                body.write(payload)
        self.usable = True
        if letter == b"X":
            raise _error(*json.loads(payload))
        if kind == b"B":
            return Result("boolean", ("answer",), [(ox.Literal(bool(json.loads(about))),)])
        body.seek(0)
        rows: list[tuple[Any, ...]]
        if kind == b"G":
            names: tuple[str, ...] = ("subject", "predicate", "object")
            rows = [(q.subject, q.predicate, q.object) for q in ox.parse(body, ox.RdfFormat.N_TRIPLES)]
            return Result("graph", names, rows[:limit], limit is not None and len(rows) > limit)
        names = tuple(json.loads(about))
        if names:
            rows = [tuple(row) for row in ox.parse_query_results(body, ox.QueryResultsFormat.TSV)]  # type: ignore[union-attr]
        else:  # the format cannot tell rows without columns from no row
            rows = [()] * (body.getvalue().count(b"\n") - 1)
        return Result("solutions", names, rows[:limit], limit is not None and len(rows) > limit)

    def _send(self, document: dict[str, Any]) -> None:
        self._write(json.dumps(document).encode())

    def _write(self, payload: bytes) -> None:
        assert self._process.stdin is not None
        write_frame(self._process.stdin, b"Q", payload)

    def _frame(self, end: float) -> tuple[bytes, bytes]:
        letter, size = HEADER.unpack(self._read(HEADER.size, end))
        return letter, self._read(size, end)

    def _read(self, size: int, end: float) -> bytes:
        assert self._process.stdout is not None
        handle = self._process.stdout.fileno()
        while len(self._pending) < size:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            if not poll.poll(None if math.isinf(left) else math.ceil(1000 * left)):
                raise TimeoutError
            chunk = os.read(handle, 2**20)
            if not chunk:
                raise EOFError
            self._pending += chunk
        found = bytes(self._pending[:size])
        del self._pending[:size]
        return found

    def _why_it_ended(self, memory_bytes: int) -> str:
        status = self._process.wait()
        if status in (OUT_OF_MEMORY, -signal.SIGABRT, -signal.SIGKILL):
            return (
                f"the query needs more than {memory_bytes / 2**30:.2g} GiB of memory: narrow it, "
                "sort or group less, or ask for it in parts"
            )
        return f"the query ended the engine (status {status}): simplify it"

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


def _error(kind: str, message: str) -> MetakgError:
    return StoreError(message) if kind == "StoreError" else QueryError(message)
