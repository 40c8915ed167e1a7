"""The command ``network``: surroundings, paths and communities."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import click

from metakg.cli.output import plain_table, write
from metakg.cli.session import Session, pass_session

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["network"]

FORMATS = ("table", "json", "graphml", "dot")


def _form(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)(
        command
    )


def _max_nodes(default: int, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option("--max-nodes", type=click.IntRange(2), default=default, show_default=True, help=text)


@click.group()
def network() -> None:
    """Show what surrounds a thing, how two are connected, or which behave alike.

    A thing is a dataset (31, openml:31), the key of a pipeline or run, or an IRI. --format json, graphml and dot are
    for networkx, Gephi, Cytoscape and Graphviz.
    """


@network.command()
@click.argument("thing")
@click.option("--hops", type=click.IntRange(1, 10), default=1, show_default=True, help="Edges to go.")
@_max_nodes(200, "Nodes to show.")
@_form
@pass_session
def neighbourhood(session: Session, thing: str, hops: int, max_nodes: int, form: str) -> None:
    """Show what THING points to and what points to it."""
    from metakg.network_text import neighbourhood_rows

    with session.open(read_only=True) as kg:
        graph = kg.network(thing, hops=hops, max_nodes=max_nodes)
    _say(session, graph.graph["truncated"])
    if form == "table":
        plain_table(("hop", "from", "statement", "to", "type", "IRI"), neighbourhood_rows(graph), right=(0,))
    else:
        _write(graph, form)


@network.command()
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.option("--count", type=click.IntRange(1, 50), default=3, show_default=True, help="Paths to show.")
@_max_nodes(20_000, "Nodes to look at.")
@_form
@pass_session
def path(session: Session, start: str, end: str, count: int, max_nodes: int, form: str) -> None:
    """Show the shortest chains of statements between A and B."""
    from metakg.network_text import paths_text

    with session.open(read_only=True) as kg:
        graph = kg.paths(start, end, count=count, max_nodes=max_nodes)
    _say(session, graph.graph["truncated"])
    if form == "table":
        write(paths_text(graph))
    else:
        _write(graph, form)


@network.command()
@click.option("--of", type=click.Choice(["datasets", "pipelines"]), default="datasets", show_default=True)
@click.option("--measure", metavar="NAME", help="What is compared; that of recommendations if left out.")
@click.option("--procedure", metavar="NAME", help="How it was estimated, such as 5-fold-cv.")
@_max_nodes(1000, "Things to group.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@_form
@pass_session
def communities(
    session: Session,
    of: Literal["datasets", "pipelines"],
    measure: str | None,
    procedure: str | None,
    max_nodes: int,
    seed: int,
    form: str,
) -> None:
    """Group datasets on which pipelines rank alike, or pipelines that rank alike, and say what they share."""
    from dataclasses import asdict

    from metakg.neighbours import titles_of
    from metakg.network_text import communities_text

    with session.open(read_only=True) as kg:
        found = kg.communities(of, measure=measure, procedure=procedure, max_nodes=max_nodes, seed=seed)
        titles = titles_of(kg.store)
        if of == "datasets":
            titles = dict(kg.experience().pipelines.select("pipeline", "title").iter_rows())
    _say(session, found.truncated)
    if form == "table":
        write(communities_text(found, titles))
    else:
        items = [asdict(item) for item in found.items]
        _write(found.graph, form, communities=items, modularity=found.modularity, truncated=found.truncated)


def _say(session: Session, truncated: str) -> None:
    if truncated:
        session.say(f"note: {truncated}")


def _write(graph: nx.Graph, form: str, **more: Any) -> None:
    from metakg import network_text

    if form == "json":
        write(network_text.node_link(graph, **more))
    else:
        write(getattr(network_text, form)(graph))
