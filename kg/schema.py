"""The declared tables of a batch: columns, types, and which values may be missing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import SchemaError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["TABLES", "Column", "empty", "is_iri", "validate"]


@dataclass(frozen=True)
class Column:
    """One column: its polars type by name, and whether a value may be missing."""

    name: str
    dtype: str
    optional: bool = False


TABLES: dict[str, tuple[Column, ...]] = {
    "datasets": (
        Column("dataset", "String"),
        Column("title", "String", optional=True),
        Column("landing_page", "String", optional=True),
        Column("openml_id", "Int64", optional=True),
        Column("content_hash", "String", optional=True),
    ),
    "qualities": (Column("dataset", "String"), Column("name", "String"), Column("value", "Float64")),
    "tasks": (
        Column("task", "String"),
        Column("dataset", "String"),
        Column("type", "String"),
        Column("procedure", "String"),
        Column("target", "String", optional=True),
    ),
    "pipelines": (Column("pipeline", "String"), Column("title", "String"), Column("canonical", "String")),
    "runs": (
        Column("run", "String"),
        Column("task", "String"),
        Column("dataset", "String"),
        Column("pipeline", "String"),
        Column("status", "String"),
        Column("training_size", "Int64", optional=True),
        Column("seed", "Int64", optional=True),
        Column("started", "Datetime", optional=True),
        Column("error", "String", optional=True),
    ),
    "evaluations": (Column("run", "String"), Column("measure", "String"), Column("value", "Float64")),
    "measures": (
        Column("measure", "String"),
        Column("label", "String"),
        Column("direction", "String"),
        Column("minimum", "Float64", optional=True),
        Column("maximum", "Float64", optional=True),
        Column("unit", "String", optional=True),
    ),
    "contexts": (
        Column("run", "String"),
        Column("name", "String", optional=True),
        Column("parent", "String", optional=True),
        Column("role", "String", optional=True),
        Column("ended", "Datetime", optional=True),
        Column("error_type", "String", optional=True),
        Column("script", "String", optional=True),
        Column("commit", "String", optional=True),
        Column("host", "String", optional=True),
        Column("platform", "String", optional=True),
        Column("python", "String", optional=True),
        Column("packages", "String", optional=True),
        Column("user", "String", optional=True),
    ),
    "tags": (Column("run", "String"), Column("name", "String"), Column("text", "String")),
    "artefacts": (
        Column("run", "String"),
        Column("name", "String"),
        Column("sha256", "String"),
        Column("bytes", "Int64", optional=True),
        Column("media_type", "String", optional=True),
        Column("location", "String", optional=True),
    ),
    "usages": (Column("run", "String"), Column("dataset", "String"), Column("role", "String")),
    "distributions": (
        Column("dataset", "String"),
        Column("name", "String"),
        Column("location", "String", optional=True),
        Column("sha256", "String", optional=True),
        Column("bytes", "Int64", optional=True),
        Column("media_type", "String", optional=True),
        Column("licence", "String", optional=True),
    ),
    "links": (
        Column("dataset", "String"),
        Column("other", "String"),
        Column("relation", "String"),
        Column("reason", "String"),
    ),
    "methods": (
        Column("method", "String"),
        Column("name", "String"),
        Column("title", "String"),
        Column("fidelity", "String"),
        Column("publication", "String", optional=True),
        Column("year", "Int64", optional=True),
        Column("note", "String", optional=True),
    ),
    "trials": (
        Column("run", "String"),
        Column("method", "String"),
        Column("arm", "String"),
        Column("arm_kind", "String"),
        Column("benchmark", "String"),
        Column("version", "String"),
        Column("configuration", "String"),
    ),
    "products": (
        Column("run", "String"),
        Column("name", "String"),
        Column("kind", "String"),
        Column("title", "String"),
        Column("text", "String", optional=True),
        Column("generation", "Int64", optional=True),
    ),
    "derivations": (Column("run", "String"), Column("name", "String"), Column("origin", "String")),
    "properties": (
        Column("run", "String"),
        Column("name", "String"),
        Column("property", "String"),
        Column("text", "String", optional=True),
        Column("value", "Float64", optional=True),
    ),
    "series": (
        Column("run", "String"),
        Column("name", "String"),
        Column("axis", "String"),
        Column("position", "Float64"),
        Column("value", "Float64"),
    ),
}
"""Tables of a batch by name; IRIs are text, values are 64-bit floats, times are UTC.

The first six are what the experience is made of. ``measures`` declares measures that :mod:`kg.measures` does not know;
``contexts`` says how a run came about, one row each (``parent`` is the run that it is a part of, ``packages`` lines of
``name==version``); ``tags`` is what else was noted of it, as text; ``artefacts`` are files by their content; ``usages``
are datasets that a run used beside the one of its task, and in which role; ``distributions`` are files of a dataset,
with the licence of its data; ``links`` says that two datasets are one (``same``), come from one another (``alternate``)
or have nothing to do with one another (``different``).

``methods`` are described as they were published; ``trials`` says which arm of a method (itself, a baseline, an
ablation) a run is, on which benchmark, by which version, and with what configuration, so that runs that differ in
nothing but arm and seed can be paired. ``products`` are things that a run made and that no file holds (a skill, an
optimizer), ``derivations`` the runs and products that each came from, and ``properties`` what else is known of each,
as text or as a number.

``series`` are values along an axis (epoch, step, fold, training size), by the measure's key or a name of the source's:
points that are kept beside the graph (:mod:`kg.series`) and not as triples.
"""

COUNTED = ("datasets", "qualities", "tasks", "pipelines", "runs", "evaluations")
"""Tables that are counted even where they are empty."""

DESCRIBED = ("datasets", "qualities", "tasks", "pipelines", "measures", "distributions", "methods")
"""Tables whose rows several batches of a source may have, word for word the same."""

KEYS = {
    "datasets": ["dataset"],
    "qualities": ["dataset", "name"],
    "tasks": ["task"],
    "pipelines": ["pipeline"],
    "runs": ["run"],
    "evaluations": ["run", "measure"],
    "measures": ["measure"],
    "contexts": ["run"],
    "tags": ["run", "name"],
    "artefacts": ["run", "name"],
    "usages": ["run", "dataset", "role"],
    "distributions": ["dataset", "name"],
    "links": ["dataset", "other"],
    "methods": ["method"],
    "trials": ["run"],
    "products": ["run", "name"],
    "derivations": ["run", "name", "origin"],
    "properties": ["run", "name", "property"],
    "series": ["run", "name", "axis", "position"],
}
"""Columns that name a row: no two rows of a table may share them."""

IRIS = (
    "dataset",
    "landing_page",
    "task",
    "procedure",
    "pipeline",
    "run",
    "measure",
    "parent",
    "other",
    "method",
    "publication",
    "origin",
)
"""Columns that hold IRIs."""

_IRI = r"^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>\"{}|\\^`]+$"

ALLOWED = {
    "status": ("finished", "failed", "pruned"),
    "type": (
        "classification",
        "regression",
        "clustering",
        "forecasting",
        "anomaly_detection",
        "survival_analysis",
        "other",
    ),
    "direction": ("higher", "lower"),
    "role": ("train", "test", "support", "query"),
    "relation": ("same", "alternate", "different"),
    "fidelity": ("reimplementation", "reconstruction"),
    "arm_kind": ("method", "baseline", "ablation"),
}
"""Columns with few values: of a run, a task, a measure, the data of a run, a link, a method, a trial.

A run is ``pruned`` if it was stopped early because it did not promise enough: it has no evaluation, but it may have
series.
"""


def is_iri(text: str) -> bool:
    """Whether the text can stand as an IRI in RDF."""
    return re.match(_IRI, text) is not None and not text.endswith("\n")


def _dtype(column: Column) -> pl.DataType:
    import polars as pl

    return pl.Datetime("us", "UTC") if column.dtype == "Datetime" else getattr(pl, column.dtype)()


def empty(table: str) -> pl.DataFrame:
    """Table without rows, with the declared columns."""
    import polars as pl

    return pl.DataFrame(schema={column.name: _dtype(column) for column in TABLES[table]})


def validate(table: str, frame: pl.DataFrame | None) -> pl.DataFrame:
    """Return the frame with the declared columns in the declared order and types.

    Raises
    ------
    SchemaError
        If a column is missing, unknown or of another type, a value is missing or not finite, or a row is doubled.
    """
    import polars as pl

    if frame is None:
        return empty(table)
    declared = {column.name: column for column in TABLES[table]}
    unknown = [name for name in frame.columns if name not in declared]
    if unknown:
        raise SchemaError(
            f"table {table!r} has an unknown column {unknown[0]!r}; known: {', '.join(declared)}"
        )
    columns = []
    for column in declared.values():
        if column.name not in frame.columns:
            if not column.optional:
                raise SchemaError(f"table {table!r} lacks the column {column.name!r} ({column.dtype})")
            columns.append(pl.lit(None, dtype=_dtype(column)).alias(column.name))
            continue
        if not column.optional and (nulls := frame[column.name].null_count()):
            raise SchemaError(
                f"table {table!r}: {nulls} of {frame.height} values of {column.name!r} are missing"
            )
        columns.append(pl.col(column.name).cast(_dtype(column)))
    try:
        typed = frame.select(columns)
    except pl.exceptions.PolarsError as error:
        first = str(error).splitlines()[0]
        raise SchemaError(f"table {table!r} does not have the declared types: {first}") from error
    _check_values(table, typed)
    return typed


def _check_values(table: str, frame: pl.DataFrame) -> None:
    import polars as pl

    if frame.is_empty():
        return
    if "value" in frame.columns and not frame["value"].is_finite().all():
        row = frame.filter(~pl.col("value").is_finite()).row(0)
        raise SchemaError(
            f"table {table!r} has a value that is not a finite number: {row}; leave such rows out"
        )
    for column, allowed in ALLOWED.items():
        if column in frame.columns and not frame[column].drop_nulls().is_in(list(allowed)).all():
            unknown = frame.filter(~pl.col(column).is_in(list(allowed)))[column][0]
            raise SchemaError(
                f"table {table!r}: {column} {unknown!r} is unknown; known: {', '.join(allowed)}"
            )
    keys = KEYS[table]
    if (doubled := frame.select(keys).is_duplicated()).any():
        raise SchemaError(f"table {table!r} has two rows for {frame.filter(doubled).select(keys).row(0)}")
    for column in [name for name in IRIS if name in frame.columns]:
        wrong = frame.filter(~pl.col(column).str.contains(_IRI))[column]
        if len(wrong):
            raise SchemaError(f"table {table!r}: {column} {wrong[0]!r} is not an IRI: make it with kg.iris")
