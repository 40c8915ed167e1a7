"""The ``openml`` package for as long as runs are published: its own cache, a time limit, and no key where none is due.

The package keeps its settings in module variables, waits for an answer without end, sends the key with every
question that it asks, and trusts the pickles in its cache. Within :meth:`Connection.explaining` it has a cache folder
of its own that started empty, every request has a time limit, only what is posted carries the key, and nothing that
was posted is posted again unless the server said that it did not take it. Outside, its settings are as they were.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

from kg import iris
from kg.errors import PublishError

if TYPE_CHECKING:
    import requests

__all__ = ["KEY_PAGE", "KEY_VARIABLE", "OFFICIAL", "Connection", "Server", "connected", "key_from"]

OFFICIAL = "https://www.openml.org/api/v1/xml"
KEY_VARIABLE = "OPENML_APIKEY"
KEY_PAGE = "https://www.openml.org/auth/api-key"

_CONNECTING = 15.0
_ATTEMPTS = 3
_NO_KEY_DUE = ("get", "head")
_AUTHENTICATION = frozenset({102, 103})
"""OpenML's codes for a key that is missing or not known; those of single calls are told by their message."""

_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Server:
    """An OpenML server by the address of its API, such as :data:`OFFICIAL`.

    Raises
    ------
    PublishError
        If it is no address, or the key would travel there unencrypted.
    """

    url: str = OFFICIAL

    def __post_init__(self) -> None:
        object.__setattr__(self, "url", self.url.rstrip("/"))
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or "/api/" not in f"{parts.path}/":
            raise PublishError(
                f"server {self.url!r} is not the address of an OpenML API: give one such as {OFFICIAL}"
            )
        if parts.scheme == "http" and parts.hostname not in ("localhost", "127.0.0.1", "::1"):
            raise PublishError(f"server {self.url}: the API key would travel unencrypted: use https://")

    @property
    def official(self) -> bool:
        """Whether its numbers are those of OpenML's IRIs; a test server numbers things on its own."""
        return urlsplit(self.url).hostname in ("openml.org", "www.openml.org")

    @property
    def site(self) -> str:
        """Address of its pages."""
        return self.url.split("/api/")[0]

    @property
    def runs(self) -> str:
        """What the IRIs of its runs begin with."""
        return f"{iris.OPENML}run/" if self.official else f"{self.site}/r/"

    def run(self, number: int) -> str:
        """IRI of one of its runs."""
        return f"{self.runs}{int(number)}"


@dataclass
class Connection:
    """How to reach a server; ``refusal`` is its last answer that was not OK: HTTP status, OpenML's code and message."""

    server: Server
    key: str
    timeout: float
    cache: str
    refusal: tuple[int, int | None, str] | None = field(default=None, init=False)

    @contextmanager
    def explaining(self, what: str) -> Iterator[None]:
        """Set the package up for the server, one thread at a time; what it raises becomes one line, without the key.

        Raises
        ------
        PublishError
            ``fatal`` says whether the next run would fail alike.
        """
        import openml.exceptions
        import requests

        self.refusal = None
        try:
            with _ONE_AT_A_TIME, _settings(self), _quiet():
                yield
        except requests.RequestException as error:
            raise self._failure(what, error) from None
        except openml.exceptions.OpenMLServerError as error:
            raise self._refused(what, error) from None
        except openml.exceptions.PyOpenMLError as error:
            raise PublishError(f"{what}: {self._clean(str(error))}") from None
        except (LookupError, TypeError, ValueError, ExpatError, NotImplementedError) as error:
            if self.refusal:  # an answer that the package takes for OpenML's, and fails to read
                raise self._refused(what, error) from None
            reason = self._clean(f"{type(error).__name__}: {error}")
            raise PublishError(f"{what}: what {self.server.site} says cannot be used ({reason})") from error

    def _failure(self, what: str, error: Exception) -> PublishError:
        """No answer: the reason without the request, which the package's own text would show."""
        import requests

        host = urlsplit(self.server.url).netloc
        if isinstance(error, requests.Timeout):
            reason = f"{host} did not answer within {self.timeout:g} s"
        else:
            reason = f"{host} cannot be reached ({type(error).__name__})"
        return PublishError(f"{what}: {reason}; try again later", fatal=True)

    def _refused(self, what: str, error: Exception) -> PublishError:
        status, code, message = self.refusal or (0, None, self._clean(str(error)))
        answer = f"HTTP {status}" + (f", code {code}" if code is not None else "")
        text = f"{what}: {urlsplit(self.server.url).netloc} answered {answer}: {self._clean(message)}"
        if status in (401, 403) or code in _AUTHENTICATION or "authenticat" in message.lower():
            return PublishError(
                f"{text}; get a valid API key from {KEY_PAGE} and put it into {KEY_VARIABLE}", fatal=True
            )
        return PublishError(text, fatal=status >= 500 or status in (0, 429))

    def _clean(self, text: str) -> str:
        """One line without the key, and without what a terminal would obey."""
        shown = " ".join("".join(each if each.isprintable() else " " for each in text).split())[:500]
        return shown.replace(self.key, "***") if self.key else shown


def key_from(name: str | None = None) -> str:
    """API key: from an environment variable, or with ``config`` from the file of the ``openml`` package.

    Without a name, :data:`KEY_VARIABLE` is asked first, then the file. Empty if there is none.

    Raises
    ------
    PublishError
        If the name is given and there is no key.
    """
    if name not in (None, "config"):
        key = os.environ.get(str(name), "").strip()
        if not key:
            raise PublishError(f"the environment variable {name} holds no API key: get one from {KEY_PAGE}")
        return key
    key = os.environ.get(KEY_VARIABLE, "").strip() if name is None else ""
    config = _openml().config
    key = key or str(config.apikey or "").strip()
    if not key and name == "config":
        raise PublishError(
            f"{config.determine_config_file_path()} holds no apikey: get one from {KEY_PAGE}, or set {KEY_VARIABLE}"
        )
    return key


@contextmanager
def connected(server: Server, key: str = "", *, timeout: float = 120.0) -> Iterator[Connection]:
    """A connection with a cache folder that lasts as long as the context.

    Parameters
    ----------
    server
        Where to publish.
    key
        API key; without one there is only reading.
    timeout
        Seconds that the server may take to answer a request.

    Raises
    ------
    PublishError
        If the package cannot be used.
    """
    _openml()
    with tempfile.TemporaryDirectory(prefix="metakg-openml-") as folder:
        yield Connection(server, key, timeout, folder)


@contextmanager
def _settings(connection: Connection) -> Iterator[None]:
    """The package's settings, put back afterwards."""
    openml = _openml()
    calls, config = openml._api_calls, openml.config
    names = ("server", "apikey", "_root_cache_directory", "show_progress")
    before = {name: getattr(config, name) for name in names}
    retries = (config.retry_policy, config.connection_n_retries)
    module, parquet = calls.requests, os.environ.get("OPENML_SKIP_PARQUET")
    try:
        config.server, config.apikey, config.show_progress = connection.server.url, connection.key, False
        config.set_root_cache_directory(connection.cache)
        config.set_retry_policy("human", _ATTEMPTS)
        # Parquet files would come unencrypted, unchecked, and by a client that has no time limit.
        os.environ["OPENML_SKIP_PARQUET"] = "true"
        calls.requests = _requests_with(connection)
        yield
    finally:
        calls.requests = module
        if parquet is None:
            del os.environ["OPENML_SKIP_PARQUET"]
        else:
            os.environ["OPENML_SKIP_PARQUET"] = parquet
        for name, value in before.items():
            setattr(config, name, value)
        config.set_retry_policy(*retries)


def _openml() -> Any:
    """The package, which makes folders and reads its file when it is imported."""
    try:
        import openml
        import openml._api_calls
    except ImportError as error:
        raise PublishError("publishing needs the package openml: pip install openml") from error
    except (OSError, ValueError) as error:
        raise PublishError(
            f"the package openml cannot be used: {error}; check its folder and file below ~/.config/openml"
        ) from error
    return openml


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the package's notes on what it does, and on the parts of others that it uses."""
    root, silent = logging.getLogger(), logging.NullHandler()
    # The package logs through the root logger, which gives itself a handler that prints if it has none.
    root.addHandler(silent)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"openml\..*")
            yield
    finally:
        root.removeHandler(silent)


def _requests_with(connection: Connection) -> types.ModuleType:
    """The module ``requests`` as the package is to see it: with sessions that give up."""
    import requests

    class Session(requests.Session):
        def request(self, method: Any, url: Any, **options: Any) -> requests.Response:  # type: ignore[override]
            asking = str(method).lower() in _NO_KEY_DUE
            if asking:
                options["params"] = {
                    name: value for name, value in (options.get("params") or {}).items() if name != "api_key"
                }
            else:
                options["allow_redirects"] = False  # the key is for this server alone
            options["timeout"] = (min(_CONNECTING, connection.timeout), connection.timeout)
            try:
                response = super().request(method, url, **options)
            except requests.RequestException as error:
                if asking:
                    raise
                # Not one that the package would try again: nobody knows whether it arrived.
                raise connection._failure("sending", error) from None
            if response.status_code != requests.codes.ok:
                connection.refusal = (response.status_code, *_reason(response.text))
            return response

    seen = types.ModuleType("requests")
    seen.__dict__.update(vars(requests), Session=Session)
    return seen


def _reason(text: str) -> tuple[int | None, str]:
    """OpenML's code and message; the beginning of the text if it is another server's answer."""
    found = {
        name: re.search(rf"<oml:{name}>\s*([^<]*?)\s*</oml:{name}>", text[:20_000])
        for name in ("code", "message", "additional_information")
    }
    code, message, more = (match.group(1) if match else "" for match in found.values())
    if not code.isdigit():
        plain = " ".join(re.sub(r"<[^>]*>", " ", text[:2_000]).split())[:200]
        return None, plain or "no reason given"
    return int(code), " - ".join(part for part in (message, more) if part) or "no reason given"
