"""The command ``ui``: start the app."""

from __future__ import annotations

import os
import sys

import click

from kg.errors import StoreError
from metakg.cli.session import Session, pass_session

__all__ = ["ui"]


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True)
@click.option("--headless", is_flag=True, help="Do not open a browser.")
@pass_session
def ui(session: Session, port: int, headless: bool) -> None:
    """Open the app on this store, on 127.0.0.1."""
    from importlib.util import find_spec

    for package in ("streamlit", "ui"):
        if find_spec(package) is None:
            raise StoreError(
                f"the app needs the package {package!r}: install metakg with all its dependencies"
            )
    specification = find_spec("ui")
    folder = next(iter(specification.submodule_search_locations or ()), "") if specification else ""
    kg = session.open(read_only=True)
    location = kg.name if kg.remote else str(kg.location.resolve())
    _ = kg.store  # a store that cannot be opened is said here, not in the browser
    kg.close()
    options = {
        "server.address": "127.0.0.1",
        "server.port": str(port),
        "server.headless": str(headless or not sys.stdout.isatty()).lower(),
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "type",
        "client.showErrorLinks": "false",
        "theme.base": "light",
        "theme.primaryColor": "#1f5f8b",
    }
    words = [sys.executable, "-m", "streamlit", "run", os.path.join(folder, "app.py")]  # noqa: PTH118
    words += [f"--{name}={value}" for name, value in options.items()]
    session.say(f"the app on {location}: http://127.0.0.1:{port} (Ctrl-C ends it)", important=True)
    os.execve(sys.executable, words, {**os.environ, "METAKG_STORE": location})  # noqa: S606
