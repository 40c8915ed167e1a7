"""How two things are connected: the shortest chains of statements between two nodes.

The search goes out from both ends, a whole frontier at a time, so that each level is a few queries. Types, measures,
procedures, agents and hyperparameters are not walked through: they tie everything to everything and say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from kg import iris
from kg.binding import range_over
from kg.errors import QueryError
from kg.network import add_statement, batched, described
from kg.vocabulary import MLS, MLSO, RDF, own_term

if TYPE_CHECKING:
    import networkx as nx

    from kg.store import Store

__all__ = ["paths"]

_HUBS = (*(iris.own(kind, "") for kind in ("measure", "procedure", "agent")), f"{MLSO}vocab/")

# A run's evaluations lead to measures only, and settings to hyperparameters that every pipeline has.
_PASSED_OVER = ", ".join(f"<{iri}>" for iri in (f"{RDF}type", f"{MLS}hasOutput", own_term("procedure")))
_CONDITION = f'?predicate NOT IN ({_PASSED_OVER}) && !CONTAINS(STR(?other), "/hyperParameterSetting/")'
# An end may itself be an evaluation, a setting, a measure or a procedure.
_FROM_END = f"?predicate NOT IN (<{RDF}type>)"
_OUT = f"""SELECT DISTINCT ?node ?predicate ?other WHERE {{
  VALUES ?node {{ }}
  ?node ?predicate ?other . FILTER(isIRI(?other) && {_CONDITION})
}}"""
_IN = f"""SELECT DISTINCT ?node ?predicate ?other WHERE {{
  VALUES ?node {{ }}
  ?other ?predicate ?node . FILTER(isIRI(?other) && {_CONDITION})
}}"""


def _is_hub(node: str) -> bool:
    return node.startswith(_HUBS) or "/hyperParameter/" in node


class _Side:
    """The search from one end: what it has seen, and the nodes that it goes on from."""

    def __init__(self, end: str) -> None:
        self.seen = {end}
        self.frontier = [end]
        self.depth = 0
        self.whole = True


def paths(
    store: Store, start: str, end: str, count: int = 3, max_nodes: int = 20_000, max_length: int = 8
) -> nx.MultiDiGraph:
    """The shortest paths between two nodes, along edges in either direction.

    Parameters
    ----------
    store
        Where to look.
    start, end
        IRIs of the nodes.
    count
        How many paths to give at most, at least 1.
    max_nodes
        Nodes to look at. Each level may take half of what is left of them, so that a level that is too large does
        not hide what lies behind it; the paths are then perhaps not the shortest.
    max_length
        Edges of a path at most.

    Returns
    -------
    networkx.MultiDiGraph
        The nodes and edges of the paths, with attributes as in :func:`kg.network.neighbourhood` (without ``hop``).
        ``graph["paths"]`` lists the nodes of each path from ``graph["start"]`` to ``graph["end"]``, the shortest
        first; ``graph["looked_at"]`` is the number of nodes seen; ``graph["truncated"]`` is "" or says why there
        may be others.

    Raises
    ------
    QueryError
        If a node is not in the graph, both are the same, or a limit is less than 1.
    """
    import networkx as nx

    if min(count, max_nodes, max_length) < 1:
        raise QueryError(
            f"count, max_nodes and max_length must be at least 1; they are {count}, {max_nodes} and {max_length}"
        )
    if start == end:
        raise QueryError(f"both ends are <{start}>: give two things")
    about = described(store, (start, end))
    for node in (start, end):
        if node not in about:
            raise QueryError(f"<{node}> is not in the graph: give a dataset, pipeline, run or other node")
    seen = nx.Graph()
    seen.add_nodes_from((start, end))
    statements: dict[frozenset[str], set[tuple[str, str, str]]] = {}
    sides = (_Side(start), _Side(end))
    found: list[list[str]] = []
    truncated = ""
    while len(found) < count and (open_sides := [side for side in sides if side.frontier]):
        if any(side.whole and not side.frontier for side in sides):
            # All that one end is tied to is known, and so is every path.
            found = _shortest(seen, start, end, count, max_length)
            break
        room = (max_nodes - len(seen)) // 2
        if room < 1:
            break
        if sides[0].depth + sides[1].depth >= max_length:
            truncated = f"looked for paths of at most {max_length} edges; there may be longer ones"
            break
        # In step: one more level from a few pipelines is all their runs.
        side = min(open_sides, key=lambda side: (side.depth, len(side.frontier)))
        _go_on(store, side, statements, seen, room)
        if sides[0].seen & sides[1].seen:
            found = _shortest(seen, start, end, count, sides[0].depth + sides[1].depth)
    exhausted = any(side.whole for side in sides if not side.frontier)
    if not truncated and not exhausted and not (all(side.whole for side in sides) and len(found) >= count):
        truncated = f"looked at {len(seen):,} nodes, not at all; there may be other paths: raise max_nodes"
    return _drawn(store, found, statements, start, end, {"looked_at": len(seen), "truncated": truncated})


def _go_on(
    store: Store,
    side: _Side,
    statements: dict[frozenset[str], set[tuple[str, str, str]]],
    seen: nx.Graph,
    room: int,
) -> None:
    """Go one level on from one end, for at most so many statements."""
    reached: set[str] = set()
    before = len(seen)
    # What a node says itself comes first: it is little, where what is said of it may be a hundred thousand runs.
    for incoming, text in ((False, _OUT), (True, _IN)):
        query = text if side.depth else text.replace(_CONDITION, _FROM_END)
        for some in batched(side.frontier):
            left = room - (len(seen) - before)
            if left < 1:
                side.whole = False
                break
            result = store.query(range_over(query, {"node": some}), limit=left)
            side.whole = side.whole and not result.truncated
            for row in result.rows():
                node, predicate, other = map(str, row)
                edge = (other, predicate, node) if incoming else (node, predicate, other)
                statements.setdefault(frozenset((node, other)), set()).add(edge)
                reached.add(other)
                seen.add_edge(node, other)
    # In the order of IRIs, so that the same store gives the same paths.
    side.frontier = sorted(node for node in reached - side.seen if not _is_hub(node))
    side.seen |= reached
    side.depth += 1


def _shortest(seen: nx.Graph, start: str, end: str, count: int, length: int) -> list[list[str]]:
    """Paths of at most ``length`` edges: longer ones are not all known yet."""
    import networkx as nx

    # A hub at which the two searches met is no connection, unless it is an end itself.
    walked = nx.Graph()
    walked.add_nodes_from(sorted(seen))
    walked.add_edges_from(sorted(sorted(edge) for edge in seen.edges))
    walked.remove_nodes_from([n for n in seen if _is_hub(n) and n not in (start, end)])
    if not nx.has_path(walked, start, end):
        return []
    ranked = islice(nx.shortest_simple_paths(walked, start, end), count)
    return [path for path in ranked if len(path) <= length + 1]


def _drawn(
    store: Store,
    found: list[list[str]],
    statements: dict[frozenset[str], set[tuple[str, str, str]]],
    start: str,
    end: str,
    said: dict[str, object],
) -> nx.MultiDiGraph:
    import networkx as nx

    graph = nx.MultiDiGraph(start=start, end=end, paths=found, **said)
    nodes: Iterable[str] = dict.fromkeys(node for path in [[start, end], *found] for node in path)
    about = described(store, nodes)
    for node in nodes:
        graph.add_node(node, **about.get(node, {"label": node, "type": ""}))
    for path in found:
        for pair in pairwise(path):
            for edge in sorted(statements[frozenset(pair)]):
                add_statement(graph, *edge)
    return graph
