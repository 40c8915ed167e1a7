"""The way of an answer through the gateway: from the Oxigraph server, cut after so many rows, in the client's format.

The server always sends one row a line (SPARQL TSV, N-Triples), which is cut by counting and turned into other formats
by the engine's streaming parsers and writers; nothing is held whole but a small answer. This runs in a thread; what
the client gets goes through a queue of bounded length to the event loop.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import http.client
import math
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kg.vocabulary import PREFIXES

__all__ = [
    "Accepted",
    "BrokenOff",
    "Cancelled",
    "Outlet",
    "Overdue",
    "Refused",
    "accepted",
    "connect",
    "send_rows",
]

_PIECE = 2**16

_HELD = 2**20
"""Bytes that are held back before the head is sent: an answer that ends within them has an exact head."""

_CANCELLED = b"The SPARQL operation has been cancelled"

_SOLUTIONS = {
    "application/sparql-results+json": "JSON",
    "application/json": "JSON",
    "application/sparql-results+xml": "XML",
    "application/xml": "XML",
    "text/xml": "XML",
    "text/csv": "CSV",
    "text/tab-separated-values": "TSV",
}
_GRAPHS = {
    "text/turtle": "TURTLE",
    "application/turtle": "TURTLE",
    "application/n-triples": "N_TRIPLES",
    "text/plain": "N_TRIPLES",
    "application/rdf+xml": "RDF_XML",
    "application/xml": "RDF_XML",
    "application/ld+json": "JSON_LD",
}
_CONTENT_TYPES = {
    "JSON": "application/sparql-results+json",
    "XML": "application/sparql-results+xml",
    "CSV": "text/csv; charset=utf-8",
    "TSV": "text/tab-separated-values; charset=utf-8",
    "TURTLE": "text/turtle; charset=utf-8",
    "N_TRIPLES": "application/n-triples",
    "RDF_XML": "application/rdf+xml",
    "JSON_LD": "application/ld+json",
}


class Refused(Exception):  # noqa: N818 - an answer, not an error of ours
    """The client is told in one line why there is no answer."""

    def __init__(self, status: int, line: str) -> None:
        super().__init__(line)
        self.status = status


class Cancelled(Exception):  # noqa: N818
    """The server ended the query at its time limit."""


class Overdue(Exception):  # noqa: N818
    """The time is over, and the server goes on."""


class BrokenOff(Exception):  # noqa: N818
    """The server, or the client, has gone."""


@dataclass(frozen=True)
class Accepted:
    """Formats that the client takes, for solutions and for graphs; None if it takes none that there is."""

    solutions: str | None
    graph: str | None


def accepted(header: str) -> Accepted:
    """Formats by an Accept header: JSON and Turtle where the client has no wish."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(","):
        media, *parameters = (piece.strip() for piece in part.lower().split(";"))
        weights = [piece[2:] for piece in parameters if piece.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        if media and weight > 0:
            wishes.append((-weight, media))
    ordered = [media for _, media in sorted(wishes, key=lambda wish: wish[0])]
    return Accepted(_first(ordered, _SOLUTIONS), _first(ordered, _GRAPHS))


def _first(wishes: list[str], known: Mapping[str, str]) -> str | None:
    if not wishes:
        return next(iter(known.values()))
    for wish in wishes:
        for media, form in known.items():
            if wish in (media, "*/*") or (wish.endswith("/*") and media.startswith(wish[:-1])):
                return form
    return None


Event = tuple[int, list[tuple[bytes, bytes]]] | bytes | bool
"""Head of a response (status and headers), a piece of its body, or its end: whole or broken off."""


class Outlet:
    """What a thread writes for a client: the first bytes held back, then passed on as the client takes them."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue(4)
        self.started = False
        self._loop = loop
        self._held = bytearray()
        self._gone = threading.Event()
        self._upstream: socket.socket | None = None
        self.content_type = "text/plain; charset=utf-8"
        self.limit: int | None = None
        """Rows after which the answer is cut, for the head of a long one."""

    def reads_from(self, upstream: socket.socket) -> None:
        """Remember the connection that is closed when the client goes."""
        self._upstream = upstream

    @property
    def gone(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._gone.is_set()

    def abandon(self) -> None:
        """The client has gone, or has everything: nothing more is wanted.

        A query that has sent much is ended by closing its connection. One that has not may be one that does not
        stop: it is waited for until its time is over.
        """
        self._gone.set()
        if self.started and self._upstream is not None:
            with contextlib.suppress(OSError):  # closed already
                self._upstream.shutdown(socket.SHUT_RDWR)
        while not self.events.empty():
            self.events.get_nowait()

    def write(self, data: Any) -> int:
        """Take a piece of the body."""
        self._held += data
        if len(self._held) > (_PIECE if self.started else _HELD):
            if not self.started:
                limit = [] if self.limit is None else [("Metakg-Limit", str(self.limit))]
                self._start(200, [("Content-Type", self.content_type), *limit])
            self._pass_on()
        return len(data)

    def flush(self) -> None:
        """Nothing to do: pieces are passed on when they are large enough."""

    def forget(self) -> None:
        """Forget what is held back, to begin again."""
        self._held.clear()

    def end(
        self, status: int = 200, *, truncated: int | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """End the answer; where the head was not sent yet, it tells the length, and after how many rows it was cut."""
        if not self.started:
            named = [("Content-Type", self.content_type), ("Content-Length", str(len(self._held)))]
            if status == 204:
                named = []
            if truncated is not None:
                named.append(("Metakg-Truncated", str(truncated)))
            self._start(status, [*named, *(headers or {}).items()])
        self._pass_on()
        self._put(True)

    def refuse(self, refused: Refused) -> None:
        """Say why there is no answer; where part of it was sent already, break off."""
        self._held.clear()
        if self.started:
            self._put(False)
            return
        self.content_type = "text/plain; charset=utf-8"
        self._held += f"{' '.join(str(refused).split())}\n".encode()
        self.end(refused.status)

    def _start(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.started = True
        self._put((status, [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]))

    def _pass_on(self) -> None:
        if self._held:
            self._put(bytes(self._held))
            self._held.clear()

    def _put(self, event: Event) -> None:
        if self._gone.is_set():
            raise BrokenOff
        try:
            asyncio.run_coroutine_threadsafe(self.events.put(event), self._loop).result(600)
        except (RuntimeError, concurrent.futures.CancelledError, TimeoutError) as error:
            raise BrokenOff from error  # the gateway is being closed, or the client takes nothing for ten minutes


def connect(port: int, end: float, outlet: Outlet) -> http.client.HTTPConnection:
    """Connection to the server, which the outlet can close.

    Raises
    ------
    BrokenOff
        If nobody listens there.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.connect()
    except OSError as error:
        raise BrokenOff from error
    assert connection.sock is not None
    outlet.reads_from(connection.sock)
    connection.sock.settimeout(_left(end))
    return connection


def _left(end: float) -> float | None:
    if math.isinf(end):
        return None
    left = end - time.monotonic()
    if left <= 0:
        raise Overdue
    return left


class _Rows:
    """Body of the server's answer as a file, cut after a number of lines.

    The engine would wrap what is raised while it reads: it is kept in ``failure``, and the file ends.
    """

    def __init__(
        self, response: http.client.HTTPResponse, upstream: socket.socket, most_lines: int | None, end: float
    ) -> None:
        self._response = response
        self._socket = upstream
        self._left = most_lines
        self._end = end
        self._rest = b""
        self._tail = b""
        self._over = False
        self.truncated = False
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; none at the end."""
        while not self._rest and not self._over:
            try:
                self._rest = self._next()
            except (Cancelled, Overdue, BrokenOff) as error:
                self.failure, self._over = error, True
                return b""
        piece, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return piece

    def _next(self) -> bytes:
        try:
            self._socket.settimeout(_left(self._end))
            data = self._response.read1(_PIECE)
        except TimeoutError as error:
            raise Overdue from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BrokenOff from error
        if not data:
            self._over = True
            if self._tail.endswith(_CANCELLED):
                raise Cancelled
            return self._tail
        # The last bytes are held back: they may say that this is not the end.
        data = self._tail + data
        if self._left is not None:
            count = data.count(b"\n")
            if count > self._left:
                self._over = self.truncated = True
                return b"".join(line + b"\n" for line in data.split(b"\n", self._left)[: self._left])
        cut = max(len(data) - len(_CANCELLED), 0)
        ready, self._tail = data[:cut], data[cut:]
        if self._left is not None:
            self._left -= ready.count(b"\n")
        return ready


def send_rows(
    response: http.client.HTTPResponse,
    upstream: socket.socket,
    wanted: Accepted,
    outlet: Outlet,
    *,
    limit: int | None,
    end: float,
) -> None:
    """Pass an answer on in the format that the client takes.

    Raises
    ------
    Refused
        If the client takes none.
    Cancelled, Overdue, BrokenOff
        If there is no whole answer; part of it may have been sent.
    """
    import pyoxigraph as ox

    graph = response.headers.get_content_type() == "application/n-triples"
    form = wanted.graph if graph else wanted.solutions
    if form is None:
        known = ", ".join(dict.fromkeys(_GRAPHS if graph else _SOLUTIONS))
        raise Refused(406, f"none of the formats that Accept names is there; there are {known}")
    outlet.content_type = _CONTENT_TYPES[form]
    outlet.limit = limit
    lines = limit if limit is None or graph else limit + 1
    rows = _Rows(response, upstream, lines, end)
    try:
        if form in ("TSV", "N_TRIPLES"):
            while piece := rows.read(_PIECE):
                outlet.write(piece)
        elif graph:
            triples = ox.parse(rows, ox.RdfFormat.N_TRIPLES)  # type: ignore[arg-type]
            into: Any = outlet
            ox.serialize(
                (quad.triple for quad in triples), into, getattr(ox.RdfFormat, form), prefixes=PREFIXES
            )
        else:
            found: Any = ox.parse_query_results(rows, ox.QueryResultsFormat.TSV)  # type: ignore[arg-type]
            found.serialize(outlet, getattr(ox.QueryResultsFormat, form))
    except (SyntaxError, OSError, ValueError) as error:
        if rows.failure is None:
            raise BrokenOff from error
    if rows.failure is not None:
        raise rows.failure
    outlet.end(truncated=limit if rows.truncated else None)
