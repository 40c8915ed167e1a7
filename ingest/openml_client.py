"""Requests to an OpenML server, made by the ``openml`` package, with what it lacks: time limits, manners and patience.

The package (0.15) builds the URLs, adds the API key and reads error documents. It sets no time limit, does not read
``Retry-After``, and waits between attempts without telling why; so it is let make one attempt at a time, through a
session of ours.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ingest.openml_xml import DamagedError
from kg.errors import SourceError

if TYPE_CHECKING:
    import requests

__all__ = ["PUBLIC", "Client", "RefusedError"]

PUBLIC = "https://www.openml.org/api/v1/xml"
"""API of the public server."""

NO_RESULT = frozenset({111, 362, 372, 482, 500, 512, 542, 674})
"""Error codes by which a listing says that it is empty, or a dataset that it has no qualities."""

_DATABASE_BUSY = 107
_CONFIGURED = threading.RLock()
"""The package's settings are global: one call at a time has them set for itself."""

T = TypeVar("T")


class RefusedError(SourceError):
    """The server answered that it will not give something; ``code`` is OpenML's."""

    def __init__(self, url: str, code: int, message: str) -> None:
        self.code, self.reason = code, f"code {code}: {message}"
        super().__init__(f"{url}: OpenML refuses ({self.reason}): check the ids that you gave")

    @property
    def is_empty(self) -> bool:
        """Whether it only says that there is nothing."""
        return self.code in NO_RESULT


class _BusyError(Exception):
    """The server has no time now; ``wait`` is how many seconds it asks for, if it says."""

    def __init__(self, status: int, wait: float | None) -> None:
        self.wait = wait
        super().__init__(f"HTTP status {status}")


class Client:
    """Asks one server, one request after the other.

    Parameters
    ----------
    server
        Address of the API, such as :data:`PUBLIC`.
    timeout
        Seconds until a server that says nothing has failed.
    pause
        Seconds between the starts of two requests, at least.
    attempts
        How often a request is made that fails.
    first_wait
        Seconds before the second attempt; they double from one to the next, up to a minute, and vary by half.
    longest_wait
        Seconds that a server may ask to be left alone for.

    Raises
    ------
    SourceError
        If the address is none of HTTP.
    """

    def __init__(
        self,
        server: str = PUBLIC,
        *,
        timeout: float = 60.0,
        pause: float = 0.2,
        attempts: int = 6,
        first_wait: float = 1.0,
        longest_wait: float = 600.0,
    ) -> None:
        self.server = server.strip().rstrip("/")
        parts = urlsplit(self.server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise SourceError(f"server {server!r} is no address of an API: write it as {PUBLIC}")
        self.timeout, self._pause, self._attempts = timeout, pause, attempts
        self._first_wait, self._longest_wait = first_wait, longest_wait
        self._asked = -pause
        self._adapter: Any = None

    def get(self, call: str, read: Callable[[str, str], T]) -> T:
        """What ``read`` makes of the answer to a call such as ``task/31``; it is given the text and the URL.

        Raises
        ------
        RefusedError
            If the server says that there is no such thing.
        SourceError
            If it cannot be had in several attempts, or is not what it should be.
        """
        import requests
        from openml.exceptions import OpenMLNotAuthorizedError, OpenMLServerError, OpenMLServerException

        url = f"{self.server}/{call}"
        fault, wait = "", self._first_wait
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(wait)
            wait = min(60.0, self._first_wait * 2.0**attempt) * random.uniform(0.5, 1.5)
            try:
                return read(self._ask(call), url)
            except _BusyError as busy:
                fault = str(busy)
                if busy.wait is not None and busy.wait > self._longest_wait:
                    raise SourceError(
                        f"{url}: the server asks to be left alone for {busy.wait:,.0f} s: ingest again then, it goes "
                        "on where it was"
                    ) from busy
                wait = max(wait, busy.wait or 0.0)
            except OpenMLNotAuthorizedError as error:
                raise SourceError(
                    f"{url}: the server wants an API key: put yours into the configuration of the openml package"
                ) from error
            except OpenMLServerException as error:
                if error.code != _DATABASE_BUSY:
                    raise RefusedError(url, error.code or 0, _one_line(error.message)) from error
                fault = _one_line(error.message)
            except (DamagedError, OpenMLServerError, requests.exceptions.RequestException) as error:
                fault = _one_line(_without_key(str(error).replace(url, "the answer")))
        raise SourceError(
            f"{url}: no answer that could be read in {self._attempts} attempts ({fault}): check the network and the "
            "server, then ingest again, it goes on where it was"
        )

    def _ask(self, call: str) -> str:
        from openml import _api_calls

        rest = self._asked + self._pause - time.monotonic()
        if rest > 0:
            time.sleep(rest)
        self._asked = time.monotonic()
        with self._configured():
            try:
                return _api_calls._perform_api_call(call, "get")
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                # what the package makes of an error document that is none of OpenML's
                raise DamagedError(f"the answer is no error document of OpenML's ({error!r})") from error

    @contextmanager
    def _configured(self) -> Iterator[None]:
        """Let the package ask this server, once, through a session of ours, and leave it as it was."""
        import requests
        from openml import _api_calls, config

        ours = ModuleType("requests")
        vars(ours).update(vars(requests))
        ours.Session = self._session  # type: ignore[attr-defined]
        mine = {"server": self.server, "connection_n_retries": 1}
        if urlsplit(self.server)[:2] != urlsplit(config.server)[:2]:
            mine["apikey"] = ""  # a key is for the server that it was given for
        with _CONFIGURED:
            before = {name: getattr(config, name) for name in mine}
            _api_calls.requests = ours
            try:
                for name, value in mine.items():
                    setattr(config, name, value)
                yield
            finally:
                _api_calls.requests = requests
                for name, value in before.items():
                    setattr(config, name, value)

    def _session(self) -> requests.Session:
        import requests

        if self._adapter is None:
            self._adapter = requests.adapters.HTTPAdapter()
        client, adapter = self, self._adapter

        class Session(requests.Session):
            """Has a time limit, and says of a busy server that it is; connections outlive it."""

            def request(self, *args: Any, **options: Any) -> requests.Response:
                options["timeout"] = client.timeout
                response = super().request(*args, **options)
                if response.status_code == 429 or response.status_code >= 500:
                    raise _BusyError(response.status_code, _seconds(response.headers.get("Retry-After")))
                return response

            def close(self) -> None:
                """Nothing: the connections are the client's."""

        session = Session()
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def close(self) -> None:
        """Let go of the connections."""
        if self._adapter is not None:
            self._adapter.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _seconds(stated: str | None) -> float | None:
    """Seconds that a header ``Retry-After`` asks for, which may be a number or a time."""
    if stated is None:
        return None
    if stated.strip().isdecimal():
        return float(stated)
    try:
        at = parsedate_to_datetime(stated)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _without_key(message: str) -> str:
    """Message without the values of queries: the key is one, and what libraries say of a failure has the whole URL."""
    return re.sub(r"(api_key=)[^\s&'\")]+", r"\1...", message)


def _one_line(message: str) -> str:
    return " ".join(message.split())[:300]
