"""Batches to N-Quads: the one path from data to RDF, vectorised by building strings column by column.

A run has the shape that MLSea-KG gives it (ML-Schema), so that queries written for its OpenML part find the
same patterns here; in addition each run carries its values directly, one shortcut property per measure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kg import iris, mlsea
from kg.pipeline import Pipeline, Scalar
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


def _iri(column: str, suffix: str = "") -> pl.Expr:
    import polars as pl

    return pl.concat_str([pl.lit("<"), pl.col(column), pl.lit(f"{suffix}>")])


def _text(column: str) -> pl.Expr:
    import polars as pl

    value = pl.col(column)
    for old, new in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
        ("\0", "\\u0000"),
    ):
        value = value.str.replace_all(old, new, literal=True)
    return pl.concat_str([pl.lit('"'), value, pl.lit('"')])


def _typed(column: str, datatype: str) -> pl.Expr:
    import polars as pl

    return pl.concat_str([pl.lit('"'), pl.col(column).cast(pl.String), pl.lit(f'"^^<{XSD}{datatype}>')])


def _const(iri: str) -> pl.Expr:
    import polars as pl

    return pl.lit(f"<{iri}>")


def _statements(batch: Batch) -> Iterator[tuple[pl.DataFrame, list[tuple[pl.Expr, str, pl.Expr]]]]:
    yield batch.datasets.with_columns(distribution=mlsea.distribution("dataset")), _dataset_columns()
    yield with_quality_iris(batch.qualities), _quality_columns()
    task, specification = _iri("task"), _iri("specification")
    yield (
        _with_task_titles(batch.tasks),
        [
            (task, _TYPE, _const(MLS + "Task")),
            (task, f"<{DCTERMS}title>", _text("title")),
            (task, f"<{RDFS}label>", _text("title")),
            (task, f"<{MLSO}hasTaskType>", _iri("mlso_type")),
            (task, f"<{PROV}atLocation>", _iri("page")),
            (task, f"<{DCTERMS}identifier>", _typed("number", "integer")),
            (specification, _TYPE, _const(MLS + "EvaluationSpecification")),
            (specification, f"<{MLS}defines>", task),
            (specification, f"<{MLS}hasPart>", _iri("procedure")),
            (task, f"<{MLS}definedOn>", _iri("dataset")),
            (task, f"<{own_term('procedure')}>", _iri("procedure")),
            (task, f"<{own_term('taskType')}>", _text("type")),
            (task, f"<{DCTERMS}subject>", _text("target")),
        ],
    )
    yield batch.runs, _run_columns(bulk=batch.manifest.bulk)
    if not batch.manifest.bulk:
        page = (_iri("run"), f"<{PROV}atLocation>", _iri("page"))
        yield batch.runs.select("run", page=mlsea.page("run")).drop_nulls(), [page]
        yield _run_settings(batch), [(_iri("run"), f"<{MLS}hasInput>", _iri("setting"))]
    yield from _evaluation_statements(batch.evaluations, bulk=batch.manifest.bulk)


def _dataset_columns() -> list[tuple[pl.Expr, str, pl.Expr]]:
    import polars as pl

    dataset, distribution = _iri("dataset"), _iri("distribution")
    name = pl.concat_str([_text("title").str.strip_suffix('"'), pl.lit(' distribution"')])
    return [
        (dataset, _TYPE, _const(MLS + "Dataset")),
        (dataset, _TYPE, _const(DCAT + "Dataset")),
        (dataset, f"<{DCTERMS}title>", _text("title")),
        (dataset, f"<{RDFS}label>", _text("title")),
        (dataset, f"<{DCAT}landingPage>", _iri("landing_page")),
        (dataset, f"<{DCTERMS}identifier>", _typed("openml_id", "integer")),
        (dataset, f"<{own_term('contentHash')}>", _text("content_hash")),
        (dataset, f"<{DCAT}distribution>", distribution),
        (distribution, _TYPE, _const(DCAT + "Distribution")),
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
    quality = _iri("quality")
    return [
        (_iri("distribution"), f"<{MLS}hasQuality>", quality),
        (quality, _TYPE, _const(MLS + "DatasetCharacteristic")),
        (quality, f"<{RDFS}label>", _text("name")),
        (quality, f"<{MLSO}hasDataCharacteristicType>", _iri("mlso_type")),
        (quality, f"<{MLS}hasValue>", _typed("value", "double")),
    ]


def _run_columns(*, bulk: bool) -> list[tuple[pl.Expr, str, pl.Expr]]:
    import polars as pl

    run = _iri("run")
    started = pl.concat_str(
        [
            pl.lit('"'),
            pl.col("started").dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"),
            pl.lit(f'"^^<{XSD}dateTime>'),
        ]
    )
    return [
        (run, _TYPE, _const(MLS + "Run")),
        (run, f"<{MLS}achieves>", _iri("task")),
        (run, f"<{MLS}executes>", _iri("pipeline")),
        (run, f"<{MLS}hasInput>", _iri("dataset")),
        # Of millions of runs only those say how they ended that failed.
        (
            run,
            f"<{own_term('status')}>",
            pl.when(not bulk or pl.col("status") != "finished").then(_text("status")),
        ),
        (run, f"<{own_term('trainingSize')}>", _typed("training_size", "integer")),
        (run, f"<{own_term('seed')}>", _typed("seed", "integer")),
        (run, f"<{PROV}startedAtTime>", started),
        (run, f"<{own_term('errorMessage')}>", _text("error")),
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
        node = _shared(key) if bulk else _iri("run", iris.evaluation("", key))
        shortcut = (_iri("run"), f"<{iri}>", pl.col("number"))
        # The value's text is built once for its two uses.
        valued = frame.with_columns(number=_typed("value", "double"))
        if bulk and iri == iris.measure("runtime_seconds"):
            # How long a run took is no result of it: where each triple counts, the shortcut says it all.
            yield valued, [shortcut]
            continue
        output = (_iri("run"), f"<{MLS}hasOutput>", node)
        about = [
            (node, _TYPE, _const(MLS + "ModelEvaluation")),
            (node, f"<{MLS}specifiedBy>", _const(iri)),
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
