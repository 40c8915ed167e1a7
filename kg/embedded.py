"""The default store: pyoxigraph in a folder, one writer at a time, readers undisturbed."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kg import changes, manifest, oxigraph, projection, serving, snapshots
from kg.batch import Batch, Manifest, content_hash
from kg.errors import SchemaError, StoreError
from kg.history import CommitInfo
from kg.inbox import Inbox, Waiting, batches_of
from kg.manifest import GraphInfo
from kg.result import Result
from kg.series import FolderSeries
from kg.store import Commit, Progress, Store
from kg.terms import Value

if TYPE_CHECKING:
    import pyoxigraph
    import rdflib

__all__ = ["EmbeddedStore"]

FORMAT = 1
"""Version of the folder's layout; a newer one is refused."""

_OPTIMISE_FROM = 50_000
"""Quads in a commit from which the engine's files are merged, which makes reading four times as fast."""

_DRAIN_EVERY = 256
"""Batches that one object logs before it appends what waits: a commit takes about 100 ms, a log about 10."""

_REMOVE_UP_TO = 2_000
"""Rows of a graph (of all its tables) up to which it is removed quad by quad."""

T = TypeVar("T")


class EmbeddedStore(Store):
    """A folder with one whole pyoxigraph store per version; see :mod:`kg.snapshots`.

    Parameters
    ----------
    folder
        Where the store is.
    create
        Make it if it is not there.
    read_only
        Refuse to write.

    Raises
    ------
    StoreError
        If the folder is not a store, is damaged, was made by a newer version, or cannot be read.
    """

    def __init__(self, folder: str | Path, *, create: bool = False, read_only: bool = False) -> None:
        self.folder: Path = Path(folder)  # type: ignore[misc]
        self._read_only = read_only
        if create and not (self.folder / "store.json").exists():
            self._create()
        self._check_format()
        self._hold: snapshots.Hold | None = None
        self._raw = self._open()
        self.inbox: Inbox = Inbox(self.folder / "inbox")
        self.points: FolderSeries = FolderSeries(self.folder / "series")
        self._logged = 0
        if self.inbox.waiting() or serving.is_left(self.folder):
            self.refresh()

    def _create(self) -> None:
        marker = self.folder / "store.json"
        draft = self.folder / f"store.json.{os.getpid()}"
        made = not self.folder.exists()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if any(
                not path.name.startswith(("snapshots", "store.json", "inbox"))
                for path in self.folder.iterdir()
            ):
                raise StoreError(f"{self.folder} is not empty and not a metakg store: name another folder")
            (self.folder / "snapshots").mkdir(exist_ok=True)
            draft.write_text(json.dumps({"format": FORMAT}) + "\n")
            draft.replace(marker)  # whole or not there: another process may be opening the folder
        except OSError as error:
            if made:
                shutil.rmtree(self.folder, ignore_errors=True)
            raise StoreError(
                f"a store cannot be made in {self.folder} ({error.strerror}): name another folder"
            ) from error

    def _check_format(self) -> None:
        marker = self.folder / "store.json"
        try:
            found = json.loads(marker.read_text())["format"]
        except (FileNotFoundError, NotADirectoryError) as error:
            raise StoreError(
                f"there is no metakg store in {self.folder}: "
                "make one with `metakg ingest oboe`, or name another with --store"
            ) from error
        except OSError as error:
            raise StoreError(
                f"the store {self.folder} cannot be read ({error.strerror}): check its permissions"
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"the store {self.folder} is damaged: {marker} is not readable; restore the folder from a backup"
            ) from error
        if not isinstance(found, int) or found > FORMAT:
            raise StoreError(
                f"the store {self.folder} has format {found}, this metakg knows up to {FORMAT}: update metakg"
            )

    def _open(self) -> pyoxigraph.Store:
        import pyoxigraph as ox

        hold = snapshots.hold_current(self.folder)
        if hold is None:
            return ox.Store()
        try:
            raw = ox.Store.read_only(str(hold.path))
        except (OSError, RuntimeError) as error:  # the engine raises RuntimeError for damaged files
            hold.release()
            raise StoreError(
                f"the store {self.folder} is damaged: version {hold.version} cannot be opened "
                f"({' '.join(str(error).split())}); restore the folder from a backup, or move it away and ingest again"
            ) from error
        self._hold = hold
        return raw

    @property
    def version(self) -> int:
        """Number of the commit that is being read."""
        return self._hold.version if self._hold else 0

    def refresh(self) -> None:
        """See :meth:`kg.store.Store.refresh`; what waits in the inbox is appended first, unless somebody writes."""
        self._drain_quietly()
        self._reopen()

    def _reopen(self) -> None:
        if snapshots.current_version(self.folder) != self.version:
            before = self._hold
            self._raw = self._open()
            if before:
                before.release()

    def commit(self, batches: Batch | Sequence[Batch], *, progress: Progress | None = None) -> Commit:
        """See :meth:`kg.store.Store.commit`."""
        listed = changes.as_batches(batches)
        return self._commit_new(changes.writing(self, listed, content_hash(listed)), progress)

    def append(
        self,
        batches: Batch | Sequence[Batch],
        *,
        unfinished: bool = False,
        progress: Progress | None = None,
    ) -> Commit:
        """See :meth:`kg.store.Store.append`."""
        listed = changes.as_batches(batches)
        graph = listed[0].manifest.graph
        with self._writing():
            change = changes.addition(self, listed, self._known(graph), unfinished=unfinished)
            if change is None:
                return Commit(graph, self.version, 0, changed=False)
            projection.keep_appended(self.folder / "experience", change.manifest, change.bulk)
            return self._write(change, progress)

    def log(self, batch: Batch) -> None:
        """See :meth:`kg.store.Store.log`."""
        self._check_writable()
        self.inbox.put(batch)
        self._logged += 1
        if self._logged >= _DRAIN_EVERY:
            self.drain()

    def drain(self) -> int:
        """Append what waits in the inbox, unless somebody else writes; returns the number of batches.

        A batch that cannot be appended is put aside with the reason; see :attr:`kg.inbox.Inbox.refused_folder`.

        Raises
        ------
        StoreError
            If the store cannot be written; everything still waits.
        """
        self._logged = 0
        if not self.inbox.waiting() and not serving.is_left(self.folder):
            return 0
        with snapshots.writer_lock(self.folder, wait=False) as lock:
            if lock is None:
                return 0
            self._begin()
            done = 0
            for manifest, waiting in self.inbox.read(self.inbox.waiting()).items():
                done += self._append_waiting(manifest, waiting)
            return done

    def _append_waiting(self, manifest: Manifest, waiting: Sequence[Waiting]) -> int:
        by_digest = {one.digest: one for one in waiting}
        try:
            change = changes.hashed_addition(
                self,
                manifest,
                list(by_digest),
                lambda fresh: batches_of(manifest, [by_digest[digest] for digest in fresh]),
                self._known(manifest.graph),
            )
        except SchemaError as error:
            if len(waiting) == 1:
                self.inbox.refuse(waiting[0].path, str(error))
                return 0
            middle = len(waiting) // 2  # one of them spoils the rest: find it
            return sum(self._append_waiting(manifest, half) for half in (waiting[:middle], waiting[middle:]))
        if change:
            self._write(change)
        for one in waiting:
            one.path.unlink(missing_ok=True)
        return len(waiting)

    def _drain_quietly(self) -> None:
        """Drain for the sake of others; whoever cannot write here reads what there is."""
        with contextlib.suppress(StoreError, PermissionError):
            self.drain()

    def commit_rdf(
        self,
        ntriples: Iterable[bytes],
        manifest: Manifest,
        *,
        counts: Mapping[str, int] | None = None,
        restored: changes.Restored | None = None,
        progress: Progress | None = None,
    ) -> Commit:
        """See :meth:`kg.store.Store.commit_rdf`."""
        return self._commit_new(changes.rdf_change(manifest, ntriples, counts, restored), progress)

    def _commit_new(self, change: changes.Change, progress: Progress | None) -> Commit:
        with self._writing():
            known = self._known(change.graph)
            if known and known.content_hash == change.digest and not known.unfinished:
                return Commit(change.graph, self.version, 0, changed=False)
            return self._write(change, progress)

    def add(self, ntriples: bytes, manifest: Manifest) -> Commit:
        """See :meth:`kg.store.Store.add`."""
        lines = oxigraph.in_graph(changes.parse_triples(ntriples, manifest.graph), manifest.graph)
        with self._writing():
            return self._write(changes.small_addition(self._known(manifest.graph), manifest, lines))

    def remove(self, graph: str) -> Commit:
        """See :meth:`kg.store.Store.remove`."""
        with self._writing():
            return self._write(changes.removal(self._known(graph), graph, f"the store {self.folder}"))

    def _known(self, graph: str) -> GraphInfo | None:
        return next((info for info in self.graphs() if info.iri == graph), None)

    def _check_writable(self) -> None:
        if self._read_only:
            raise StoreError(
                f"the store {self.folder} was opened to read only: open it without read_only to write"
            )

    @contextlib.contextmanager
    def _writing(self) -> Iterator[snapshots.WriterLock]:
        """Hold the writer's lock, at the newest version."""
        self._check_writable()
        with snapshots.writer_lock(self.folder) as lock:
            assert lock is not None
            self._begin()
            yield lock

    def _begin(self) -> None:
        """Go to the newest version, which may be one that a server left; the writer's lock is held."""
        serving.take_back(self.folder)
        self._reopen()

    def _write(self, change: changes.Change, progress: Progress | None = None) -> Commit:
        """Let a copy of the current version take the change, and publish it; the writer's lock is held."""
        infos, version = self.graphs(), self.version + 1
        change.keep_series(self.points)
        work = self.folder / "snapshots" / "work"
        try:
            raw = self._copy(work, infos, change.graph if change.replaces else None)
            quads = oxigraph.apply(raw, change, version, progress)
            if quads >= _OPTIMISE_FROM and not change.unfinished:
                if progress:
                    progress("indexing", 0, 1)
                raw.optimize()
            raw.flush()
            del raw
            snapshots.publish(self.folder, work, version)
        except OSError as error:
            raise StoreError(self._write_failure(error)) from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
        self._reopen()
        change.clear_series(self.points)
        snapshots.clear_old(self.folder, keep=version)
        return Commit(change.graph, version, quads, changed=True)

    def _copy(self, work: Path, infos: Sequence[GraphInfo], without: str | None) -> pyoxigraph.Store:
        """Copy of the version that this object reads, to be written, without one of its graphs."""
        import pyoxigraph as ox

        shutil.rmtree(work, ignore_errors=True)
        rows = {info.iri: info.rows for info in infos}
        gone = rows.pop(without, None) if without else None
        # Removing a quad takes twice as long as copying one (measured), and the engine keeps all removals in memory.
        if gone is not None and gone > _REMOVE_UP_TO and 2 * gone > sum(rows.values()):
            raw = ox.Store(str(work))
            oxigraph.copy(self._raw, raw, without=str(without))
        else:
            if self._hold:
                self._raw.backup(str(work))
            raw = ox.Store(str(work))
            if gone is not None:
                raw.remove_graph(ox.NamedNode(str(without)))
        return raw

    def _write_failure(self, error: Exception) -> str:
        text = " ".join(str(error).split())
        full = (
            getattr(error, "errno", None) == errno.ENOSPC
            or "No space left" in text
            or "File too large" in text
        )
        remedy = "free some space" if full else "check the folder's permissions and the disk"
        return f"the store {self.folder} could not be written and is as it was ({text}): {remedy}, then try again"

    def graphs(self) -> list[GraphInfo]:
        """See :meth:`kg.store.Store.graphs`."""
        return self._reading(lambda: list(manifest.read(self._raw)))

    def history(self) -> list[CommitInfo]:
        """See :meth:`kg.store.Store.history`."""
        return self._reading(lambda: oxigraph.history(self._raw))

    def query(
        self,
        text: str,
        *,
        bindings: Mapping[str, Value] | None = None,
        default_graph: str | Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Result:
        """See :meth:`kg.store.Store.query`."""
        return self._reading(lambda: oxigraph.evaluate(self._raw, text, bindings, default_graph, limit))

    def query_tsv(self, text: str, *, default_graph: str) -> bytes:
        """See :meth:`kg.store.Store.query_tsv`."""
        return self._reading(lambda: oxigraph.evaluate_tsv(self._raw, text, default_graph))

    def dump(self, graph: str) -> Iterator[bytes]:
        """See :meth:`kg.store.Store.dump`."""
        chunks = oxigraph.dump(self._raw, graph)
        while chunk := self._reading(lambda: next(chunks, None)):
            yield chunk

    def _reading(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except (OSError, RuntimeError) as error:
            text = " ".join(str(error).split())
            raise StoreError(
                f"the store {self.folder} is damaged at version {self.version} ({text}); "
                "restore the folder from a backup, or move it away and ingest again"
            ) from error

    def dataset(self) -> rdflib.Dataset:
        """See :meth:`kg.store.Store.dataset`; it reads the version that this object holds."""
        return oxigraph.rdflib_dataset(self._raw)

    def close(self) -> None:
        """Let the version go that this object reads, and append what it logged, unless somebody writes."""
        if self._logged:
            self._drain_quietly()
        if self._hold:
            self._hold.release()
            self._hold = None
        del self._raw
