"""The graph as PyKEEN sees it: triples, numeric literals, and a measured performance for the triples that have one.

Entities are datasets, pipelines, the nodes that pipelines share (see :mod:`embeddings.nodes`) and tasks. Relations are
one per kind of node (from a pipeline to its nodes), ``definedOn`` (from a task to its dataset) and one per measure and
procedure (from a dataset to the pipelines run on it, each triple with the measured value). Numeric literals are the
datasets' qualities.

>>> triples = from_experience(experience, measure, procedure)          # doctest: +SKIP
>>> pykeen.pipeline.pipeline(training=triples.structure(), ...)        # doctest: +SKIP
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.nodes import KINDS, NodeVocabulary
from kg import iris
from kg.errors import ModelError
from kg.pipeline import Pipeline

if TYPE_CHECKING:
    from pykeen.triples import TriplesNumericLiteralsFactory

    from kg.experience import Experience

DEFINED_ON = "definedOn"


@dataclass(frozen=True)
class PerformanceTriples:
    """Triples and literals of one measure under one procedure.

    Attributes
    ----------
    factory : all triples, with the datasets' scaled qualities as numeric literals (zero for other entities). Entity ids
        run over datasets, then pipelines, then nodes, then tasks; relation 0 is the performance.
    targets : (n_triples,) measured value of each performance triple, NaN for the other triples
    known : (n_entities, n_literals) whether a literal is given; a missing one is zero in the factory
    n_datasets, n_pipelines, n_nodes : how many entities of each kind
    """

    factory: "TriplesNumericLiteralsFactory"
    targets: NDArray[np.float32]
    known: NDArray[np.bool_]
    n_datasets: int
    n_pipelines: int
    n_nodes: int

    def pipeline_nodes(self) -> list[list[int]]:
        """Node numbers (0 = first node) of each pipeline, read from the structural triples."""
        first = self.n_datasets + self.n_pipelines
        nodes: list[list[int]] = [[] for _ in range(self.n_pipelines)]
        for head, _, tail in self.factory.mapped_triples[np.isnan(self.targets)].tolist():
            if self.n_datasets <= head < first:
                nodes[head - self.n_datasets].append(tail - first)
        return nodes

    def structure(self, best: float | None = None) -> "TriplesNumericLiteralsFactory":
        """Triples for link prediction, where a triple is either true or not.

        A dataset is linked to every pipeline that was run on it, which says nothing about quality; with `best` only the
        links to each dataset's best share of pipelines (``0 < best <= 1``) are kept, without it none.
        """
        keep = np.isnan(self.targets)
        if best is not None:
            heads = self.factory.mapped_triples[:, 0].numpy()
            for dataset in range(self.n_datasets):
                rows = np.flatnonzero((heads == dataset) & ~np.isnan(self.targets))
                n_best = int(np.ceil(best * len(rows)))
                keep[rows[np.argsort(-self.targets[rows], kind="stable")[:n_best]]] = True
        return self.factory.clone_and_exchange_triples(self.factory.mapped_triples[keep])


def performance_triples(
    values: NDArray[np.floating],
    literals: NDArray[np.floating],
    pipelines: Sequence[Pipeline],
    vocabulary: NodeVocabulary,
    *,
    relation: str = "performance",
    datasets: Sequence[str] | None = None,
    literal_names: Sequence[str] | None = None,
    tasks: Sequence[tuple[str, str]] = (),
) -> PerformanceTriples:
    """Build the triples of a score matrix.

    Parameters
    ----------
    values : (n_datasets, n_pipelines) measured scores, NaN where nothing was run
    literals : (n_datasets, n_literals) numeric literals, NaN where missing
    pipelines : the columns of `values`
    vocabulary : the nodes of the pipelines
    relation : label of the performance relation
    datasets, literal_names : labels; numbered when left out
    tasks : pairs of a task and the dataset that it is defined on
    """
    from pykeen.triples import TriplesNumericLiteralsFactory

    n_datasets, n_pipelines = values.shape
    labels = list(datasets) if datasets is not None else [f"dataset {i}" for i in range(n_datasets)]
    names = list(literal_names) if literal_names is not None else [str(j) for j in range(literals.shape[1])]
    dataset_ids = {label: i for i, label in enumerate(labels)}
    entities = [
        *labels,
        *(pipeline.iri for pipeline in pipelines),
        *(f"{node.kind}: {node.label}" for node in vocabulary.nodes),
        *dict.fromkeys(task for task, _ in tasks),
    ]
    entity_ids = {label: i for i, label in enumerate(entities)}
    relation_ids = {label: i for i, label in enumerate([relation, *KINDS, *([DEFINED_ON] if tasks else [])])}
    rows, columns = np.nonzero(~np.isnan(values))
    first_node = n_datasets + n_pipelines
    structural = [
        (n_datasets + j, relation_ids[vocabulary.nodes[node].kind], first_node + node)
        for j, nodes in enumerate(vocabulary.encode(pipelines))
        for node in nodes
    ]
    structural += [(entity_ids[t], relation_ids[DEFINED_ON], dataset_ids[d]) for t, d in tasks]
    measured = np.column_stack([rows, np.zeros(len(rows), dtype=np.int64), n_datasets + columns])
    mapped = np.vstack([measured, np.array(structural, dtype=np.int64).reshape(-1, 3)])
    known = np.zeros((len(entities), len(names)), dtype=bool)
    known[:n_datasets] = ~np.isnan(literals)
    matrix = np.zeros(known.shape, dtype=np.float32)
    matrix[:n_datasets] = np.nan_to_num(literals)
    factory = TriplesNumericLiteralsFactory(
        mapped_triples=mapped,
        entity_to_id=entity_ids,
        relation_to_id=relation_ids,
        numeric_literals=matrix,
        literals_to_id={name: j for j, name in enumerate(names)},
    )
    targets = np.concatenate([values[rows, columns], np.full(len(structural), np.nan)]).astype(np.float32)
    return PerformanceTriples(factory, targets, known, n_datasets, n_pipelines, len(vocabulary.nodes))


def from_experience(experience: "Experience", measure: str, procedure: str) -> PerformanceTriples:
    """Triples of everything measured by `measure` under `procedure`, keys or IRIs.

    The literals are the datasets' qualities, standardised over the datasets that have them.

    Raises
    ------
    ModelError
        if the experience has no such run
    """
    measure = measure if measure.startswith("http") else iris.measure(measure)
    procedure = procedure if procedure.startswith("http") else iris.procedure(procedure)
    datasets, columns, values = experience.matrix(measure, procedure)
    if not datasets:
        known = (
            experience.runs.select("measure", "procedure").drop_nulls().unique().sort("measure", "procedure")
        )
        pairs = (
            "; ".join(f"{m} under {p}" for m, p in known.iter_rows())
            or "nothing yet, ingest experiments first"
        )
        raise ModelError(f"nothing was measured by {measure} under {procedure}; measured: {pairs}")
    pipelines = [experience.pipeline_objects[iri] for iri in columns]
    with_qualities, names, qualities = experience.quality_table()
    position = {iri: i for i, iri in enumerate(with_qualities)}
    literals = np.full((len(datasets), len(names)), np.nan)
    found = [i for i, iri in enumerate(datasets) if iri in position]
    literals[found] = qualities[[position[datasets[i]] for i in found]]
    measured = experience.runs.filter(
        (experience.runs["measure"] == measure) & (experience.runs["procedure"] == procedure)
    )
    tasks = measured.select("task", "dataset").drop_nulls().unique(maintain_order=True).rows()
    return performance_triples(
        values,
        standardised(literals),
        pipelines,
        NodeVocabulary.fit(pipelines),
        relation=f"{measure} under {procedure}",
        datasets=datasets,
        literal_names=names,
        tasks=tasks,
    )


def standardised(literals: NDArray[np.floating]) -> NDArray[np.float64]:
    """Columns with mean 0 and standard deviation 1 over their finite values; NaN stays, constants become 0."""
    values = np.where(np.isfinite(literals), literals, np.nan).astype(np.float64)
    known = ~np.isnan(values)
    counts = np.maximum(known.sum(axis=0), 1)
    centred = values - np.where(known, values, 0.0).sum(axis=0) / counts
    spread = np.sqrt(np.where(known, centred**2, 0.0).sum(axis=0) / counts)
    return centred / np.where(spread > 0, spread, 1.0)
