"""The command ``serve``: the store's newest version as a SPARQL endpoint, behind a gateway."""

from __future__ import annotations

import ipaddress
import signal
from pathlib import Path
from typing import Any

import click

from kg.errors import StoreError
from metakg.cli.recommend import Seconds
from metakg.cli.session import Session, pass_session

__all__ = ["serve"]


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=7878, show_default=True)
@click.option("--bind", metavar="ADDRESS", default="127.0.0.1", show_default=True)
@click.option(
    "--timeout", type=Seconds(), metavar="TIME", default="60s", show_default=True, help="For one query."
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=1_000_000,
    show_default=True,
    help="Rows of one answer; 0: all.",
)
@click.option(
    "--allow-service",
    "services",
    metavar="HOST",
    multiple=True,
    help="Let SERVICE <http://HOST/...> call this host (HOST or HOST:PORT; may be repeated).",
)
@click.option("--write", is_flag=True, help="Take updates too; nobody else can write to the store meanwhile.")
@pass_session
def serve(
    session: Session,
    port: int,
    bind: str,
    timeout: float,
    limit: int,
    services: tuple[str, ...],
    write: bool,
) -> None:
    """Answer SPARQL over HTTP until Ctrl+C, from the version of the graph that is there now.

    Without --write, whoever writes to the store is not disturbed; start again to serve what came in. With it, what is
    written becomes a new version of the store when the server ends, and what scripts log meanwhile waits until then.
    """
    kg = session.open(read_only=not write)
    if kg.remote:
        raise StoreError(f"{kg.name} is served already: name a folder with --store")
    if write:
        kg.create()
    if kg.store.version == 0 and not write:
        raise StoreError(f"the store {kg.name} is empty: fill it with `metakg ingest oboe lcdb`")
    if not _is_local(bind):
        may = "read and change" if write else "read"
        session.say(
            f"warning: anybody who reaches {bind} can {may} the whole graph, without a password and unencrypted",
            important=True,
        )
    kg.close()
    # Whoever ends this process by a signal ends the server with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = {
        "port": port,
        "bind": bind,
        "timeout_seconds": timeout,
        "limit": limit,
        "allow_services": services,
    }
    try:
        (_serve_for_writing if write else _serve_to_read)(session, kg.location, options)
    except KeyboardInterrupt:
        session.say("the server has ended")


def _serve_to_read(session: Session, folder: Path, options: dict[str, Any]) -> None:
    from kg import snapshots
    from kg.gateway import Gateway

    hold = snapshots.hold_current(folder)
    assert hold is not None
    try:
        with Gateway(hold.path, pass_fds=(hold.handle,), **options) as server:
            session.say(
                f"version {hold.version} of {folder}, read-only: {server.url}/query (Ctrl+C ends it)",
                important=True,
            )
            server.wait()
    finally:
        hold.release()


def _serve_for_writing(session: Session, folder: Path, options: dict[str, Any]) -> None:
    from kg.gateway import Gateway
    from kg.serving import lend

    with (
        lend(folder) as lent,
        Gateway(
            lent.folder, write=True, pass_fds=lent.pass_fds, before_write=lent.written, **options
        ) as server,
    ):
        lent.tell(server.url)
        session.say(
            f"{folder}, for writing: {server.url}/query (updates: /update, graphs: /store; Ctrl+C ends it)",
            important=True,
        )
        session.say(
            f"others write to it with METAKG_STORE={server.url}/query METAKG_UPDATE_URL={server.url}/update "
            f"METAKG_GRAPH_URL={server.url}/store"
        )
        server.wait()


def _is_local(bind: str) -> bool:
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"
