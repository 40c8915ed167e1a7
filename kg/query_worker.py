"""The process at the other end of :mod:`kg.query_process`: it opens a store to read, and answers until its input ends.

Messages in both directions are frames: a letter, the length of what follows (4 bytes), and that. Nothing that comes
back is code: rows are SPARQL TSV, triples N-Triples, everything else JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import struct
import sys
import threading
from typing import IO, Any

from kg import oxigraph
from kg.errors import MetakgError
from kg.tied_process import limit_memory

__all__ = ["HEADER", "OUT_OF_MEMORY", "main", "write_frame"]

HEADER = struct.Struct(">cI")

OUT_OF_MEMORY = 3
"""Exit status when Python, and not the engine, found no memory."""

_BUFFER = 2**18


def write_frame(stream: IO[bytes], letter: bytes, payload: bytes = b"") -> None:
    """Write one frame and send it off."""
    stream.write(HEADER.pack(letter, len(payload)) + payload)
    stream.flush()


class _Enough(Exception):  # noqa: N818 - not an error: it ends the writing of an answer
    """All rows that were asked for have been written."""


class _Lines:
    """Takes what the engine writes, one line for each row, and sends it on up to a number of lines."""

    def __init__(self, out: IO[bytes], most: int | None) -> None:
        self._out = out
        self._left = most
        self._held = bytearray()

    def write(self, data: Any) -> int:
        """Take a piece of lines."""
        if self._left == 0:
            raise _Enough
        payload = bytes(data)
        if self._left is not None:
            count = payload.count(b"\n")
            if count >= self._left:
                lines = payload.split(b"\n", self._left)[: self._left]
                self._held += b"\n".join([*lines, b""])
                self._left = 0  # the engine writes what it still holds when it gives up
                raise _Enough
            self._left -= count
        self._held += payload
        if len(self._held) >= _BUFFER:
            self.flush()
        return len(payload)

    def flush(self) -> None:
        """Send what is held."""
        write_frame(self._out, b"D", bytes(self._held))
        self._held.clear()


def main() -> None:
    """Open the store that the first frame names, then answer the others."""
    out = os.fdopen(os.dup(1), "wb")
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    # The engine cannot be stopped, but other threads run while it works: this one notices that the parent has gone.
    threading.Thread(target=_listen, args=(frames,), daemon=True).start()
    about = json.loads(frames.get())
    if about["memory_bytes"]:
        limit_memory(about["memory_bytes"])
    try:
        raw = _open(about["path"], frames)
    except (OSError, RuntimeError) as error:
        said = " ".join(str(error).split())
        message = (
            f"{about['path']} cannot be opened ({said}): restore the store from a backup, or ingest again"
        )
        write_frame(out, b"X", json.dumps(["StoreError", message]).encode())
        return
    write_frame(out, b"R")
    while True:
        _answer(raw, json.loads(frames.get()), out)


def _open(path: str | None, frames: queue.SimpleQueue[bytes]) -> Any:
    import pyoxigraph as ox

    if path is not None:
        return ox.Store.read_only(path)
    raw = ox.Store()
    raw.bulk_load(frames.get(), ox.RdfFormat.N_QUADS)
    return raw


def _listen(frames: queue.SimpleQueue[bytes]) -> None:
    stream = sys.stdin.buffer
    while True:
        header = stream.read(HEADER.size)
        if len(header) < HEADER.size:
            os._exit(0)
        frames.put(stream.read(HEADER.unpack(header)[1]))


def _answer(raw: Any, asked: dict[str, Any], out: IO[bytes]) -> None:
    import pyoxigraph as ox

    limit = asked["limit"]
    try:
        found = oxigraph.run(raw, asked["text"], asked["default_graph"], asked["allowed_services"])
        if isinstance(found, ox.QueryBoolean):
            write_frame(out, b"B", json.dumps(bool(found)).encode())
        elif isinstance(found, ox.QuerySolutions):
            write_frame(out, b"S", json.dumps([variable.value for variable in found.variables]).encode())
            # One more than asked for tells whether there are more; one for the line of names.
            _write(found, ox.QueryResultsFormat.TSV, _Lines(out, None if limit is None else limit + 2))
        else:
            write_frame(out, b"G")
            _write(found, ox.RdfFormat.N_TRIPLES, _Lines(out, None if limit is None else limit + 1))
        write_frame(out, b"E")
    except MetakgError as error:
        write_frame(out, b"X", json.dumps([type(error).__name__, str(error)]).encode())
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except (OSError, ValueError, RuntimeError) as error:
        write_frame(out, b"X", json.dumps([type(error).__name__, " ".join(str(error).split())]).encode())


def _write(found: Any, form: Any, lines: _Lines) -> None:
    with contextlib.suppress(_Enough):
        found.serialize(lines, form)
    lines.flush()


if __name__ == "__main__":
    main()
