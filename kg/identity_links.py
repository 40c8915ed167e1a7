"""What was decided about pairs of datasets: that they are one, come from one another, or are different.

Decisions stand in a graph of their own, ``links local``, and say who made them, when, and why. Each can be undone.
"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, cast

from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import QueryError
from kg.vocabulary import RDFS, own_term

if TYPE_CHECKING:
    from kg.store import Store

__all__ = ["MANIFEST", "Link", "Relation", "forget", "keep", "links", "said"]

Relation = Literal["same", "alternate", "different"]

MANIFEST = Manifest(
    source="links",
    version="local",
    title="which datasets are one, and which are not",
    licence="CC0-1.0",
    derived_from=iris.own("agent", "metakg"),
    kind="project",
)


@dataclass(frozen=True)
class Link:
    """What is said of two datasets, given by their IRIs, and the reason with who said so and when."""

    dataset: str
    other: str
    relation: Relation
    reason: str

    @property
    def pair(self) -> frozenset[str]:
        """The two IRIs."""
        return frozenset((self.dataset, self.other))


def said(why: str, *, automatic: bool = False) -> str:
    """Reason of a link: why, who says so, and when.

    >>> said("same content", automatic=True)
    'same content; automatic, 20...Z'
    """
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return f"{why}; {'automatic' if automatic else f'by {_person()}'}, {now}"


def _person() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in a container
        return "somebody"


def links(store: Store) -> list[Link]:
    """All decisions, sorted by the datasets; OpenML's comes first in each."""
    text = f"""SELECT ?link ?dataset ?relation ?reason WHERE {{
        ?link <{own_term("linked")}> ?dataset ; <{own_term("relation")}> ?relation ; <{RDFS}comment> ?reason }}"""
    found: dict[str, tuple[set[str], str, str]] = {}
    for link, dataset, relation, reason in store.query(text, default_graph=iris.LINKS_GRAPH).rows():
        found.setdefault(str(link), (set(), str(relation), str(reason)))[0].add(str(dataset))
    made = [
        Link(*ordered(*pair), cast(Relation, relation), reason)
        for pair, relation, reason in found.values()
        if len(pair) == 2
    ]
    return sorted(made, key=lambda link: (link.dataset, link.other))


def ordered(one: str, other: str) -> tuple[str, str]:
    """The two with OpenML's first, the smaller number before the larger."""

    def place(dataset: str) -> tuple[bool, int, str]:
        number = iris.openml_id(dataset)
        return number is None, number or 0, dataset

    first, second = sorted((one, other), key=place)
    return first, second


def keep(store: Store, new: Sequence[Link]) -> list[Link]:
    """Keep decisions, and return those that were not there: a pair that was decided otherwise is decided anew.

    Raises
    ------
    StoreError
        If the store cannot be written.
    """
    known = {link.pair: link for link in links(store)}
    fresh = {
        link.pair: link
        for link in new
        if link.pair not in known or known[link.pair].relation != link.relation
    }
    if not fresh:
        return []
    if fresh.keys().isdisjoint(known):
        store.append(_batch(list(fresh.values())))
    else:
        store.commit(_batch(list({**known, **fresh}.values())))
    return list(fresh.values())


def forget(store: Store, one: str, other: str) -> Link:
    """Undo a decision, and return what it was.

    Raises
    ------
    QueryError
        If nothing was decided about the two.
    StoreError
        If the store cannot be written.
    """
    known = {link.pair: link for link in links(store)}
    gone = known.pop(frozenset((one, other)), None)
    if gone is None:
        raise QueryError(
            f"nothing was decided about <{one}> and <{other}>: `metakg link --decided` lists what was"
        )
    if known:
        store.commit(_batch(list(known.values())))
    else:
        store.remove(MANIFEST.graph)
    return gone


def _batch(made: Sequence[Link]) -> Batch:
    import polars as pl

    rows = [(*ordered(link.dataset, link.other), link.relation, link.reason) for link in made]
    return Batch(
        MANIFEST, links=pl.DataFrame(rows, schema=["dataset", "other", "relation", "reason"], orient="row")
    )
