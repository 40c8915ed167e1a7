"""What belongs together in RDF: a run with its evaluations, a dataset with its qualities, a task, a pipeline.

Such a unit is kept or kept back whole, and with it what cannot do without it: a run without its task, pipeline or
dataset, a task without its dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kg.shapes import short
from kg.violations import Violation
from kg.vocabulary import DCAT, MLS, RDF, own_term

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Unit", "take_out"]

_HEADS = (f"{MLS}Run", own_term("Pipeline"), f"{MLS}Task", f"{MLS}Dataset")
"""Classes of the things that units are named by."""

_PARTS = {
    f"{MLS}Run": ((f"{MLS}hasOutput",),),
    own_term("Pipeline"): ((own_term("hasStep"),), (f"{MLS}hasInput",)),
    f"{MLS}Dataset": ((f"{DCAT}distribution",), (f"{DCAT}distribution", f"{MLS}hasQuality")),
}
"""Paths from a head to the parts of its unit."""

_NEEDED_BY = (f"{MLS}definedOn", f"{MLS}achieves", f"{MLS}executes", f"{MLS}hasInput")
"""Properties by which a task or a run refers to what it cannot do without."""


@dataclass(frozen=True)
class Unit:
    """One thing that is kept back.

    Attributes
    ----------
    head
        IRI of the thing.
    violations
        What is wrong with it or its parts; empty if it is kept back because of others only.
    waits_for
        IRIs of the things it cannot do without that are kept back.
    triples
        All that the graph says of it and its parts.
    """

    head: str
    violations: tuple[Violation, ...]
    waits_for: tuple[str, ...]
    triples: tuple[pyoxigraph.Triple, ...]

    @property
    def reason(self) -> str:
        """Why it is kept back, for people."""
        own = [f"{each.message}; {each.remedy}" for each in self.violations]
        return ". ".join(dict.fromkeys([*own, *(f"it needs {short(head)}" for head in self.waits_for)]))


def take_out(raw: pyoxigraph.Store, graph: Any, violations: Iterable[Violation]) -> list[Unit]:
    """Take the units out of one graph of a store that have violations, and what cannot do without them.

    Parts that units share stay as long as one of those units does.
    """
    found = _Graph(raw, graph)
    wrong: dict[Any, list[Violation]] = {}
    for violation in violations:
        for head in found.heads_of(_node(violation.node)):
            wrong.setdefault(head, []).append(violation)
    waits: dict[Any, set[Any]] = {head: set() for head in wrong}
    pending = list(wrong)
    while pending:
        head = pending.pop()
        for dependent in found.dependents_of(head):
            if dependent not in waits:
                waits[dependent] = set()
                pending.append(dependent)
            waits[dependent].add(head)
    units, gone = [], set()
    for head in sorted(waits, key=str):
        parts = found.parts_of(head)
        quads = [quad for node in (head, *sorted(parts, key=str)) for quad in found.about(node)]
        units.append(
            Unit(
                head.value,
                tuple(wrong.get(head, ())),
                tuple(sorted(other.value for other in waits[head])),
                tuple(quad.triple for quad in quads),
            )
        )
        gone |= {head} | {part for part in parts if found.heads_of(part) <= set(waits)}
    for node in gone:
        for quad in found.about(node):
            raw.remove(quad)
    return units


def _node(iri: str) -> Any:
    import pyoxigraph as ox

    return ox.NamedNode(iri)


class _Graph:
    def __init__(self, raw: pyoxigraph.Store, graph: Any) -> None:
        self._raw, self._graph = raw, graph
        self._kind = _node(f"{RDF}type")

    def about(self, node: Any) -> list[pyoxigraph.Quad]:
        return list(self._raw.quads_for_pattern(node, None, None, self._graph))

    def _values(self, node: Any, predicate: str) -> Iterator[Any]:
        import pyoxigraph as ox

        for quad in self._raw.quads_for_pattern(node, _node(predicate), None, self._graph):
            if isinstance(quad.object, ox.NamedNode):
                yield quad.object

    def _from(self, node: Any, predicate: str) -> Iterator[Any]:
        for quad in self._raw.quads_for_pattern(None, _node(predicate), node, self._graph):
            yield quad.subject

    def _kinds(self, node: Any) -> list[str]:
        kinds = {kind.value for kind in self._values(node, self._kind.value)}
        return [kind for kind in _HEADS if kind in kinds]

    def heads_of(self, node: Any) -> set[Any]:
        """Heads of the units that a node is or is part of; the node itself if it is part of none."""
        if self._kinds(node):
            return {node}
        found = {
            head
            for kind, paths in _PARTS.items()
            for path in paths
            for head in self._back(node, path)
            if kind in self._kinds(head)
        }
        # A run has its pipeline's settings as inputs; they are the pipeline's.
        return found or {run for run in self._from(node, f"{MLS}hasInput") if self._kinds(run)} or {node}

    def _back(self, node: Any, path: tuple[str, ...]) -> set[Any]:
        nodes = {node}
        for predicate in reversed(path):
            nodes = {subject for each in nodes for subject in self._from(each, predicate)}
        return nodes

    def parts_of(self, head: Any) -> set[Any]:
        found = set()
        for kind in self._kinds(head):
            for path in _PARTS.get(kind, ()):
                nodes = {head}
                for predicate in path:
                    nodes = {value for each in nodes for value in self._values(each, predicate)}
                found |= {node for node in nodes if not self._kinds(node)}
        return found

    def dependents_of(self, head: Any) -> set[Any]:
        return {
            subject
            for predicate in _NEEDED_BY
            for subject in self._from(head, predicate)
            if self._kinds(subject)
            and (predicate != f"{MLS}hasInput" or self._kinds(head) == [f"{MLS}Dataset"])
        }
