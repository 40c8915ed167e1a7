"""Measures that the sources in a graph declare: what :mod:`kg.measures` does not know.

A source says of its own measures which way is better, and in what range they lie. Two sources may declare one measure
if they agree which way is better; one that says otherwise is kept out, since no ranking by it could be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from kg import iris
from kg.errors import SchemaError
from kg.measures import MEASURES, Measure
from kg.vocabulary import DCTERMS, own_term

if TYPE_CHECKING:
    from kg.batch import Manifest
    from kg.manifest import GraphInfo
    from kg.store import Store

__all__ = ["check_directions", "declared_by", "declared_measures"]

_KEPT_OUT = ("quarantine", "recommendations")

_KNOWN: WeakKeyDictionary[Store, tuple[int, dict[str, dict[str, Measure]]]] = WeakKeyDictionary()
"""What a store's graphs declare, at the version at which it was last asked."""


def declared_measures(store: Store) -> dict[str, Measure]:
    """Measures that the graphs of a store declare, by key; what is asked again of one version is not read again.

    Where several graphs declare one, the oldest names it, and its range is as wide as the widest of them.
    """
    found: dict[str, Measure] = {}
    for measures in declared_by(store).values():
        for key, measure in measures.items():
            found[key] = _wider(found[key], measure) if key in found else measure
    return found


def declared_by(store: Store) -> dict[str, dict[str, Measure]]:
    """Measures by key, by the IRI of the graph that declares them, the oldest graph first."""
    kept = _KNOWN.get(store)
    if kept is None or kept[0] != store.version:
        kept = (store.version, _read(store))
        _KNOWN[store] = kept
    return kept[1]


def _read(store: Store) -> dict[str, dict[str, Measure]]:
    text = f"""SELECT ?graph ?measure ?direction ?label ?low ?high ?unit WHERE {{ GRAPH ?graph {{
        ?measure <{own_term("direction")}> ?direction
        OPTIONAL {{ ?measure <{DCTERMS}title> ?label }}
        OPTIONAL {{ ?measure <{own_term("minimum")}> ?low }} OPTIONAL {{ ?measure <{own_term("maximum")}> ?high }}
        OPTIONAL {{ ?measure <{own_term("unit")}> ?unit }} }} }}"""
    rows = sorted(store.query(text).rows(), key=repr)
    found: dict[str, dict[str, Measure]] = {}
    for info in (each for each in store.graphs() if each.kind not in _KEPT_OUT):
        for graph, iri, direction, label, low, high, unit in rows:
            key = str(iri).removeprefix(iris.measure(""))
            if str(graph) == info.iri and key not in MEASURES and iris.measure(key) == str(iri):
                measure = Measure(
                    key,
                    str(label or key),
                    "lower" if str(direction) == "lower" else "higher",
                    _number(low),
                    _number(high),
                    str(unit or ""),
                )
                found.setdefault(info.iri, {}).setdefault(key, measure)
    return found


def _number(bound: Any) -> float | None:
    return None if bound is None else float(bound)


def _wider(one: Measure, other: Measure) -> Measure:
    low = None if one.low is None or other.low is None else min(one.low, other.low)
    high = None if one.high is None or other.high is None else max(one.high, other.high)
    return Measure(one.key, one.label, one.direction, low, high, one.unit)


def check_directions(
    store: Store, about: Manifest, directions: Iterable[tuple[str, str]], *, replaces: bool
) -> None:
    """Refuse what a source is to declare if a known measure, or another source, says that the other way is better.

    Parameters
    ----------
    store
        Where it is to be written.
    about
        The source.
    directions
        IRI of each measure, and ``higher`` or ``lower``.
    replaces
        Whether what the source's graph declared before goes.

    Raises
    ------
    SchemaError
        If something says otherwise; the message names both.
    """
    stated = dict(directions)
    if not stated:
        return
    others = _directions(store, {about.graph} if replaces else set())
    for iri, direction in sorted(stated.items()):
        holds, whose = others.get(iri, (direction, ""))
        if holds != direction:
            key = iri.removeprefix(iris.measure(""))
            raise SchemaError(
                f"{about.source} {about.version} declares that {direction} values of the measure {key!r} are better, "
                f"and {whose} that {holds} ones are: nothing was written; give the measure of "
                f"{about.source} {about.version} another name"
            )


def _directions(store: Store, without: set[str]) -> Mapping[str, tuple[str, str]]:
    infos: dict[str, GraphInfo] = {info.iri: info for info in store.graphs()}
    found = {measure.iri: (measure.direction, "metakg") for measure in MEASURES.values()}
    for graph, measures in declared_by(store).items():
        if graph not in without:
            whose = f"{infos[graph].source} {infos[graph].version}"
            for measure in measures.values():
                found.setdefault(measure.iri, (measure.direction, whose))
    return found
