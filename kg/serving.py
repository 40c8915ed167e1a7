"""An embedded store lent to a server that takes updates: a copy that becomes the next version when the server ends.

The copy lies in ``FOLDER/served`` and the writer's lock belongs to server and parent alike, so nobody else writes
meanwhile; logged runs wait in the inbox. What the server acknowledged is on disk: if server and parent are killed, the
lock is free, and whoever opens the store next makes the copy the next version. What people change by hand in SPARQL
the manifest does not tell of; so all graphs count as changed then, and what was derived from them is derived anew.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from kg import iris, manifest, snapshots
from kg.errors import StoreError
from kg.terms import from_term
from kg.vocabulary import own_term

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Lent", "is_left", "lend", "take_back"]

_WRITTEN = "served.written"


class Lent:
    """What a server needs: the folder to serve, whom to tell before the first update, and the lock to hold."""

    def __init__(self, store: Path, lock: snapshots.WriterLock) -> None:
        self._store = store
        self._lock = lock
        self.folder = store / "served"

    @property
    def pass_fds(self) -> tuple[int, ...]:
        """File descriptors that the server must inherit."""
        return (self._lock.handle,)

    def written(self) -> None:
        """Note that there are updates to keep; called before the first is carried out."""
        (self._store / _WRITTEN).touch()

    def tell(self, url: str) -> None:
        """Let whoever wants to write know where."""
        self._lock.note(
            f"served for writing by process {os.getpid()}: write to {url}/update, or end that process"
        )


@contextlib.contextmanager
def lend(folder: Path) -> Iterator[Lent]:
    """Copy the newest version of a store for a server, and take it back when the block ends.

    Raises
    ------
    StoreError
        If somebody is writing to the store, or it cannot be written.
    """
    import pyoxigraph as ox

    with snapshots.writer_lock(folder, wait=False) as lock:
        if lock is None:
            raise StoreError(
                f"the store {folder} is being written by another process: wait for it, then try again"
            )
        take_back(folder)
        lent = Lent(folder, lock)
        hold = snapshots.hold_current(folder)
        if hold is None:
            ox.Store(str(lent.folder)).flush()
        else:
            ox.Store.read_only(str(hold.path)).backup(str(lent.folder))
            hold.release()
        try:
            yield lent
        finally:
            take_back(folder)


def is_left(folder: Path) -> bool:
    """Whether a served copy lies in a store: one is being served now, or its server was killed."""
    return (folder / "served").exists() or (folder / _WRITTEN).exists()


def take_back(folder: Path) -> None:
    """Make the served copy the next version if it was written to, else remove it; the writer's lock is held."""
    served, marker = folder / "served", folder / _WRITTEN
    if served.exists() and marker.exists():
        import pyoxigraph as ox

        raw = ox.Store(str(served))
        version = _restamped(raw, snapshots.current_version(folder) + 1)
        raw.flush()
        del raw
        marker.write_text(str(version))
        snapshots.publish(folder, served, version)
        snapshots.clear_old(folder, keep=version)
    elif marker.exists() and marker.read_text().isdigit():
        # Killed in the middle of publishing: the copy has its place already.
        version = int(marker.read_text())
        if version > snapshots.current_version(folder) and snapshots.snapshot(folder, version).exists():
            snapshots.point_to(folder, version)
    shutil.rmtree(served, ignore_errors=True)
    marker.unlink(missing_ok=True)


def _restamped(raw: pyoxigraph.Store, least: int) -> int:
    """Let all graphs count as changed in the version that is returned: ``least``, or that of the last commit."""
    import pyoxigraph as ox

    stamp, graph = ox.NamedNode(own_term("storeVersion")), ox.NamedNode(iris.MANIFEST_GRAPH)
    stamps = list(raw.quads_for_pattern(None, stamp, None, graph))
    version = max([least, *(int(str(from_term(quad.object))) for quad in stamps)])
    known = {ox.NamedNode(info.iri) for info in manifest.read(raw)}
    for quad in stamps:
        if quad.subject in known:
            raw.remove(quad)
            raw.add(ox.Quad(quad.subject, stamp, ox.Literal(version), graph))
    return version
