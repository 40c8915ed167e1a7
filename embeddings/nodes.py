"""Pipelines as sums of graph nodes, so that a pipeline never run before still has a vector.

A pipeline's nodes are its components per slot, the pairs of its components, its categorical hyperparameter
values and, for every numeric hyperparameter, *thermometer* nodes ``hyperparameter >= v``, one for each value met
in training: values that are close share most of their nodes. A hyperparameter that a pipeline leaves at its
default while another pipeline of the same component sets it has a node of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeGuard

from kg.pipeline import Pipeline, Step

#: node kinds, which are also the relations from a pipeline to its nodes
KINDS = ("component", "component pair", "family", "value", "at least", "default")


@dataclass(frozen=True, order=True)
class Node:
    """One node of a pipeline: its kind (one of :data:`KINDS`) and a label that is unique together with it."""

    kind: str
    label: str


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether a hyperparameter value has an order (booleans are categories)."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


@dataclass(frozen=True)
class NodeVocabulary:
    """The nodes met in a set of training pipelines; encodes those pipelines and any other.

    Parameters
    ----------
    nodes : the known nodes, in the order of their ids
    thresholds : for each ``component.hyperparameter`` the numeric values met, ascending
    families : optional mapping from a component to its algorithm family
    """

    nodes: tuple[Node, ...]
    thresholds: Mapping[str, tuple[float, ...]]
    families: Mapping[str, str]

    @classmethod
    def fit(
        cls, pipelines: Sequence[Pipeline], *, families: Mapping[str, str] | None = None
    ) -> "NodeVocabulary":
        """Collect the nodes of `pipelines`; ids follow the order of first appearance."""
        seen: dict[str, set[float]] = {}
        for step in (step for pipeline in pipelines for step in pipeline.steps):
            for name, value in step.parameters.items():
                values = seen.setdefault(f"{step.component}.{name}", set())
                if is_number(value):
                    values.add(float(value))
        thresholds = {key: tuple(sorted(values)) for key, values in sorted(seen.items())}
        empty = cls((), thresholds, dict(families or {}))
        nodes = dict.fromkeys(node for pipeline in pipelines for node in empty.nodes_of(pipeline))
        return cls(tuple(nodes), thresholds, empty.families)

    def nodes_of(self, pipeline: Pipeline) -> list[Node]:
        """All nodes of a pipeline, known or not, without repetition."""
        nodes: list[Node] = []
        for step in pipeline.steps:
            nodes.append(Node("component", f"{step.slot}={step.component}"))
            if step.component in self.families:
                nodes.append(Node("family", self.families[step.component]))
            nodes.extend(self._hyperparameter_nodes(step))
        labels = [f"{step.slot}={step.component}" for step in pipeline.steps]
        nodes.extend(Node("component pair", f"{a} & {b}") for a, b in combinations(labels, 2))
        return list(dict.fromkeys(nodes))

    def _hyperparameter_nodes(self, step: Step) -> list[Node]:
        prefix = f"{step.component}."
        names = [key.removeprefix(prefix) for key in self.thresholds if key.startswith(prefix)]
        nodes: list[Node] = []
        for name in dict.fromkeys([*names, *step.parameters]):
            key = prefix + name
            if name not in step.parameters:
                nodes.append(Node("default", key))
                continue
            value = step.parameters[name]
            if is_number(value):
                limits = self.thresholds.get(key, ())
                nodes.extend(Node("at least", f"{key}>={limit:g}") for limit in limits if value >= limit)
            else:
                nodes.append(Node("value", f"{key}={value}"))
        return nodes

    def encode(self, pipelines: Sequence[Pipeline]) -> list[list[int]]:
        """Node ids of each pipeline; nodes that were not met in training are left out."""
        ids = {node: i for i, node in enumerate(self.nodes)}
        return [[ids[node] for node in self.nodes_of(p) if node in ids] for p in pipelines]

    def to_json(self) -> dict[str, object]:
        """A JSON-serialisable form, read back by :meth:`from_json`."""
        return {
            "nodes": [[node.kind, node.label] for node in self.nodes],
            "thresholds": {key: list(values) for key, values in self.thresholds.items()},
            "families": dict(self.families),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, object]) -> "NodeVocabulary":
        """Rebuild a vocabulary; raises KeyError, TypeError or ValueError when `record` is not one."""
        nodes, thresholds, families = record["nodes"], record["thresholds"], record["families"]
        if not (isinstance(nodes, list) and isinstance(thresholds, dict) and isinstance(families, dict)):
            raise TypeError("nodes must be a list, thresholds and families objects")
        return cls(
            tuple(Node(str(kind), str(label)) for kind, label in nodes),
            {str(key): tuple(float(v) for v in values) for key, values in thresholds.items()},
            {str(key): str(value) for key, value in families.items()},
        )
