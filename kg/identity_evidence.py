"""What the graph knows of datasets that can tell whether two are one: content, OpenML's number, names and shape."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg import iris
from kg.terms import IRI, to_term
from kg.vocabulary import DCAT, DCTERMS, MLS, RDF, RDFS, own_term

if TYPE_CHECKING:
    import polars as pl

    from kg.store import Store

__all__ = ["SHAPE", "Evidence", "named_number", "plain_name", "read", "shapes"]

SHAPE = (
    "NumberOfInstances",
    "NumberOfFeatures",
    "NumberOfClasses",
    "MajorityClassSize",
    "NumberOfMissingValues",
)
"""OpenML's qualities that are exact counts, the same whoever counts; features count the target."""

_ANYBODYS = frozenset(
    {"data", "data frame", "dataset", "df", "frame", "input", "my data", "mydata", "sample", "table", "test"}
    | {"a table without a name", "test data", "train", "train data", "training", "training data", "x train"}
)
"""Names that say nothing."""

_FILE = re.compile(r"\.(csv|tsv|parquet|pq|arff|txt|json|feather|xlsx?)(\.gz)?$", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"open\s?ml (dataset |data )?\d+")
_PAGES = re.compile(
    r"openml\.org/(?:d/|data/(?:v1/)?(?:download/)?|api/v1/(?:json/|xml/)?data/|search\?(?:.*&)?id=)(\d+)(?![\w.])"
)
_NAMED = re.compile(r"open[\s_-]?ml[\s:_/-]*(?:data(?:set)?[\s:_/-]*)?(?:id[\s:_/-]*)?(\d+)", re.IGNORECASE)
_TAGS = ("openml_id", "openml_dataset_id", "openml_data_id", "openml_did", "openml.dataset_id", "openml.id")
_ASKED = 2_000


@dataclass(frozen=True)
class Evidence:
    """Columns of what is known of datasets, each row once.

    Attributes
    ----------
    names
        dataset, title, name: titles as they are written, and as they are compared (null where that says nothing).
    numbers
        dataset, number, why: OpenML's ids, and where they stand.
    contents
        dataset, hash.
    """

    names: pl.DataFrame
    numbers: pl.DataFrame
    contents: pl.DataFrame


def plain_name(title: str) -> str | None:
    """Title as it is compared: case, punctuation and the ending of a file do not count; None if it says nothing.

    >>> plain_name("kr-vs-kp"), plain_name("KR_vs_KP.csv"), plain_name("OpenML dataset 3"), plain_name("train.csv")
    ('kr vs kp', 'kr vs kp', None, None)
    """
    text = unicodedata.normalize("NFKC", _FILE.sub("", title.strip())).lower()
    name = " ".join(re.findall(r"[^\W_]+", text))
    if not name or name in _ANYBODYS or _PLACEHOLDER.fullmatch(name):
        return None
    return name


def named_number(title: str) -> int | None:
    """OpenML's id that a dataset is called by.

    >>> named_number("openml:61"), named_number("OpenML dataset 61"), named_number("openml-cc18")
    (61, 61, None)
    """
    match = _NAMED.fullmatch(title.strip())
    return int(match[1]) if match else None


def read(store: Store, graphs: Sequence[str]) -> Evidence:
    """Evidence about all datasets that some graphs describe, but for their shapes (:func:`shapes`)."""
    import polars as pl

    kind = f"?dataset <{RDF}type> <{MLS}Dataset>"
    titles = [
        (dataset, text)
        for dataset, text in _rows(
            store, graphs, f"?dataset ?text WHERE {{ {kind} ; <{DCTERMS}title> ?text }}"
        )
    ]
    everything = [dataset for (dataset,) in _rows(store, graphs, f"?dataset WHERE {{ {kind} }}")]
    numbers = [
        (dataset, number, "its IRI")
        for dataset in everything
        if (number := iris.openml_id(dataset)) is not None
    ]
    numbers += _stated_numbers(store, graphs, kind, titles)
    contents = _rows(store, graphs, f"?dataset ?hash WHERE {{ {kind} ; <{own_term('contentHash')}> ?hash }}")
    return Evidence(
        _frame(((*row, plain_name(row[1])) for row in titles), ["dataset", "title", "name"]),
        pl.DataFrame(
            sorted(set(numbers)), {"dataset": pl.String, "number": pl.Int64, "why": pl.String}, orient="row"
        ),
        _frame(contents, ["dataset", "hash"]),
    )


def _stated_numbers(
    store: Store, graphs: Sequence[str], kind: str, titles: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, int, str]]:
    """OpenML's ids that are stated of datasets that OpenML did not name: (dataset, id, where it stands)."""
    other = f'FILTER(!STRSTARTS(STR(?dataset), "{iris.OPENML}"))'
    for dataset, text in _rows(
        store, graphs, f"?dataset ?id WHERE {{ {kind} ; <{DCTERMS}identifier> ?id {other} }}"
    ):
        number = int(text) if text.isdecimal() else named_number(text)
        if number is not None:
            yield dataset, number, "its identifier"
    for dataset, page in _rows(
        store, graphs, f"?dataset ?page WHERE {{ {kind} ; <{DCAT}landingPage> ?page {other} }}"
    ):
        if match := _PAGES.search(page):
            yield dataset, int(match[1]), "its landing page"
    for dataset, title in titles:
        if iris.openml_id(dataset) is None and (number := named_number(title)) is not None:
            yield dataset, number, "its title"
    names = " ".join(str(to_term(name)) for name in _TAGS)
    tags = f"""?dataset ?text WHERE {{ VALUES ?name {{ {names} }} ?tag <{RDFS}label> ?name ; <{RDF}value> ?text .
        ?run <{own_term("tag")}> ?tag ; <{MLS}achieves> ?task . ?task <{MLS}definedOn> ?dataset }}"""
    for dataset, text in _rows(store, graphs, tags):
        if text.strip().isdecimal():
            yield dataset, int(text), "a tag of its runs"


def shapes(store: Store, graphs: Sequence[str], datasets: Sequence[str] | None = None) -> pl.DataFrame:
    """Exact counts of datasets, of some or of all: dataset, and :data:`SHAPE`, null where unknown or stated twice."""
    import polars as pl

    names = " ".join(str(to_term(name)) for name in SHAPE)
    of = f"""?dataset <{DCAT}distribution> ?distribution . ?distribution <{MLS}hasQuality> ?quality .
        ?quality <{RDFS}label> ?name ; <{MLS}hasValue> ?value"""
    rows: list[tuple[str, ...]] = []
    if datasets is None:
        rows = _rows(store, graphs, f"?dataset ?name ?value WHERE {{ VALUES ?name {{ {names} }} {of} }}")
    for start in range(0, len(datasets or ()), _ASKED):
        chosen = " ".join(str(to_term(IRI(dataset))) for dataset in (datasets or ())[start : start + _ASKED])
        asked = f"VALUES ?dataset {{ {chosen} }} {of} FILTER(?name IN ({names.replace(' ', ', ')}))"
        rows += _rows(store, graphs, f"?dataset ?name ?value WHERE {{ {asked} }}")
    long = _frame(rows, ["dataset", "name", "value"]).with_columns(
        pl.col("value").cast(pl.Float64, strict=False)
    )
    once = pl.when(pl.col("value").n_unique() == 1).then(pl.col("value").first())
    wide = (
        long.group_by("dataset", "name")
        .agg(once)
        .pivot("name", on_columns=SHAPE, index="dataset", values="value")
    )
    return wide.select("dataset", *SHAPE).sort("dataset")


def _rows(store: Store, graphs: Sequence[str], asked: str) -> list[tuple[str, ...]]:
    found = store.query(f"SELECT DISTINCT {asked}", default_graph=graphs).rows()
    return sorted(tuple(str(value) for value in row) for row in found)


def _frame(rows: Iterable[tuple[str | None, ...]], columns: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    return pl.DataFrame(sorted(set(rows), key=repr), dict.fromkeys(columns, pl.String), orient="row")
