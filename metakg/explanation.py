"""What the graph knows about one thing (a recommendation, run, dataset, pipeline, method or product), by queries."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kg import iris
from kg.errors import QueryError
from kg.identity import all_names
from kg.measures import measure_of
from kg.terms import IRI, Value
from metakg import queries

if TYPE_CHECKING:
    from kg.store import Store

__all__ = ["Explanation", "Section", "explain", "iris_in_short", "whole_iri"]

Kind = Literal["recommendation", "run", "dataset", "pipeline", "method", "product"]


@dataclass(frozen=True)
class Section:
    """A table of an explanation: its heading, columns and rows of plain values."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


@dataclass(frozen=True)
class Explanation:
    """What is known of a thing: ``facts`` by name, and ``sections`` of rows."""

    kind: Kind
    iri: str
    facts: Mapping[str, Any]
    sections: tuple[Section, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Plain values: kind, iri, the facts, and each section as a list of dictionaries."""
        tables = {
            section.heading: [dict(zip(section.columns, row, strict=True)) for row in section.rows]
            for section in self.sections
        }
        return {"kind": self.kind, "iri": self.iri, **self.facts, **tables}

    def to_json(self) -> str:
        """JSON of :meth:`to_dict`."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)

    def to_text(self) -> str:
        """Lines for people."""
        lines = [f"{self.kind} {self.iri}"]
        facts = {name: value for name, value in self.facts.items() if value is not None}
        width = max((len(name) for name in facts), default=0)
        for name, value in facts.items():
            first, *rest = str(value).rstrip().splitlines() or [""]
            lines += [f"  {name:<{width}}  {first}", *(f"  {'':<{width}}  {line}" for line in rest)]
        for section in self.sections:
            lines += ["", section.heading]
            lines += ["  " + "  ".join(_shown(cell) for cell in row) for row in section.rows] or ["  none"]
        lines += ["", f"what is around it: metakg network neighbourhood {iris_in_short(self.iri)}"]
        return "\n".join(lines) + "\n"


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.4g}"
    return "-" if cell is None else iris_in_short(", ".join(str(cell).splitlines()))


def explain(store: Store, thing: str) -> Explanation:
    """Gather what the graph knows of a thing, by its IRI or OpenML dataset id.

    Raises
    ------
    QueryError
        If it is not an IRI, or the graph knows nothing of that kind by it.
    """
    iri = whole_iri(thing)
    for gather in _GATHERERS:
        found = gather(store, iri)
        if found is not None:
            return found
    raise QueryError(
        f"the graph knows no recommendation, run, dataset, pipeline, method or product {iri}; `metakg status` shows "
        "what it holds"
    )


_SHORT = {"metakg:": iris.BASE, "openml:dataset/": iris.OPENML + "dataset/"}


def iris_in_short(text: str) -> str:
    """IRI as people read and type it: ours begin with ``metakg:``, OpenML's datasets with ``openml:dataset/``.

    >>> iris_in_short("http://w3id.org/mlsea/openml/dataset/31")
    'openml:dataset/31'
    """
    for prefix, base in _SHORT.items():
        if text.startswith(base):
            return prefix + text.removeprefix(base)
    return text


def whole_iri(thing: str | int) -> str:
    """IRI of a thing as people write it.

    ``31`` and ``openml:31`` are datasets, ``metakg:run/...`` and ``openml:dataset/31`` what tables show, 16
    hexadecimal digits the key of a pipeline, ``oboe/31/...`` that of a run.

    >>> whole_iri("8ad1f1386e3da299")
    'https://w3id.org/metakg/pipeline/8ad1f1386e3da299'

    Raises
    ------
    QueryError
        If it is none of these.
    """
    text = str(thing).strip()
    for prefix, base in _SHORT.items():
        if text.startswith(prefix):
            return iris.dataset_iri(base + text.removeprefix(prefix))
    if re.fullmatch(r"[0-9a-f]{16}", text):
        return iris.own("pipeline", text)
    if re.fullmatch(r"[\w.-]+(/[\w.-]+)+", text):
        return iris.own("run", text)
    try:
        return iris.dataset_iri(text)
    except QueryError as error:
        raise QueryError(
            f"{text!r} is not a dataset (31 or openml:31), a pipeline's key (16 hexadecimal digits), a run's key "
            "(oboe/31/...) or an IRI: give one of these"
        ) from error


def _first(store: Store, name: str, **bindings: Value) -> dict[str, Any] | None:
    result = queries.run(store, name, **bindings)
    row = next(result.rows(), None)
    return None if row is None else dict(zip(result.variables, map(_plain, row), strict=True))


def _section(store: Store, heading: str, name: str, **bindings: Value) -> Section:
    result = queries.run(store, name, **bindings)
    return Section(heading, result.variables, tuple(tuple(map(_plain, row)) for row in result.rows()))


def _plain(value: Value | None) -> Any:
    if isinstance(value, IRI):
        text = str(value)
        return text.removeprefix(iris.measure("")) if text.startswith(iris.measure("")) else text
    return value


def _recommendation(store: Store, iri: str) -> Explanation | None:
    facts = _first(store, "explain_recommendation", it=IRI(iri))
    if facts is None:
        return None
    sections = (
        _section(store, "pipelines", "recommended", it=IRI(iri)),
        _section(store, "neighbours", "recommended_neighbours", it=IRI(iri)),
        _section(store, "derived from", "derived_from", it=IRI(iri)),
        _section(store, "kept out", "kept_out", it=IRI(iri)),
        _runs_again(store, facts["query"]),
    )
    return Explanation("recommendation", iri, facts, sections)


def _runs_again(store: Store, query: str) -> Section:
    """The supporting runs, found again by the query that the recommendation carries."""
    result = store.query(query)
    rows = sorted(tuple(map(_plain, row)) for row in result.rows())
    return Section("supporting runs", result.variables, tuple(rows))


def _run(store: Store, iri: str) -> Explanation | None:
    facts = _first(store, "explain_run", run=IRI(iri))
    if facts is None:
        return None
    about = (
        _section(store, "came about by", "run_context", run=IRI(iri)),
        _section(store, "uses", "run_uses", run=IRI(iri)),
        _section(store, "tags", "run_tags", run=IRI(iri)),
        _section(store, "artefacts", "run_artefacts", run=IRI(iri)),
        _series(store, iri),
        _section(store, "arm of a method", "run_trial", run=IRI(iri)),
        _section(store, "made", "run_products", run=IRI(iri)),
        _section(store, "parts", "run_parts", run=IRI(iri)),
    )
    scores = _section(store, "scores", "run_values", run=IRI(iri))
    return Explanation("run", iri, facts, (scores, *(section for section in about if section.rows)))


def _series(store: Store, iri: str) -> Section:
    """Series of a run in short: how many points, and from where to where if the points are at hand."""
    import polars as pl

    known = _section(store, "series", "run_series", run=IRI(iri))
    if not known.rows:
        return known
    ends = (
        store.series([iri]).group_by("name", "axis").agg(pl.col("value").first(), last=pl.col("value").last())
    )
    held = {(name, axis): (first, last) for name, axis, first, last in ends.iter_rows()}
    rows = tuple((*row, *held.get((row[0], row[1]), (None, None))) for row in known.rows)
    return Section("series", (*known.columns, "first", "last"), rows)


def _dataset(store: Store, iri: str) -> Explanation | None:
    if not store.query("ASK { ?it a ?type }", bindings={"it": IRI(iri), "type": IRI(_MLS_DATASET)}).answer:
        return None
    from metakg.training import MEASURE, PROCEDURE

    facts = _first(store, "explain_dataset", dataset=IRI(iri)) or {}
    names = list(all_names(store, [iri]))
    best = f"best pipelines by {measure_of(MEASURE).label} in 5-fold cross-validation"
    judged = {"measure": IRI(MEASURE), "procedure": IRI(PROCEDURE)}
    runs = [_section(store, "runs", "dataset_runs", dataset=IRI(name)) for name in names]
    tops = [_section(store, best, "dataset_best", dataset=IRI(name), **judged) for name in names]
    rows = [row for section in tops for row in section.rows]
    sections = (
        Section("runs", runs[0].columns, tuple(row for section in runs for row in section.rows)),
        Section(best, tops[0].columns, tuple(sorted(rows, key=lambda row: (-row[2], row[0]))[:_SHOWN_BEST])),
    )
    also = ", ".join(name for name in names if name != iri) or None
    return Explanation("dataset", iri, {"openml_id": iris.openml_id(iri), "also": also, **facts}, sections)


def _pipeline(store: Store, iri: str) -> Explanation | None:
    facts = _first(store, "explain_pipeline", pipeline=IRI(iri))
    if facts is None:
        return None
    section = _section(store, "runs by measure", "pipeline_runs", pipeline=IRI(iri))
    return Explanation("pipeline", iri, facts, (section,))


def _method(store: Store, iri: str) -> Explanation | None:
    facts = _first(store, "explain_method", it=IRI(iri))
    if facts is None:
        return None
    return Explanation(
        "method", iri, facts, (_section(store, "arms that were run", "method_arms", it=IRI(iri)),)
    )


def _product(store: Store, iri: str) -> Explanation | None:
    facts = _first(store, "explain_product", it=IRI(iri))
    if facts is None:
        return None
    about = (
        _section(store, "properties", "product_properties", it=IRI(iri)),
        _section(store, "derived from", "product_origins", it=IRI(iri)),
        _section(store, "what came from it", "product_descendants", it=IRI(iri)),
    )
    return Explanation("product", iri, facts, tuple(section for section in about if section.rows))


_SHOWN_BEST = 5
_MLS_DATASET = "http://www.w3.org/ns/mls#Dataset"
_GATHERERS: tuple[Callable[[Store, str], Explanation | None], ...] = (
    _recommendation,
    _run,
    _pipeline,
    _dataset,
    _method,
    _product,
)
