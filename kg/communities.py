"""Communities: datasets on which pipelines rank alike, or pipelines that rank alike over datasets.

Two datasets are tied as closely as the ranks of the pipelines agree that ran on both (Spearman's correlation); each is
tied to its nearest neighbours, and networkx's Louvain method (Blondel et al. 2008, J. Stat. Mech. P10008) finds the
communities of that graph.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kg.errors import QueryError
from kg.experience import full
from kg.measures import MEASURES

if TYPE_CHECKING:
    import networkx as nx
    import numpy as np

    from kg.experience import Experience

__all__ = ["Communities", "Community", "Trait", "communities"]

LEAST_SHARED = 10
"""Two things that share fewer measurements than this are not compared."""

LEAST_KNOWN = 5
"""A meta-feature is compared if it is known of so many inside and outside."""

SHOWN_TRAITS, SHOWN_WINNERS = 3, 3


@dataclass(frozen=True)
class Trait:
    """What is typical of a community.

    Attributes
    ----------
    name
        Meta-feature of datasets, or component of pipelines.
    inside, outside
        Median of the meta-feature, or share of the pipelines that have the component.
    separation
        Probability that a member's value is above another's, from 0 to 1; for a component the difference of the shares.
    """

    name: str
    inside: float
    outside: float
    separation: float


@dataclass(frozen=True)
class Community:
    """Things that behave alike.

    Attributes
    ----------
    number
        From 0, the largest first.
    members
        IRIs, the one with the strongest ties inside first.
    traits
        What tells them from the rest, the clearest first.
    winners
        IRI and mean rank within [0, 1] (1 is best): the pipelines that rank best on the community's datasets, or the
        datasets on which the community's pipelines rank best.
    """

    number: int
    members: tuple[str, ...]
    traits: tuple[Trait, ...]
    winners: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Communities:
    """Communities of datasets or of pipelines.

    Attributes
    ----------
    of, measure, procedure
        What was grouped, and by which values.
    graph
        The graph of nearest neighbours: nodes have ``label``, ``type`` and ``community``, edges ``weight``.
    items
        The communities, the largest first.
    modularity
        Of the partition, by the weights.
    truncated
        "" or what was left out.
    """

    of: str
    measure: str
    procedure: str
    graph: nx.Graph
    items: tuple[Community, ...]
    modularity: float
    truncated: str


def communities(
    experience: Experience,
    measure: str,
    procedure: str,
    *,
    of: Literal["datasets", "pipelines"] = "datasets",
    neighbours: int = 8,
    max_nodes: int = 1000,
    seed: int = 0,
) -> Communities:
    """Find communities.

    Parameters
    ----------
    experience
        Where values come from.
    measure, procedure
        Keys or IRIs; see :meth:`kg.experience.Experience.matrix`.
    of
        ``datasets`` or ``pipelines``.
    neighbours
        How many of its most alike each is tied to, at least 1.
    max_nodes
        Things to group at most: those that were measured most often, at least 2.
    seed
        Of the Louvain method.

    Raises
    ------
    QueryError
        If nothing was measured so, or a limit is too small.
    """
    import networkx as nx
    import numpy as np

    if of not in ("datasets", "pipelines"):
        raise QueryError(f"there are no communities of {of!r}: they are of datasets or of pipelines")
    if neighbours < 1 or max_nodes < 2:
        raise QueryError(
            f"neighbours must be at least 1 and max_nodes at least 2; they are {neighbours} and {max_nodes}"
        )
    datasets, pipelines, values = experience.matrix(measure, procedure)
    if full(measure, "measure") in _lower_is_better(experience):
        values = -values
    names, others, table = (
        (datasets, pipelines, values) if of == "datasets" else (pipelines, datasets, values.T)
    )
    if len(names) < 2:
        known = experience.runs.drop_nulls("measure").select("measure", "procedure").unique().sort("measure")
        pairs = ", ".join(
            sorted(f"{m.rpartition('/')[2]} by {p.rpartition('/')[2]}" for m, p in known.iter_rows())
        )
        raise QueryError(
            f"no two {of} were measured in {measure.rpartition('/')[2]} by {procedure.rpartition('/')[2]}; "
            f"the graph holds {pairs or 'no runs'}"
        )
    measured = np.sum(~np.isnan(table), axis=1)
    kept = np.sort(np.lexsort((np.arange(len(names)), -measured))[:max_nodes])
    truncated = (
        f"{len(kept)} of {len(names)} {of} are grouped, those that were measured most often: raise max_nodes"
        if len(kept) < len(names)
        else ""
    )
    names, table = [names[i] for i in kept], table[kept]
    graph = _nearest(names, _alike(table), neighbours)
    # By number: the order of a set of texts is another one in each process.
    numbered = nx.convert_node_labels_to_integers(graph)
    found = nx.community.louvain_communities(numbered, weight="weight", seed=seed)
    parts = sorted(({names[i] for i in part} for part in found), key=lambda part: (-len(part), min(part)))
    _label(graph, parts, experience, of)
    ranks = _ranks(table if of == "datasets" else table.T)
    if of == "pipelines":
        ranks = ranks.T
    traits = _dataset_traits if of == "datasets" else _pipeline_traits
    items = tuple(
        Community(
            number,
            _members(graph, part),
            traits(experience, part, set(names) - part),
            _winners(names, others, ranks, part),
        )
        for number, part in enumerate(parts)
    )
    modularity = nx.community.modularity(graph, parts, weight="weight") if graph.size() else 0.0
    return Communities(of, measure, procedure, graph, items, float(modularity), truncated)


def _alike(table: np.ndarray) -> np.ndarray:
    """Spearman's correlation (n, n) of rows over the columns that both have; NaN where those are few."""
    import pandas as pd

    # A part of the matrix may be smaller than what is asked of two things to be compared.
    least = min(LEAST_SHARED, table.shape[1])
    return pd.DataFrame(table.T).corr(method="spearman", min_periods=least).to_numpy()


def _nearest(names: Sequence[str], alike: np.ndarray, neighbours: int) -> nx.Graph:
    import networkx as nx
    import numpy as np

    graph = nx.Graph()
    graph.add_nodes_from(names)
    closeness = np.nan_to_num(alike, nan=0.0, copy=True)
    np.fill_diagonal(closeness, 0.0)
    for i, row in enumerate(closeness):
        for j in np.argsort(-row, kind="stable")[:neighbours]:
            if row[j] > 0:
                graph.add_edge(names[i], names[j], weight=float(round(row[j], 4)))
    return graph


def _lower_is_better(experience: Experience) -> set[str]:
    known = (*MEASURES.values(), *experience.measures.values())
    return {measure.iri for measure in known if measure.direction == "lower"}


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of pipelines on each dataset (n, p), from 0 to 1 (best); NaN stays."""
    import pandas as pd

    return pd.DataFrame(values).rank(axis=1, pct=True).to_numpy()


def _label(graph: nx.Graph, parts: Sequence[set[str]], experience: Experience, of: str) -> None:
    known = experience.datasets if of == "datasets" else experience.pipelines
    kind = "mls:Dataset" if of == "datasets" else "mkg:Pipeline"
    titles = dict(known.select(of.removesuffix("s"), "title").iter_rows())
    for number, part in enumerate(parts):
        for node in part:
            label = titles.get(node) or node.rpartition("/")[2]
            graph.nodes[node].update(label=label, type=kind, community=number)


def _members(graph: nx.Graph, part: set[str]) -> tuple[str, ...]:
    strength = dict(graph.subgraph(part).degree(weight="weight"))
    return tuple(sorted(part, key=lambda node: (-strength[node], node)))


def _winners(
    names: Sequence[str], others: Sequence[str], ranks: np.ndarray, part: set[str]
) -> tuple[tuple[str, float], ...]:
    import numpy as np

    rows = ranks[[i for i, name in enumerate(names) if name in part]]
    known = np.sum(~np.isnan(rows), axis=0)
    means = np.where(known * 2 >= len(rows), np.nansum(rows, axis=0) / np.maximum(known, 1), -1.0)
    best = np.argsort(-means, kind="stable")[:SHOWN_WINNERS]
    return tuple((others[j], round(float(means[j]), 3)) for j in best if means[j] >= 0)


def _dataset_traits(experience: Experience, inside: set[str], outside: set[str]) -> tuple[Trait, ...]:
    import numpy as np
    from scipy.stats import mannwhitneyu

    if experience.qualities.is_empty():
        return ()
    datasets, names, values = experience.quality_table()
    rows_in = values[[i for i, dataset in enumerate(datasets) if dataset in inside]]
    rows_out = values[[i for i, dataset in enumerate(datasets) if dataset in outside]]
    traits = []
    for j, name in enumerate(names):
        here, there = (rows[~np.isnan(rows[:, j]), j] for rows in (rows_in, rows_out))
        if min(len(here), len(there)) < LEAST_KNOWN:
            continue
        above = float(mannwhitneyu(here, there).statistic) / (len(here) * len(there))
        traits.append(Trait(name, float(np.median(here)), float(np.median(there)), round(above, 3)))
    traits.sort(key=lambda trait: (-abs(trait.separation - 0.5), trait.name))
    return tuple(traits[:SHOWN_TRAITS])


def _pipeline_traits(experience: Experience, inside: set[str], outside: set[str]) -> tuple[Trait, ...]:
    objects = experience.pipeline_objects

    def shares(part: set[str]) -> dict[str, float]:
        found = Counter(
            component for iri in part for component in {step.component for step in objects[iri].steps}
        )
        return {component: times / len(part) for component, times in found.items()}

    here, there = shares(inside), shares(outside) if outside else {}
    traits = [
        Trait(component, round(share, 3), round(there.get(component, 0.0), 3), round(difference, 3))
        for component, share in here.items()
        if (difference := share - there.get(component, 0.0)) > 0
    ]
    traits.sort(key=lambda trait: (-trait.separation, trait.name))
    return tuple(traits[:SHOWN_TRAITS])
