"""The history graph: which commit changed which named graph, when, and what the graph held afterwards.

It is only added to, so what a store held at any of its versions can be told from it, though not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from kg import iris
from kg.errors import QueryError
from kg.manifest import COUNTS
from kg.quads import literal
from kg.terms import from_term
from kg.vocabulary import PROV, RDF, XSD, own_term

__all__ = [
    "Action",
    "CommitInfo",
    "Difference",
    "commits",
    "describe",
    "difference",
    "now",
    "state_at",
    "version_at",
]

Action = Literal["write", "append", "add", "remove"]


@dataclass(frozen=True)
class CommitInfo:
    """One commit: ``counts`` are rows by table that its graph held after it, ``quads`` what it wrote."""

    version: int
    time: str
    action: Action
    graph: str
    source: str
    source_version: str
    counts: dict[str, int]
    content_hash: str
    quads: int


def describe(commit: CommitInfo) -> bytes:
    """N-Quads of a commit, in the history graph."""
    # Two writers of one endpoint may give two commits one number: the hash keeps them apart.
    key = f"{commit.version}-{commit.content_hash[:8] or 'none'}-{iris.quote(commit.source, safe='')}"
    subject, graph = f"<{iris.own('commit', key)}>", f"<{iris.HISTORY_GRAPH}>"
    statements = [
        (f"{RDF}type", f"<{own_term('Commit')}>"),
        (own_term("storeVersion"), literal(commit.version)),
        (f"{PROV}endedAtTime", f'"{commit.time}"^^<{XSD}dateTime>'),
        (f"{PROV}wasAssociatedWith", f"<{iris.own('agent', 'metakg')}>"),
        (own_term("action"), literal(commit.action)),
        (own_term("graph"), f"<{commit.graph}>"),
        (own_term("sourceName"), literal(commit.source)),
        (own_term("sourceVersion"), literal(commit.source_version)),
        (own_term("contentHash"), literal(commit.content_hash)),
        (own_term("quadCount"), literal(commit.quads)),
    ]
    statements += [(own_term(COUNTS[table]), literal(rows)) for table, rows in commit.counts.items() if rows]
    return "".join(f"{subject} <{predicate}> {value} {graph} .\n" for predicate, value in statements).encode()


def now() -> str:
    """This second in UTC, as the graph writes times."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def commits(statements: Iterable[tuple[Any, ...]]) -> list[CommitInfo]:
    """Commits that triples of the history graph describe, oldest first."""
    described: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in statements:
        described.setdefault(str(from_term(subject)), {})[predicate.value] = from_term(value)
    found = [_commit(known) for known in described.values() if own_term("action") in known]
    return sorted(found, key=lambda commit: (commit.version, commit.time))


def _commit(known: Mapping[str, Any]) -> CommitInfo:
    return CommitInfo(
        version=known[own_term("storeVersion")],
        time=known[f"{PROV}endedAtTime"],
        action=cast(Action, known[own_term("action")]),
        graph=str(known[own_term("graph")]),
        source=known[own_term("sourceName")],
        source_version=known[own_term("sourceVersion")],
        counts={table: known.get(own_term(name), 0) for table, name in COUNTS.items()},
        content_hash=known[own_term("contentHash")],
        quads=known[own_term("quadCount")],
    )


def state_at(history: Iterable[CommitInfo], version: int) -> dict[str, CommitInfo]:
    """Last commit of each graph that was there at a version of the store, by graph."""
    state: dict[str, CommitInfo] = {}
    for commit in history:
        if commit.version > version:
            break
        if commit.action == "remove":
            state.pop(commit.graph, None)
        else:
            state[commit.graph] = commit
    return state


@dataclass(frozen=True)
class Difference:
    """Rows of one table of one graph at two versions of a store; ``changed`` tells of content, not of counts."""

    graph: str
    source: str
    source_version: str
    table: str
    before: int
    after: int
    changed: bool


def difference(history: Iterable[CommitInfo], first: int, second: int) -> list[Difference]:
    """What came and went between two versions, by graph and table; graphs that are the same are left out.

    Raises
    ------
    QueryError
        If the store never had one of the versions.
    """
    listed = list(history)
    newest = max((commit.version for commit in listed), default=0)
    for version in (first, second):
        if not 0 <= version <= newest:
            raise QueryError(f"the store has no version {version}: it has had 0 to {newest}")
    before, after = state_at(listed, first), state_at(listed, second)
    found = []
    for graph in sorted(before.keys() | after.keys()):
        old, new = before.get(graph), after.get(graph)
        about = new or old
        if about is None or (old and new and old.version == new.version):
            continue
        same = old is not None and new is not None and old.content_hash == new.content_hash
        for table in COUNTS:
            rows = [commit.counts.get(table, 0) if commit else 0 for commit in (old, new)]
            if any(rows):
                found.append(
                    Difference(graph, about.source, about.source_version, table, rows[0], rows[1], not same)
                )
    return found


def version_at(history: Iterable[CommitInfo], time: str) -> int:
    """Version that a store had at a time (ISO, UTC); 0 before its first commit."""
    return max((commit.version for commit in history if commit.time <= time), default=0)
