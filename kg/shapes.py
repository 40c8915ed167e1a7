"""SHACL shapes read from Turtle into constraints, so that an engine can be made of them.

Only the part of SHACL that is read here may be used in shapes: anything else is refused, never passed over, since a
rule that is not checked looks the same as a rule that holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import ontology
from kg.errors import ShapesError
from kg.vocabulary import PREFIXES, RDF, RDFS

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["SH", "Constraint", "Path", "Target", "read_shapes", "shipped_shapes", "short"]

SH = "http://www.w3.org/ns/shacl#"

RULES = (
    "minCount",
    "maxCount",
    "datatype",
    "nodeKind",
    "in",
    "minInclusive",
    "maxInclusive",
    "pattern",
    "node",
    "or",
    "not",
)
"""Constraint components that can be checked, by the parameter that states them."""

_NOT_RULES = ("targetClass", "path", "property", "message", "name", "description")

Path = tuple[tuple[str, bool], ...]
"""Steps from a node to its values: (predicate, whether it is followed backwards); empty is the node itself."""


@dataclass(frozen=True)
class Constraint:
    """One rule of a shape.

    Attributes
    ----------
    rule
        One of :data:`RULES`.
    path
        From the node that is held to the rule to the values that are looked at.
    argument
        A number (minCount, maxCount), terms (in), an IRI (datatype, nodeKind), a literal (minInclusive, ...), text
        (pattern), or the constraints of other shapes: those of one (node, not) or of several (or).
    shape
        IRI of the shape; that of the shape around it for one without a name.
    message
        What must hold, for people.
    """

    rule: str
    path: Path
    argument: Any
    shape: str
    message: str


@dataclass(frozen=True)
class Target:
    """A shape that applies to the instances of a class, with its constraints."""

    shape: str
    of_class: str
    constraints: tuple[Constraint, ...]


def short(iri: str) -> str:
    """IRI with a prefix that the shipped questions use, or in angle brackets."""
    for prefix, namespace in {**PREFIXES, "sh": SH}.items():
        local = iri.removeprefix(namespace)
        if local != iri and local.replace("_", "a").replace("-", "a").isalnum():
            return f"{prefix}:{local}"
    return f"<{iri}>"


@cache
def shipped_shapes() -> tuple[Target, ...]:
    """Shapes of ``ontology/shapes.ttl``."""
    return read_shapes(ontology.path("shapes.ttl").read_text(encoding="utf-8"))


def read_shapes(turtle: str) -> tuple[Target, ...]:
    """Read shapes that have a target class.

    Raises
    ------
    ShapesError
        If they are not Turtle, or use a part of SHACL that cannot be checked here.
    """
    import pyoxigraph as ox

    statements: dict[Any, dict[str, list[Any]]] = {}
    try:
        for quad in ox.parse(turtle, format=ox.RdfFormat.TURTLE):
            statements.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
    except SyntaxError as error:
        raise ShapesError(f"the shapes are not Turtle: {error}") from error
    reader = _Reader(statements)
    targets = [
        Target(node.value, of_class.value, tuple(reader.constraints(node, (), node.value, "")))
        for node, known in statements.items()
        for of_class in known.get(f"{SH}targetClass", ())
    ]
    return tuple(sorted(targets, key=lambda target: target.shape))


class _Reader:
    def __init__(self, statements: dict[Any, dict[str, list[Any]]]) -> None:
        self._statements = statements
        self._open: list[Any] = []

    def constraints(self, node: Any, path: Path, shape: str, message: str) -> list[Constraint]:
        """Constraints of a shape, of the property shapes in it included."""
        if node in self._open:
            raise ShapesError(f"shape {short(shape)} refers to itself: such shapes cannot be checked")
        known = self._statements.get(node)
        if known is None:
            raise ShapesError(f"shape {short(shape)} refers to a shape {node} that is not there")
        self._open.append(node)
        shape = getattr(node, "value", shape) if _is_iri(node) else shape
        if f"{SH}path" in known:
            if path:
                raise ShapesError(f"shape {short(shape)}: a path within a path cannot be checked")
            path = self._path(self._one(known, "path", shape), shape)
        own = [text.value for text in known.get(f"{SH}message", ())]
        message = own[0] if own else message
        found = []
        for predicate, values in known.items():
            name = predicate.removeprefix(SH)
            if name == predicate or name in _NOT_RULES:
                continue
            if name not in RULES:
                raise ShapesError(f"shape {short(shape)} uses sh:{name}, which cannot be checked here")
            for value in values:
                argument = self._argument(name, value, shape)
                told = message or self._message_of(value)
                found.append(Constraint(name, path, argument, shape, told))
        for inner in known.get(f"{SH}property", ()):
            found += self.constraints(inner, path, shape, message if own else "")
        self._open.pop()
        return found

    def _message_of(self, node: Any) -> str:
        texts = self._statements.get(node, {}).get(f"{SH}message", [])
        return texts[0].value if texts else ""

    def _one(self, known: dict[str, list[Any]], name: str, shape: str) -> Any:
        values = known[SH + name]
        if len(values) != 1:
            raise ShapesError(f"shape {short(shape)} has {len(values)} values of sh:{name}, not one")
        return values[0]

    def _argument(self, rule: str, value: Any, shape: str) -> Any:
        if rule in ("minCount", "maxCount"):
            return int(value.value)
        if rule in ("datatype", "nodeKind", "pattern"):
            return value.value
        if rule == "in":
            return tuple(self._list(value, shape))
        if rule in ("node", "not"):
            return tuple(self.constraints(value, (), shape, ""))
        if rule == "or":
            return tuple(tuple(self.constraints(each, (), shape, "")) for each in self._list(value, shape))
        return value

    def _list(self, node: Any, shape: str) -> list[pyoxigraph.NamedNode | pyoxigraph.Literal]:
        found = []
        while node.value != f"{RDF}nil":
            known = self._statements.get(node, {})
            if f"{RDF}first" not in known:
                raise ShapesError(f"shape {short(shape)} has a list that is broken off")
            found.append(known[f"{RDF}first"][0])
            node = known[f"{RDF}rest"][0]
        return found

    def _path(self, node: Any, shape: str) -> Path:
        if _is_iri(node):
            return ((node.value, False),)
        known = self._statements.get(node, {})
        if f"{RDF}first" in known:
            return tuple(step for each in self._list(node, shape) for step in self._path(each, shape))
        if set(known) == {f"{SH}inversePath"}:
            forwards = self._path(known[f"{SH}inversePath"][0], shape)
            return tuple((predicate, not backwards) for predicate, backwards in reversed(forwards))
        names = ", ".join(short(predicate) for predicate in known)
        raise ShapesError(f"shape {short(shape)} has a path of {names}, which cannot be checked here")


def _is_iri(term: Any) -> bool:
    import pyoxigraph as ox

    return isinstance(term, ox.NamedNode)


def path_text(path: Path) -> str:
    """Path for people, such as ``mls:hasOutput`` or ``dcat:distribution/mls:hasQuality``."""
    return "/".join(("^" if backwards else "") + short(predicate) for predicate, backwards in path)


SUBCLASS = f"{RDFS}subClassOf"
