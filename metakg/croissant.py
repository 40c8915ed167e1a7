"""Descriptions of datasets in Croissant 1.0, the JSON-LD that catalogues of machine-learning data exchange.

What is not known is left out and told, never made up: a description that names no licence gives none.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import ontology
from kg import iris
from kg.errors import QueryError, TableError
from kg.terms import IRI
from metakg import queries

if TYPE_CHECKING:
    import pandas as pd

    from kg.store import Store

__all__ = ["CONFORMS_TO", "Croissant", "croissant_of_dataset", "croissant_of_table"]

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"

_PLACEHOLDER = "OpenML dataset "
"""Start of the title that sources give a dataset whose name they do not know."""

_MEDIA_TYPES = {
    ".parquet": "application/x-parquet",
    ".pq": "application/x-parquet",
    ".tsv": "text/tab-separated-values",
    ".tab": "text/tab-separated-values",
    ".arff": "text/plain",
    ".json": "application/json",
}
"""Media types by suffix as Croissant writes them; all else is CSV."""


@dataclass(frozen=True)
class Croissant:
    """A description.

    Attributes
    ----------
    document
        The JSON-LD, its context included.
    unknown
        What Croissant recommends and nothing here knows.
    """

    document: dict[str, Any]
    unknown: tuple[str, ...]

    def to_json(self) -> str:
        """JSON of the document."""
        return json.dumps(self.document, ensure_ascii=False, indent=2)


def _document(name: str, description: str, **rest: Any) -> dict[str, Any]:
    known = {key: value for key, value in rest.items() if value}
    return {
        "@context": ontology.context("croissant")["@context"],
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": CONFORMS_TO,
        **known,
    }


def croissant_of_dataset(store: Store, dataset: str | int) -> Croissant:
    """Describe a dataset by what the graph knows of it; its qualities become measured variables.

    Parameters
    ----------
    store
        The graph.
    dataset
        OpenML id (``31``, ``openml:31``) or IRI.

    Raises
    ------
    QueryError
        If the graph does not know the dataset.
    """
    iri = iris.dataset_iri(dataset)
    facts: dict[str, list[str]] = {}
    for fact, value in queries.run(store, "croissant_facts", dataset=IRI(iri)).rows():
        facts.setdefault(str(fact), []).append(str(value))
    if not facts:
        raise QueryError(f"the graph knows no dataset {iri}: `metakg ask datasets-by-size` lists some")
    qualities = [
        {"@type": "PropertyValue", "name": str(name), "value": _number(value)}
        for name, value in queries.run(store, "croissant_qualities", dataset=IRI(iri)).rows()
        if not (isinstance(value, float) and not math.isfinite(value))
    ]
    titles = sorted(facts.get("title", [iri]), key=lambda title: (title.startswith(_PLACEHOLDER), title))
    files = [_remote_file(url) for url in facts.get("file", [])]
    number = iris.openml_id(iri)
    document = _document(
        titles[0],
        facts.get("description", [_sentence(titles[0], len(qualities))])[0],
        url=facts.get("page", [None])[0] or iri,
        sameAs=iri,
        alternateName=titles[1:],
        identifier=f"openml:{number}" if number is not None else facts.get("hash", [None])[0],
        license=facts.get("licence", []),
        variableMeasured=qualities,
        distribution=files,
    )
    unknown = [] if facts.get("licence") else ["the licence of the data"]
    unknown += [] if files else ["where its files are (url is the page of the dataset)"]
    return Croissant(document, (*unknown, "columns", "version, date and citation"))


def _sentence(title: str, qualities: int) -> str:
    return (
        f"Dataset {title} as a graph of machine-learning experiments knows it: {qualities} qualities, given as "
        "variableMeasured under OpenML's names. The graph holds no copy of the data."
    )


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _remote_file(url: str) -> dict[str, Any]:
    name = url.rstrip("/").rpartition("/")[2] or "data"
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": url,
        "encodingFormat": _MEDIA_TYPES.get(Path(name).suffix.lower(), "text/csv"),
    }


def croissant_of_table(path: str | Path, *, target: str | None = None) -> Croissant:
    """Describe a person's table: its file with its SHA-256, and its columns with their types.

    Parameters
    ----------
    path
        CSV, TSV or Parquet file. The description names it without its folder: keep the two together.
    target
        Column that is to be predicted.

    Raises
    ------
    TableError
        If the table cannot be read, or has no such column.
    """
    from embeddings.table_file import read_table, separator_of

    path = Path(path)
    frame = read_table(path)
    if target is not None and target not in frame.columns:
        raise TableError(
            f"{path}: no column {target!r}; its columns: {', '.join(map(str, frame.columns[:10]))}"
        )
    sentences = [f"Table {path.name} of {len(frame):,} rows and {frame.shape[1]} columns."]
    if target is not None:
        sentences.append(f"{target} is to be predicted.")
    media_type = _MEDIA_TYPES.get(path.suffix.lower(), "text/csv")
    if media_type == "text/csv" and (separator := separator_of(path)) != ",":
        # Croissant 1.0 has no property for it.
        sentences.append(f"Fields are separated by {separator!r}.")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    records: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": "rows",
        "name": "rows",
        "description": f"{len(frame):,} rows, {frame.shape[1]} columns.",
        "field": [_field(frame, str(column), path.name, column == target) for column in frame.columns],
    }
    if target is not None:
        records["mlso:hasDefaultTargetFeature"] = {"@id": _field_id(target)}
    document = _document(
        path.stem,
        " ".join(sentences),
        identifier=f"sha256:{digest}",
        distribution=[
            {
                "@type": "cr:FileObject",
                "@id": path.name,
                "name": path.name,
                "contentUrl": path.name,
                "contentSize": f"{path.stat().st_size} B",
                "encodingFormat": media_type,
                "sha256": digest,
            }
        ],
        recordSet=[records],
    )
    return Croissant(document, ("the licence of the data", "its page", "version, date and citation"))


def _field_id(column: str) -> str:
    return f"rows/{quote(column, safe='')}"


def _field(frame: pd.DataFrame, column: str, file: str, is_target: bool) -> dict[str, Any]:
    values = frame[column] if column in frame.columns else frame.iloc[:, list(map(str, frame)).index(column)]
    missing = int(values.isna().sum())
    words = (["target"] if is_target else []) + ([f"{missing:,} missing"] if missing else [])
    return {
        "@type": "cr:Field",
        "@id": _field_id(column),
        "name": column,
        **({"description": ", ".join(words)} if words else {}),
        "dataType": _data_type(values),
        "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
    }


def _data_type(values: pd.Series) -> str:
    from pandas.api import types

    if types.is_bool_dtype(values.dtype):
        return "sc:Boolean"
    if types.is_integer_dtype(values.dtype):
        return "sc:Integer"
    if types.is_float_dtype(values.dtype):
        return "sc:Float"
    return "sc:DateTime" if types.is_datetime64_any_dtype(values.dtype) else "sc:Text"
