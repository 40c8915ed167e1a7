"""The manifest graph: what each named graph is, where it came from, and when it came in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from kg import iris
from kg.batch import Batch, Kind, Manifest
from kg.errors import QueryError
from kg.quads import literal
from kg.schema import COUNTED
from kg.terms import from_term
from kg.vocabulary import DCAT, DCTERMS, PROV, RDF, RDFS, XSD, own_term

if TYPE_CHECKING:
    import pyoxigraph

__all__ = [
    "COUNTS",
    "GraphInfo",
    "describe",
    "graphs_named",
    "infos",
    "ledger",
    "listed",
    "read",
    "total_counts",
]

COUNTS = {
    "datasets": "datasetCount",
    "qualities": "qualityCount",
    "tasks": "taskCount",
    "pipelines": "pipelineCount",
    "runs": "runCount",
    "evaluations": "evaluationCount",
    "measures": "measureCount",
    "contexts": "contextCount",
    "tags": "tagCount",
    "artefacts": "artefactCount",
    "usages": "usageCount",
    "distributions": "distributionCount",
    "links": "linkCount",
    "methods": "methodCount",
    "trials": "trialCount",
    "products": "productCount",
    "derivations": "derivationCount",
    "properties": "propertyCount",
    "series": "seriesPointCount",
}
"""Tables of a batch and the manifest's property that counts their rows."""

STORE = iris.BASE + "store"


@dataclass(frozen=True)
class GraphInfo:
    """One named graph as the manifest describes it.

    Attributes
    ----------
    counts
        Rows by table.
    generated_at, modified_at
        When it was first written, and last.
    store_version
        Version of the store at its last change.
    bulk
        See :class:`kg.batch.Manifest`.
    unfinished
        Whether only a part of its source has been read so far.
    """

    iri: str
    source: str
    version: str
    title: str
    licence: str
    derived_from: str
    kind: str
    counts: dict[str, int]
    content_hash: str
    generated_at: str
    store_version: int
    modified_at: str = ""
    bulk: bool = False
    unfinished: bool = False

    @property
    def rows(self) -> int:
        """Rows that stand in the graph itself: of all tables but series."""
        return sum(count for table, count in self.counts.items() if table != "series")

    def manifest(self) -> Manifest:
        """What the graph was written with."""
        kind = cast(Kind, self.kind)
        return Manifest(
            self.source, self.version, self.title, self.licence, self.derived_from, kind, self.bulk
        )


def graphs_named(infos: Sequence[GraphInfo], name: str) -> list[GraphInfo]:
    """Graphs of a source (``lcdb``), of one version of it (``lcdb 0.1.0``), or the one with that IRI.

    Raises
    ------
    QueryError
        If there is none; the message lists what there is.
    """
    wanted = " ".join(name.replace("/", " ").split()) if "://" not in name else name.strip()
    found = [info for info in infos if wanted in (info.source, f"{info.source} {info.version}", info.iri)]
    if not found:
        raise QueryError(f"there is no source {name!r}: the graph holds {listed(infos)}")
    return found


def listed(infos: Sequence[GraphInfo]) -> str:
    """The graphs in words."""
    texts = [f"{info.source} {info.version} (since {info.generated_at})" for info in infos]
    return ", ".join(texts) or "no source yet: run `metakg ingest oboe`"


def total_counts(batches: Iterable[Batch]) -> dict[str, int]:
    """Rows of each table, added over batches."""
    totals = dict.fromkeys(COUNTED, 0)
    for batch in batches:
        for table, rows in batch.counts().items():
            totals[table] = totals.get(table, 0) + rows
    return totals


def describe(
    manifest: Manifest,
    counts: Mapping[str, int],
    content_hash: str,
    store_version: int,
    *,
    since: str | None = None,
    unfinished: bool = False,
) -> bytes:
    """N-Quads that describe a named graph in the manifest graph; ``since`` is when it was first written."""
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    subject, graph = f"<{manifest.graph}>", f"<{iris.MANIFEST_GRAPH}>"
    statements = [
        (f"{RDF}type", f"<{PROV}Entity>"),
        (f"{RDF}type", f"<{DCAT}Dataset>"),
        (f"{DCTERMS}title", literal(manifest.title)),
        (f"{RDFS}label", literal(manifest.title)),
        (f"{DCTERMS}license", literal(manifest.licence)),
        (f"{PROV}wasDerivedFrom", f"<{manifest.derived_from}>"),
        (f"{PROV}generatedAtTime", f'"{since or now}"^^<{XSD}dateTime>'),
        (f"{DCTERMS}modified", f'"{now}"^^<{XSD}dateTime>'),
        (f"{PROV}wasAttributedTo", f"<{iris.own('agent', 'metakg')}>"),
        (own_term("sourceName"), literal(manifest.source)),
        (own_term("sourceVersion"), literal(manifest.version)),
        (own_term("kind"), literal(manifest.kind)),
        (own_term("contentHash"), literal(content_hash)),
        (own_term("storeVersion"), literal(store_version)),
    ]
    statements += [(own_term(name), literal(True)) for name in _flags(manifest, unfinished)]
    statements += [
        (own_term(COUNTS[table]), literal(rows)) for table, rows in counts.items() if rows or table in COUNTED
    ]
    return "".join(f"{subject} <{predicate}> {value} {graph} .\n" for predicate, value in statements).encode()


def _flags(manifest: Manifest, unfinished: bool) -> list[str]:
    return [name for name, holds in (("bulk", manifest.bulk), ("unfinished", unfinished)) if holds]


def read(store: pyoxigraph.Store) -> Iterator[GraphInfo]:
    """Named graphs that the manifest describes, oldest first."""
    import pyoxigraph as ox

    quads = store.quads_for_pattern(None, None, None, ox.NamedNode(iris.MANIFEST_GRAPH))
    yield from infos((quad.subject, quad.predicate, quad.object) for quad in quads)


def infos(statements: Iterable[tuple[Any, ...]]) -> list[GraphInfo]:
    """Named graphs that triples of the manifest graph describe, oldest first."""
    described: dict[str, dict[str, Any]] = {}
    for subject, predicate, value in statements:
        described.setdefault(str(from_term(subject)), {})[predicate.value] = from_term(value)
    found = [_info(iri, known) for iri, known in described.items() if own_term("sourceName") in known]
    return sorted(found, key=lambda info: (info.store_version, info.iri))


def _info(iri: str, known: dict[str, Any]) -> GraphInfo:
    return GraphInfo(
        iri=iri,
        source=known[own_term("sourceName")],
        version=known[own_term("sourceVersion")],
        title=known[f"{DCTERMS}title"],
        licence=known[f"{DCTERMS}license"],
        derived_from=str(known[f"{PROV}wasDerivedFrom"]),
        kind=known[own_term("kind")],
        counts={
            table: known.get(own_term(name), 0)
            for table, name in COUNTS.items()
            if own_term(name) in known or table in COUNTED
        },
        content_hash=known[own_term("contentHash")],
        generated_at=known[f"{PROV}generatedAtTime"],
        store_version=known[own_term("storeVersion")],
        modified_at=known.get(f"{DCTERMS}modified", known[f"{PROV}generatedAtTime"]),
        bulk=bool(known.get(own_term("bulk"), False)),
        unfinished=bool(known.get(own_term("unfinished"), False)),
    )


def forget(store: pyoxigraph.Store, graph: str) -> None:
    """Remove what the manifest says of a named graph."""
    import pyoxigraph as ox

    for quad in list(
        store.quads_for_pattern(ox.NamedNode(graph), None, None, ox.NamedNode(iris.MANIFEST_GRAPH))
    ):
        store.remove(quad)


def ledger(graph: str, digests: Iterable[str]) -> bytes:
    """N-Quads that record which batches were appended to a graph."""
    return "".join(
        f"<{graph}> <{own_term('batchHash')}> {literal(digest)} <{iris.LEDGER_GRAPH}> .\n"
        for digest in digests
    ).encode()
