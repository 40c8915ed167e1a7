"""Which pipelines did best, on one dataset or over all of them, read from the columns of the graph.

Of graphs with millions of runs only the slices are read that hold the measure that is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.experience import Experience, full
from kg.measures import measure_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["best", "leaderboard"]

LEAST_SHARE = 0.5
"""Share of the datasets of the pipeline that has most of them, for a mean over datasets to be compared."""

_SHOWN = ("pipeline", "value", "runtime_seconds", "run", "graph")


def best(found: Experience, dataset: str, measure: str, procedure: str, count: int) -> pl.DataFrame:
    """Pipelines that did best on a dataset: pipeline, title, value, runtime_seconds, run, graph.

    Parameters
    ----------
    found
        The experience.
    dataset
        Its IRI.
    measure, procedure
        Keys or IRIs.
    count
        Number of runs; the best comes first, ties in the order of their runs.

    Raises
    ------
    QueryError
        If the measure is unknown.
    """
    import polars as pl

    wanted = {
        "measure": measure_of(measure, found.measures).iri,
        "procedure": full(procedure, "procedure"),
        "dataset": found.aliases.get(dataset, dataset),
    }
    large, small = _slices(found, wanted), _small(found, wanted)
    rows = [part.select(_SHOWN).collect() for part in (*large, small)]
    higher = measure_of(measure, found.measures).direction == "higher"
    ordered = pl.concat(rows).drop_nulls("value").sort("value", "run", descending=[higher, False])
    return _titled(found, ordered.head(count), ["value", "runtime_seconds", "run", "graph"])


def leaderboard(found: Experience, measure: str, procedure: str, count: int) -> pl.DataFrame:
    """Pipelines by the mean of a measure over datasets: pipeline, title, mean, datasets, runs.

    Means are over the means of each dataset, and of as many datasets as a pipeline was run on: compare those that were
    run on the same number. One that was run on less than half as many as another is left out: a single good run on an
    easy table would come first. The best comes first.

    Raises
    ------
    QueryError
        If the measure is unknown.
    """
    import polars as pl

    wanted = {"measure": measure_of(measure, found.measures).iri, "procedure": full(procedure, "procedure")}
    small, large = _small(found, wanted), _slices(found, wanted)
    boards = []
    if large and _once(found, wanted):
        # Of each dataset and pipeline there is one run: no need to look for others, which takes as long again.
        alone = pl.concat(large).select("pipeline", "dataset", "value")
        also = small.select(pl.col("pipeline").cast(pl.String)).unique().collect()["pipeline"]
        if also.is_empty():
            boards.append(_means(alone))
        else:
            shared = pl.col("pipeline").cast(pl.String).is_in(also.implode())
            boards.append(_means(alone.filter(~shared)))
            boards.append(_means(_cells([small, alone.filter(shared)])))
    else:
        boards.append(_means(_cells([small, *large])))
    board = pl.concat([each.with_columns(pl.col("pipeline").cast(pl.String)).collect() for each in boards])
    board = board.filter(pl.col("datasets") >= LEAST_SHARE * pl.col("datasets").max())
    higher = measure_of(measure, found.measures).direction == "higher"
    ordered = board.sort("mean", "pipeline", descending=[higher, False]).head(count)
    return _titled(found, ordered, ["mean", "datasets", "runs"])


def _cells(parts: list[pl.LazyFrame]) -> pl.LazyFrame:
    """One row for each dataset and pipeline."""
    import polars as pl

    rows = pl.concat([part.select("pipeline", "dataset", "value") for part in parts]).drop_nulls("value")
    return rows.group_by("pipeline", "dataset").agg(pl.col("value").mean(), runs=pl.len())


def _means(cells: pl.LazyFrame) -> pl.LazyFrame:
    import polars as pl

    runs = pl.col("runs").sum() if "runs" in cells.collect_schema() else pl.len().alias("runs")
    return cells.group_by("pipeline").agg(pl.col("value").mean().alias("mean"), runs, datasets=pl.len())


def _small(found: Experience, wanted: dict[str, str]) -> pl.LazyFrame:
    return (found.rows if found.small is None else found.small).filter(_is(wanted))


def _slices(found: Experience, wanted: dict[str, str]) -> list[pl.LazyFrame]:
    """Of each file of large parts the rows that are wanted, which stand together but for datasets left out."""
    import polars as pl

    if found.places is None:
        return []
    end = pl.col("start") + pl.col("count")
    places = found.places.filter(_is(wanted)).group_by("file")
    spans = places.agg(
        pl.col("start").min(), end.max().alias("end"), pl.col("count").sum(), pl.col("dataset")
    )
    renamed, slices = set(found.aliases.values()), []
    for file, start, stop, count, datasets in spans.sort("file").iter_rows():
        rows = pl.scan_parquet(file).slice(start, stop - start)
        name = pl.col("dataset").cast(pl.String)
        if renamed.intersection(datasets):
            rows = rows.with_columns(name.replace(found.aliases).cast(pl.Categorical))
        if count < stop - start:
            rows = rows.filter(name.is_in(datasets))
        slices.append(rows.filter(_is(wanted)))
    return slices


def _once(found: Experience, wanted: dict[str, str]) -> bool:
    """Whether no pipeline was run twice on a dataset in large parts, and no dataset is in two of them."""
    import polars as pl

    assert found.places is not None
    places = found.places.filter(_is(wanted))
    alone = places.select((pl.col("count") == pl.col("pipelines")).all()).item()
    return bool(alone) and not places["dataset"].is_duplicated().any()


def _is(wanted: dict[str, str]) -> pl.Expr:
    import polars as pl

    return pl.all_horizontal(pl.col(name) == value for name, value in wanted.items())


def _titled(found: Experience, frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
    import polars as pl

    named = frame.with_columns(pl.col(pl.Categorical).cast(pl.String))
    titles = found.pipelines.select("pipeline", "title")
    joined = named.join(titles, on="pipeline", how="left", maintain_order="left")
    return joined.select("pipeline", "title", *columns)
