"""The experience: runs, datasets, qualities and pipelines as columns, derived from the graph.

Embeddings, recommender and app read this and not the graph. It is kept as Parquet in the store's folder, one
part per named graph, and a part is rebuilt when its graph changes; delete it and nothing is lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kg import iris
from kg.manifest import GraphInfo
from kg.pipeline import Pipeline
from kg.store import Progress, Store
from kg.terms import IRI, to_term
from kg.vocabulary import OWL

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from kg.selection import Selection

__all__ = ["Experience", "experience_version", "load", "same_as"]

_PREFIXES = """PREFIX mls: <http://www.w3.org/ns/mls#>
PREFIX mkg: <https://w3id.org/metakg/ontology#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX dcat: <http://www.w3.org/ns/dcat#>
PREFIX prov: <http://www.w3.org/ns/prov#>
"""

# One property at a time: joining a run's properties in the engine takes three times as long as joining columns.
_RUN_QUERIES = {
    "executes": "SELECT ?run ?pipeline WHERE { $chosen ?run mls:executes ?pipeline }",
    "status": "SELECT ?run ?status WHERE { $chosen ?run mkg:status ?status }",
    "training_size": "SELECT ?run ?training_size WHERE { $chosen ?run mkg:trainingSize ?training_size }",
    "started": "SELECT ?run ?started WHERE { $chosen ?run prov:startedAtTime ?started }",
    "evaluations": """SELECT ?run ?measure ?value WHERE {
        ?measure a mls:EvaluationMeasure . $chosen ?run ?measure ?value }""",
}
_QUERIES = {
    "tasks": """SELECT ?task ?dataset ?procedure ?type WHERE {
        ?task mls:definedOn ?dataset ; mkg:procedure ?procedure ; mkg:taskType ?type }""",
    "datasets": """SELECT ?dataset ?title ?openml_id WHERE {
        ?dataset a mls:Dataset OPTIONAL { ?dataset dcterms:title ?title }
        OPTIONAL { ?dataset dcterms:identifier ?openml_id } }""",
    "qualities": """SELECT ?dataset ?name ?value WHERE {
        ?dataset dcat:distribution ?distribution . ?distribution mls:hasQuality ?quality .
        ?quality rdfs:label ?name ; mls:hasValue ?value }""",
    "pipelines": """SELECT ?pipeline ?title ?canonical WHERE {
        ?pipeline mkg:canonical ?canonical ; dcterms:title ?title }""",
}

_DESCRIPTIONS = ("datasets", "qualities", "pipelines")

_CHUNK_RUNS = 500_000
"""Runs that are projected at a time, task by task, where a graph has more than twice as many."""

_REPEATED = ("dataset", "pipeline", "task", "procedure", "type", "measure", "status", "graph")
"""Columns of runs with few different values: kept as categories, 4 bytes each."""

_WRITING_SECONDS = 3600.0
"""Age from which a part that is half-written belongs to a process that is gone."""

_NUMBERS = {"value": "Float64", "training_size": "Int64", "openml_id": "Int64"}


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
    datasets, qualities, pipelines
        dataset, title, openml_id; dataset, name, value; pipeline, title, canonical.
    """

    version: str
    rows: pl.LazyFrame
    datasets: pl.DataFrame
    qualities: pl.DataFrame
    pipelines: pl.DataFrame

    @cached_property
    def runs(self) -> pl.DataFrame:
        """All of :attr:`rows`, with text for categories."""
        import polars as pl

        return self.rows.with_columns(pl.col(_REPEATED).cast(pl.String)).collect()

    def without_datasets(self, excluded: Iterable[str]) -> Experience:
        """The same without some datasets, their runs and their qualities."""
        import polars as pl

        gone = list(excluded)
        keep = ~pl.col("dataset").is_in(gone)
        digest = hashlib.sha256("\n".join([self.version, *sorted(gone)]).encode()).hexdigest()[:16]
        return Experience(
            digest if gone else self.version,
            self.rows.filter(~pl.col("dataset").cast(pl.String).is_in(gone)),
            self.datasets.filter(keep),
            self.qualities.filter(keep),
            self.pipelines,
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

    def _pivot(self, measure: str, procedure: str, column: str) -> tuple[list[str], list[str], np.ndarray]:
        import numpy as np
        import polars as pl

        cells = (
            self.rows.filter(
                pl.col("measure").cast(pl.String) == _full(measure, "measure"),
                pl.col("procedure").cast(pl.String) == _full(procedure, "procedure"),
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


def _full(name: str, kind: str) -> str:
    return name if name.startswith("http") else iris.own(kind, name)


def _experiments(store: Store) -> list[GraphInfo]:
    return [info for info in store.graphs() if info.kind not in ("recommendations", "quarantine")]


def experience_version(store: Store, selection: Selection | None = None) -> str:
    """Text that changes when any graph with experiments that is selected changes; recommendations do not count."""
    chosen = [info for info in _experiments(store) if selection is None or info.iri in selection]
    stamp = "\n".join(f"{info.iri} {info.content_hash} {info.store_version}" for info in chosen)
    if selection is not None and selection.dated:
        stamp += f"\n{selection.as_of}"
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

    graphs = _experiments(store)
    rows: list[pl.LazyFrame] = []
    described: dict[str, list[pl.DataFrame]] = {name: [] for name in _DESCRIPTIONS}
    folder = store.folder / "experience" if store.folder else None
    for done, info in enumerate(graphs):

        def told(share: float, done: int = done) -> None:
            if progress:
                progress("projecting", round(1000 * (done + share)), 1000 * len(graphs))

        told(0.0)
        if selection is not None and info.iri not in selection:
            continue
        part = _part(store, info, folder, told)
        chosen, tables = part.rows, part.described
        if selection is not None:
            chosen, tables = selection.cut(info, chosen, tables)
        rows.append(chosen)
        for name, frame in tables.items():
            described[name].append(frame)
    if folder:
        _clear_stale(folder, {_part_name(info) for info in graphs})
    frames = {name: pl.concat(found) if found else _nothing(name) for name, found in described.items()}
    # A dataset may be described in several graphs, one knowing its name and another not.
    datasets = (
        frames["datasets"]
        .group_by("dataset")
        .agg(
            pl.col("title").sort_by(pl.col("title").str.starts_with("OpenML dataset ")).drop_nulls().first(),
            pl.col("openml_id").drop_nulls().first(),
        )
    )
    return Experience(
        experience_version(store, selection),
        pl.concat(rows) if rows else _nothing("runs").lazy(),
        datasets.sort("dataset"),
        frames["qualities"].unique(["dataset", "name"], keep="last", maintain_order=True),
        frames["pipelines"].unique("pipeline", maintain_order=True),
    )


def same_as(store: Store, dataset: str) -> set[str]:
    """The dataset and all that the graph links to it by ``owl:sameAs``, in either direction and any length."""
    text = f"SELECT ?other WHERE {{ ?dataset (<{OWL}sameAs>|^<{OWL}sameAs>)* ?other }}"
    found = store.query(text, bindings={"dataset": IRI(dataset)})
    return {dataset} | {str(row[0]) for row in found.rows()}


def _part_name(info: GraphInfo) -> str:
    stamp = f"{info.iri} {info.content_hash} {info.store_version}"
    return hashlib.sha256(stamp.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class _Part:
    """Projection of one named graph."""

    rows: pl.LazyFrame
    described: dict[str, pl.DataFrame]


def _part(store: Store, info: GraphInfo, folder: Path | None, told: Callable[[float], None]) -> _Part:
    import polars as pl

    part = folder / _part_name(info) if folder else None
    if part and part.exists():
        try:
            return _read(part, info)
        except (OSError, pl.exceptions.PolarsError):
            # Derived data: a damaged part, or one that another process clears away now, is made again.
            shutil.rmtree(part, ignore_errors=True)
    described = {name: _select(store, _QUERIES[name], info.iri) for name in _DESCRIPTIONS}
    runs = _project_runs(store, info, told)
    if part:
        work = part.with_name(f"{part.name}.{os.getpid()}.new")
        kept, runs = _keep(runs, described, work)
        if kept:
            with contextlib.suppress(OSError):  # another process was faster
                work.rename(part)
            shutil.rmtree(work, ignore_errors=True)
            return _read(part, info)
    rows = [frame.lazy() for frame in runs]
    return _Part(pl.concat(rows) if rows else _nothing("runs").lazy(), described)


def _read(part: Path, info: GraphInfo) -> _Part:
    import polars as pl

    described = {name: pl.read_parquet(part / f"{name}.parquet") for name in _DESCRIPTIONS}
    rows = pl.scan_parquet(part / "runs-*.parquet", glob=True)
    # A part that goes while it is scanned is an error to whoever scans: only the large ones, which stay, are.
    small = info.counts.get("runs", 0) <= 2 * _CHUNK_RUNS
    return _Part(rows.collect().lazy() if small else rows, described)


def _keep(
    runs: Iterator[pl.DataFrame], described: dict[str, pl.DataFrame], work: Path
) -> tuple[bool, Iterator[pl.DataFrame]]:
    """Write a part; where the folder or disk takes no more, give all frames back: that costs time, not data."""
    import polars as pl

    number, frame = 0, _nothing("runs")
    try:
        work.mkdir(parents=True, exist_ok=True)
        for name, table in described.items():
            table.write_parquet(work / f"{name}.parquet")
        frame.write_parquet(work / f"runs-{number:05}.parquet")
        for number, frame in enumerate(runs, start=1):
            frame.write_parquet(work / f"runs-{number:05}.parquet")
    except (OSError, pl.exceptions.PolarsError):
        before = [pl.read_parquet(work / f"runs-{done:05}.parquet") for done in range(1, number)]
        shutil.rmtree(work, ignore_errors=True)
        return False, chain(before, [frame], runs)
    return True, iter(())


def _clear_stale(folder: Path, current: set[str]) -> None:
    """Remove parts of graphs that changed, and what processes that were killed left half-written."""
    for path in folder.iterdir() if folder.exists() else ():
        with contextlib.suppress(FileNotFoundError):
            half_written = path.suffix == ".new" and time.time() - path.stat().st_mtime < _WRITING_SECONDS
            if path.name not in current and not half_written:
                shutil.rmtree(path, ignore_errors=True)


def _project_runs(store: Store, info: GraphInfo, told: Callable[[float], None]) -> Iterator[pl.DataFrame]:
    """Runs of one graph, at once or some tasks at a time, so that memory does not grow with the graph."""
    tasks = _select(store, _QUERIES["tasks"], info.iri)
    runs = info.counts.get("runs", 0)
    if runs <= 2 * _CHUNK_RUNS:
        yield _joined(store, info.iri, tasks, "")
        return
    at_once = max(1, tasks.height * _CHUNK_RUNS // runs)
    for start in range(0, tasks.height, at_once):
        told(start / tasks.height)
        some = tasks[start : start + at_once]
        values = " ".join(str(to_term(IRI(task))) for task in some["task"])
        yield _joined(store, info.iri, some, f"VALUES ?task {{ {values} }} ?run mls:achieves ?task .")


def _joined(store: Store, graph: str, tasks: pl.DataFrame, chosen: str) -> pl.DataFrame:
    import polars as pl

    tables = {
        name: _select(store, text.replace("$chosen", chosen), graph) for name, text in _RUN_QUERIES.items()
    }
    achieves = chosen or "?run mls:achieves ?task"
    runtime = tables["evaluations"].filter(pl.col("measure") == iris.measure("runtime_seconds"))
    return (
        _select(store, f"SELECT ?run ?task WHERE {{ {achieves} }}", graph)
        .join(tables["executes"], on="run")
        .join(tables["status"], on="run", how="left")
        .join(tables["training_size"], on="run", how="left")
        .join(tables["started"], on="run", how="left")
        .join(tasks, on="task")
        .join(runtime.select("run", runtime_seconds="value"), on="run", how="left")
        .join(tables["evaluations"], on="run", how="left")
        .with_columns(pl.col("status").fill_null("finished"), graph=pl.lit(graph))
        .select(_nothing("runs").columns)
        .sort("run", "measure")
        .with_columns(pl.col(_REPEATED).cast(pl.Categorical))
    )


def _nothing(name: str) -> pl.DataFrame:
    import polars as pl

    columns = {
        "runs": "run dataset pipeline task procedure type measure value runtime_seconds status training_size "
        "started graph",
        "datasets": "dataset title openml_id",
        "qualities": "dataset name value",
        "pipelines": "pipeline title canonical",
    }[name].split()
    types = {**_NUMBERS, "runtime_seconds": "Float64"}
    if name == "runs":
        types |= dict.fromkeys(_REPEATED, "Categorical")
    return pl.DataFrame(schema={column: getattr(pl, types.get(column, "String")) for column in columns})


def _select(store: Store, query: str, graph: str) -> pl.DataFrame:
    """Solutions of a query as columns: TSV in one piece, cleaned of RDF syntax column by column."""
    import polars as pl

    raw = store.query_tsv(_PREFIXES + query, default_graph=graph)
    frame = pl.read_csv(io.BytesIO(raw), separator="\t", quote_char=None, infer_schema=False)
    frame = frame.rename({column: column.removeprefix("?") for column in frame.columns})
    return frame.select(_column(column) for column in frame.columns)


def _column(name: str) -> pl.Expr:
    import polars as pl

    cell = pl.col(name)
    if name in _NUMBERS:
        # Numbers stand bare in SPARQL TSV, or as "1.5"^^<datatype>.
        return cell.str.replace(r'^"([^"]*)"\^\^<.*>$', "$1").cast(getattr(pl, _NUMBERS[name]))
    if name in ("title", "name", "canonical", "status", "type", "started"):
        text = cell.str.replace(r'^"(.*)"(?:\^\^<.*>|@[\w-]+)?$', "$1")
        for old, new in (
            ("\\\\", "\x00"),
            ('\\"', '"'),
            ("\\n", "\n"),
            ("\\t", "\t"),
            ("\\r", "\r"),
            ("\x00", "\\"),
        ):
            text = text.str.replace_all(old, new, literal=True)
        return text
    return cell.str.strip_chars("<>")
