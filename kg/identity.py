"""One dataset under several names: which names stand for one dataset, and which of them it goes by.

Names are joined by ``owl:sameAs``, which sources state and :mod:`kg.identity_links` keeps. Of the names of a dataset
the one that OpenML gave comes first, else the one that has been in the graph for longest: that one represents the
dataset in columns (:mod:`kg.experience`). In the graph every name stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from kg import iris
from kg.terms import IRI, to_term
from kg.vocabulary import MLS, OWL, own_term

if TYPE_CHECKING:
    from kg.selection import Selection
    from kg.store import Store

__all__ = ["Groups", "aliases", "all_names", "described_in", "experiments", "joined", "rejected"]

_ASKED = 2_000
"""Things asked about in one query."""


class Groups:
    """Things that are joined into groups, pair by pair.

    >>> groups = Groups([("a", "b"), ("c", "b")])
    >>> sorted(groups.of("a")), sorted(groups.of("d"))
    (['a', 'b', 'c'], ['d'])
    """

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self._group: dict[str, set[str]] = {}
        for one, other in pairs:
            self.join(one, other)

    def of(self, thing: str) -> set[str]:
        """All that the thing is joined with, itself among them."""
        return self._group.get(thing, {thing})

    def join(self, one: str, other: str) -> None:
        """Make the groups of two things one."""
        small, large = sorted((self.of(one), self.of(other)), key=len)
        large |= small
        for thing in (*small, one, other):
            self._group[thing] = large

    def __iter__(self) -> Iterator[set[str]]:
        seen: set[int] = set()
        for group in self._group.values():
            if id(group) not in seen:
                seen.add(id(group))
                yield group


def experiments(store: Store, selection: Selection | None = None) -> list[str]:
    """IRIs of the graphs with experiments that are selected, and of the one with links, oldest first."""
    return [
        info.iri
        for info in store.graphs()
        if info.kind not in ("recommendations", "quarantine") and (selection is None or info.iri in selection)
    ]


def rejected(store: Store) -> set[frozenset[str]]:
    """Pairs of datasets of which a person said that they are different."""
    text = f"""SELECT ?link ?dataset WHERE {{
        ?link <{own_term("relation")}> "different" ; <{own_term("linked")}> ?dataset }}"""
    pairs: dict[str, set[str]] = {}
    for link, dataset in store.query(text, default_graph=iris.LINKS_GRAPH).rows():
        pairs.setdefault(str(link), set()).add(str(dataset))
    return {frozenset(pair) for pair in pairs.values()}


def joined(store: Store, graphs: Sequence[str]) -> Groups:
    """Groups of names that some graphs state to be the same, without pairs that a person rejected."""
    if not graphs:
        return Groups()
    text = f"SELECT DISTINCT ?one ?other WHERE {{ ?one <{OWL}sameAs> ?other }}"
    rows = [(str(one), str(other)) for one, other in store.query(text, default_graph=graphs).rows()]
    pairs = sorted((one, other) for one, other in rows if one != other)
    if not pairs:
        return Groups()
    without = rejected(store)
    return Groups(pair for pair in pairs if frozenset(pair) not in without)


def aliases(store: Store, selection: Selection | None = None) -> dict[str, str]:
    """Name → the name that represents the dataset, for all names that are not that; empty if nothing is linked."""
    graphs = experiments(store, selection)
    groups = [sorted(group) for group in joined(store, graphs)]
    if not groups:
        return {}
    oldest = described_in(store, graphs, [name for group in groups for name in group])

    def place(name: str) -> tuple[bool, int, int, str]:
        number = iris.openml_id(name)
        return number is None, number or 0, oldest.get(name, len(graphs)), name

    return {
        name: first
        for group in groups
        for first in [min(group, key=place)]
        for name in group
        if name != first
    }


def all_names(store: Store, datasets: Iterable[str], selection: Selection | None = None) -> dict[str, str]:
    """Every name of some datasets, each with that of the dataset as it was given.

    >>> from kg import MemoryStore
    >>> all_names(MemoryStore(), ["https://example.org/1"])
    {'https://example.org/1': 'https://example.org/1'}
    """
    groups = joined(store, experiments(store, selection))
    return {name: given for given in datasets for name in sorted(groups.of(given))}


def described_in(store: Store, graphs: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """Position of the oldest graph that describes a dataset, for those of the names that are datasets."""
    order = {graph: position for position, graph in enumerate(graphs)}
    found: dict[str, int] = {}
    for start in range(0, len(names), _ASKED):
        values = " ".join(str(to_term(IRI(name))) for name in names[start : start + _ASKED])
        text = f"""SELECT ?dataset ?graph WHERE {{ VALUES ?dataset {{ {values} }}
            GRAPH ?graph {{ ?dataset a <{MLS}Dataset> }} }}"""
        for dataset, graph in store.query(text).rows():
            if str(graph) in order:
                name = str(dataset)
                found[name] = min(found.get(name, len(order)), order[str(graph)])
    return found
