"""The graph written out again: N-Quads, TriG, Turtle and JSON-LD, streamed, a file whole or not at all.

N-Quads, TriG and JSON-LD keep the named graphs and the manifest, so that another store can be filled from them;
Turtle is one graph, or the union of several, for tools that know triples only.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from kg import iris
from kg.errors import StoreError
from kg.manifest import graphs_named
from kg.vocabulary import PREFIXES

if TYPE_CHECKING:
    import pyoxigraph

    from kg.store import Progress, Store

__all__ = ["FORMATS", "Export", "Format", "chosen_graphs", "export", "format_of", "writing"]

Format = Literal["nquads", "turtle", "trig", "jsonld"]

FORMATS: dict[Format, str] = {"nquads": ".nq", "turtle": ".ttl", "trig": ".trig", "jsonld": ".jsonld"}
"""Formats, and the suffix of a file by which each is known."""


@dataclass(frozen=True)
class Export:
    """What was written: the format, the graphs in the order of the file, and the number of quads."""

    form: Format
    graphs: tuple[str, ...]
    quads: int


def format_of(name: str) -> Format:
    """Format of a file by its name; ``.gz`` may follow the suffix.

    >>> format_of("all.nq.gz")
    'nquads'

    Raises
    ------
    StoreError
        If the suffix is none of those in :data:`FORMATS`.
    """
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    for form, known in FORMATS.items():
        if suffix == known:
            return form
    raise StoreError(
        f"{name}: the format cannot be told from its name: end it in {', '.join(FORMATS.values())} "
        f"(.gz may follow), or give --format {'|'.join(FORMATS)}"
    )


def chosen_graphs(store: Store, names: Sequence[str]) -> list[str]:
    """IRIs of graphs by source, source and version, or IRI; all of them if none is named, the store's own first.

    These are named ``manifest``, ``history`` and ``ledger``.

    Raises
    ------
    QueryError
        If the store has no such graph.
    """
    infos = store.graphs()
    if not names:
        kept = (graph for graph in iris.BOOKKEEPING_GRAPHS if any(store.dump(graph)))
        return [*kept, *(info.iri for info in infos)]
    own = {graph.rpartition("/")[2]: graph for graph in iris.BOOKKEEPING_GRAPHS}
    chosen: dict[str, None] = {}
    for name in names:
        if name in own or name in own.values():
            chosen[own.get(name, name)] = None
        else:
            chosen.update(dict.fromkeys(info.iri for info in graphs_named(infos, name)))
    return list(chosen)


def export(
    store: Store,
    target: str | Path | IO[bytes],
    form: Format | None = None,
    *,
    graphs: Sequence[str] = (),
    progress: Progress | None = None,
) -> Export:
    """Write graphs of a store to a file or a binary stream.

    Parameters
    ----------
    store
        Read at the version that it holds; nothing in it changes.
    target
        File, replaced once all is written; packed if its name ends in ``.gz``. A stream is written as it is.
    form
        By the name of the file if left out.
    graphs
        See :func:`chosen_graphs`; everything if left out. What the manifest says of chosen graphs goes with
        them, except in Turtle, which could not keep it apart.
    progress
        Told quads written and quads in all.

    Raises
    ------
    QueryError
        If the store has no such graph.
    StoreError
        If there is no such format, or the file cannot be written; there is then no new file.
    """
    if form is None:
        if not isinstance(target, str | Path):
            raise StoreError("a stream has no name that tells the format: give one of " + ", ".join(FORMATS))
        form = format_of(str(target))
    if form not in FORMATS:
        raise StoreError(f"the format {form!r} is not known; known: {', '.join(FORMATS)}")
    chosen = chosen_graphs(store, graphs)
    source = _Source(store, chosen, with_manifest=bool(graphs) and form != "turtle", progress=progress)
    if isinstance(target, str | Path):
        with writing(Path(target)) as partial, _opened(partial, packed=str(target).endswith(".gz")) as out:
            _WRITERS[form](source, out)
    else:
        _WRITERS[form](source, target)
    return Export(form, source.graphs, source.quads)


@contextmanager
def writing(target: Path) -> Iterator[Path]:
    """Path beside ``target`` to write to; it takes the target's place at the end, or is gone after an error.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    import shutil

    partial = target.with_name(target.name + ".part")
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        text = error.strerror or " ".join(str(error).split())
        raise StoreError(
            f"{target} could not be written ({text}), and nothing of it is left: "
            "check the folder, its permissions and the free space"
        ) from error
    finally:
        if partial.is_dir() and not partial.is_symlink():
            shutil.rmtree(partial, ignore_errors=True)
        else:
            _remove(partial)


def _remove(partial: Path) -> None:
    from contextlib import suppress

    with suppress(OSError):
        partial.unlink(missing_ok=True)


@contextmanager
def _opened(path: Path, *, packed: bool) -> Iterator[IO[bytes]]:
    with path.open("wb") as plain:
        if not packed:
            yield plain
            return
        # Neither name nor time in the header: the same graph gives the same file.
        with gzip.GzipFile(filename="", mode="wb", fileobj=plain, compresslevel=6, mtime=0) as out:
            yield cast(IO[bytes], out)


class _Source:
    """Quads of the chosen graphs as N-Quads, counted on their way."""

    def __init__(
        self, store: Store, graphs: list[str], *, with_manifest: bool, progress: Progress | None
    ) -> None:
        self._store = store
        self._described = set(graphs) if with_manifest and iris.MANIFEST_GRAPH not in graphs else set()
        self.graphs = (iris.MANIFEST_GRAPH, *graphs) if self._described else tuple(graphs)
        self.quads = 0
        self._progress = progress
        self._total = self._count() if progress else 0

    def _count(self) -> int:
        text = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
        counts = [next(self._store.query(text, default_graph=graph).rows())[0] for graph in self.graphs]
        return sum(count for count in counts if isinstance(count, int))

    def chunks(self) -> Iterator[bytes]:
        """Whole lines of N-Quads, graph by graph."""
        for graph in self.graphs:
            for chunk in self._store.dump(graph):
                lines = chunk
                if graph == iris.MANIFEST_GRAPH and self._described:
                    lines = self._of_described(chunk)
                self.quads += lines.count(b"\n")
                yield lines
                if self._progress:
                    self._progress("writing", min(self.quads, self._total), self._total)

    def _of_described(self, chunk: bytes) -> bytes:
        subjects = tuple(f"<{graph}> ".encode() for graph in self._described)
        return b"".join(line for line in chunk.splitlines(keepends=True) if line.startswith(subjects))

    def parsed(self) -> Iterator[pyoxigraph.Quad]:
        """The same as quads."""
        import pyoxigraph as ox

        for chunk in self.chunks():
            yield from ox.parse(chunk, format=ox.RdfFormat.N_QUADS, lenient=True)


def _write_nquads(source: _Source, out: IO[bytes]) -> None:
    for chunk in source.chunks():
        out.write(chunk)


def _write_trig(source: _Source, out: IO[bytes]) -> None:
    import pyoxigraph as ox

    ox.serialize(source.parsed(), out, ox.RdfFormat.TRIG, prefixes=PREFIXES)


def _write_turtle(source: _Source, out: IO[bytes]) -> None:
    import pyoxigraph as ox

    what = f"Graph {source.graphs[0]}" if len(source.graphs) == 1 else "Union of the graphs"
    out.write(f"# {what}{'' if len(source.graphs) == 1 else ' ' + ', '.join(source.graphs)}\n".encode())
    ox.serialize((quad.triple for quad in source.parsed()), out, ox.RdfFormat.TURTLE, prefixes=PREFIXES)


def _write_jsonld(source: _Source, out: IO[bytes]) -> None:
    from kg.jsonld import write

    write(source.chunks(), source.graphs, out)


_WRITERS: dict[Format, Callable[[_Source, Any], None]] = {
    "nquads": _write_nquads,
    "trig": _write_trig,
    "turtle": _write_turtle,
    "jsonld": _write_jsonld,
}
