"""The rules of the shapes on tables: what :mod:`kg.schema` does not hold them to already, column by column.

The mapping to RDF gives every node its type, its one task, its parts; so of the shapes only ranges, texts and
missing evaluations are left to look at. A run whose task, dataset or pipeline no table describes is also told of:
such a run may stand in RDF, where another graph may describe them, but no projection of its graph would show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import iris
from kg.batch import Batch
from kg.measures import MEASURES, Measure
from kg.violations import Report, Violation

if TYPE_CHECKING:
    import polars as pl

__all__ = ["check_batches"]

LIMIT = 1_000
"""Violations of one rule that are listed."""

_SHAPES = "https://w3id.org/metakg/shapes#"

_CANONICAL = r'^\{"steps":\[\{'


@dataclass(frozen=True)
class _Rule:
    table: str
    column: str
    shape: str
    path: str
    rule: str
    message: str
    remedy: str
    measure: str = ""


_TITLE = _Rule(
    "datasets", "title", "Dataset", "dcterms:title", "minCount", "a dataset needs a title", "add one"
)
_SIZE = _Rule(
    "runs",
    "training_size",
    "Run",
    "mkg:trainingSize",
    "minInclusive",
    "a run's training size must be at least 1",
    "correct it, or leave it empty",
)
_CANONICAL_FORM = _Rule(
    "pipelines",
    "canonical",
    "Pipeline",
    "mkg:canonical",
    "pattern",
    'a pipeline\'s canonical form must begin with {"steps":[{',
    "make it with kg.Pipeline.canonical()",
)
_OUTCOME = _Rule(
    "runs",
    "status",
    "Run",
    "mls:hasOutput",
    "node",
    "a run that did not fail and was not pruned needs an evaluation",
    "add one, or say that it failed",
)


def check_batches(batches: Batch | Sequence[Batch], *, limit: int | None = LIMIT) -> Report:
    """Check the batches of one commit, together.

    Parameters
    ----------
    batches
        All of a commit's, since a run and its evaluations may be in different ones.
    limit
        Violations of one rule that are listed; None for all.

    Returns
    -------
    Report
        Its violations name the table and the row, counted from 0 within the batch.
    """
    listed = [batches] if isinstance(batches, Batch) else list(batches)
    found: list[Violation] = []
    truncated = False
    for rule, number, frame in _breaches(listed):
        kept = frame if limit is None else frame.head(limit)
        truncated = truncated or kept.height < frame.height
        found += _violations(rule, number if len(listed) > 1 else None, kept)
    rows = {table: sum(batch.tables()[table].height for batch in listed) for table in ("runs", "evaluations")}
    return Report(tuple(found), truncated, rows)


def _breaches(batches: Sequence[Batch]) -> Iterator[tuple[_Rule, int, pl.DataFrame]]:
    """Rows that break a rule: (rule, number of the batch, frame of row, node, value)."""
    import polars as pl

    names = _Names(batches)
    present = set(names.of("evaluations", "measure"))
    held = [measure for measure in (*MEASURES.values(), *_declared(batches)) if measure.iri in present]
    ranges = list(_range_rules(held))
    unknown = {
        (table, column): names.missing(table, column, _TABLES[column]) for table, column in _REFERENCES
    }
    silent = names.missing("runs", "run", "evaluations")
    for number, batch in enumerate(batches):
        cases = [
            (_TITLE, batch.datasets, pl.col("title").is_null()),
            (_SIZE, batch.runs, pl.col("training_size") < 1),
            (_CANONICAL_FORM, batch.pipelines, ~pl.col("canonical").str.contains(_CANONICAL)),
        ]
        cases += [(rule, batch.evaluations, broken) for rule, broken in ranges]
        if len(silent):
            broken = (pl.col("status") == "finished") & pl.col("run").is_in(silent.implode())
            cases.append((_OUTCOME, batch.runs, broken))
        cases += [
            (_reference(table, column), batch.tables()[table], pl.col(column).is_in(absent.implode()))
            for (table, column), absent in unknown.items()
            if len(absent)
        ]
        for rule, frame, broken in cases:
            rows = _rows(rule, frame, broken)
            if rows.height:
                yield rule, number, rows


class _Names:
    """Distinct names in the columns of all batches, each column looked at once."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._batches = batches
        self._found: dict[tuple[str, str], pl.Series] = {}

    def of(self, table: str, column: str) -> pl.Series:
        import polars as pl

        if (table, column) not in self._found:
            parts = [batch.tables()[table][column] for batch in self._batches]
            self._found[table, column] = pl.concat(parts).unique()
        return self._found[table, column]

    def missing(self, table: str, column: str, other: str) -> pl.Series:
        """Names in a column that the column of that name in the other table does not have."""
        names = self.of(table, column)
        return names.filter(~names.is_in(self.of(other, column).implode()))


_TABLES = {"dataset": "datasets", "task": "tasks", "pipeline": "pipelines", "run": "runs"}

_REFERENCES = (
    ("qualities", "dataset"),
    ("tasks", "dataset"),
    ("runs", "dataset"),
    ("runs", "task"),
    ("runs", "pipeline"),
    ("evaluations", "run"),
)


def _reference(table: str, column: str) -> _Rule:
    return _Rule(
        table,
        column,
        table.removesuffix("s").title(),
        column,
        "reference",
        f"{table} name a {column} that the table {column}s does not have",
        f"add it to {column}s",
    )


def _declared(batches: Sequence[Batch]) -> Iterator[Measure]:
    """Measures that the batches declare, each once."""
    seen: set[str] = set()
    for batch in batches:
        for iri, label, direction, low, high, unit in batch.measures.iter_rows():
            key = iri.removeprefix(iris.measure(""))
            if iri not in seen and key not in MEASURES and iris.measure(key) == iri:
                seen.add(iri)
                yield Measure(key, label, direction, low, high, unit or "")


def _range_rules(measures: Iterable[Measure]) -> Iterator[tuple[_Rule, pl.Expr]]:
    import polars as pl

    for measure in measures:
        of_measure, value = pl.col("measure") == measure.iri, pl.col("value")
        for rule, bound, broken in (
            ("minInclusive", measure.low, value < measure.low if measure.low is not None else None),
            ("maxInclusive", measure.high, value > measure.high if measure.high is not None else None),
        ):
            if broken is not None:
                side = "at least" if rule == "minInclusive" else "at most"
                yield (
                    _Rule(
                        "evaluations",
                        "value",
                        measure.key,
                        f"measure:{measure.key}",
                        rule,
                        f"{measure.key} must be {side} {bound:g}",
                        "correct the number, or leave it out",
                        measure.iri,
                    ),
                    broken & of_measure,
                )


def _rows(rule: _Rule, frame: pl.DataFrame, broken: pl.Expr) -> pl.DataFrame:
    import polars as pl

    node = {"datasets": "dataset", "qualities": "dataset", "tasks": "task", "pipelines": "pipeline"}
    return (
        frame.lazy()
        .with_row_index("row")
        .filter(broken)
        .select("row", node=pl.col(node.get(rule.table, "run")), value=pl.col(rule.column).cast(pl.String))
        .collect()
    )


def _violations(rule: _Rule, batch: int | None, rows: pl.DataFrame) -> Iterable[Violation]:
    where = f"{rule.table} of batch {batch}" if batch is not None else rule.table
    for row, node, value in rows.iter_rows():
        yield Violation(
            node=node,
            shape=_SHAPES + rule.shape,
            path=rule.path,
            rule=rule.rule,
            message=rule.message,
            remedy=rule.remedy,
            value=value,
            place=f"{where}, row {row}",
        )
