"""Shapes compiled to SPARQL: one SELECT per constraint, whose solutions are the nodes that break it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, count
from typing import Any

from kg.errors import ShapesError
from kg.shapes import SUBCLASS, Constraint, Path, Target, short
from kg.vocabulary import RDF, XSD

__all__ = ["HAS_SUBCLASSES", "Check", "Screen", "compiled"]

HAS_SUBCLASSES = f"ASK {{ ?narrow <{SUBCLASS}> ?broad }}"
"""Whether a graph states subclasses, whose instances are targets too."""

_NUMBERS = {XSD + name for name in ("integer", "decimal", "double", "float")}
_KINDS = {"IRI": "isIRI", "Literal": "isLiteral", "BlankNode": "isBlank"}


_COMPLEX = ("node", "or", "not")
"""Rules that look further into the graph: they are tried on the targets only, not on all that has the path."""


@dataclass(frozen=True)
class Check:
    """A constraint and the query that finds what breaks it.

    The query selects ``?this``, the node, and ``?value``, the offending value, which is unbound where there is none.
    """

    target: Target
    constraint: Constraint
    query: str


@dataclass(frozen=True)
class Screen:
    """Checks that look at the same values, and the query that has solutions if any of them is broken.

    Looking at the values once for all of them halves the time of data that has nothing wrong.
    """

    query: str
    checks: tuple[Check, ...]


def compiled(targets: tuple[Target, ...], *, subclasses: bool = False) -> list[Screen]:
    """Compile shapes to queries over one graph, which is the queries' default graph.

    Parameters
    ----------
    targets
        From :func:`kg.shapes.read_shapes`.
    subclasses
        Whether instances of subclasses are targets too, which costs time where a graph states none.

    Raises
    ------
    ShapesError
        If a constraint cannot be expressed.
    """
    screens = []
    for target in targets:
        kind = f"<{RDF}type>/<{SUBCLASS}>*" if subclasses else f"<{RDF}type>"
        instances = f"?this {kind} <{target.of_class}>"
        together: dict[Path, list[Constraint]] = {}
        for constraint in target.constraints:
            if _looks_at_values(constraint):
                together.setdefault(constraint.path, []).append(constraint)
            else:
                check = Check(target, constraint, _select(instances, constraint))
                screens.append(Screen(check.query, (check,)))
        for constraints in together.values():
            checks = tuple(Check(target, each, _select(instances, each)) for each in constraints)
            screens.append(Screen(_select(instances, *constraints), checks))
    return screens


def _looks_at_values(constraint: Constraint) -> bool:
    return bool(constraint.path) and constraint.rule not in ("minCount", "maxCount", *_COMPLEX)


def _select(instances: str, *constraints: Constraint) -> str:
    """Query for the targets that break one of the constraints, which have one path.

    What is wrong is looked for first and joined with the targets last, except where that would look at far more
    than the targets; both ways of writing it were measured.
    """
    first, names = constraints[0], _Names()
    path = _path(first.path)
    if first.rule == "minCount" and first.argument == 1:
        where = f"{instances} MINUS {{ ?this {path} ?v }}"
    elif first.rule == "maxCount":
        counted = f"GROUP BY ?this HAVING(COUNT(DISTINCT ?v) > {first.argument})"
        where = f"{{ SELECT ?this WHERE {{ ?this {path} ?v }} {counted} }} {instances}"
    elif _looks_at_values(first):
        held = " && ".join(f"({_held(each, '?value', names)})" for each in constraints)
        where = f"{{ SELECT ?this ?value WHERE {{ ?this {path} ?value FILTER(!({held})) }} }} {instances}"
    else:
        where = f"{_narrowed(first, names)} {instances} . {_broken(first, '?this', names)}"
    return f"SELECT DISTINCT ?this ?value WHERE {{ {where} }}"


def _narrowed(constraint: Constraint, names: _Names) -> str:
    """Pattern that finds what can break "either this, or not one of those": the few that have one of those.

    Without it, each evaluation would be asked for each range of values whether its measure is of that range.
    """
    if constraint.rule != "or" or constraint.path:
        return ""
    for branch in constraint.argument:
        alone = len(branch) == 1 and branch[0].rule == "not" and not branch[0].path
        denied = branch[0].argument if alone else ()
        needed = {each.path for each in denied if each.rule == "minCount" and each.argument > 0}
        for each in denied:
            terms = [str(term) for term in each.argument] if each.rule == "in" else []
            if each.path in needed and terms and all(term.startswith("<") for term in terms):
                (value,) = names.some(1)
                return f"VALUES {value} {{ {' '.join(terms)} }} ?this {_path(each.path)} {value} ."
    return ""


class _Names:
    """Variables that no other part of the query uses."""

    def __init__(self) -> None:
        self._numbers = count()

    def some(self, number: int) -> list[str]:
        return [f"?v{next(self._numbers)}" for _ in range(number)]


def _broken(constraint: Constraint, this: str, names: _Names) -> str:
    """Pattern with a solution for each breach by ``this``, which binds ``?value``."""
    if constraint.rule in ("minCount", "maxCount"):
        return f"FILTER({_breaks(constraint, this, names)})"
    values = f"{this} {_path(constraint.path)} ?value" if constraint.path else f"BIND({this} AS ?value)"
    return f"{values} FILTER(!({_held(constraint, '?value', names)}))"


def _breaks(constraint: Constraint, this: str, names: _Names) -> str:
    """Condition that ``this`` breaks the constraint."""
    if constraint.rule == "minCount":
        if constraint.argument < 1:
            return "false"
        return f"NOT EXISTS {{ {_different_values(this, constraint.path, names.some(constraint.argument))} }}"
    if constraint.rule == "maxCount":
        return f"EXISTS {{ {_different_values(this, constraint.path, names.some(constraint.argument + 1))} }}"
    if not constraint.path:
        return f"!({_held(constraint, this, names)})"
    (value,) = names.some(1)
    held = _held(constraint, value, names)
    return f"EXISTS {{ {this} {_path(constraint.path)} {value} FILTER(!({held})) }}"


def _different_values(this: str, path: Path, values: list[str]) -> str:
    patterns = " . ".join(f"{this} {_path(path)} {value}" for value in values)
    differ = " && ".join(f"!sameTerm({a}, {b})" for a, b in combinations(values, 2))
    return f"{patterns} FILTER({differ})" if differ else patterns


def _conforms(constraints: tuple[Constraint, ...], this: str, names: _Names) -> str:
    return " && ".join(f"!({_breaks(each, this, names)})" for each in constraints) or "true"


def _held(constraint: Constraint, value: str, names: _Names) -> str:
    """Condition that one value holds to the constraint; an error in it (text is not above 0) counts as a breach."""
    rule, argument = constraint.rule, constraint.argument
    if rule == "in":
        return " || ".join(f"sameTerm({value}, {term})" for term in argument) or "false"
    if rule == "datatype":
        return " && ".join(_of_datatype(argument, value, constraint))
    if rule == "nodeKind":
        return " || ".join(f"{test}({value})" for test in _node_tests(constraint))
    if rule in ("minInclusive", "maxInclusive"):
        return f"COALESCE({value} {'>=' if rule == 'minInclusive' else '<='} {argument}, false)"
    if rule == "pattern":
        return f"COALESCE(!isBlank({value}) && REGEX(STR({value}), {_text(argument)}), false)"
    if rule == "node":
        return _conforms(argument, value, names)
    if rule == "not":
        return f"!({_conforms(argument, value, names)})"
    if rule == "or":
        return " || ".join(f"({_conforms(each, value, names)})" for each in argument) or "false"
    raise ShapesError(f"shape {short(constraint.shape)} uses sh:{rule}, which cannot be checked here")


def _of_datatype(datatype: str, value: str, constraint: Constraint) -> Iterator[str]:
    if datatype not in _NUMBERS | {XSD + "string"}:
        raise ShapesError(
            f"shape {short(constraint.shape)} asks for {short(datatype)}, whose values cannot be checked here"
        )
    yield f"COALESCE(datatype({value}) = <{datatype}>, false)"
    if datatype in _NUMBERS:
        yield f"isNumeric({value})"  # not so of "abc"^^xsd:double


def _node_tests(constraint: Constraint) -> list[str]:
    kinds = constraint.argument.rpartition("#")[2].split("Or")
    unknown = [kind for kind in kinds if kind not in _KINDS]
    if unknown:
        raise ShapesError(f"shape {short(constraint.shape)}: there is no node kind sh:{unknown[0]}")
    return [_KINDS[kind] for kind in kinds]


def _path(path: Path) -> str:
    return "/".join(f"{'^' if backwards else ''}<{predicate}>" for predicate, backwards in path)


def _text(text: Any) -> str:
    import pyoxigraph as ox

    return str(ox.Literal(text))
