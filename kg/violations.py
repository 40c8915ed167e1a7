"""What a check finds: violations, each naming the node, the rule, the reason and the remedy, and their report."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from kg.shapes import SH, Constraint, Path, path_text, short
from kg.vocabulary import RDF, XSD

__all__ = ["Report", "Violation"]

_SHOWN = 60
"""Characters of a value that are shown to people."""


@dataclass(frozen=True)
class Violation:
    """One node that breaks one rule.

    Attributes
    ----------
    node
        IRI of the node (``_:id`` for a blank node, N-Triples for a literal).
    shape
        IRI of the shape that states the rule.
    path
        What was looked at, such as ``mls:hasOutput``; empty for the node itself.
    rule
        SHACL's name of the rule, such as ``minCount``; for tables also ``reference``.
    message
        What must hold.
    remedy
        What to do.
    value
        The offending value in N-Triples; None where something is missing or too much is there.
    graph
        IRI of the named graph, if known.
    place
        Table and row, for data that comes as tables.
    steps
        The path, as predicates and whether each is followed backwards.
    """

    node: str
    shape: str
    path: str
    rule: str
    message: str
    remedy: str
    value: str | None = None
    graph: str | None = None
    place: str | None = None
    steps: Path = ()

    @property
    def label(self) -> str:
        """Rule for people, such as ``run: mls:achieves minCount``."""
        return f"{short(self.shape).rpartition(':')[2].strip('<>').rpartition('#')[2]}: " + " ".join(
            part for part in (self.path, self.rule) if part
        )

    @property
    def key(self) -> tuple[str, str, str, str | None]:
        """What two engines must agree on: node, path, rule and value."""
        return self.node, self.path, self.rule, self.value

    def __str__(self) -> str:
        """One line for people: where, what is wrong, what to do."""
        found = f" (found {_cut(self.value)})" if self.value is not None and self.value != self.node else ""
        where = f"{self.place}: " if self.place else ""
        return f"{where}{self.node}: {self.message}{found}; {self.remedy}"


@dataclass(frozen=True)
class Report:
    """Outcome of a check.

    Attributes
    ----------
    violations
        All that was found, at most as many of each rule as were asked for.
    truncated
        Whether there are more.
    checked
        Number of rows or graphs that were looked at, by what they are.
    """

    violations: tuple[Violation, ...] = ()
    truncated: bool = False
    checked: dict[str, int] = field(default_factory=dict)

    @classmethod
    def joined(cls, reports: Iterable[Report]) -> Report:
        """Return one report of several."""
        listed = list(reports)
        checked: dict[str, int] = {}
        for report in listed:
            for what, count in report.checked.items():
                checked[what] = checked.get(what, 0) + count
        violations = tuple(each for report in listed for each in report.violations)
        return cls(violations, any(report.truncated for report in listed), checked)

    @property
    def conforms(self) -> bool:
        """Whether nothing is wrong."""
        return not self.violations

    def __bool__(self) -> bool:
        return self.conforms

    def by_rule(self) -> dict[tuple[str, str], list[Violation]]:
        """Violations by rule and message, the most frequent first."""
        groups: dict[tuple[str, str], list[Violation]] = {}
        for each in self.violations:
            groups.setdefault((each.label, each.message), []).append(each)
        return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))

    def to_text(self, shown: int = 3) -> str:
        """Lines for people: each rule with its count and its first nodes."""
        if self.conforms:
            return f"conforms ({self._looked_at()})"
        more = " or more" if self.truncated else ""
        noun = "violation" if len(self.violations) == 1 else "violations"
        lines = [f"{len(self.violations):,}{more} {noun} ({self._looked_at()})"]
        for (label, message), found in self.by_rule().items():
            lines.append(f"{len(found):,} x {message}  [{label}]")
            for each in found[:shown]:
                value = f" = {_cut(each.value)}" if each.value is not None and each.value != each.node else ""
                place = f" ({each.place})" if each.place else ""
                lines.append(f"    {each.node}{value}{place}: {each.remedy}")
            if len(found) > shown:
                lines.append(f"    and {len(found) - shown:,} more")
        return "\n".join(lines)

    def _looked_at(self) -> str:
        parts = [f"{count:,} {what[:-1] if count == 1 else what}" for what, count in self.checked.items()]
        return ", ".join(parts) + " checked"

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return {
            "conforms": self.conforms,
            "truncated": self.truncated,
            "checked": self.checked,
            "violations": [_plain(each) for each in self.violations],
        }

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_turtle(self) -> str:
        """The report as SHACL's ``sh:ValidationReport``, in Turtle."""
        import pyoxigraph as ox

        from kg.vocabulary import PREFIXES

        triples = b"".join(report_triples(self.violations, "https://w3id.org/metakg/report"))
        document = ox.serialize(
            (quad.triple for quad in ox.parse(triples, format=ox.RdfFormat.N_TRIPLES)),
            format=ox.RdfFormat.TURTLE,
            prefixes={**PREFIXES, "sh": SH},
        )
        assert document is not None
        return document.decode()


def _plain(violation: Violation) -> dict[str, Any]:
    document = asdict(violation)
    del document["steps"]
    return document


def remedy(constraint: Constraint) -> str:
    """What to do about a breach of the constraint."""
    what, argument = path_text(constraint.path) or "the node", constraint.argument
    if constraint.rule == "minCount":
        return f"add {what}" if argument == 1 else f"give at least {argument} of {what}"
    if constraint.rule == "maxCount":
        return f"keep one {what} and remove the others" if argument == 1 else f"keep {argument} of {what}"
    if constraint.rule == "datatype":
        return f"write {what} as {short(argument)}"
    if constraint.rule == "nodeKind":
        return f"make {what} {'an IRI' if argument.endswith('#IRI') else 'a literal'}"
    if constraint.rule == "in":
        return f"use one of {', '.join(term.value for term in argument)}"
    if constraint.rule in ("minInclusive", "maxInclusive"):
        side = "at least" if constraint.rule == "minInclusive" else "at most"
        return f"correct the number ({side} {float(argument.value):g}), or leave it out"
    if constraint.rule == "pattern":
        return f"write {what} in the form that is asked for"
    if constraint.rule == "node" and constraint.path:
        return f"complete the node that {what} leads to"
    return "correct what is there, or add what is missing"


def report_triples(violations: Iterable[Violation], base: str) -> Iterator[bytes]:
    """SHACL report in N-Triples, without blank nodes: IRIs below ``base`` name the report and its results."""
    listed = list(violations)
    report = f"<{base}>"
    nodes = [f"{base}/result/{number}" for number in range(len(listed))]
    conforms = f'"{str(not listed).lower()}"^^<{XSD}boolean>'
    lines = [f"{report} <{RDF}type> <{SH}ValidationReport>", f"{report} <{SH}conforms> {conforms}"]
    lines += [f"{report} <{SH}result> <{node}>" for node in nodes]
    yield "".join(f"{line} .\n" for line in lines).encode()
    for node, each in zip(nodes, listed, strict=True):
        yield "".join(f"{line} .\n" for line in _result_triples(each, node)).encode()


def _result_triples(violation: Violation, iri: str) -> Iterator[str]:
    node = f"<{iri}>"
    yield f"{node} <{RDF}type> <{SH}ValidationResult>"
    yield f"{node} <{SH}resultSeverity> <{SH}Violation>"
    yield f"{node} <{SH}sourceShape> <{violation.shape}>"
    yield f"{node} <{SH}resultMessage> {_literal(f'{violation.message}; {violation.remedy}')}"
    if violation.rule in COMPONENTS:
        yield f"{node} <{SH}sourceConstraintComponent> <{SH}{COMPONENTS[violation.rule]}>"
    if (focus := _term(violation.node)) is not None:
        yield f"{node} <{SH}focusNode> {focus}"
    if violation.value is not None and (value := _term(violation.value)) is not None:
        yield f"{node} <{SH}value> {value}"
    if violation.steps:
        path, described = _path_triples(violation.steps, f"{iri}/path")
        yield f"{node} <{SH}resultPath> {path}"
        yield from described


def _path_triples(steps: Path, base: str) -> tuple[str, list[str]]:
    """Node that stands for a SHACL path, and what describes it, if it is more than a predicate."""
    described, nodes = [], []
    for number, (predicate, backwards) in enumerate(steps):
        nodes.append(f"<{base}/{number}>" if backwards else f"<{predicate}>")
        if backwards:
            described.append(f"{nodes[-1]} <{SH}inversePath> <{predicate}>")
    if len(nodes) == 1:
        return nodes[0], described
    cells = [f"<{base}/list/{number}>" for number in range(len(nodes))]
    for cell, node, rest in zip(cells, nodes, [*cells[1:], f"<{RDF}nil>"], strict=True):
        described += [f"{cell} <{RDF}first> {node}", f"{cell} <{RDF}rest> {rest}"]
    return cells[0], described


COMPONENTS = {
    rule: f"{rule[0].upper()}{rule[1:]}ConstraintComponent"
    for rule in (
        [
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
        ]
    )
}
"""SHACL's names of the rules in its reports."""


def _term(text: str) -> str | None:
    """N-Triples of a node's or value's text; None for a blank node, which a report could not point at."""
    if text.startswith("_:"):
        return None
    return text if text.startswith(('"', "<")) else f"<{text}>"


def _literal(text: str) -> str:
    import pyoxigraph as ox

    return str(ox.Literal(text))


def _cut(text: str | None) -> str:
    text = text or ""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
