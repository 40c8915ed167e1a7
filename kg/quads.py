"""Batches to N-Quads: the one path from data to RDF, vectorised by building strings column by column.

A run has the shape that MLSea-KG gives it (ML-Schema), so that queries written for its OpenML part find the
same patterns here; in addition each run carries its values directly, one shortcut property per measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kg import iris, mlsea
from kg.line_terms import constant, iri_of, text_of, time_of, typed
from kg.method_quads import about_methods
from kg.pipeline import Pipeline, Scalar
from kg.run_quads import about_runs, declared_measures, distributions, links
from kg.vocabulary import DCAT, DCTERMS, MLS, MLSO, PROV, RDF, RDFS, XSD, own_term

if TYPE_CHECKING:
    import polars as pl

    from kg.batch import Batch

__all__ = ["literal", "nquads", "with_quality_iris"]

_TYPE = f"<{RDF}type>"


def escape(text: str) -> str:
    """Escape a string for the inside of an N-Quads literal."""
    return (
        text.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t")
        .replace("\x00", "\\u0000")
    )


def literal(value: Scalar) -> str:
    """N-Quads term of a Python value: text, boolean, integer or double; ``None`` becomes the text ``None``."""
    if isinstance(value, bool):
        return f'"{str(value).lower()}"^^<{XSD}boolean>'
    if isinstance(value, int):
        return f'"{value}"^^<{XSD}integer>'
    if isinstance(value, float):
        return f'"{value!r}"^^<{XSD}double>'
    return f'"{escape("None" if value is None else value)}"'


def nquads(batch: Batch) -> Iterator[bytes]:
    """Serialise a batch, table by table.

    Yields
    ------
    bytes
        Whole N-Quads lines, ended by a newline, in the batch's named graph.
    """
    graph = f"<{batch.manifest.graph}>"
    for frame, columns in _statements(batch):
        yield from _lines(frame, columns, graph)
    small = (*_pipeline_triples(batch.pipelines), *_label_triples(batch))
    text = "".join(f"{line} {graph} .\n" for line in small)
    if text:
        yield text.encode()


def _lines(frame: pl.DataFrame, columns: list[tuple[pl.Expr, str, pl.Expr]], graph: str) -> Iterator[bytes]:
    import polars as pl

    if not frame.height:
        return
    for subject, predicate, value in columns:
        line = pl.concat_str([subject, pl.lit(f" {predicate} "), value, pl.lit(f" {graph} .")])
        lines = frame.select(line.alias("line"))["line"].drop_nulls()
        if len(lines):
            yield ("\n".join(lines) + "\n").encode()


def _statements(batch: Batch) -> Iterator[tuple[pl.DataFrame, list[tuple[pl.Expr, str, pl.Expr]]]]:
    yield batch.datasets.with_columns(distribution=mlsea.distribution("dataset")), _dataset_columns()
    yield with_quality_iris(batch.qualities), _quality_columns()
    task, specification = iri_of("task"), iri_of("specification")
    yield (
        _with_task_titles(batch.tasks),
        [
            (task, _TYPE, constant(MLS + "Task")),
            (task, f"<{DCTERMS}title>", text_of("title")),
            (task, f"<{RDFS}label>", text_of("title")),
            (task, f"<{MLSO}hasTaskType>", iri_of("mlso_type")),
            (task, f"<{PROV}atLocation>", iri_of("page")),
            (task, f"<{DCTERMS}identifier>", typed("number", "integer")),
            (specification, _TYPE, constant(MLS + "EvaluationSpecification")),
            (specification, f"<{MLS}defines>", task),
            (specification, f"<{MLS}hasPart>", iri_of("procedure")),
            (task, f"<{MLS}definedOn>", iri_of("dataset")),
            (task, f"<{own_term('procedure')}>", iri_of("procedure")),
            (task, f"<{own_term('taskType')}>", text_of("type")),
            (task, f"<{DCTERMS}subject>", text_of("target")),
        ],
    )
    yield batch.runs, _run_columns(bulk=batch.manifest.bulk)
    if not batch.manifest.bulk:
        page = (iri_of("run"), f"<{PROV}atLocation>", iri_of("page"))
        yield batch.runs.select("run", page=mlsea.page("run")).drop_nulls(), [page]
        yield _run_settings(batch), [(iri_of("run"), f"<{MLS}hasInput>", iri_of("setting"))]
    yield from _evaluation_statements(batch.evaluations, bulk=batch.manifest.bulk)
    yield declared_measures(batch.measures)
    yield from about_runs(batch)
    yield from about_methods(batch)
    yield from distributions(batch.distributions)
    yield from links(batch.links)


def _dataset_columns() -> list[tuple[pl.Expr, str, pl.Expr]]:
    import polars as pl

    dataset, distribution = iri_of("dataset"), iri_of("distribution")
    name = pl.concat_str([text_of("title").str.strip_suffix('"'), pl.lit(' distribution"')])
    return [
        (dataset, _TYPE, constant(MLS + "Dataset")),
        (dataset, _TYPE, constant(DCAT + "Dataset")),
        (dataset, f"<{DCTERMS}title>", text_of("title")),
        (dataset, f"<{RDFS}label>", text_of("title")),
        (dataset, f"<{DCAT}landingPage>", iri_of("landing_page")),
        (dataset, f"<{DCTERMS}identifier>", typed("openml_id", "integer")),
        (dataset, f"<{own_term('contentHash')}>", text_of("content_hash")),
        (dataset, f"<{DCAT}distribution>", distribution),
        (distribution, _TYPE, constant(DCAT + "Distribution")),
        (distribution, f"<{RDFS}label>", name),
    ]


def _with_task_titles(tasks: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    name = pl.col("task").str.replace("^.*?/task/", "")
    return tasks.with_columns(
        title=pl.concat_str([pl.lit("Task "), name, pl.lit(" ("), pl.col("type"), pl.lit(")")]),
        mlso_type=pl.col("type").replace_strict(mlsea.TASK_TYPES, default=None, return_dtype=pl.String),
        specification=mlsea.specification("task"),
        page=mlsea.page("task"),
    ).with_columns(number=pl.when(pl.col("page").is_not_null()).then(name))


def with_quality_iris(qualities: pl.DataFrame) -> pl.DataFrame:
    """Quality table with the IRIs of qualities (column ``quality``), distributions, and MLSO's types."""
    import polars as pl

    names = {name: iris.quote(name, safe="") for name in qualities["name"].unique()}
    part = pl.col("name").replace_strict(names, return_dtype=pl.String) if names else pl.col("name")
    known = mlsea.CHARACTERISTIC_TYPES
    return qualities.with_columns(
        quality=mlsea.characteristic("dataset", part),
        distribution=mlsea.distribution("dataset"),
        mlso_type=pl.col("name").replace_strict(known, default=None, return_dtype=pl.String),
    )


def _quality_columns() -> list[tuple[pl.Expr, str, pl.Expr]]:
    quality = iri_of("quality")
    return [
        (iri_of("distribution"), f"<{MLS}hasQuality>", quality),
        (quality, _TYPE, constant(MLS + "DatasetCharacteristic")),
        (quality, f"<{RDFS}label>", text_of("name")),
        (quality, f"<{MLSO}hasDataCharacteristicType>", iri_of("mlso_type")),
        (quality, f"<{MLS}hasValue>", typed("value", "double")),
    ]


def _run_columns(*, bulk: bool) -> list[tuple[pl.Expr, str, pl.Expr]]:
    import polars as pl

    run = iri_of("run")
    return [
        (run, _TYPE, constant(MLS + "Run")),
        (run, f"<{MLS}achieves>", iri_of("task")),
        (run, f"<{MLS}executes>", iri_of("pipeline")),
        (run, f"<{MLS}hasInput>", iri_of("dataset")),
        # Of millions of runs only those say how they ended that failed.
        (
            run,
            f"<{own_term('status')}>",
            pl.when(not bulk or pl.col("status") != "finished").then(text_of("status")),
        ),
        (run, f"<{own_term('trainingSize')}>", typed("training_size", "integer")),
        (run, f"<{own_term('seed')}>", typed("seed", "integer")),
        (run, f"<{PROV}startedAtTime>", time_of("started")),
        (run, f"<{own_term('errorMessage')}>", text_of("error")),
    ]


def _run_settings(batch: Batch) -> pl.DataFrame:
    """One row for each run and each hyperparameter setting of its pipeline."""
    import polars as pl

    rows = [
        (iri, setting)
        for iri, canonical in batch.pipelines.select("pipeline", "canonical").iter_rows()
        for setting, *_ in settings(Pipeline.from_canonical(canonical), iri)
    ]
    frame = pl.DataFrame(rows, schema={"pipeline": pl.String, "setting": pl.String}, orient="row")
    return batch.runs.select("run", "pipeline").join(frame, on="pipeline")


def _evaluation_statements(
    evaluations: pl.DataFrame, *, bulk: bool
) -> Iterator[tuple[pl.DataFrame, list[tuple[pl.Expr, str, pl.Expr]]]]:
    import polars as pl

    for (measure,), frame in evaluations.group_by("measure", maintain_order=True):
        iri = str(measure)
        key = iri.removeprefix(iris.measure(""))
        node = _shared(key) if bulk else iri_of("run", iris.evaluation("", key))
        shortcut = (iri_of("run"), f"<{iri}>", pl.col("number"))
        # The value's text is built once for its two uses.
        valued = frame.with_columns(number=typed("value", "double"))
        if bulk and iri == iris.measure("runtime_seconds"):
            # How long a run took is no result of it: where each triple counts, the shortcut says it all.
            yield valued, [shortcut]
            continue
        output = (iri_of("run"), f"<{MLS}hasOutput>", node)
        about = [
            (node, _TYPE, constant(MLS + "ModelEvaluation")),
            (node, f"<{MLS}specifiedBy>", constant(iri)),
            (node, f"<{MLS}hasValue>", pl.col("number")),
        ]
        if bulk:
            yield valued, [output, shortcut]
            yield valued.unique("value"), about
        else:
            yield valued, [output, *about, shortcut]


def _shared(key: str) -> pl.Expr:
    """Evaluation that all runs of a bulk graph with the same value have in common: one triple a run, not four."""
    import polars as pl

    return pl.concat_str(
        [pl.lit(f"<{iris.own('evaluation', key)}/"), pl.col("value").cast(pl.String), pl.lit(">")]
    )


def settings(pipeline: Pipeline, iri: str) -> Iterator[tuple[str, str, str, Scalar]]:
    """Hyperparameter settings of a pipeline: (node, component, parameter, value)."""
    for position, step in enumerate(pipeline.steps):
        for name, value in step.parameters.items():
            node = f"{iri}/hyperParameterSetting/{position}.{iris.quote(name, safe='')}"
            yield node, step.component, name, value


def _label_triples(batch: Batch) -> Iterator[str]:
    """Types and labels of measures and procedures, which queries written for MLSea-KG look for."""
    for column, kind, measured, types in (
        ("measure", "EvaluationMeasure", batch.evaluations["measure"], mlsea.MEASURE_TYPES),
        ("procedure", "EvaluationProcedure", batch.tasks["procedure"], mlsea.PROCEDURE_TYPES),
    ):
        for iri in measured.unique(maintain_order=True):
            key = iri.removeprefix(iris.own(column, ""))
            yield f"<{iri}> {_TYPE} <{MLS}{kind}>"
            yield f"<{iri}> <{RDFS}label> {literal(key)}"
            if key in types:
                yield f"<{iri}> <{MLSO}has{kind}Type> <{types[key]}>"


def _pipeline_triples(pipelines: pl.DataFrame) -> Iterator[str]:
    components: dict[str, set[str]] = {}
    for iri, title, canonical in pipelines.select("pipeline", "title", "canonical").iter_rows():
        pipeline = Pipeline.from_canonical(canonical)
        yield f"<{iri}> {_TYPE} <{MLS}Implementation>"
        yield f"<{iri}> {_TYPE} <{own_term('Pipeline')}>"
        yield f"<{iri}> <{DCTERMS}title> {literal(title)}"
        yield f"<{iri}> <{RDFS}label> {literal(title)}"
        yield f"<{iri}> <{own_term('canonical')}> {literal(canonical)}"
        for position, step in enumerate(pipeline.steps):
            node = f"<{iri}/step/{position}>"
            components.setdefault(step.component, set()).update(step.parameters)
            yield f"<{iri}> <{own_term('hasStep')}> {node}"
            yield f"{node} {_TYPE} <{own_term('Step')}>"
            yield f"{node} <{own_term('position')}> {literal(position)}"
            yield f"{node} <{own_term('slot')}> {literal(step.slot)}"
            yield f"{node} <{own_term('component')}> <{iris.component(step.component)}>"
        set_here = list(settings(pipeline, iri))
        for parameter in dict.fromkeys(iris.hyperparameter(path, name) for _, path, name, _ in set_here):
            yield f"<{iri}> <{MLS}hasHyperParameter> <{parameter}>"
        for node, component, name, value in set_here:
            yield f"<{iri}> <{MLS}hasInput> <{node}>"
            yield f"<{node}> {_TYPE} <{MLS}HyperParameterSetting>"
            yield f"<{node}> <{DCTERMS}title> {literal(name)}"
            yield f"<{node}> <{MLS}specifiedBy> <{iris.hyperparameter(component, name)}>"
            yield f"<{node}> <{MLS}hasValue> {literal(value)}"
    for component, names in sorted(components.items()):
        node = f"<{iris.component(component)}>"
        yield f"{node} {_TYPE} <{MLS}Software>"
        yield f"{node} <{RDFS}label> {literal(component)}"
        for name in sorted(names):
            parameter = f"<{iris.hyperparameter(component, name)}>"
            yield f"{node} <{MLS}hasHyperParameter> {parameter}"
            yield f"{parameter} {_TYPE} <{MLS}HyperParameter>"
            yield f"{parameter} <{RDFS}label> {literal(name)}"
            yield f"{parameter} <{DCTERMS}title> {literal(name)}"
