"""What a run came about by, what was noted of it, its files, further datasets and series, as columns of N-Quads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kg import iris, mlsea, schema
from kg.line_terms import constant, iri_of, text_of, time_of, typed
from kg.vocabulary import DCAT, DCTERMS, MLS, OWL, PROV, RDF, RDFS, own_term

if TYPE_CHECKING:
    import polars as pl

    from kg.batch import Batch
    from kg.line_terms import Statements

__all__ = ["about_runs", "declared_measures", "distributions", "links", "with_nodes"]

_TYPE = f"<{RDF}type>"


def about_runs(batch: Batch) -> Iterator[Statements]:
    """Contexts, tags, artefacts and further datasets; of series that there are any, their points being elsewhere."""
    import polars as pl

    run = iri_of("run")
    texts = ("role", "error_type", "script", "commit", "host", "platform", "python", "packages", "user")
    terms = {"error_type": "errorType", "python": "pythonVersion"}
    yield (
        batch.contexts,
        [
            (run, f"<{RDFS}label>", text_of("name")),
            (run, f"<{DCTERMS}isPartOf>", iri_of("parent")),
            (run, f"<{PROV}endedAtTime>", time_of("ended")),
            *((run, f"<{own_term(terms.get(name, name))}>", text_of(name)) for name in texts),
        ],
    )
    tag = iri_of("node")
    yield (
        with_nodes(batch.tags, "tag"),
        [
            (run, f"<{own_term('tag')}>", tag),
            (tag, _TYPE, constant(own_term("Tag"))),
            (tag, f"<{RDFS}label>", text_of("name")),
            (tag, f"<{RDF}value>", text_of("text")),
        ],
    )
    file = iri_of("node")
    yield (
        with_nodes(batch.artefacts, "artefact"),
        [
            (file, _TYPE, constant(own_term("Artefact"))),
            (file, f"<{PROV}wasGeneratedBy>", run),
            (file, f"<{RDFS}label>", text_of("name")),
            (file, f"<{own_term('sha256')}>", text_of("sha256")),
            (file, f"<{DCAT}byteSize>", typed("bytes", "integer")),
            (file, f"<{DCTERMS}format>", text_of("media_type")),
            (file, f"<{own_term('location')}>", text_of("location")),
        ],
    )
    usage = iri_of("node")
    yield (
        _with_usage_nodes(batch.usages),
        [
            (run, f"<{PROV}used>", iri_of("dataset")),
            (run, f"<{PROV}qualifiedUsage>", usage),
            (usage, _TYPE, constant(f"{PROV}Usage")),
            (usage, f"<{PROV}entity>", iri_of("dataset")),
            (usage, f"<{own_term('role')}>", text_of("role")),
        ],
    )
    series = iri_of("node")
    each = batch.series.group_by("run", "name", "axis", maintain_order=True).agg(points=pl.len())
    yield (
        with_nodes(each, "series"),
        [
            (run, f"<{own_term('hasSeries')}>", series),
            (series, _TYPE, constant(own_term("Series"))),
            (series, f"<{RDFS}label>", text_of("name")),
            (series, f"<{own_term('axis')}>", text_of("axis")),
            (series, f"<{own_term('seriesPointCount')}>", typed("points", "integer")),
        ],
    )


def declared_measures(measures: pl.DataFrame) -> Statements:
    """Measures that a source declares; their types and keys are stated with their evaluations."""
    measure = iri_of("measure")
    return (
        measures,
        [
            (measure, _TYPE, constant(f"{MLS}EvaluationMeasure")),
            (measure, f"<{DCTERMS}title>", text_of("label")),
            (measure, f"<{own_term('direction')}>", text_of("direction")),
            (measure, f"<{own_term('minimum')}>", typed("minimum", "double")),
            (measure, f"<{own_term('maximum')}>", typed("maximum", "double")),
            (measure, f"<{own_term('unit')}>", text_of("unit")),
        ],
    )


def distributions(table: pl.DataFrame) -> Iterator[Statements]:
    """Files of datasets, and the licence of the data; a place that is no address is told as text."""
    import polars as pl

    names = {name: iris.quote(name, safe="") for name in table["name"].unique()}
    part = pl.col("name").replace_strict(names, return_dtype=pl.String) if names else pl.col("name")
    known = {
        place: place if schema.is_iri(place) else None for place in table["location"].drop_nulls().unique()
    }
    address = pl.col("location").replace_strict(known, default=None, return_dtype=pl.String)
    file = iri_of("node")
    yield (
        table.with_columns(
            node=pl.concat_str([mlsea.distribution("dataset"), pl.lit("/"), part]),
            address=address,
            location=pl.when(address.is_null()).then(pl.col("location")),
        ),
        [
            (iri_of("dataset"), f"<{DCAT}distribution>", file),
            (iri_of("dataset"), f"<{DCTERMS}license>", text_of("licence")),
            (file, _TYPE, constant(f"{DCAT}Distribution")),
            (file, f"<{RDFS}label>", text_of("name")),
            (file, f"<{DCAT}downloadURL>", iri_of("address")),
            (file, f"<{own_term('location')}>", text_of("location")),
            (file, f"<{own_term('sha256')}>", text_of("sha256")),
            (file, f"<{DCAT}byteSize>", typed("bytes", "integer")),
            (file, f"<{DCTERMS}format>", text_of("media_type")),
        ],
    )


def links(table: pl.DataFrame) -> Iterator[Statements]:
    """Datasets that are one, come from one another or are different, each with the reason."""
    import polars as pl

    node = iri_of("node")
    named = table.with_columns(
        node=pl.struct("dataset", "other").map_elements(
            lambda row: iris.link(row["dataset"], row["other"]), return_dtype=pl.String
        )
    )
    for relation, predicates in (
        ("same", [f"{OWL}sameAs"]),
        ("alternate", [f"{PROV}alternateOf"]),
        ("different", []),
    ):
        yield (
            named.filter(pl.col("relation") == relation),
            [
                *((iri_of("dataset"), f"<{predicate}>", iri_of("other")) for predicate in predicates),
                (node, _TYPE, constant(own_term("Link"))),
                (node, f"<{own_term('linked')}>", iri_of("dataset")),
                (node, f"<{own_term('linked')}>", iri_of("other")),
                (node, f"<{own_term('relation')}>", text_of("relation")),
                (node, f"<{RDFS}comment>", text_of("reason")),
            ],
        )


def with_nodes(frame: pl.DataFrame, kind: str) -> pl.DataFrame:
    """Rows with the IRI of each thing, which stands below its run."""
    import polars as pl

    names = {name: iris.quote(name, safe="") for name in frame["name"].unique()}
    part = pl.col("name").replace_strict(names, return_dtype=pl.String) if names else pl.col("name")
    return frame.with_columns(node=pl.concat_str([pl.col("run"), pl.lit(f"/{kind}/"), part]))


def _with_usage_nodes(usages: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    keys = {dataset: iris.quote(iris.dataset_key(dataset)) for dataset in usages["dataset"].unique()}
    part = pl.col("dataset").replace_strict(keys, return_dtype=pl.String) if keys else pl.col("dataset")
    return usages.with_columns(
        node=pl.concat_str([pl.col("run"), pl.lit("/usage/"), pl.col("role"), pl.lit("/"), part])
    )
