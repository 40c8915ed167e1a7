"""What opening an endpoint needs beside its URL: the other URLs, credentials, and a local folder.

They stand in the environment (``METAKG_UPDATE_URL``, ``METAKG_GRAPH_URL``, ``METAKG_USER``, ``METAKG_PASSWORD``,
``METAKG_AUTH``, ``METAKG_TIMEOUT``) or in a TOML file (``METAKG_CONFIG``, else ``metakg/config.toml`` in the user's
configuration folder), one table per endpoint; the environment goes first::

    ["https://graph.example.org/query"]
    update_url = "https://graph.example.org/update"
    graph_url = "https://graph.example.org/store"
    user = "ada"
    password = "..."
    auth = "basic"
    timeout = 60
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from pathlib import Path
from typing import Any

from kg.errors import StoreError

__all__ = ["cache_folder", "is_url", "remote_options"]

_TEXTS = ("update_url", "graph_url", "user", "password", "auth")


def is_url(location: object) -> bool:
    """Whether a store's location is the URL of an endpoint."""
    return str(location).lower().startswith(("http://", "https://"))


def cache_folder(url: str) -> Path:
    """Folder in the user's cache for what is derived from the graph behind a URL (``XDG_CACHE_HOME``)."""
    base = os.environ.get("XDG_CACHE_HOME")
    caches = Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache"
    return caches / "metakg" / hashlib.sha256(url.encode()).hexdigest()[:16]


def remote_options(url: str) -> dict[str, Any]:
    """Options of :class:`kg.remote.RemoteStore` for an endpoint.

    Raises
    ------
    StoreError
        If the configuration file or a value in it cannot be used.
    """
    options = _from_file(url)
    for name in (*_TEXTS, "timeout"):
        value = os.environ.get(f"METAKG_{name.upper()}")
        if value:
            options[name] = value
    if "timeout" in options:
        options["timeout"] = _seconds(options["timeout"])
    return options


def _from_file(url: str) -> dict[str, Any]:
    path = _config_file()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if "METAKG_CONFIG" in os.environ:
            raise StoreError(f"there is no configuration file {path}: correct METAKG_CONFIG") from None
        return {}
    except OSError as error:
        raise StoreError(f"the configuration file {path} cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise StoreError(f"the configuration file {path} is not TOML: correct it ({_line(error)})") from error
    found = document.get(url, {})
    if not isinstance(found, dict):
        raise StoreError(f'{path}: "{url}" is not a table; write ["{url}"] on a line of its own')
    for name, value in found.items():
        if name not in (*_TEXTS, "timeout"):
            raise StoreError(f"{path}: {name!r} is not known; known are {', '.join(_TEXTS)} and timeout")
        if name in _TEXTS and not isinstance(value, str):
            raise StoreError(f"{path}: {name} is not text; put it in quotes")
    return dict(found)


def _config_file() -> Path:
    named = os.environ.get("METAKG_CONFIG")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME")
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".config"
    return folder / "metakg" / "config.toml"


def _line(error: ValueError) -> str:
    """Where a TOML file is wrong, without quoting it: it may hold a password."""
    words = str(error).rpartition("(")[2].removesuffix(")")
    return words if words.startswith("at ") else "no line known"


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise StoreError(f"the time limit {value!r} of the endpoint is not a number of seconds")
    return seconds
