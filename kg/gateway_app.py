"""What the gateway answers: SPARQL 1.1 Protocol and, where it may write, updates and the graph store protocol.

Loaded only where a gateway is opened, since it needs starlette.
"""

from __future__ import annotations

import asyncio
import http.client
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Protocol
from urllib.parse import urlencode, urlsplit

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kg.errors import MetakgError, QueryError
from kg.gateway_answer import (
    BrokenOff,
    Cancelled,
    Outlet,
    Overdue,
    Refused,
    accepted,
    connect,
    send_rows,
)
from kg.gateway_request import FORM, operation, pairs, spooled
from kg.guard import check_read_only, check_update, names_its_graphs

__all__ = ["Child", "Limits", "application"]

_MOST = 16
"""Requests that are answered at the same time; further ones wait."""

_GRACE_SECONDS = 2.0
"""After its time limit the server has so long to end a query by itself."""

_WRITE_SECONDS = 600.0
_QUERY_BYTES = 8 * 2**20
_UPDATE_BYTES = 64 * 2**20

_QUERY = "application/sparql-query"
_UPDATE = "application/sparql-update"
_STORE_PARAMETERS = frozenset({"graph", "default", "no_transaction", "lenient"})

_FORBIDDEN = {"Metakg-Refusal": "1"}
"""Tells our client that no credentials would help."""


class Child(Protocol):
    """The server behind the gateway; it may be replaced by another at any time."""

    def now(self) -> tuple[int, int]:
        """Its port, and its number, which the next one has not."""

    def replace(self, number: int) -> None:
        """Put another in its place, unless that is done."""

    def writing(self, change: int) -> None:
        """Count what is being written: it is not replaced meanwhile."""


class Limits(Protocol):
    """What requests are held to."""

    write: bool
    timeout_seconds: float | None
    limit: int
    allow_services: tuple[str, ...]
    before_write: Callable[[], None] | None
    url: str


def application(child: Child, limits: Limits, hosts: Callable[[str], bool]) -> Starlette:
    """ASGI application; ``hosts`` tells whether a host in a request is one of the gateway's own."""
    door = _Door(child, limits)
    return Starlette(
        routes=[
            Route("/", door.about, methods=["GET"]),
            Route("/query", door.query, methods=["GET", "POST"]),
            Route("/update", door.update, methods=["POST"]),
            Route("/store", door.store, methods=["GET", "PUT", "POST", "DELETE"]),
        ],
        middleware=[Middleware(_OwnHost, hosts=hosts)],
        exception_handlers={
            HTTPException: _one_line,
            Refused: _one_line,
            QueryError: _one_line,
            MetakgError: _one_line,
        },
    )


async def _one_line(_: Request, error: Exception) -> Response:
    status = 400 if isinstance(error, QueryError) else 503
    line = str(error)
    headers: Mapping[str, str] | None = None
    if isinstance(error, HTTPException):
        status, headers = error.status_code, error.headers
        line = f"{error.detail}: SPARQL is at /query"
    elif isinstance(error, Refused):
        status = error.status
        headers = _FORBIDDEN if status == 403 else None
    return PlainTextResponse(f"{' '.join(line.split())}\n", status, headers)


class _OwnHost:
    """Refuses what a web page of another site sends, also when its name was made to lead here."""

    def __init__(self, app: ASGIApp, hosts: Callable[[str], bool]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = Request(scope).headers
            host, origin = headers.get("host", ""), headers.get("origin")
            refusal = None
            if not self._hosts(host):
                refusal = f"the host {host[:100]!r} is not this server's: use its address"
            elif origin is not None and urlsplit(origin).netloc.lower() != host.lower():
                refusal = f"requests of web pages of {origin[:100]!r} are not answered"
            if refusal:
                await PlainTextResponse(f"{refusal}\n", 403, _FORBIDDEN)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _Passing(Response):
    """A response that a thread writes; it breaks off where the thread did."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            while True:
                coming = asyncio.ensure_future(self._outlet.events.get())
                await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
                if not coming.done():
                    coming.cancel()
                    return
                event = coming.result()
                if isinstance(event, tuple):
                    status, headers = event
                    await send({"type": "http.response.start", "status": status, "headers": headers})
                elif isinstance(event, bytes):
                    await send({"type": "http.response.body", "body": event, "more_body": True})
                else:
                    if event:
                        await send({"type": "http.response.body", "body": b""})
                    # Else the connection is closed without the end of the response, and the client notices.
                    return
        finally:
            gone.cancel()
            self._outlet.abandon()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Door:
    """The four places that are answered."""

    def __init__(self, child: Child, limits: Limits) -> None:
        self._child = child
        self._limits = limits
        self._threads = ThreadPoolExecutor(_MOST, "gateway")

    async def about(self, _: Request) -> Response:
        """Say in plain text what this is."""
        limits = self._limits
        seconds = f"{limits.timeout_seconds:g} s" if limits.timeout_seconds else "as long as it takes"
        writes = "/update and /store write." if limits.write else "It is read-only."
        return PlainTextResponse(
            "A metakg knowledge graph of machine-learning experiments, as a SPARQL 1.1 endpoint.\n\n"
            f"Queries: {limits.url}/query (GET or POST; JSON, XML, CSV, TSV; Turtle, N-Triples). {writes}\n"
            f"A query may take {seconds} and return {f'{limits.limit:,}' if limits.limit else 'all'} rows.\n\n"
            f"  curl {limits.url}/query --data-urlencode 'query=SELECT ?s ?p ?o {{ ?s ?p ?o }} LIMIT 5' "
            "-H 'Accept: text/csv'\n"
            f"  metakg --store {limits.url}/query ask best-pipelines --dataset 31\n"
        )

    async def query(self, request: Request) -> Response:
        """Answer a query."""
        parameters, text = await operation(request, "query", _QUERY, _QUERY_BYTES)
        await asyncio.to_thread(check_read_only, text, self._limits.allow_services)
        dataset = [pair for pair in parameters if pair[0] in ("default-graph-uri", "named-graph-uri")]
        if not dataset and not names_its_graphs(text):  # the server would let the union overrule FROM
            dataset = [("union-default-graph", "")]
        body = urlencode([("query", text), *dataset])
        return self._answered(
            lambda outlet: self._pass_query(body, request.headers.get("accept", ""), outlet)
        )

    async def update(self, request: Request) -> Response:
        """Carry out an update."""
        self._check_writing()
        parameters, text = await operation(request, "update", _UPDATE, _UPDATE_BYTES)
        await asyncio.to_thread(check_update, text, self._limits.allow_services)
        graphs = [pair for pair in parameters if pair[0] in ("using-graph-uri", "using-named-graph-uri")]
        target = f"/update?{urlencode(graphs)}"
        headers = {"Content-Type": _UPDATE}
        return self._answered(lambda outlet: self._pass_on("POST", target, text.encode(), headers, outlet))

    async def store(self, request: Request) -> Response:
        """Read, write or remove a graph (graph store protocol)."""
        self._check_writing()
        parameters = pairs(request.url.query.encode())
        unknown = {name for name, _ in parameters} - _STORE_PARAMETERS
        if unknown:
            raise Refused(
                400, f"{', '.join(sorted(unknown))}: /store knows {', '.join(sorted(_STORE_PARAMETERS))}"
            )
        body = await spooled(request)
        headers = {
            name: request.headers[name] for name in ("content-type", "accept") if name in request.headers
        }
        target = f"/store?{urlencode(parameters)}"

        def produce(outlet: Outlet) -> None:
            with body:
                self._pass_on(request.method, target, body, headers, outlet)

        return self._answered(produce)

    def _check_writing(self) -> None:
        if not self._limits.write:
            raise Refused(403, "this server is read-only: start it with --write to write")

    def _answered(self, produce: Callable[[Outlet], None]) -> Response:
        outlet = Outlet(asyncio.get_running_loop())

        def run() -> None:
            try:
                try:
                    produce(outlet)
                except Refused as refused:
                    outlet.refuse(refused)
                except MetakgError as error:
                    outlet.refuse(Refused(503, str(error)))
            except BrokenOff:
                pass  # the client has gone

        self._threads.submit(run)
        return _Passing(outlet)

    def _pass_query(self, body: str, accept: str, outlet: Outlet) -> None:
        seconds = self._limits.timeout_seconds
        end = math.inf if seconds is None else time.monotonic() + seconds + _GRACE_SECONDS
        wanted = accepted(accept)
        headers = {"Content-Type": FORM, "Accept": "text/tab-separated-values, application/n-triples"}
        for _ in range(2):
            port, number = self._child.now()
            started = time.monotonic()
            try:
                connection = connect(port, end, outlet)
                try:
                    upstream = connection.sock
                    response = _response(connection, "POST", "/query", body.encode(), headers)
                    if response.status != 200:
                        raise _refusal(response)
                    send_rows(response, upstream, wanted, outlet, limit=self._limits.limit or None, end=end)
                    return
                finally:
                    connection.close()
            except (Cancelled, Overdue) as over:
                if isinstance(over, Overdue):
                    self._child.replace(number)
                raise _too_late(seconds or math.inf) from over
            except BrokenOff as broken:
                if outlet.gone:
                    return
                if outlet.started:
                    outlet.refuse(Refused(502, ""))
                    return
                outlet.forget()
                self._child.replace(number)
                # The server crashes when its time limit comes while it sorts.
                if seconds is not None and time.monotonic() - started >= seconds:
                    raise _too_late(seconds) from broken
                # Another query may have ended the server: once more, with the next one.
        raise Refused(503, "the query ended the server, most likely for want of memory: narrow it")

    def _pass_on(
        self, method: str, target: str, body: bytes | IO[bytes], headers: dict[str, str], outlet: Outlet
    ) -> None:
        if self._limits.before_write is not None and method != "GET":
            self._limits.before_write()
        end = time.monotonic() + _WRITE_SECONDS
        port, number = self._child.now()
        self._child.writing(+1)
        try:
            connection = connect(port, end, outlet)
            try:
                response = _response(connection, method, target, body, headers)
                if response.status >= 400:
                    raise _refusal(response)
                outlet.content_type = response.headers.get("Content-Type", outlet.content_type)
                while piece := response.read(2**16):
                    outlet.write(piece)
                place = response.headers.get("Location")
                outlet.end(response.status, headers={"Location": place} if place else None)
            finally:
                connection.close()
        except (Overdue, TimeoutError) as error:
            self._child.replace(number)
            raise Refused(504, f"not done within {_WRITE_SECONDS:g} s: send less at a time") from error
        except (BrokenOff, OSError, http.client.HTTPException) as error:
            raise Refused(
                502, "the server ended meanwhile: look whether it was written, then try again"
            ) from error
        finally:
            self._child.writing(-1)


def _too_late(seconds: float) -> Refused:
    return Refused(504, f"no answer within {seconds:g} s: narrow the query")


def _response(
    connection: http.client.HTTPConnection,
    method: str,
    target: str,
    body: bytes | IO[bytes],
    headers: dict[str, str],
) -> http.client.HTTPResponse:
    try:
        connection.request(method, target, body, headers)
        return connection.getresponse()
    except TimeoutError as error:
        raise Overdue from error
    except (OSError, http.client.HTTPException) as error:
        raise BrokenOff from error


def _refusal(response: http.client.HTTPResponse) -> Exception:
    said = " ".join(response.read(10_000).decode("utf-8", "replace").split())
    if said.endswith("The SPARQL operation has been cancelled"):
        return Cancelled()
    # The parser names everything that could have stood there.
    return Refused(response.status, said[:300] or response.reason)
