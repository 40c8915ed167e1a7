"""The quarantine: what broke a rule, kept verbatim as text, with the reasons, until it is mended.

Nothing of it is stated in the graph: a run in quarantine is no ``mls:Run`` to any query. Its statements are one
literal each unit, from which :func:`held` gives them back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingest.units import Unit
from kg.batch import Manifest
from kg.errors import StoreError
from kg.quads import literal
from kg.terms import IRI
from kg.violations import report_triples
from kg.vocabulary import RDF, own_term

if TYPE_CHECKING:
    from kg.manifest import GraphInfo
    from kg.store import Store

__all__ = ["Held", "held", "quarantine_manifest", "quarantine_triples", "release"]

_HELD = f"""SELECT ?unit ?thing ?reason ?statements ?original WHERE {{
    ?unit <{own_term("holds")}> ?thing ; <{own_term("reason")}> ?reason ; <{own_term("statements")}> ?statements
    OPTIONAL {{ ?unit <{own_term("originalGraph")}> ?original }}
}} ORDER BY ?thing ?unit"""


@dataclass(frozen=True)
class Held:
    """One thing in quarantine: its IRI, why it is there, and what was said of it.

    Attributes
    ----------
    quarantine
        Name of the ingested file's quarantine, which :func:`release` takes.
    thing, reason
        IRI of the thing, and why it is kept back.
    statements
        N-Triples.
    original_graph
        Named graph of the file that it was in; None if in none.
    """

    quarantine: str
    thing: str
    reason: str
    statements: str
    original_graph: str | None

    def nquads(self) -> str:
        """Statements in the named graph that they were in, to be mended and ingested."""
        if self.original_graph is None:
            return self.statements
        lines = self.statements.splitlines()
        return "".join(f"{line.removesuffix(' .')} <{self.original_graph}> .\n" for line in lines)


def quarantine_manifest(name: str, file: str, licence: str, derived_from: str) -> Manifest:
    """Manifest of the quarantine graph of one ingested file."""
    return Manifest("quarantine", name, f"kept back from {file}", licence, derived_from, kind="quarantine")


def quarantine_triples(graph: str, units: Iterable[tuple[str | None, Unit]]) -> Iterator[bytes]:
    """N-Triples of a quarantine: its units, with the graph of the file that each was in, and the SHACL report."""
    listed = list(units)
    violations = [violation for _, unit in listed for violation in unit.violations]
    yield f"<{graph}> <{RDF}type> <{own_term('Quarantine')}> .\n".encode()
    yield f"<{graph}> <{own_term('report')}> <{graph}/report> .\n".encode()
    yield from report_triples(violations, f"{graph}/report")
    names = {unit.head: _unit_iri(graph, original, unit) for original, unit in listed}
    for original, unit in listed:
        node = f"<{_unit_iri(graph, original, unit)}>"
        statements = "".join(f"{triple} .\n" for triple in unit.triples)
        lines = [
            f"<{graph}> <{own_term('keepsBack')}> {node}",
            f"{node} <{RDF}type> <{own_term('QuarantinedUnit')}>",
            f"{node} <{own_term('holds')}> <{unit.head}>",
            f"{node} <{own_term('reason')}> {literal(unit.reason)}",
            f"{node} <{own_term('statements')}> {literal(statements)}",
        ]
        lines += [
            f"{node} <{own_term('waitsFor')}> <{names[head]}>" for head in unit.waits_for if head in names
        ]
        if original is not None:
            lines.append(f"{node} <{own_term('originalGraph')}> <{original}>")
        yield "".join(f"{line} .\n" for line in lines).encode()


def _unit_iri(graph: str, original: str | None, unit: Unit) -> str:
    return f"{graph}/unit/{hashlib.sha256(f'{original} {unit.head}'.encode()).hexdigest()[:16]}"


def held(store: Store, name: str | None = None) -> list[Held]:
    """What is in quarantine, of one file or of all.

    Raises
    ------
    StoreError
        If there is no quarantine of that name.
    """
    found = []
    for info in _quarantines(store, name):
        for _, thing, reason, statements, original in store.query(_HELD, default_graph=info.iri).rows():
            found.append(
                Held(
                    info.version,
                    str(thing),
                    str(reason),
                    str(statements),
                    None if original is None else str(original),
                )
            )
    return found


def release(store: Store, name: str) -> int:
    """Forget the quarantine of a file; returns the number of things that were in it.

    Raises
    ------
    StoreError
        If there is no quarantine of that name, or the store cannot be written.
    """
    count = len(held(store, name))
    for info in _quarantines(store, name):
        store.remove(IRI(info.iri))
    return count


def _quarantines(store: Store, name: str | None) -> list[GraphInfo]:
    infos = [info for info in store.graphs() if info.kind == "quarantine"]
    chosen = [info for info in infos if name in (None, info.version)]
    if name is not None and not chosen:
        known = ", ".join(info.version for info in infos) or "there is none"
        raise StoreError(f"no quarantine {name!r}; known: {known}")
    return chosen
