"""SPARQL updates by which a remote store is written, and its N-Triples cut into pieces that servers take.

Each update does the same when it is carried out twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kg import iris, manifest
from kg.terms import IRI, to_term
from kg.vocabulary import DCTERMS, own_term

if TYPE_CHECKING:
    from kg.changes import Change

__all__ = [
    "COUNTER",
    "REPLACES",
    "closing",
    "forget",
    "in_manifest",
    "node",
    "pieces",
    "replaces",
    "runs",
    "triples",
]

COUNTER = (manifest.STORE, own_term("storeVersion"))
REPLACES = f"{DCTERMS}replaces"


def node(iri: str) -> str:
    """SPARQL of an IRI."""
    return str(to_term(IRI(iri)))


def in_manifest(pattern: str) -> str:
    """Pattern or triples in the manifest graph."""
    return f"GRAPH {node(iris.MANIFEST_GRAPH)} {{ {pattern} }}"


def replaces(staging: str, graph: str) -> str:
    """Triple that says for which graph another one is staged."""
    return f"{node(staging)} <{REPLACES}> {node(graph)} ."


def forget(graph: str) -> str:
    """Update that removes what the manifest says of a graph."""
    return f"DELETE WHERE {{ {in_manifest(f'{node(graph)} ?p ?o')} }}"


def count(version: int) -> str:
    subject, predicate = node(COUNTER[0]), node(COUNTER[1])
    return (
        f"DELETE WHERE {{ {in_manifest(f'{subject} {predicate} ?o')} }} ;\n"
        f"INSERT DATA {{ {in_manifest(f'{subject} {predicate} {to_term(version)}')} }}"
    )


def closing(change: Change, target: str, version: int, quads: int) -> str:
    """Update that puts a staged graph in its place, and says in manifest, ledger and history what was done."""
    graph = change.graph
    entry = triples(change.entry(version), iris.MANIFEST_GRAPH).decode()
    old, about = f"GRAPH {node(graph)} {{ ?s ?p ?o }}", in_manifest(f"{node(graph)} ?p ?o")
    appended = f"GRAPH {node(iris.LEDGER_GRAPH)} {{ {node(graph)} ?p ?o }}"
    steps = []
    if target == graph:
        steps += [forget(graph), f"INSERT DATA {{ {in_manifest(entry)} }}"] if entry else [forget(graph)]
    else:
        there = in_manifest(replaces(target, graph))
        steps += [f"DELETE {{ {old} }} WHERE {{ {there} {old} }}"] if change.replaces else []
        steps += [
            f"INSERT {{ {old} }} WHERE {{ GRAPH {node(target)} {{ ?s ?p ?o }} }}",
            f"DELETE {{ {about} }} WHERE {{ {there} {about} }}",
            f"INSERT {{ {in_manifest(entry)} }} WHERE {{ {there} }}",
            forget(target),
        ]
    steps += [f"DELETE WHERE {{ {appended} }}"] if change.replaces else []
    for name, lines in (
        (iris.LEDGER_GRAPH, change.ledger()),
        (iris.HISTORY_GRAPH, change.record(version, quads)),
    ):
        text = triples(lines, name).decode()
        steps += [f"INSERT DATA {{ GRAPH {node(name)} {{ {text} }} }}"] if text else []
    steps.append(count(version))
    if target != graph or change.action == "remove":
        steps.append(f"DROP SILENT GRAPH {node(target)}")
    return " ;\n".join(steps)


def triples(lines: bytes, graph: str) -> bytes:
    """N-Triples of N-Quads that are all in one graph."""
    return lines.replace(f" <{graph}> .\n".encode(), b" .\n")


def pieces(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same lines in pieces of about ``size`` bytes."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            end = len(chunk)
            if end - start > size:
                end = chunk.rindex(b"\n", start, start + size) + 1
            held.append(chunk[start:end])
            length += end - start
            start = end
            if length >= size // 2:
                yield b"".join(held)
                held, length = [], 0
    if held:
        yield b"".join(held)


def runs(chunks: Iterable[bytes], count: int) -> Iterator[list[bytes]]:
    """The same lines, ``count`` at a time."""
    held: list[bytes] = []
    for chunk in chunks:
        held += chunk.splitlines(keepends=True)
        while len(held) >= count:
            yield held[:count]
            held = held[count:]
    if held:
        yield held
