"""The wire to a SPARQL 1.1 endpoint: requests through SPARQLWrapper, repeated where that helps, errors in one line.

What is sent twice must do the same as sent once: a server may have carried out a request whose answer was lost.
Loaded only where a remote store is opened, since SPARQLWrapper brings rdflib.
"""

from __future__ import annotations

import base64
import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlsplit

from SPARQLWrapper import JSON, POST, POSTDIRECTLY, TSV, TURTLE, URLENCODED, SPARQLWrapper

from kg.errors import QueryError, StoreError

__all__ = ["Answer", "Auth", "Endpoint", "Form"]

Auth = Literal["basic", "digest"]
Form = Literal["SELECT", "ASK", "CONSTRUCT"]

_ATTEMPTS = 5
_FIRST_PAUSE = 0.2
"""Seconds before the second attempt; each further pause is twice as long."""

_CANCELLED = b"The SPARQL operation has been cancelled"
"""What Oxigraph ends an answer with that its time limit cut off; the status is 200 all the same."""

_FORMATS = {"json": JSON, "tsv": TSV, "turtle": TURTLE}

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """Body of a response, read whole, and what its headers say."""

    body: bytes
    content_type: str
    server: str


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirected POST becomes a GET without its body, and could carry credentials to another host."""

    def redirect_request(self, *_: Any) -> None:
        return None


class _Request(SPARQLWrapper):
    """SPARQLWrapper with an opener of its own: the library's digest login changes urllib for the whole process."""

    def __init__(self, query_url: str, update_url: str | None, form: str, send: Callable[[Any], Any]) -> None:
        self._form = form
        self._send = send
        super().__init__(query_url, updateEndpoint=update_url)
        self.setMethod(POST)
        self.setOnlyConneg(True)

    def _parseQueryType(self, _: str) -> str:  # noqa: N802 - the library's name
        # Known already; finding it out takes the library four times as long as the server takes for the update.
        return self._form

    def _query(self) -> tuple[Any, str]:
        return self._send(self._createRequest()), self.returnFormat


class Endpoint:
    """URLs, credentials and time limit of one SPARQL service.

    Raises
    ------
    StoreError
        If a URL is not http(s), or holds credentials.
    """

    def __init__(
        self,
        query_url: str,
        *,
        update_url: str | None = None,
        graph_url: str | None = None,
        user: str | None = None,
        password: str | None = None,
        auth: Auth = "basic",
        timeout: float = 60,
    ) -> None:
        for url in filter(None, (query_url, update_url, graph_url)):
            _check_url(url)
        if auth not in ("basic", "digest"):
            raise StoreError(f"the login {auth!r} is not known: it is basic or digest")
        self.query_url, self.update_url, self.graph_url = query_url, update_url, graph_url
        self.timeout = timeout
        self._basic = ""
        handlers: list[urllib.request.BaseHandler] = [_NoRedirect()]
        if user is not None and auth == "digest":
            passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            for url in filter(None, (query_url, update_url, graph_url)):
                passwords.add_password(None, url, user, password or "")
            handlers.append(urllib.request.HTTPDigestAuthHandler(passwords))
        elif user is not None:
            pair = f"{user}:{password or ''}".encode()
            self._basic = f"Basic {base64.b64encode(pair).decode()}"
        self._opener = urllib.request.build_opener(*handlers)

    def query(
        self,
        text: str,
        form: Form,
        *,
        accept: Literal["json", "tsv", "turtle"],
        default: Sequence[str] = (),
        named: Sequence[str] = (),
    ) -> Answer:
        """Send a query that reads.

        Raises
        ------
        QueryError
            If the server refuses the query.
        StoreError
            If there is no whole answer.
        """
        request = _Request(self.query_url, None, form, self._open)
        request.setQuery(text)
        request.setReturnFormat(_FORMATS[accept])
        for graph in default:
            request.addParameter("default-graph-uri", graph)
        for graph in named:
            request.addParameter("named-graph-uri", graph)
        answer = self._repeated(self.query_url, lambda: _read(request.query().response))
        if answer.body.rstrip().endswith(_CANCELLED):
            raise StoreError(
                f"{self.query_url} cut the answer off at its time limit: ask for less, or raise the server's limit"
            )
        return answer

    def update(self, text: str) -> None:
        """Send an update that does the same when it is carried out twice.

        Raises
        ------
        StoreError
            If there is no update URL, or the server did not acknowledge it.
        """
        if self.update_url is None:
            raise StoreError(f"{self.query_url} is read only here: set METAKG_UPDATE_URL to write to it")
        request = _Request(self.query_url, self.update_url, "INSERT", self._open)
        request.setRequestMethod(URLENCODED if self.update_url.endswith("sparql-auth") else POSTDIRECTLY)
        request.setQuery(text)
        self._written(self.update_url, lambda: _read(request.query().response))

    def post(self, graph: str, ntriples: bytes) -> None:
        """Add N-Triples to a graph through the graph store protocol.

        Raises
        ------
        StoreError
            If the server did not acknowledge it.
        """
        assert self.graph_url is not None
        mark = "&" if urlsplit(self.graph_url).query else "?"
        url = f"{self.graph_url}{mark}graph={quote(graph, safe='')}"

        def send() -> Answer:
            request = urllib.request.Request(url, ntriples, {"Content-Type": "application/n-triples"})  # noqa: S310 - checked
            return _read(self._open(request))

        self._written(self.graph_url, send)

    def _written(self, url: str, send: Callable[[], Answer]) -> None:
        try:
            self._repeated(url, send)
        except QueryError as error:
            raise StoreError(f"{url} could not be written: {error}") from error

    def _open(self, request: urllib.request.Request) -> Any:
        if self._basic:
            request.add_unredirected_header("Authorization", self._basic)
        return self._opener.open(request, timeout=self.timeout)

    def _repeated(self, url: str, send: Callable[[], T]) -> T:
        """Answer of ``send``, which is called again after a pause when the server failed or hung up."""
        pause = _FIRST_PAUSE
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return send()
            except urllib.error.HTTPError as error:
                failure: Exception = _refusal(url, error)
                lasting = (
                    error.code < 500 or error.code == 504 or error.headers.get("X-SQL-State") is not None
                )
                cause: Exception = error
            except TimeoutError as error:
                raise self._too_late(url) from error
            except (OSError, http.client.HTTPException) as error:  # URLError is an OSError
                if isinstance(getattr(error, "reason", None), TimeoutError):
                    raise self._too_late(url) from error
                failure, lasting, cause = _unreachable(url, error), False, error
            if lasting or attempt == _ATTEMPTS:
                raise failure from cause
            time.sleep(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _too_late(self, url: str) -> StoreError:
        return StoreError(
            f"{url} did not answer within {self.timeout:g} s: ask for less, or raise the time limit"
        )


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, secret = parts.hostname, parts.username or parts.password
    except ValueError as error:
        raise StoreError("the URL of the endpoint cannot be read: check its brackets and its port") from error
    if secret:
        raise StoreError(
            f"the URL of the endpoint on {host} holds credentials: set METAKG_USER and METAKG_PASSWORD instead"
        )
    if parts.scheme not in ("http", "https") or not host:
        raise StoreError(f"{url} is not the URL of an endpoint: it starts with http:// or https://")


def _read(response: Any) -> Answer:
    with response:
        body = response.read()
        headers = response.headers
    # A gateway's row limit, and Virtuoso's time limit and row limit, leave the status at 200.
    if headers.get("Metakg-Truncated") is not None:
        raise _cut_off(int(headers["Metakg-Truncated"]), "--limit")
    if headers.get("Metakg-Limit") is not None:
        _check_row_limit(body, int(headers["Metakg-Limit"]), "--limit")
    state = headers.get("X-SQL-State")
    if state is not None:
        said = headers.get("X-SQL-Message", "no message")
        raise StoreError(
            f"the server ended the query early ({state}: {' '.join(said.split())}): ask for less"
        )
    if headers.get("X-SPARQL-MaxRows") is not None:
        _check_row_limit(body, int(headers["X-SPARQL-MaxRows"]), "ResultSetMaxRows")
    return Answer(body, headers.get("Content-Type", ""), headers.get("Server", ""))


def _check_row_limit(body: bytes, most: int, option: str) -> None:
    try:
        rows = len(json.loads(body)["results"]["bindings"])
    except (ValueError, KeyError, TypeError):
        rows = body.count(b"\n") - 1
    if rows >= most:
        raise _cut_off(most, option)


def _cut_off(most: int, option: str) -> StoreError:
    return StoreError(f"the server cuts answers off at {most:,} rows: ask for less, or raise its {option}")


def _refusal(url: str, error: urllib.error.HTTPError) -> QueryError | StoreError:
    said = _one_line(error)
    if error.code == 504:
        return StoreError(
            f"{url} cut the query off at its time limit: ask for less, or raise the server's limit"
        )
    if error.code == 403 and "Metakg-Refusal" in error.headers:
        return StoreError(f"{url}: {said}")
    if error.code in (401, 403):
        return StoreError(
            f"{url} refused the credentials ({error.code}): check METAKG_USER, METAKG_PASSWORD and METAKG_AUTH"
        )
    if 300 <= error.code < 400:
        return StoreError(f"{url} redirects to {error.headers.get('Location')}: name that URL instead")
    if error.code in (404, 405, 406, 415):
        return StoreError(
            f"{url} is no SPARQL endpoint for this ({error.code} {error.reason}): check the URL"
        )
    if error.code < 500 or error.headers.get("X-SQL-State"):
        return QueryError(f"the server refused it ({error.code}): {said}")
    return StoreError(f"{url} fails ({error.code} {error.reason}): {said}; try again later")


def _one_line(error: urllib.error.HTTPError) -> str:
    try:
        said = error.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        said = ""
    text = " ".join(said.split())
    return text[:300] or str(error.reason)


def _unreachable(url: str, error: Exception) -> StoreError:
    reason = getattr(error, "reason", error)
    text = " ".join(str(getattr(reason, "strerror", None) or reason).split()) or type(error).__name__
    return StoreError(f"{url} cannot be reached ({text}): check the URL and that the server runs")
