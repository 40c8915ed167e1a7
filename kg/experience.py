"""The experience: runs, datasets, qualities and pipelines as columns, derived from the graph.

Embeddings, recommender and app read this and not the graph. It is kept as Parquet in the store's folder, one
part per named graph, and a part is rebuilt when its graph changes; delete it and nothing is lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kg import identity, iris
from kg.declarations import declared_measures
from kg.manifest import GraphInfo
from kg.measures import Measure
from kg.pipeline import Pipeline
from kg.projection import DESCRIPTIONS, REPEATED, clear_stale, nothing, part_of
from kg.store import Progress, Store
from kg.terms import IRI
from kg.vocabulary import OWL

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from kg.selection import Selection

__all__ = ["Experience", "experience_version", "full", "load", "same_as"]


@dataclass(frozen=True)
class Experience:
    """What is known, as columns.

    Attributes
    ----------
    version
        Text that changes when any graph with experiments changes.
    rows
        One row per run and measure, to be collected: run, dataset, pipeline, task, procedure, type, measure,
        value, runtime_seconds (null if not measured), status, training_size, started, graph; the columns that
        repeat a few values are categories. Select what you need: a store may have tens of millions.
    places, small
        Where in files the rows of a dataset, procedure and measure stand, for parts that are large, and the rows of
        all other parts, which are in memory; None if no part is large. See :class:`kg.projection.Part`.
    measures
        Measures that sources declare, by key.
    aliases
        Other names of datasets, each with the name that its dataset has here (:mod:`kg.identity`).
    datasets, qualities, pipelines
        dataset, title, openml_id; dataset, name, value; pipeline, title, canonical.
    """

    version: str
    rows: pl.LazyFrame
    datasets: pl.DataFrame
    qualities: pl.DataFrame
    pipelines: pl.DataFrame
    places: pl.DataFrame | None = None
    small: pl.LazyFrame | None = None
    measures: Mapping[str, Measure] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def runs(self) -> pl.DataFrame:
        """All of :attr:`rows`, with text for categories."""
        import polars as pl

        return self.rows.with_columns(pl.col(REPEATED).cast(pl.String)).collect()

    def without_datasets(self, excluded: Iterable[str]) -> Experience:
        """The same without some datasets, their runs and their qualities."""
        import polars as pl

        gone = sorted({self.aliases.get(name, name) for name in excluded})
        keep = ~pl.col("dataset").is_in(gone)
        digest = hashlib.sha256("\n".join([self.version, *gone]).encode()).hexdigest()[:16]
        kept = ~pl.col("dataset").cast(pl.String).is_in(gone)
        return replace(
            self,
            version=digest if gone else self.version,
            rows=self.rows.filter(kept),
            datasets=self.datasets.filter(keep),
            qualities=self.qualities.filter(keep),
            places=None if self.places is None else self.places.filter(keep),
            small=None if self.small is None else self.small.filter(kept),
        )

    @cached_property
    def pipeline_objects(self) -> dict[str, Pipeline]:
        """Pipelines by IRI."""
        rows = self.pipelines.select("pipeline", "canonical").iter_rows()
        return {iri: Pipeline.from_canonical(canonical) for iri, canonical in rows}

    def matrix(self, measure: str, procedure: str) -> tuple[list[str], list[str], np.ndarray]:
        """Values of a measure by a procedure.

        Parameters
        ----------
        measure, procedure
            Keys or IRIs, such as ``balanced_accuracy`` and ``5-fold-cv``.

        Returns
        -------
        datasets, pipelines, values
            IRIs of n datasets and p pipelines, sorted, and an n × p array of float64 with NaN where nothing
            was measured; the mean where a pair was measured more than once.
        """
        return self._pivot(measure, procedure, "value")

    def runtimes(self, measure: str, procedure: str) -> tuple[list[str], list[str], np.ndarray]:
        """Seconds that the runs took which :meth:`matrix` shows: same datasets, pipelines and shape."""
        return self._pivot(measure, procedure, "runtime_seconds")

    def best(self, dataset: str, measure: str, procedure: str, count: int = 10) -> pl.DataFrame:
        """Pipelines that did best on a dataset; see :func:`kg.leaderboards.best`."""
        from kg import leaderboards

        return leaderboards.best(self, dataset, measure, procedure, count)

    def leaderboard(self, measure: str, procedure: str, count: int = 10) -> pl.DataFrame:
        """Pipelines by the mean of a measure over datasets; see :func:`kg.leaderboards.leaderboard`."""
        from kg import leaderboards

        return leaderboards.leaderboard(self, measure, procedure, count)

    def _pivot(self, measure: str, procedure: str, column: str) -> tuple[list[str], list[str], np.ndarray]:
        import numpy as np
        import polars as pl

        cells = (
            self.rows.filter(
                pl.col("measure").cast(pl.String) == full(measure, "measure"),
                pl.col("procedure").cast(pl.String) == full(procedure, "procedure"),
            )
            .group_by("dataset", "pipeline")
            .agg(pl.col(column).mean())
            .with_columns(pl.col("dataset", "pipeline").cast(pl.String))
            .collect()
        )
        if cells.is_empty():
            return [], [], np.empty((0, 0))
        datasets = sorted(cells["dataset"].unique().to_list())
        pipelines = sorted(cells["pipeline"].unique().to_list())
        i = cells["dataset"].replace_strict(datasets, range(len(datasets)), return_dtype=pl.Int64).to_numpy()
        j = (
            cells["pipeline"]
            .replace_strict(pipelines, range(len(pipelines)), return_dtype=pl.Int64)
            .to_numpy()
        )
        values = np.full((len(datasets), len(pipelines)), np.nan)
        values[i, j] = cells[column].cast(pl.Float64).to_numpy()
        return datasets, pipelines, values

    def quality_table(self) -> tuple[list[str], list[str], np.ndarray]:
        """Datasets (n IRIs), quality names (q), and an n × q array of float64 with NaN where unknown."""
        import polars as pl

        wide = self.qualities.pivot("name", index="dataset", values="value", aggregate_function="mean")
        wide = wide.sort("dataset").select("dataset", *sorted(set(wide.columns) - {"dataset"}))
        values = wide.drop("dataset").cast(pl.Float64).to_numpy()
        return wide["dataset"].to_list(), wide.columns[1:], values


def full(name: str, kind: str) -> str:
    """IRI of a measure or procedure that is given by its key or its IRI."""
    return name if name.startswith("http") else iris.own(kind, name)


def _experiments(store: Store) -> list[GraphInfo]:
    apart = ("recommendations", "quarantine")
    return [info for info in store.graphs() if info.kind not in apart and info.iri != iris.LINKS_GRAPH]


def experience_version(store: Store, selection: Selection | None = None) -> str:
    """Text that changes when any graph with experiments that is selected changes, or which datasets are one.

    Recommendations do not count, nor what is said of links without changing any.
    """
    chosen = [info for info in _experiments(store) if selection is None or info.iri in selection]
    stamp = "\n".join(f"{info.iri} {info.content_hash} {info.store_version}" for info in chosen)
    if selection is not None and selection.dated:
        stamp += f"\n{selection.as_of}"
    for name, first in sorted(identity.aliases(store, selection).items()):
        stamp += f"\n{name} {first}"
    return hashlib.sha256(stamp.encode()).hexdigest()[:16]


def load(store: Store, progress: Progress | None = None, *, selection: Selection | None = None) -> Experience:
    """Load the experience of a store, or of what is selected of it, projecting what is new since the last time.

    Datasets that a selection excludes are still there: :meth:`Experience.without_datasets` takes them out.

    Raises
    ------
    StoreError
        If the store cannot be read.
    """
    import polars as pl

    graphs, aliases = _experiments(store), identity.aliases(store, selection)
    rows: list[pl.LazyFrame] = []
    small: list[pl.LazyFrame] = []
    places: list[pl.DataFrame] = []
    described: dict[str, list[pl.DataFrame]] = {name: [] for name in DESCRIPTIONS}
    folder = store.folder / "experience" if store.folder else None
    for done, info in enumerate(graphs):

        def told(share: float, done: int = done) -> None:
            if progress:
                progress("projecting", round(1000 * (done + share)), 1000 * len(graphs))

        told(0.0)
        if selection is not None and info.iri not in selection:
            continue
        part = part_of(store, info, folder, told)
        chosen, tables = part.rows, part.described
        if part.places is not None:
            places.append(_by_one_name(part.places, aliases))
        if selection is not None:
            chosen, tables = selection.cut(info, chosen, tables)
        if aliases:
            chosen = _rows_by_one_name(chosen, part.places, aliases)
        rows.append(chosen)
        if part.places is None:
            small.append(chosen)
        for name, frame in tables.items():
            described[name].append(frame)
    if folder:
        clear_stale(folder, graphs)
    frames = {name: pl.concat(found) if found else nothing(name) for name, found in described.items()}
    return Experience(
        experience_version(store, selection),
        pl.concat(rows) if rows else nothing("runs").lazy(),
        _titles(frames["datasets"], aliases),
        _qualities(frames["qualities"], aliases),
        frames["pipelines"].unique("pipeline", maintain_order=True),
        pl.concat(places) if places else None,
        pl.concat([nothing("runs").lazy(), *small]) if places else None,
        declared_measures(store),
        aliases,
    )


def _by_one_name(frame: pl.DataFrame, aliases: Mapping[str, str]) -> pl.DataFrame:
    """The frame with each dataset by its one name, as text."""
    import polars as pl

    return frame.with_columns(pl.col("dataset").replace(aliases)) if aliases else frame


def _rows_by_one_name(
    rows: pl.LazyFrame, places: pl.DataFrame | None, aliases: Mapping[str, str]
) -> pl.LazyFrame:
    """Runs of a part with each dataset by its one name: at once, or of a large part when they are read."""
    import polars as pl

    text = pl.col("dataset").cast(pl.String)
    known = places["dataset"] if places is not None else rows.select(text.unique()).collect()["dataset"]
    if aliases.keys().isdisjoint(known):
        return rows
    named = rows.with_columns(text.replace(aliases).cast(pl.Categorical))
    return named if places is not None else named.collect().lazy()


def _titles(datasets: pl.DataFrame, aliases: Mapping[str, str]) -> pl.DataFrame:
    """Each dataset once: described in several graphs and by several names, one knows its title and another not."""
    import polars as pl

    if aliases:
        datasets = datasets.sort(pl.col("dataset").is_in(list(aliases)), maintain_order=True)
    named = _by_one_name(datasets, aliases).group_by("dataset", maintain_order=True)
    placeholder = pl.col("title").str.starts_with("OpenML dataset ")
    found = named.agg(
        pl.col("title").sort_by(placeholder, maintain_order=True).drop_nulls().first(),
        pl.col("openml_id").drop_nulls().first(),
    )
    return found.sort("dataset")


def _qualities(qualities: pl.DataFrame, aliases: Mapping[str, str]) -> pl.DataFrame:
    """Each quality once: what the latest graph says of the dataset by its one name, else the first by another."""
    import polars as pl

    keys = ["dataset", "name"]
    if not aliases:
        return qualities.unique(keys, keep="last", maintain_order=True)
    other = pl.col("dataset").is_in(list(aliases))
    own = qualities.filter(~other).unique(keys, keep="last", maintain_order=True)
    rest = _by_one_name(qualities.filter(other), aliases).unique(keys, keep="first", maintain_order=True)
    return pl.concat([own, rest.join(own, on=keys, how="anti", maintain_order="left")])


def same_as(store: Store, dataset: str) -> set[str]:
    """The dataset and all that the graph links to it by ``owl:sameAs``, in either direction and any length."""
    text = f"SELECT ?other WHERE {{ ?dataset (<{OWL}sameAs>|^<{OWL}sameAs>)* ?other }}"
    found = store.query(text, bindings={"dataset": IRI(dataset)})
    return {dataset} | {str(row[0]) for row in found.rows()}
