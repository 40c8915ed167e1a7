"""Pairs of datasets that may be one, found by what two of them share, with what speaks for it.

Certain, and linked without asking, is

- the same content (the SHA-256 of the table);
- the same OpenML id, stated by the IRI, an identifier, a landing page, a title such as ``openml:61``, or a tag of runs;
- the same name and the same shape (:data:`kg.identity_evidence.SHAPE`: at least three counts known of both and all
  equal, of instances and of classes or of the largest class among them), where the graph knows one dataset of that
  name only besides. Of 219 OpenML datasets with names 23 pairs share theirs, since OpenML's versions do, and of these
  3 have one shape too (adult, car, segment): a name of which two versions are known is left to a person.

Nothing makes two OpenML ids, or two contents, one by itself, and no pair comes back that a person said is different.
All else that is alike is for review. Datasets are joined on what they share: never each with each other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from kg import iris
from kg.identity import Groups, experiments, joined
from kg.identity_evidence import SHAPE, Evidence, read, shapes
from kg.identity_links import Link, keep, links, ordered, said

if TYPE_CHECKING:
    import polars as pl

    from kg.store import Store

__all__ = ["Candidate", "candidates", "link_certain"]

MOST_ALIKE = 20
"""What more datasets than this share tells none of them from the others."""

LEAST_KNOWN = 3
"""Counts that must be known of both for a shape to say anything."""

NEAR = 0.75
"""Names that are as alike as this (Ratcliff and Obershelp) are near."""


@dataclass(frozen=True)
class Candidate:
    """Two datasets that may be one.

    Attributes
    ----------
    dataset, other
        IRIs; OpenML's comes first.
    title, other_title
        What they are called, "" if nothing.
    relation
        ``same``, or ``alternate`` for what looks like two versions.
    certain
        Whether they are linked without asking.
    score
        Within [0, 1]: how much speaks for it, to sort by. It is no probability.
    reason
        What speaks for it, in words.
    """

    dataset: str
    other: str
    title: str
    other_title: str
    relation: Literal["same", "alternate"]
    certain: bool
    score: float
    reason: str


def candidates(store: Store, *, only_certain: bool = False) -> list[Candidate]:
    """Pairs that may be one and that nobody has decided about, what is certain first.

    Parameters
    ----------
    store
        Whose datasets; those of quarantine and of recommendations do not count.
    only_certain
        Leave out, and do not look for, what is for review.
    """
    graphs = experiments(store)
    if not graphs:
        return []
    evidence = read(store, graphs)
    decided = {link.pair: link.relation for link in links(store)}
    known = _Known(
        evidence, joined(store, graphs), {pair for pair, how in decided.items() if how == "different"}
    )
    found: dict[frozenset[str], Candidate] = {}
    for pair in _found(store, graphs, evidence, known, only_certain=only_certain):
        # What was decided, and what follows from it, is not asked again.
        both = frozenset((pair.dataset, pair.other))
        settled = both in decided or pair.other in known.groups.of(pair.dataset)
        if not settled and (both not in found or _weight(found[both]) < _weight(pair)):
            found[both] = pair
    checked = []
    for pair in sorted(
        found.values(), key=lambda each: (*(-x for x in _weight(each)), each.dataset, each.other)
    ):
        if pair.certain and pair.other in known.groups.of(pair.dataset):
            continue  # two pairs before say so already
        against = known.against(pair) if pair.certain else ""
        if against:
            checked.append(replace(pair, certain=False, reason=f"{pair.reason}; but {against}"))
        else:
            checked.append(pair)
            if pair.certain:
                known.groups.join(pair.dataset, pair.other)
    return [pair for pair in checked if pair.certain or not only_certain]


def link_certain(store: Store) -> list[Link]:
    """Link what is certain, and return what was linked.

    Raises
    ------
    StoreError
        If the store cannot be written.
    """
    found = candidates(store, only_certain=True)
    made = [Link(c.dataset, c.other, "same", said(c.reason, automatic=True)) for c in found]
    return keep(store, made) if made else []


def _weight(pair: Candidate) -> tuple[bool, float]:
    return pair.certain, pair.score


class _Known:
    """What stands against making two datasets one."""

    def __init__(self, evidence: Evidence, groups: Groups, different: set[frozenset[str]]) -> None:
        self.groups, self._different = groups, different
        self._numbers: dict[str, set[int]] = {}
        for dataset, number, _ in evidence.numbers.iter_rows():
            self._numbers.setdefault(dataset, set()).add(number)
        self._contents: dict[str, set[str]] = {}
        for dataset, digest in evidence.contents.iter_rows():
            self._contents.setdefault(dataset, set()).add(digest)

    def number(self, dataset: str) -> bool:
        """Whether an OpenML id is known of it."""
        return bool(self._numbers.get(dataset))

    def against(self, pair: Candidate) -> str:
        """Why the two cannot be made one without asking; "" if nothing stands against it."""
        both = self.groups.of(pair.dataset) | self.groups.of(pair.other)
        numbers = {number for dataset in both for number in self._numbers.get(dataset, ())}
        if len(numbers) > 1:
            named = " and ".join(f"openml:{number}" for number in sorted(numbers))
            return f"{named} would become one"
        contents = {digest for dataset in both for digest in self._contents.get(dataset, ())}
        if len(contents) > 1:
            return "their tables differ"
        if any(rejected <= both for rejected in self._different):
            return "datasets would become one of which somebody said that they are different"
        return ""


def _found(
    store: Store, graphs: Sequence[str], evidence: Evidence, known: _Known, *, only_certain: bool
) -> Iterator[Candidate]:
    titles = _titles(evidence)

    def made(
        one: str, other: str, relation: Literal["same", "alternate"], certain: bool, score: float, reason: str
    ) -> Candidate:
        first, second = ordered(one, other)
        return Candidate(
            first, second, titles.get(first, ""), titles.get(second, ""), relation, certain, score, reason
        )

    for one, other, digest in _stars(evidence.contents, "hash"):
        yield made(one, other, "same", True, 1.0, f"same content (SHA-256 {digest[:12]}...)")
    for one, other, number in _stars(evidence.numbers, "number"):
        where = evidence.numbers.filter(number=number)
        said = {dataset: why for dataset, _, why in where.iter_rows() if why != "its IRI"}
        by = said.get(other) or said.get(one) or "its IRI"
        yield made(one, other, "same", True, 0.99, f"same OpenML id {number} (by {by})")

    groups = _named_alike(evidence, known)
    wanted = groups if not only_certain else [group for group in groups if group.clear]
    if only_certain and not wanted:
        return
    table = shapes(
        store, graphs, sorted({d for group in wanted for d in group.datasets}) if only_certain else None
    )
    shape = {row[0]: row[1:] for row in table.iter_rows()}
    for group in wanted:
        for one, other in group.pairs():
            alike, equal = _compared(shape.get(one), shape.get(other))
            name = f"both are called {group.name!r}"
            versions = known.number(one) and known.number(other)
            relation: Literal["same", "alternate"] = "alternate" if versions or equal is False else "same"
            if equal:
                certain = group.clear and _tells(shape[one], shape[other])
                score = 0.95 if certain else 0.6 if versions else 0.85
                more = "" if group.clear else "; several datasets are called so"
                yield made(one, other, relation, certain, score, f"{name}, and agree in {alike}{more}")
            elif equal is False:
                yield made(one, other, relation, False, 0.2, f"{name}, but differ in {alike}")
            else:
                yield made(one, other, relation, False, 0.4, f"{name}; too few counts are known of both")
    if not only_certain:
        for one, other in _shaped_alike(table):
            alike, _ = _compared(shape[one], shape[other])
            here, there = titles.get(one, ""), titles.get(other, "")
            versions = known.number(one) and known.number(other)
            near = _near(here, there)
            if near:
                how, score = f"near names ({here!r}, {there!r})", 0.3 if versions else 0.7
            elif not versions and not (here and there):
                how, score = "a name is not known", 0.5
            else:
                continue
            relation = "alternate" if versions else "same"
            yield made(one, other, relation, False, score, f"{how}, and agree in {alike}")


def _titles(evidence: Evidence) -> dict[str, str]:
    """Title by dataset; of several one that says something."""
    import polars as pl

    named = evidence.names.drop_nulls("name").unique("dataset", keep="first", maintain_order=True)
    return dict(named.select(pl.col("dataset"), pl.col("title")).iter_rows())


def _stars(frame: pl.DataFrame, key: str) -> Iterator[tuple[str, str, str]]:
    """Of the datasets that share a value, the first with each of the others."""
    import polars as pl

    shared = (
        frame.select("dataset", key)
        .unique()
        .sort(key, "dataset")
        .group_by(key, maintain_order=True)
        .agg(pl.col("dataset"))
        .filter(pl.col("dataset").list.len() > 1)
    )
    for value, datasets in shared.iter_rows():
        first = min(datasets, key=lambda dataset: iris.openml_id(dataset) is None)
        for other in datasets:
            if other != first:
                yield first, other, value


@dataclass(frozen=True)
class _Alike:
    """Datasets of one name; ``clear`` if of these one at most has an OpenML id, and there are two."""

    name: str
    datasets: tuple[str, ...]
    clear: bool

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Each with each other, OpenML's first."""
        for position, one in enumerate(self.datasets):
            for other in self.datasets[position + 1 :]:
                yield ordered(one, other)


def _named_alike(evidence: Evidence, known: _Known) -> list[_Alike]:
    import polars as pl

    shared = (
        evidence.names.drop_nulls("name")
        .select("name", "dataset")
        .unique()
        .sort("name", "dataset")
        .group_by("name", maintain_order=True)
        .agg(pl.col("dataset"))
        .filter(pl.col("dataset").list.len().is_between(2, MOST_ALIKE))
    )
    found = []
    for name, datasets in shared.iter_rows():
        # Names that are one already count once.
        apart = {frozenset(known.groups.of(dataset)) for dataset in datasets}
        with_number = sum(any(known.number(each) for each in group) for group in apart)
        found.append(_Alike(name, tuple(datasets), clear=len(apart) == 2 and with_number <= 1))
    return found


def _compared(
    one: Sequence[float | None] | None, other: Sequence[float | None] | None
) -> tuple[str, bool | None]:
    """Counts known of both, in words, and whether they are all equal; None if there are too few to say."""
    both = [
        (name, here, there)
        for name, here, there in zip(SHAPE, one or (), other or (), strict=False)
        if here is not None and there is not None
    ]
    differing = [f"{name} ({here:g}, {there:g})" for name, here, there in both if here != there]
    if differing:
        return ", ".join(differing), False
    return ", ".join(f"{name} ({here:g})" for name, here, _ in both), True if len(
        both
    ) >= LEAST_KNOWN else None


def _tells(one: Sequence[float | None], other: Sequence[float | None]) -> bool:
    """Whether the counts known of both tell versions apart: instances, and classes or the largest of them."""
    known = [here is not None and there is not None for here, there in zip(one, other, strict=True)]
    return known[0] and (known[2] or known[3])


def _shaped_alike(table: pl.DataFrame) -> Iterator[tuple[str, str]]:
    """Pairs that agree in all counts, or in all but those of classes where one of the two does not know them."""
    import polars as pl

    seen: set[tuple[str, str]] = set()
    for keys in (SHAPE, SHAPE[:3], (*SHAPE[:2], SHAPE[4])):
        shared = (
            table.drop_nulls(list(keys))
            .group_by(keys, maintain_order=True)
            .agg(pl.col("dataset"))
            .filter(pl.col("dataset").list.len().is_between(2, MOST_ALIKE))
        )
        shape = {row[0]: row[1:] for row in table.iter_rows()}
        for datasets in shared["dataset"].to_list():
            for pair in _Alike("", tuple(datasets), clear=False).pairs():
                if pair not in seen and _compared(shape[pair[0]], shape[pair[1]])[1]:
                    seen.add(pair)
                    yield pair


def _near(one: str, other: str) -> bool:
    """Whether two titles are nearly one: the words of one are all in the other, or few letters differ."""
    from kg.identity_evidence import plain_name

    here, there = plain_name(one) or "", plain_name(other) or ""
    if not here or not there or here == there:
        return False
    words = sorted((set(here.split()), set(there.split())), key=len)
    return words[0] <= words[1] or difflib.SequenceMatcher(None, here, there).ratio() >= NEAR
