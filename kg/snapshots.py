"""Versions of an embedded store on disk: readers hold one, a writer makes the next from a copy.

``FOLDER/snapshots/N`` is a whole pyoxigraph store, never written again once the link ``FOLDER/current`` leads
to it. The engine allows one writer for a folder and no reader beside it; so a commit copies the current
version (hard links, about 20 ms whatever its size), writes to the copy, and moves the link in one step. A
process that is killed at any moment leaves the link where it was, and at worst a copy that the next writer
clears away.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.errors import StoreError

__all__ = [
    "Hold",
    "WriterLock",
    "clear_old",
    "current_version",
    "hold_current",
    "point_to",
    "publish",
    "snapshot",
    "writer_lock",
]

_LOOKING_SECONDS = 0.005
"""How often whoever waits for the lock looks whether it is free."""


def snapshot(folder: Path, version: int) -> Path:
    """Folder of one version."""
    return folder / "snapshots" / str(version)


def current_version(folder: Path) -> int:
    """Version that ``current`` leads to; 0 if nothing was committed.

    Raises
    ------
    StoreError
        If the link is damaged.
    """
    link = folder / "current"
    try:
        target = link.readlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(f"the store {folder} is damaged: {link} is not a link ({error.strerror})") from error
    if not target.name.isdigit():
        raise StoreError(
            f"the store {folder} is damaged: {link} leads to {target}, which is no version of it"
        )
    return int(target.name)


@dataclass(frozen=True)
class Hold:
    """A version that is being read: it stays on disk until :meth:`release`."""

    version: int
    path: Path
    handle: int

    def release(self) -> None:
        """Let the version go."""
        os.close(self.handle)


def hold_current(folder: Path) -> Hold | None:
    """Take a shared lock on the current version, None if nothing was committed.

    Raises
    ------
    StoreError
        If the version that ``current`` names is not there.
    """
    while True:
        version = current_version(folder)
        if not version:
            return None
        path = snapshot(folder, version)
        try:
            handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            if current_version(folder) != version:
                continue  # a writer has moved on and cleared this version away meanwhile
            raise StoreError(
                f"the store {folder} is damaged: its version {version} is missing ({error.strerror}); "
                "restore the folder from a backup, or move it away and ingest again"
            ) from error
        fcntl.flock(handle, fcntl.LOCK_SH)
        if path.exists():
            return Hold(version, path, handle)
        os.close(handle)


@dataclass(frozen=True)
class WriterLock:
    """The lock that one writer has for one commit, or a server that takes updates for as long as it runs."""

    handle: int

    def note(self, text: str) -> None:
        """Say in the lock's file for what it is held for long, so that others need not wait for nothing."""
        os.ftruncate(self.handle, 0)
        os.pwrite(self.handle, text.encode(), 0)


@contextlib.contextmanager
def writer_lock(folder: Path, *, wait: bool = True) -> Iterator[WriterLock | None]:
    """Hold the writer's lock; waits for another writer, or gives None if it is not to ``wait``.

    Raises
    ------
    StoreError
        If the folder cannot be written, or a server has it.
    """
    path = folder / "writer.lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"the store {folder} cannot be written ({error.strerror}): check its permissions"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait:
                yield None
                return
            _wait_for(folder, handle)
        lock = WriterLock(handle)
        lock.note("")
        yield lock
    finally:
        os.close(handle)


def _wait_for(folder: Path, handle: int) -> None:
    while True:
        said = os.pread(handle, 1000, 0).decode("utf-8", "replace").strip()
        if said:
            raise StoreError(f"the store {folder} is {said}")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOKING_SECONDS)
        else:
            return


def publish(folder: Path, work: Path, version: int) -> None:
    """Make the finished copy the current version, in one step."""
    target = snapshot(folder, version)
    if target.exists():  # left by a writer that was killed before it moved the link
        shutil.rmtree(target)
    work.rename(target)
    _sync(target)
    point_to(folder, version)


def point_to(folder: Path, version: int) -> None:
    """Let the store be at a version that is on disk, in one step."""
    link = folder / "current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("snapshots") / str(version))
    link.replace(folder / "current")
    _sync(folder)


def clear_old(folder: Path, keep: int) -> None:
    """Remove versions that nobody reads, except ``keep``."""
    for path in (folder / "snapshots").iterdir():
        if path.name == str(keep):
            continue
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        except BlockingIOError:
            continue  # somebody reads it still; a later commit clears it away
        finally:
            os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
