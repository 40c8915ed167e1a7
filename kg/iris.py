"""Names of things: every IRI of the graph is made here.

OpenML's datasets carry the IRIs that MLSea-KG gives them, so that both graphs join without a mapping;
everything else lives below :data:`BASE`.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import quote

from kg.errors import QueryError

__all__ = [
    "BASE",
    "BOOKKEEPING_GRAPHS",
    "HISTORY_GRAPH",
    "LEDGER_GRAPH",
    "LINKS_GRAPH",
    "MANIFEST_GRAPH",
    "OPENML",
    "RECOMMENDATIONS_GRAPH",
    "component",
    "dataset_iri",
    "dataset_key",
    "evaluation",
    "graph",
    "hyperparameter",
    "link",
    "measure",
    "named_dataset",
    "openml_dataset",
    "openml_id",
    "openml_run",
    "openml_task",
    "own",
    "procedure",
    "table_dataset",
    "task",
]

BASE = "https://w3id.org/metakg/"
OPENML = "http://w3id.org/mlsea/openml/"
MANIFEST_GRAPH = BASE + "graph/manifest"
HISTORY_GRAPH = BASE + "graph/history"
"""What each commit did; never removed from."""
LEDGER_GRAPH = BASE + "graph/ledger"
"""Content hashes of the batches that were appended to each graph."""
BOOKKEEPING_GRAPHS = (MANIFEST_GRAPH, HISTORY_GRAPH, LEDGER_GRAPH)
"""Graphs in which a store keeps what it knows of the others."""
RECOMMENDATIONS_GRAPH = BASE + "graph/recommendations"
LINKS_GRAPH = BASE + "graph/links/local"
"""Which datasets are one, and which are not, as people or certain evidence decided."""

_OPENML_DATASET = OPENML + "dataset/"


def own(kind: str, key: str) -> str:
    """IRI of one of our own things: ``kind`` is dataset, task, pipeline, run, ...; ``key`` may hold slashes."""
    return f"{BASE}{kind}/{quote(key, safe='/:@!$&()*+,;=-._~')}"


def openml_dataset(number: int) -> str:
    """IRI that MLSea-KG gives to an OpenML dataset."""
    return f"{_OPENML_DATASET}{int(number)}"


def openml_id(dataset: str) -> int | None:
    """OpenML id of a dataset IRI, or None for a dataset that is not OpenML's."""
    match = re.fullmatch(re.escape(_OPENML_DATASET) + r"(\d+)", dataset)
    return int(match.group(1)) if match else None


def dataset_iri(name: str | int) -> str:
    """IRI of a dataset as people write it: ``31``, ``openml:31``, ``metakg:dataset/...`` as tables show it, or whole.

    Raises
    ------
    QueryError
        If ``name`` is none of these.
    """
    text = str(name).strip()
    match = re.fullmatch(r"(?:openml:(?:dataset/)?)?(\d+)", text, re.IGNORECASE)
    if match:
        return openml_dataset(int(match.group(1)))
    if re.fullmatch(r"metakg:dataset/[^\s<>\"{}|\\^`]+", text):
        return BASE + text.removeprefix("metakg:")
    if re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", text):
        return text
    raise QueryError(
        f"dataset {text!r} is neither an OpenML id (31 or openml:31) nor an IRI (https://...): give one of these"
    )


def component(path: str) -> str:
    """IRI of a software component by its import path, such as ``sklearn.svm.SVC``."""
    return own("component", path)


def hyperparameter(path: str, name: str) -> str:
    """IRI of a hyperparameter of a component."""
    return f"{component(path)}/hyperParameter/{quote(name, safe='')}"


def measure(key: str) -> str:
    """IRI of a measure; also the shortcut property that leads from a run to its value."""
    return own("measure", key)


def procedure(key: str) -> str:
    """IRI of an estimation procedure, such as ``5-fold-cv``."""
    return own("procedure", key)


def task(dataset_key: str, procedure_key: str, *parts: str) -> str:
    """IRI of the task of estimating performance on a dataset by a procedure.

    ``parts`` tell apart what is usually the same: the type of the task, where it is not classification, and its
    target, where it is not the dataset's only one.
    """
    return own("task", "/".join((dataset_key, procedure_key, *parts)))


def dataset_key(dataset: str) -> str:
    """Name of a dataset within the IRIs of its tasks: ``openml-31``, or what follows ``dataset/`` in an IRI of ours.

    >>> dataset_key(openml_dataset(31)), dataset_key(named_dataset("Titanic (train)"))
    ('openml-31', 'name/titanic-train')
    """
    number = openml_id(dataset)
    if number is not None:
        return f"openml-{number}"
    ours = own("dataset", "")
    return dataset.removeprefix(ours) if dataset.startswith(ours) else quote(dataset, safe="")


def table_dataset(fingerprint: str) -> str:
    """IRI of a dataset that is known by the SHA-256 of its table (see ``embeddings.table``)."""
    return own("dataset", fingerprint[:16])


def named_dataset(name: str) -> str:
    """IRI of a dataset of which a source says nothing but a name; case and punctuation do not count.

    Raises
    ------
    QueryError
        If the name has no letter or digit.
    """
    slug = re.sub(r"[^\w]+", "-", name.strip().lower()).strip("-_")
    if not slug:
        raise QueryError(f"dataset name {name!r} has no letter or digit: give the dataset a name")
    return own("dataset", f"name/{slug}")


def openml_task(number: int) -> str:
    """IRI that MLSea-KG gives to an OpenML task."""
    return f"{OPENML}task/{int(number)}"


def openml_run(number: int) -> str:
    """IRI that MLSea-KG gives to an OpenML run."""
    return f"{OPENML}run/{int(number)}"


def link(dataset: str, other: str) -> str:
    """IRI of the statement that two datasets belong together; the same in either order."""
    both = "\n".join(sorted((dataset, other)))
    return own("link", hashlib.sha256(both.encode()).hexdigest()[:16])


def evaluation(run: str, measure_key: str) -> str:
    """IRI of a run's evaluation by a measure."""
    return f"{run}/modelEvaluation/{quote(measure_key, safe='')}"


def graph(source: str, version: str) -> str:
    """IRI of the named graph of one version of a source."""
    return own("graph", f"{source}/{version}")
