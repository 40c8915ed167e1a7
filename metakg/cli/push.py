"""The command ``push``: the store's graphs to an endpoint."""

from __future__ import annotations

import click

from kg.errors import StoreError
from metakg.cli.output import write
from metakg.cli.session import Session, pass_session

__all__ = ["push"]


@click.command()
@click.argument("url")
@pass_session
def push(session: Session, url: str) -> None:
    """Carry the store's graphs to the SPARQL endpoint at URL; interrupted, push again to go on.

    Graphs that the endpoint holds with the same content are left alone; others that it holds stay. Its update URL,
    graph store URL and credentials come from METAKG_UPDATE_URL, METAKG_GRAPH_URL, METAKG_USER, METAKG_PASSWORD and
    METAKG_AUTH, or from the configuration file.
    """
    with session.open(read_only=True) as kg:
        if kg.remote:
            raise StoreError(f"{kg.name} is an endpoint itself: name a folder with --store")
        with session.counts() as progress:
            for pushed in kg.push(url, progress=progress):
                done = "there already" if pushed.there else f"{pushed.quads:,} quads sent"
                write(f"{pushed.graph}: {done}")
