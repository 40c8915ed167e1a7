"""What may be used of a graph: all of it, or what was there at a time, without some sources and datasets.

A selection works by named graph. Of graphs that grow (projects of tracked runs) it works by the time at which a run
started, so that an answer "as of" a date rests on the runs of that date.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from kg import iris
from kg.errors import QueryError
from kg.manifest import graphs_named, listed
from kg.terms import IRI, to_term
from kg.vocabulary import MLS, PROV, XSD

if TYPE_CHECKING:
    import polars as pl

    from kg.manifest import GraphInfo
    from kg.store import Store

__all__ = ["Selection", "moment", "select"]

_DURING = f"""ASK {{ ?run <{PROV}startedAtTime> ?started . FILTER(?started <= <{XSD}dateTime>(?until)) }}"""

_WHERE = re.compile(r"\bWHERE\s*\{")


@dataclass(frozen=True)
class Selection:
    """What is kept out of an answer, and the named graphs that are left.

    Attributes
    ----------
    as_of
        Time in UTC after which nothing counts, in ISO form; "" for no such time.
    exclude_sources
        IRIs of the named graphs that were left out by name, sorted.
    exclude_datasets
        IRIs of datasets that were left out, sorted.
    graphs
        IRIs of the named graphs that may be used, oldest first; empty if that is all of them.
    growing
        Those of ``graphs`` that grew after ``as_of``: only their runs that started by then count.
    dated
        Whether runs have to be looked at for when they started.
    notes
        What a person should know about what was left out.
    """

    as_of: str = ""
    exclude_sources: tuple[str, ...] = ()
    exclude_datasets: tuple[str, ...] = ()
    graphs: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    dated: bool = False
    notes: tuple[str, ...] = ()

    def __contains__(self, graph: str) -> bool:
        return not self.graphs or graph in self.graphs

    def restrict(self, text: str) -> str:
        """Query over the graphs that are left, where it would be over all.

        Parameters
        ----------
        text
            SELECT query without ``FROM``; its runs are called ``?run``.
        """
        if not self.graphs:
            return text
        lines = [f"FROM {to_term(IRI(graph))}" for graph in self.graphs]
        filters = []
        if self.dated and re.search(r"\?run\b", text):
            started = f"?run <{PROV}startedAtTime> ?begun"
            until = f'"{self.as_of}"^^<{XSD}dateTime>'
            filters.append(f"FILTER NOT EXISTS {{ {started} FILTER(?begun > {until}) }}")
            if self.growing:
                # A run that does not say when it started came in when its graph last grew.
                lines += [f"FROM NAMED {to_term(IRI(graph))}" for graph in self.growing]
                undated = f"?run a <{MLS}Run> FILTER NOT EXISTS {{ {started} }}"
                filters.append(f"FILTER NOT EXISTS {{ GRAPH ?growing {{ {undated} }} }}")
        inner = "".join(f"\n  {line}" for line in filters)
        return _WHERE.sub("\n".join(["", *lines, "WHERE {"]) + inner, text, count=1)

    def cut(
        self, info: GraphInfo, rows: pl.LazyFrame, described: dict[str, pl.DataFrame]
    ) -> tuple[pl.LazyFrame, dict[str, pl.DataFrame]]:
        """What counts of the tables of one graph: of a project, what the runs of the time use.

        Parameters
        ----------
        info
            The graph.
        rows
            Its runs, as in :class:`kg.experience.Experience`; one that does not say when it started came in when
            its graph last grew.
        described
            Its datasets, qualities and pipelines.
        """
        import polars as pl

        if not (self.dated and info.kind == "project"):
            return rows, described
        until = datetime.fromisoformat(self.as_of)
        started = pl.col("started").str.to_datetime("%+", time_zone="UTC", strict=False)
        kept = rows.filter((started <= until).fill_null(info.iri not in self.growing)).collect()
        datasets = pl.col("dataset").is_in(kept["dataset"].cast(pl.String).unique().implode())
        pipelines = pl.col("pipeline").is_in(kept["pipeline"].cast(pl.String).unique().implode())
        return kept.lazy(), {
            "datasets": described["datasets"].filter(datasets),
            "qualities": described["qualities"].filter(datasets),
            "pipelines": described["pipelines"].filter(pipelines),
        }


def moment(given: str | date) -> str:
    """UTC time in ISO form of a date (its end) or a time (UTC if it names no zone).

    >>> moment("2026-11-01")
    '2026-11-01T23:59:59.999999Z'
    >>> moment("2026-11-01T12:00+02:00")
    '2026-11-01T10:00:00Z'

    Raises
    ------
    ValueError
        If it is neither.
    """
    if isinstance(given, str):
        text = given.strip()
        found = datetime.fromisoformat(text)
        if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}|\d{4}-?W\d{2}-?\d", text):
            found = datetime.combine(found.date(), time.max)
    elif isinstance(given, datetime):
        found = given
    else:
        found = datetime.combine(given, time.max)
    aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return aware.isoformat().replace("+00:00", "Z")


def select(
    store: Store, *, as_of: str | date | None = None, exclude_sources: Sequence[str] = ()
) -> Selection:
    """Find the named graphs that are left.

    Parameters
    ----------
    store
        Whose graphs.
    as_of
        Date (its end, in UTC) or time after which nothing counts.
    exclude_sources
        Names of sources (``lcdb``), of one version of a source (``lcdb 0.1.0``), or IRIs of named graphs.

    Raises
    ------
    QueryError
        If there is no such source, the date cannot be read, or nothing is left.
    """
    if as_of is None and not exclude_sources:
        return Selection()
    infos = [info for info in store.graphs() if info.kind != "recommendations"]
    excluded = {info.iri for name in exclude_sources for info in graphs_named(infos, name)}
    left = [info for info in infos if info.iri not in excluded]
    if not left:
        raise QueryError(
            f"nothing is left without {', '.join(exclude_sources)}: the graph holds {listed(infos)}"
        )
    if as_of is None:
        return Selection(exclude_sources=tuple(sorted(excluded)), graphs=tuple(info.iri for info in left))
    until = _read(as_of, infos)
    # Which datasets are one was so before anybody said it: what is kept out must be so by all its names.
    late = [info for info in left if _after(info.modified_at, until) and info.iri != iris.LINKS_GRAPH]
    growing = [
        info.iri
        for info in late
        if info.kind == "project"
        and store.query(_DURING, bindings={"until": until}, default_graph=info.iri).answer
    ]
    known = [info for info in left if info not in late or info.iri in growing]
    if all(info.iri == iris.LINKS_GRAPH for info in known):
        raise QueryError(f"nothing was known at {until}: give a later date; the graph holds {listed(left)}")
    return Selection(
        as_of=until,
        exclude_sources=tuple(sorted(excluded)),
        graphs=tuple(info.iri for info in known),
        growing=tuple(growing),
        dated=any(info.kind == "project" and info.iri != iris.LINKS_GRAPH for info in known),
        notes=tuple(_notes(late, set(growing))),
    )


def _read(given: str | date, infos: Sequence[GraphInfo]) -> str:
    try:
        return moment(given)
    except (ValueError, OverflowError) as error:
        raise QueryError(
            f"{given!r} is not a date: write 2026-11-01 (the end of that day in UTC) or 2026-11-01T12:00Z; "
            f"the graph holds {listed(infos)}"
        ) from error


def _after(generated_at: str, until: str) -> bool:
    return datetime.fromisoformat(generated_at) > datetime.fromisoformat(until)


def _notes(late: Sequence[GraphInfo], growing: set[str]) -> list[str]:
    notes = []
    gone = [info for info in late if info.iri not in growing]
    if gone:
        notes.append(
            f"left out, because it came in later: {listed(gone)}; what such a graph held before, if it was replaced "
            "then, is not kept"
        )
    grew = [info for info in late if info.iri in growing]
    if grew:
        notes.append(f"counted only with its runs that had started by then: {listed(grew)}")
    return notes
