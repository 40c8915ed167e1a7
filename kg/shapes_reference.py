"""The shipped shapes evaluated by pyshacl: the reference that the compiled shapes are held to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from kg.violations import COMPONENTS, Violation

if TYPE_CHECKING:
    import rdflib

    from kg.shapes import Constraint

__all__ = ["check"]

_RULES = {component: rule for rule, component in COMPONENTS.items()}


def check(triples: Iterable[Any]) -> Iterator[Violation]:
    """Violations in a graph, given as pyoxigraph triples."""
    import pyoxigraph as ox
    from pyshacl import validate
    from rdflib import SH, Graph

    data = Graph()
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
    data.parse(data=text, format="nt")
    _, report, _ = validate(data, shacl_graph=_shapes(), inference="none", inplace=True)
    assert isinstance(report, Graph)
    # Results within a result (sh:detail) tell why a node does not conform to another shape; it counts once.
    for result in report.objects(None, SH.result):
        yield _violation(report, result)


@cache
def _shapes() -> rdflib.Graph:
    import ontology

    return ontology.shapes()


def _violation(report: rdflib.Graph, result: Any) -> Violation:
    from rdflib import SH

    from kg.violations import remedy

    component = str(report.value(result, SH.sourceConstraintComponent)).rpartition("#")[2]
    constraint = _constraint(report.value(result, SH.sourceShape), _RULES[component])
    value = report.value(result, SH.value)
    from kg.shapes import path_text

    return Violation(
        node=_text(report.value(result, SH.focusNode)),
        shape=constraint.shape,
        path=path_text(constraint.path),
        rule=constraint.rule,
        message=constraint.message,
        remedy=remedy(constraint),
        value=None if value is None else _text(value),
    )


def _text(term: Any) -> str:
    """Term as the other engine writes it."""
    import pyoxigraph as ox
    from rdflib import BNode, URIRef

    if isinstance(term, URIRef | BNode):
        return str(term) if isinstance(term, URIRef) else f"_:{term}"
    (quad,) = ox.parse(f"<x:s> <x:p> {term.n3()} .", format=ox.RdfFormat.TURTLE)
    return str(quad.object)
