"""Tables of sources: read with a clear error when damaged, and turned into the tables of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kg import iris
from kg.errors import SourceError
from kg.measures import measure_of

if TYPE_CHECKING:
    import polars as pl

    from ingest.source import Tally
    from kg.pipeline import Pipeline

__all__ = [
    "DATA",
    "SAME_PIPELINE",
    "TITLES",
    "evaluations",
    "openml_datasets",
    "openml_tasks",
    "pipelines",
    "qualities",
    "read_csv",
    "read_parquet",
    "reading",
]

DATA = Path(__file__).parent / "data"
"""Folder of the packaged data, made by :mod:`ingest.convert`."""

SAME_PIPELINE = "the same pipeline as another one of the source, once defaults are dropped"

TITLES = "lcdb-datasets.parquet"
"""Packaged table of OpenML ids and names (and qualities)."""


@contextmanager
def reading(where: str) -> Iterator[None]:
    """Turn what polars raises for data that is not as expected into a :class:`SourceError` that names ``where``."""
    import polars as pl

    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise SourceError(
            f"{where}: does not hold what it should ({first}); it is damaged or of another version: "
            "install or download it again"
        ) from error


def read_parquet(path: Path, required: Sequence[str]) -> pl.DataFrame:
    """Read a Parquet file that has the required columns, and perhaps others.

    Raises
    ------
    SourceError
        If the file is missing, damaged, or lacks a column.
    """
    import polars as pl

    with reading(str(path)):
        frame = pl.read_parquet(path)
        frame.select(required)
        return frame


def read_csv(content: bytes, where: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Parse the named columns, or all, of a CSV; ``where`` names it in errors.

    Raises
    ------
    SourceError
        If it is no CSV or lacks a column.
    """
    import polars as pl

    with reading(where):
        return pl.read_csv(content, columns=columns, infer_schema_length=None)


def openml_datasets(ids: Iterable[int], tally: Tally) -> pl.DataFrame:
    """Dataset table of OpenML ids, ascending; titles are OpenML's names where the packaged data has them."""
    import polars as pl

    titles = read_parquet(DATA / TITLES, ["openmlid", "Name"]).rename(
        {"openmlid": "openml_id", "Name": "title"}
    )
    number = pl.col("openml_id").cast(pl.String)
    distinct = sorted(set(ids))
    tally.read("datasets", len(distinct))
    return (
        pl.DataFrame({"openml_id": distinct}, schema={"openml_id": pl.Int64})
        .join(titles, on="openml_id", how="left", maintain_order="left")
        .select(
            (pl.lit(iris.OPENML + "dataset/") + number).alias("dataset"),
            pl.col("title").fill_null(pl.lit("OpenML dataset ") + number),
            (pl.lit("https://www.openml.org/d/") + number).alias("landing_page"),
            "openml_id",
        )
    )


def openml_tasks(datasets: pl.DataFrame, procedure: str, tally: Tally) -> pl.DataFrame:
    """Task table: classification of each dataset, estimated by the procedure with this key."""
    import polars as pl

    tally.read("tasks", datasets.height)
    return datasets.select(
        pl.col("openml_id")
        .map_elements(lambda number: iris.task(f"openml-{number}", procedure), return_dtype=pl.String)
        .alias("task"),
        "dataset",
        pl.lit("classification").alias("type"),
        pl.lit(iris.procedure(procedure)).alias("procedure"),
    )


def pipelines(names: pl.Series, read_name: Callable[[str], Pipeline], tally: Tally) -> pl.DataFrame:
    """Pipelines of a source's names: columns name, key, pipeline, title, canonical; one row per pipeline.

    Where two names are one pipeline, the first in the alphabet stands for both, and ``tally`` takes note.
    """
    import polars as pl

    every = pl.DataFrame(
        [
            (name, pipeline.key, pipeline.iri, pipeline.title, pipeline.canonical())
            for name in sorted(set(names))
            for pipeline in (read_name(name),)
        ],
        schema=dict.fromkeys(("name", "key", "pipeline", "title", "canonical"), pl.String),
        orient="row",
    )
    distinct = every.unique("pipeline", keep="first", maintain_order=True)
    tally.read("pipelines", every.height)
    tally.leave_out("pipelines", SAME_PIPELINE, every.height - distinct.height)
    return distinct


def evaluations(wide: pl.DataFrame, measures: Mapping[str, str], tally: Tally) -> pl.DataFrame:
    """Evaluation table of runs with one column of values per measure.

    Parameters
    ----------
    wide
        Column ``run`` and the columns named in ``measures``.
    measures
        Column → key of its measure.
    tally
        Takes note of the values that are missing, not finite, or outside the measure's range: they are left
        out.
    """
    import polars as pl

    parts = []
    for column, key in measures.items():
        measure = measure_of(key)
        values = wide.select(
            "run", pl.lit(measure.iri).alias("measure"), pl.col(column).cast(pl.Float64).alias("value")
        )
        finite = values.filter(pl.col("value").is_finite())
        low = -float("inf") if measure.low is None else measure.low
        high = float("inf") if measure.high is None else measure.high
        inside = finite.filter(pl.col("value").is_between(low, high))
        tally.read("evaluations", values.height)
        tally.leave_out("evaluations", f"{key}: no finite value in the source", values.height - finite.height)
        tally.leave_out("evaluations", f"{key}: outside [{low:g}, {high:g}]", finite.height - inside.height)
        parts.append(inside)
    return pl.concat(parts)


def qualities(wide: pl.DataFrame, tally: Tally) -> pl.DataFrame:
    """Quality table of datasets: ``wide`` has the column ``openml_id`` and one column per quality.

    ``tally`` takes note of the missing values, which are left out: missing stays missing.
    """
    import polars as pl

    names = [name for name in wide.columns if name != "openml_id"]
    long = wide.with_columns(pl.col(names).cast(pl.Float64)).unpivot(
        on=names, index="openml_id", variable_name="name", value_name="value"
    )
    known = long.filter(pl.col("value").is_finite())
    tally.read("qualities", long.height)
    tally.leave_out("qualities", "missing in the source", long.height - known.height)
    return known.select(
        (pl.lit(iris.OPENML + "dataset/") + pl.col("openml_id").cast(pl.String)).alias("dataset"),
        "name",
        "value",
    )
