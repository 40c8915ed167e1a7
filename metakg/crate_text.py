"""The pages of a crate that people read: its README, and the same as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from metakg.explanation import iris_in_short

if TYPE_CHECKING:
    from metakg.crate_evidence import Evidence

__all__ = ["FILES", "preview", "readme"]

FILES = {
    "README.md": ("text/markdown", "what this is, and how to check it"),
    "recommendation.json": ("application/json", "the recommendation: pipelines, neighbours, sources"),
    "recommendation.ttl": ("text/turtle", "the recommendation and its provenance as RDF (PROV-O)"),
    "runs.csv": (
        "text/csv",
        "supporting runs: dataset, pipeline, procedure, measure, value, source, licence",
    ),
    "runs.ttl": ("text/turtle", "all statements about the supporting runs as RDF (ML-Schema)"),
    "neighbours.csv": ("text/csv", "datasets that are like the table, with similarity and reason"),
    "sources.csv": (
        "text/csv",
        "named graphs that it was derived from: version, licence, origin, content hash",
    ),
    "evidence.rq": ("application/sparql-query", "the query that gives the supporting runs"),
    "evidence.csv": ("text/csv", "the answer of evidence.rq, on the whole graph and on runs.ttl alike"),
    "environment.json": ("application/json", "versions of metakg, Python and packages that wrote this"),
}
"""Files of a crate: their media type, and what each holds."""

_SHOWN = 20


def _sections(evidence: Evidence) -> Iterable[tuple[str, Sequence[str], Sequence[Sequence[Any]]]]:
    sections = {section.heading: section for section in evidence.recommendation.sections}
    pipelines, neighbours = sections["pipelines"], sections["neighbours"]
    place = {name: number for number, name in enumerate(pipelines.columns)}
    best = [
        [row[place[name]] for name in ("rank", "title", "predicted", "low", "high", "runs")]
        for row in pipelines.rows
    ]
    sources = [(info.title, info.version, info.licence, info.derived_from) for info in evidence.sources]
    files = [(name, text) for name, (_, text) in FILES.items()]
    return [
        ("Pipelines", ("rank", "pipeline", "expected", "low", "high", "supporting runs"), best),
        ("Neighbours", neighbours.columns, list(neighbours.rows[:_SHOWN])),
        ("Sources", ("title", "version", "licence", "origin"), sources),
        ("Files", ("file", "what it holds"), files),
    ]


def _about(evidence: Evidence) -> list[str]:
    facts = evidence.recommendation.facts
    return [
        f"A recommendation of machine-learning pipelines by metakg: {evidence.recommendation.iri}",
        f"Made at {facts.get('time') or 'a time that was not kept'}; scores are {facts['measure']}, with the "
        f"interval that is expected to hold 90 % of them. It rests on {evidence.run_count} runs.",
        "To check it: run evidence.rq on runs.ttl with any SPARQL engine; the rows are those of evidence.csv.",
    ]


def readme(evidence: Evidence) -> str:
    """Markdown."""
    lines = [f"# {_cell(evidence.recommendation.facts['title'])}", ""]
    for paragraph in _about(evidence):
        lines += [_cell(paragraph), ""]
    for heading, columns, rows in _sections(evidence):
        lines += [f"## {heading}", "", _row(columns), _row("---" for _ in columns), *map(_row, rows), ""]
    return "\n".join(lines)


def _row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _cell(cell: Any) -> str:
    """One line of text that is shown as it is: neither a table's border nor markup."""
    text = " ".join(_shown(cell).split()).replace("\\", "\\\\")
    for mark in "|<>[]`*":
        text = text.replace(mark, f"\\{mark}")
    return text


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return "" if cell is None else iris_in_short(str(cell))


def preview(evidence: Evidence) -> str:
    """HTML page without scripts."""
    title = escape(str(evidence.recommendation.facts["title"]))
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{title}</title>",
        "<style>body{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
        "td,th{text-align:left;padding:.2em 1em .2em 0;vertical-align:top}</style></head><body>",
        f"<h1>{title}</h1>",
        *(f"<p>{escape(paragraph)}</p>" for paragraph in _about(evidence)),
    ]
    for heading, columns, rows in _sections(evidence):
        head = "".join(f"<th>{escape(str(column))}</th>" for column in columns)
        body = "".join(f"<tr>{''.join(f'<td>{_linked(cell)}</td>' for cell in row)}</tr>" for row in rows)
        parts.append(f"<h2>{escape(heading)}</h2><table><tr>{head}</tr>{body}</table>")
    return "\n".join([*parts, "</body></html>\n"])


def _linked(cell: Any) -> str:
    text = escape(_shown(cell))
    return f'<a href="{text}">{text}</a>' if cell in FILES else text
