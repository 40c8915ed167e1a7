"""Named graphs as columns, kept as Parquet: the parts that :mod:`kg.experience` is made of.

A part is a folder with the runs, datasets, qualities and pipelines of one graph at one time. Derived data: delete it
and nothing is lost.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kg import iris
from kg.batch import Batch, Manifest
from kg.changes import noted
from kg.manifest import GraphInfo
from kg.store import Store
from kg.terms import IRI, to_term

if TYPE_CHECKING:
    import polars as pl

__all__ = [
    "DESCRIPTIONS",
    "REPEATED",
    "Part",
    "clear_stale",
    "keep_appended",
    "nothing",
    "part_name",
    "part_of",
]

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
    # What a run of a foreign flow with its settings is; see ingest.rdf_derived.
    "derived": "SELECT ?run ?derived WHERE { $chosen ?run mkg:derivedPipeline ?derived }",
    "status": "SELECT ?run ?status WHERE { $chosen ?run mkg:status ?status }",
    "training_size": "SELECT ?run ?training_size WHERE { $chosen ?run mkg:trainingSize ?training_size }",
    "started": "SELECT ?run ?started WHERE { $chosen ?run prov:startedAtTime ?started }",
}
_MEASURES = """SELECT DISTINCT ?measure WHERE {
    { ?measure a mls:EvaluationMeasure } UNION { ?evaluation a mls:ModelEvaluation ; mls:specifiedBy ?measure } }"""
_VALUES = "SELECT ?run ?value WHERE { $chosen ?run $measure ?value }"
_QUERIES = {
    "tasks": """SELECT ?task ?dataset ?procedure ?type WHERE {
        ?task mls:definedOn ?dataset ; mkg:procedure ?procedure ; mkg:taskType ?type }""",
    "datasets": """SELECT ?dataset ?title ?openml_id WHERE {
        ?dataset a mls:Dataset OPTIONAL { ?dataset dcterms:title ?title }
        OPTIONAL { ?dataset dcterms:identifier ?openml_id } }""",
    "qualities": """SELECT ?dataset ?name ?value WHERE {
        ?dataset dcat:distribution ?distribution . ?distribution mls:hasQuality ?quality .
        ?quality rdfs:label ?label ; mls:hasValue ?value
        OPTIONAL { ?quality mkg:qualityName ?own } BIND(COALESCE(?own, ?label) AS ?name) }""",
    "pipelines": """SELECT ?pipeline ?title ?canonical WHERE {
        ?pipeline mkg:canonical ?canonical ; dcterms:title ?title }""",
}

DESCRIPTIONS = ("datasets", "qualities", "pipelines")

_CHUNK_RUNS = 500_000
"""Runs that are projected at a time, task by task, where a graph has more than twice as many."""

_APPENDED = "appended"
"""Folder beside the parts with the columns of appended batches."""

_ROW_GROUP = 50_000
"""Rows of a file that are read at once: about what one dataset has in a bulk source."""

REPEATED = ("dataset", "pipeline", "task", "procedure", "type", "measure", "status", "graph")
"""Columns of runs with few different values: kept as categories, 4 bytes each."""

_WRITING_SECONDS = 3600.0
"""Age from which a part that is half-written belongs to a process that is gone."""

_NUMBERS = {"value": "Float64", "training_size": "Int64", "openml_id": "Int64"}


def part_name(info: GraphInfo) -> str:
    """Name of the folder of a graph's part, which changes whenever the graph does."""
    stamp = f"{info.iri} {info.content_hash} {info.store_version}"
    return hashlib.sha256(stamp.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Part:
    """Projection of one named graph.

    Attributes
    ----------
    rows
        Its runs, in memory or, if they are many, to be read from disk.
    described
        Its datasets, qualities and pipelines.
    places
        Where in which file the rows of a dataset, procedure and measure stand, and how many pipelines they are of
        (file, dataset, procedure, measure, start, count, pipelines), if they are many; else None. Those of one
        measure and procedure stand together in each file.
    """

    rows: pl.LazyFrame
    described: dict[str, pl.DataFrame]
    places: pl.DataFrame | None = None


def part_of(store: Store, info: GraphInfo, folder: Path | None, told: Callable[[float], None]) -> Part:
    """Part of a graph, read from its folder below ``folder``, or projected and kept there.

    ``told`` hears which share of the graph has been projected.
    """
    import polars as pl

    part = folder / part_name(info) if folder else None
    if part and part.exists():
        try:
            return _read(part, info)
        except (OSError, pl.exceptions.PolarsError):
            # Derived data: a damaged part, or one that another process clears away now, is made again.
            shutil.rmtree(part, ignore_errors=True)
    described = {name: _select(store, _QUERIES[name], info.iri) for name in DESCRIPTIONS}
    files = _appended(store, info, folder)
    runs = (pl.read_parquet(file) for file in files) if files else _project_runs(store, info, told)
    if part:
        work = part.with_name(f"{part.name}.{os.getpid()}.new")
        kept, runs = _keep(runs, described, work)
        if kept:
            with contextlib.suppress(OSError):  # another process was faster
                work.rename(part)
            shutil.rmtree(work, ignore_errors=True)
            return _read(part, info)
    rows = [frame.lazy() for frame in runs]
    return Part(pl.concat(rows) if rows else nothing("runs").lazy(), described)


def _read(part: Path, info: GraphInfo) -> Part:
    import polars as pl

    described = {name: pl.read_parquet(part / f"{name}.parquet") for name in DESCRIPTIONS}
    rows = pl.scan_parquet(part / "runs-*.parquet", glob=True)
    # A part that goes while it is scanned is an error to whoever scans: only the large ones, which stay, are.
    if info.counts.get("runs", 0) <= 2 * _CHUNK_RUNS:
        return Part(rows.collect().lazy(), described)
    places = pl.read_parquet(part / "places.parquet")
    return Part(rows, described, places.with_columns(file=pl.lit(f"{part}/") + pl.col("file")))


def _keep(
    runs: Iterator[pl.DataFrame], described: dict[str, pl.DataFrame], work: Path
) -> tuple[bool, Iterator[pl.DataFrame]]:
    """Write a part; where the folder or disk takes no more, give all frames back: that costs time, not data."""
    import polars as pl

    number, frame = 0, nothing("runs")
    places = [_places(frame, "")]
    try:
        work.mkdir(parents=True, exist_ok=True)
        for name, table in described.items():
            table.write_parquet(work / f"{name}.parquet")
        frame.write_parquet(work / f"runs-{number:05}.parquet")
        for number, frame in enumerate(runs, start=1):
            file = f"runs-{number:05}.parquet"
            frame.write_parquet(work / file, row_group_size=_ROW_GROUP)
            places.append(_places(frame, file))
        pl.concat(places).write_parquet(work / "places.parquet")
    except (OSError, pl.exceptions.PolarsError):
        before = [pl.read_parquet(work / f"runs-{done:05}.parquet") for done in range(1, number)]
        shutil.rmtree(work, ignore_errors=True)
        return False, chain(before, [frame], runs)
    return True, iter(())


def _places(frame: pl.DataFrame, file: str) -> pl.DataFrame:
    """Where the rows of each dataset, procedure and measure stand in a sorted frame."""
    import polars as pl

    keys = ["dataset", "procedure", "measure"]
    return (
        frame.select(pl.col(keys).cast(pl.String), "pipeline")
        .with_row_index("start")
        .group_by(pl.col(keys), run=pl.struct(keys).rle_id())
        .agg(pl.col("start").min(), count=pl.len(), pipelines=pl.col("pipeline").n_unique())
        .select(pl.lit(file).alias("file"), *keys, "start", "count", "pipelines")
        .sort("start")
    )


def keep_appended(folder: Path, manifest: Manifest, batches: Mapping[str, Batch]) -> None:
    """Keep the columns of batches that were appended to a bulk graph, so that they need not be read back from it.

    Reading millions of runs back takes longer than loading them. What cannot be kept, or is deleted, is read back.
    """
    import polars as pl

    place = _appended_folder(folder, manifest.graph)
    for digest, batch in batches.items():
        frame = _of_batch(batch)
        if frame is None:
            continue
        draft = place / f"{digest}.{os.getpid()}"
        try:
            place.mkdir(parents=True, exist_ok=True)
            frame.write_parquet(draft, row_group_size=_ROW_GROUP)
            draft.replace(place / f"{digest}.parquet")
        except (OSError, pl.exceptions.PolarsError):
            draft.unlink(missing_ok=True)


def _appended_folder(folder: Path, graph: str) -> Path:
    return folder / _APPENDED / hashlib.sha256(graph.encode()).hexdigest()[:16]


def _of_batch(batch: Batch) -> pl.DataFrame | None:
    """Rows of a batch as they would be read back from the graph; None if that cannot be told from the batch alone."""
    import polars as pl

    tasks = batch.tasks.select("task", "procedure", "type")
    runs = batch.runs.join(tasks, on="task")
    if runs.height < batch.runs.height or runs["started"].null_count() < runs.height:
        return None
    runtime = batch.evaluations.filter(pl.col("measure") == iris.measure("runtime_seconds"))
    return _ordered(
        runs.drop("started")
        .with_columns(started=pl.lit(None, dtype=pl.String), graph=pl.lit(batch.manifest.graph))
        .join(runtime.select("run", runtime_seconds="value"), on="run", how="left")
        .join(batch.evaluations, on="run", how="left")
    )


def _appended(store: Store, info: GraphInfo, folder: Path | None) -> list[Path]:
    """Files with the columns of all batches of a bulk graph; empty if some are not there."""
    if folder is None or not info.bulk:
        return []
    files = [
        _appended_folder(folder, info.iri) / f"{digest}.parquet" for digest in sorted(noted(store, info.iri))
    ]
    if not all(file.exists() for file in files):
        return []
    for path in set(_appended_folder(folder, info.iri).glob("*.parquet")) - set(files):
        path.unlink(missing_ok=True)  # of what the graph held before
    return files


def clear_stale(folder: Path, graphs: Sequence[GraphInfo]) -> None:
    """Remove parts of graphs that changed or went, and what processes that were killed left half-written."""
    current = {_APPENDED, *(part_name(info) for info in graphs)}
    appended = {_appended_folder(folder, info.iri).name for info in graphs}
    there = [(path, current) for path in folder.iterdir()] if folder.exists() else []
    there += [(path, appended) for path in (folder / _APPENDED).glob("*")]
    for path, wanted in there:
        with contextlib.suppress(FileNotFoundError):
            half_written = path.suffix == ".new" and time.time() - path.stat().st_mtime < _WRITING_SECONDS
            if path.name not in wanted and not half_written:
                shutil.rmtree(path, ignore_errors=True)


def _project_runs(store: Store, info: GraphInfo, told: Callable[[float], None]) -> Iterator[pl.DataFrame]:
    """Runs of one graph, at once or some tasks at a time, so that memory does not grow with the graph."""
    tasks = _select(store, _QUERIES["tasks"], info.iri)
    measures = _select(store, _MEASURES, info.iri)["measure"].sort().to_list()
    runs = info.counts.get("runs", 0)
    if runs <= 2 * _CHUNK_RUNS:
        yield _joined(store, info.iri, tasks, measures, "", {})
        return
    # What only few runs of so many state is asked for once, and not for each run.
    few = {
        name: _select(store, _RUN_QUERIES[name].replace("$chosen", ""), info.iri)
        for name in _sparse(store, info)
    }
    at_once = max(1, tasks.height * _CHUNK_RUNS // runs)
    for start in range(0, tasks.height, at_once):
        told(start / tasks.height)
        some = tasks[start : start + at_once]
        values = " ".join(str(to_term(IRI(task))) for task in some["task"])
        chosen = f"VALUES ?task {{ {values} }} ?run mls:achieves ?task ."
        yield _joined(store, info.iri, some, measures, chosen, few)


def _sparse(store: Store, info: GraphInfo) -> list[str]:
    """Properties that less than a tenth of a graph's runs state."""
    counts = {
        name: next(
            store.query(
                _PREFIXES
                + text.replace("$chosen", "").replace("SELECT ?run ?" + name, "SELECT (COUNT(*) AS ?n)"),
                default_graph=info.iri,
            ).rows()
        )[0]
        for name, text in _RUN_QUERIES.items()
        if name != "executes"
    }
    return [name for name, count in counts.items() if int(str(count)) * 10 < info.counts["runs"]]


def _joined(
    store: Store,
    graph: str,
    tasks: pl.DataFrame,
    measures: list[str],
    chosen: str,
    few: dict[str, pl.DataFrame],
) -> pl.DataFrame:
    import polars as pl

    tables = {
        name: few[name] if name in few else _select(store, text.replace("$chosen", chosen), graph)
        for name, text in _RUN_QUERIES.items()
    }
    evaluations = [
        _select(
            store, _VALUES.replace("$chosen", chosen).replace("$measure", str(to_term(IRI(measure)))), graph
        ).with_columns(measure=pl.lit(measure))
        for measure in measures
    ]
    values = pl.concat(evaluations) if evaluations else nothing("runs").select("run", "value", "measure")
    values = values.with_columns(pl.col("measure").cast(pl.String))
    achieves = chosen or "?run mls:achieves ?task"
    runtime = values.filter(pl.col("measure") == iris.measure("runtime_seconds"))
    return _ordered(
        _select(store, f"SELECT ?run ?task WHERE {{ {achieves} }}", graph)
        .join(_executed(tables), on="run")
        .join(tables["status"], on="run", how="left")
        .join(tables["training_size"], on="run", how="left")
        .join(tables["started"], on="run", how="left")
        .join(tasks, on="task")
        .join(runtime.select("run", runtime_seconds="value"), on="run", how="left")
        .join(values, on="run", how="left")
        .with_columns(pl.col("status").fill_null("finished"), graph=pl.lit(graph))
    )


def _executed(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Pipelines of runs: the derived one where what a run executes is somebody else's flow."""
    import polars as pl

    executes, derived = tables["executes"], tables["derived"]
    if derived.is_empty():
        return executes
    return executes.join(derived, on="run", how="left").select(
        "run", pl.coalesce("derived", "pipeline").alias("pipeline")
    )


def _ordered(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    return (
        frame.select(nothing("runs").columns)
        .sort("measure", "procedure", "dataset", "run")
        .with_columns(pl.col(REPEATED).cast(pl.Categorical))
    )


def nothing(name: str) -> pl.DataFrame:
    """Empty table of a part: runs, or one of the descriptions."""
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
        types |= dict.fromkeys(REPEATED, "Categorical")
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
