"""The shipped shapes evaluated by pyshacl: the reference that the compiled shapes are held to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from kg.shapes import path_text, shipped_shapes
from kg.violations import COMPONENTS, Violation, remedy

if TYPE_CHECKING:
    import rdflib

    from kg.shapes import Constraint, Path

__all__ = ["check"]

_RULES = {component: rule for rule, component in COMPONENTS.items()}


def check(triples: Iterable[Any]) -> Iterator[Violation]:
    """Violations in a graph, given as pyoxigraph triples."""
    from pyshacl import validate
    from rdflib import SH, Graph

    data = Graph()
    for triple in triples:
        data.add(tuple(_rdflib_term(term) for term in triple))
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

    component = str(report.value(result, SH.sourceConstraintComponent)).rpartition("#")[2]
    constraint = _constraint(report.value(result, SH.sourceShape), _RULES[component])
    value = report.value(result, SH.value)
    return Violation(
        node=_text(report.value(result, SH.focusNode)),
        shape=constraint.shape,
        path=path_text(constraint.path),
        steps=constraint.path,
        rule=constraint.rule,
        message=constraint.message,
        remedy=remedy(constraint),
        value=None if value is None else _text(value),
    )


def _constraint(shape: Any, rule: str) -> Constraint:
    """Constraint that a result is about, found by its shape, which may be a blank node within another, and path."""
    from rdflib import SH, URIRef

    around = shape if isinstance(shape, URIRef) else _shapes().value(None, SH.property, shape)
    path = _shapes().value(shape, SH.path)
    wanted = (str(around), () if path is None else _steps(path), rule)
    return next(
        constraint
        for target in shipped_shapes()
        for constraint in target.constraints
        if (constraint.shape, constraint.path, constraint.rule) == wanted
    )


def _steps(path: Any) -> Path:
    from rdflib import RDF, SH, URIRef
    from rdflib.collection import Collection

    if isinstance(path, URIRef):
        return ((str(path), False),)
    if (path, RDF.first, None) in _shapes():
        return tuple(step for each in Collection(_shapes(), path) for step in _steps(each))
    forwards = _steps(_shapes().value(path, SH.inversePath))
    return tuple((predicate, not backwards) for predicate, backwards in reversed(forwards))


def _rdflib_term(term: Any) -> Any:
    import pyoxigraph as ox
    from rdflib import BNode, Literal, URIRef

    if isinstance(term, ox.Literal):
        # Plain text is xsd:string in both, but rdflib tells the two ways of writing it apart.
        plain = term.language or term.datatype.value.endswith("#string")
        datatype = None if plain else URIRef(term.datatype.value)
        return Literal(term.value, lang=term.language, datatype=datatype, normalize=False)
    return URIRef(term.value) if isinstance(term, ox.NamedNode) else BNode(term.value)


def _text(term: Any) -> str:
    """Term as the other engine writes it."""
    import pyoxigraph as ox
    from rdflib import BNode, URIRef

    if isinstance(term, URIRef | BNode):
        return str(term) if isinstance(term, URIRef) else f"_:{term}"
    if term.language:
        return str(ox.Literal(str(term), language=term.language))
    return str(ox.Literal(str(term), datatype=ox.NamedNode(term.datatype) if term.datatype else None))
