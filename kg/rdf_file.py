"""RDF files of people: read as a stream, with limits, and never anything but the file itself.

Turtle, TriG, N-Triples, N-Quads, RDF/XML and JSON-LD, told apart by suffix, ``.gz`` may follow. Nothing is fetched:
a JSON-LD context must be in the file, and entities of RDF/XML that are kept elsewhere are refused.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kg.errors import RdfError
from kg.nesting import guard_of

if TYPE_CHECKING:
    import pyoxigraph

    from kg.store import Progress

__all__ = ["SUFFIXES", "Limits", "Loaded", "format_of", "is_rdf_path", "loaded"]

SUFFIXES = {
    ".ttl": "TURTLE",
    ".nt": "N_TRIPLES",
    ".nq": "N_QUADS",
    ".trig": "TRIG",
    ".rdf": "RDF_XML",
    ".xml": "RDF_XML",
    ".owl": "RDF_XML",
    ".jsonld": "JSON_LD",
    ".json": "JSON_LD",
}
"""Suffixes and pyoxigraph's names of the formats."""

_IN_MEMORY = 64 * 2**20
"""Bytes of a file up to which it is held in memory while it is looked at, and on disk beyond."""


@dataclass(frozen=True)
class Loaded:
    """Content of a file, and whether there may be blank nodes in it, which takes long to find out afterwards."""

    raw: pyoxigraph.Store
    blank_nodes: bool


@dataclass(frozen=True)
class Limits:
    """What a file may ask of the machine.

    Attributes
    ----------
    size
        Bytes of RDF, once unpacked.
    ratio, ratio_from
        How many times its size a packed file may become, looked at once so many bytes have come out. Real RDF packs
        10 to 60 times.
    depth
        Nesting of JSON-LD and RDF/XML, and of triples within triples, whose readers end the process at some depth.
    """

    size: int = 16 * 2**30
    ratio: int = 200
    ratio_from: int = 64 * 2**20
    depth: int = 256


def is_rdf_path(text: str | os.PathLike[str]) -> bool:
    """Whether a name has the suffix of an RDF file."""
    name = os.fspath(text).lower().removesuffix(".gz")
    return Path(name).suffix in SUFFIXES and Path(name).suffix not in (".json", ".xml")


def format_of(path: Path) -> str:
    """Format of a file by its suffix, by pyoxigraph's name.

    Raises
    ------
    RdfError
        If the suffix is not known.
    """
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    if suffix not in SUFFIXES:
        raise RdfError(
            f"{path}: the suffix {suffix!r} tells no RDF format: name it {', '.join(SUFFIXES)} (.gz may follow)"
        )
    return SUFFIXES[suffix]


@contextmanager
def loaded(
    path: str | os.PathLike[str], *, limits: Limits | None = None, progress: Progress | None = None
) -> Iterator[Loaded]:
    """Give the content of a file as a pyoxigraph store, which is gone afterwards.

    Raises
    ------
    RdfError
        If the file cannot be read, is not what its suffix says, or goes beyond a limit.
    """
    import pyoxigraph as ox

    path = Path(path)
    kind = format_of(path)
    allowed = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="metakg-rdf-") as folder, _opened(path) as (file, size, packed):
        raw = ox.Store() if size <= (_IN_MEMORY // 20 if packed else _IN_MEMORY) else ox.Store(folder)
        stream = _Guarded(file, path, kind, size, packed, allowed, progress)
        with _explained(path):
            raw.bulk_load(io.BufferedReader(stream, 2**20), format=getattr(ox.RdfFormat, kind))
        try:
            yield Loaded(raw, stream.blank_nodes)
        finally:
            del raw


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], int, bool]]:
    try:
        with path.open("rb") as plain:
            size = os.fstat(plain.fileno()).st_size
            if plain.read(2) != b"\x1f\x8b":
                plain.seek(0)
                yield plain, size, False
                return
            plain.seek(0)
            with gzip.open(plain) as unpacked:
                yield unpacked, size, True  # type: ignore[misc]
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise RdfError(f"{path}: packed, but damaged ({error}): fetch or make it again") from error
        raise RdfError(f"{path}: cannot be read ({error.strerror or error}): check the name") from error
    except (EOFError, zlib.error) as error:
        raise RdfError(f"{path}: packed, but cut off or damaged: fetch or make it again") from error


class _Guarded(io.RawIOBase):
    """A file that is not read beyond the limits."""

    def __init__(
        self,
        file: IO[bytes],
        path: Path,
        kind: str,
        size: int,
        packed: bool,
        limits: Limits,
        progress: Progress | None,
    ) -> None:
        self._file, self._path, self._size, self._packed = file, path, size, packed
        self._limits, self._progress = limits, progress
        self._guard = guard_of(kind, limits.depth)
        self._read, self._last = 0, b""
        self.blank_nodes = kind not in ("N_TRIPLES", "N_QUADS")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._file.read(len(buffer))
        self._read += len(chunk)
        self.blank_nodes = self.blank_nodes or b"_:" in self._last + chunk
        self._last = chunk[-1:]
        if self._read > self._limits.size:
            raise RdfError(
                f"{self._path}: more than {self._limits.size / 2**30:g} GiB of RDF: split it into several files"
            )
        beyond = self._read > max(self._limits.ratio_from, self._limits.ratio * self._size)
        if self._packed and beyond:
            raise RdfError(
                f"{self._path}: unpacks to more than {self._limits.ratio} times its size, as no real RDF does: "
                "if you trust it, unpack it yourself and name the unpacked file"
            )
        if complaint := self._guard.complaint(chunk):
            raise RdfError(f"{self._path}: {complaint}")
        if self._progress and self._size:
            # Bytes of a packed file come out faster than they are read; the share is a guess then.
            self._progress("reading", min(self._read, self._size), self._size)
        buffer[: len(chunk)] = chunk
        return len(chunk)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except SyntaxError as error:
        raise RdfError(_explain(path, error)) from error
    except MemoryError as error:
        if "buffer" not in str(error):
            raise
        raise RdfError(f"{path}: a single value is longer than 8 MiB: leave it out, or link to it") from error
    except (ValueError, RuntimeError) as error:
        if isinstance(error, RdfError):
            raise
        raise RdfError(f"{path}: not readable as RDF ({' '.join(str(error).split())})") from error


def _explain(path: Path, error: SyntaxError) -> str:
    text = " ".join(str(error.msg or error).split())
    if "LoadDocumentCallback" in text:
        return (
            f"{path}: refers to a remote @context, which is not fetched: put the context itself into the file"
        )
    text = text.rpartition(": ")[2] if text.startswith("Parser error at line") and ": " in text else text
    place = f"line {error.lineno}, column {error.offset}: " if error.lineno else ""
    return f"{path}: {place}{text}; the suffix says {format_of(path).replace('_', '-')}"
