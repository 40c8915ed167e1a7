"""Methods, the runs that try them, and what those runs made, as columns of N-Quads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kg import iris
from kg.line_terms import constant, iri_of, text_of, typed
from kg.run_quads import with_nodes
from kg.vocabulary import DCTERMS, MLS, PROV, RDF, RDFS, own_term

if TYPE_CHECKING:
    import polars as pl

    from kg.batch import Batch
    from kg.line_terms import Statements

__all__ = ["about_methods"]

_TYPE = f"<{RDF}type>"


def about_methods(batch: Batch) -> Iterator[Statements]:
    """Methods as they were published, trials of their arms, and products with their origins and properties."""
    method, run = iri_of("method"), iri_of("run")
    yield (
        batch.methods,
        [
            (method, _TYPE, constant(own_term("Method"))),
            (method, f"<{RDFS}label>", text_of("name")),
            (method, f"<{DCTERMS}title>", text_of("title")),
            (method, f"<{DCTERMS}source>", iri_of("publication")),
            (method, f"<{DCTERMS}date>", typed("year", "gYear")),
            (method, f"<{own_term('fidelity')}>", text_of("fidelity")),
            (method, f"<{RDFS}comment>", text_of("note")),
        ],
    )
    texts = {
        "arm": "arm",
        "arm_kind": "armKind",
        "benchmark": "benchmark",
        "version": "methodVersion",
        "configuration": "configuration",
    }
    yield (
        batch.trials,
        [
            (run, f"<{own_term('method')}>", method),
            *((run, f"<{own_term(term)}>", text_of(column)) for column, term in texts.items()),
        ],
    )
    product = iri_of("node")
    yield (
        with_nodes(batch.products, "product"),
        [
            (product, _TYPE, constant(own_term("Product"))),
            (product, f"<{own_term('productKind')}>", text_of("kind")),
            (product, f"<{RDFS}label>", text_of("title")),
            (product, f"<{RDF}value>", text_of("text")),
            (product, f"<{own_term('generation')}>", typed("generation", "integer")),
            (product, f"<{PROV}wasGeneratedBy>", run),
        ],
    )
    yield (
        with_nodes(batch.derivations, "product"),
        [(product, f"<{PROV}wasDerivedFrom>", iri_of("origin"))],
    )
    quality = iri_of("quality")
    yield (
        _with_quality_nodes(with_nodes(batch.properties, "product")),
        [
            (product, f"<{MLS}hasQuality>", quality),
            (quality, _TYPE, constant(f"{MLS}Quality")),
            (quality, f"<{RDFS}label>", text_of("property")),
            (quality, f"<{MLS}hasValue>", text_of("text")),
            (quality, f"<{MLS}hasValue>", typed("value", "double")),
        ],
    )


def _with_quality_nodes(properties: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    names = {name: iris.quote(name, safe="") for name in properties["property"].unique()}
    part = pl.col("property").replace_strict(names, return_dtype=pl.String) if names else pl.col("property")
    return properties.with_columns(quality=pl.concat_str([pl.col("node"), pl.lit("/quality/"), part]))
