"""A batch: the one way from data to the graph, a set of columnar tables and the manifest that says whence."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from kg import iris, schema
from kg.errors import SchemaError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Batch", "Kind", "Manifest", "content_hash", "hash_sum", "merged"]

Kind = Literal["source", "project", "recommendations", "quarantine"]


@dataclass(frozen=True)
class Manifest:
    """Where a named graph comes from.

    Attributes
    ----------
    source, version
        Short name and version; together they name the graph.
    title, licence
        For people; the licence as an SPDX expression where there is one.
    derived_from
        IRI of the original.
    kind
        ``source`` (ingested), ``project`` (tracked runs), ``recommendations``, or ``quarantine`` (kept out of
        every answer).
    bulk
        A source of millions of runs, of each of which less is stated: see ``mkg:bulk`` in ``ontology/metakg.ttl``.

    Raises
    ------
    SchemaError
        If ``derived_from`` is not an IRI, or the kind is unknown.
    """

    source: str
    version: str
    title: str
    licence: str
    derived_from: str
    kind: Kind = "source"
    bulk: bool = False

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise SchemaError(
                f"manifest of {self.source!r}: kind {self.kind!r} is unknown; known: {', '.join(get_args(Kind))}"
            )
        if not schema.is_iri(self.derived_from):
            raise SchemaError(
                f"manifest of {self.source!r}: derived_from {self.derived_from!r} is not an IRI, such as https://..."
            )

    @property
    def graph(self) -> str:
        """IRI of the named graph."""
        return iris.graph(self.source, self.version)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, which the constructor takes again."""
        return asdict(self)


@dataclass(frozen=True)
class Batch:
    """Tables of one named graph, or of a part of it; see :mod:`kg.schema` for their columns.

    Raises
    ------
    SchemaError
        If a table does not have the declared columns, types and values.
    """

    manifest: Manifest
    datasets: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    qualities: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    tasks: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    pipelines: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    runs: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    evaluations: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    measures: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    contexts: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    tags: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    artefacts: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    usages: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    distributions: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    links: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    methods: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    trials: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    products: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    derivations: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    properties: pl.DataFrame = field(default=None)  # type: ignore[assignment]
    series: pl.DataFrame = field(default=None)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        for table in schema.TABLES:
            object.__setattr__(self, table, schema.validate(table, getattr(self, table)))

    def tables(self) -> dict[str, pl.DataFrame]:
        """All tables by name."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "manifest"}

    def counts(self) -> dict[str, int]:
        """Number of rows of each table; of those beyond ``kg.schema.COUNTED`` only where there are any."""
        return {
            name: frame.height
            for name, frame in self.tables().items()
            if frame.height or name in schema.COUNTED
        }


def content_hash(batches: Iterable[Batch]) -> str:
    """SHA-256 of what the batches say, whatever the order of their rows or how they are cut into batches.

    Rows are hashed as text (canonical values, separated by control characters that IRIs cannot hold), and the
    digests of all rows are added up modulo 2**256, so that nothing has to be sorted or kept.

    Raises
    ------
    SchemaError
        If the batches belong to different graphs.
    """
    total, manifest = 0, None
    for batch in batches:
        if manifest is not None and batch.manifest != manifest:
            raise SchemaError(
                f"batches of {manifest.graph} and {batch.manifest.graph} cannot be one commit: commit each by itself"
            )
        manifest = batch.manifest
        for name, frame in batch.tables().items():
            for row in _row_texts(frame) if frame.height else ():
                digest = hashlib.sha256(f"{name}\x1e{row}".encode()).digest()
                total = (total + int.from_bytes(digest, "big")) % 2**256
    return f"{total:064x}"


def _row_texts(frame: pl.DataFrame) -> Iterable[str]:
    import polars as pl

    texts = [pl.col(name).cast(pl.String).fill_null("\x00") for name in frame.columns]
    return frame.select(pl.concat_str(texts, separator="\x1f"))[:, 0]


def hash_sum(digests: Iterable[str]) -> str:
    """Content hash of what several content hashes stand for: that of all their batches together.

    >>> hash_sum(["0f", "01"])[-4:]
    '0010'
    """
    return f"{sum(int(digest or '0', 16) for digest in digests) % 2**256:064x}"


def merged(manifest: Manifest, frames: Mapping[str, pl.DataFrame]) -> list[Batch]:
    """As few batches as can hold the rows of tables in which rows repeat; equal rows are kept once.

    There is more than one only where a thing is described differently (two titles of a dataset).

    Raises
    ------
    SchemaError
        If a table does not have the declared columns, types and values.
    """
    rest = {name: frame.unique(maintain_order=True) for name, frame in frames.items()}
    found = []
    while any(frame.height for frame in rest.values()):
        first = {
            name: frame.unique(schema.KEYS[name], keep="first", maintain_order=True)
            for name, frame in rest.items()
        }
        found.append(Batch(manifest, **first))
        rest = {
            name: frame.join(first[name], on=frame.columns, how="anti", nulls_equal=True)
            for name, frame in rest.items()
        }
    return found
