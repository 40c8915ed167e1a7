"""The command ``serve``: the store's newest version as a SPARQL endpoint, behind a gateway."""

from __future__ import annotations

import ipaddress
import signal

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
@pass_session
def serve(
    session: Session, port: int, bind: str, timeout: float, limit: int, services: tuple[str, ...]
) -> None:
    """Answer SPARQL over HTTP until Ctrl+C, read-only, from the version of the graph that is there now.

    Whoever writes to the store meanwhile is not disturbed; start again to serve what came in.
    """
    from kg import snapshots
    from kg.gateway import Gateway

    kg = session.open(read_only=True)
    if kg.remote:
        raise StoreError(f"{kg.name} is served already: name a folder with --store")
    if kg.store.version == 0:
        raise StoreError(f"the store {kg.name} is empty: fill it with `metakg ingest oboe lcdb`")
    if not _is_local(bind):
        session.say(
            f"warning: anybody who reaches {bind} can read the whole graph, without a password and unencrypted",
            important=True,
        )
    kg.close()
    hold = snapshots.hold_current(kg.location)
    assert hold is not None
    # Whoever ends this process by a signal ends the server with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Gateway(
            hold.path,
            port=port,
            bind=bind,
            timeout_seconds=timeout,
            limit=limit,
            allow_services=services,
            pass_fds=(hold.handle,),
        ) as server:
            session.say(
                f"version {hold.version} of {kg.name}, read-only: {server.url}/query (Ctrl+C ends it)",
                important=True,
            )
            server.wait()
    except KeyboardInterrupt:
        session.say("the server has ended")
    finally:
        hold.release()


def _is_local(bind: str) -> bool:
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"
