"""What is installed, which store is used, what is wrong and how to mend it."""

from __future__ import annotations

import json
import platform
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kg.errors import MetakgError, StoreError

if TYPE_CHECKING:
    from metakg.graph import KnowledgeGraph

__all__ = ["Finding", "Report", "examine"]

LEAST_BYTES = 500 * 2**20
"""Free disk space below which an ingest may fail: a commit of OBOE needs about this."""

State = Literal["good", "note", "fault"]


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, in which state, what was found, and how to mend it."""

    what: str
    state: State
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Report:
    """All findings; healthy unless one is a fault."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing has to be mended."""
        return all(finding.state != "fault" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"healthy": self.healthy, "findings": [asdict(finding) for finding in self.findings]}

    def to_json(self) -> str:
        """JSON of :meth:`to_dict`."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2)


def examine(kg: KnowledgeGraph) -> Report:
    """Look at the installation and at a store; nothing is changed and nothing raised."""
    return Report((*_python(), *_packages(), *_disk(kg.location), *_store(kg)))


def _python() -> Iterator[Finding]:
    yield Finding("Python", "good", f"{platform.python_version()} on {platform.system()} ({sys.executable})")


def _packages() -> Iterator[Finding]:
    try:
        requirements = metadata.requires("metakg") or []
        yield Finding("metakg", "good", metadata.version("metakg"))
    except metadata.PackageNotFoundError:
        yield Finding("metakg", "note", "runs from a checkout that is not installed", "pip install -e .")
        return
    for requirement in requirements:
        if "extra ==" in requirement:
            continue
        match = re.match(r"([\w.-]+)\s*(?:>=\s*([\w.]+))?", requirement)
        name, least = (match[1], match[2]) if match else (requirement, None)
        yield _package(name, least)


def _package(name: str, least: str | None) -> Finding:
    wanted = f"at least {least}" if least else "any version"
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(
            name, "fault", f"not installed, needed {wanted}", f"pip install '{name}>={least or 0}'"
        )
    if least and _numbers(found) < _numbers(least):
        return Finding(name, "fault", f"{found}, needed {wanted}", f"pip install -U '{name}>={least}'")
    return Finding(name, "good", f"{found} (needed: {wanted})")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0])[:3])


def _disk(location: Path) -> Iterator[Finding]:
    place = next(path for path in (location.absolute(), *location.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    text = f"{free / 2**30:.1f} GiB free in {place}"
    if free < LEAST_BYTES:
        yield Finding(
            "disk", "fault", text, "free some space: ingesting writes a new version beside the old one"
        )
    else:
        yield Finding("disk", "good", text)


def _store(kg: KnowledgeGraph) -> Iterator[Finding]:
    if not kg.exists:
        yield Finding("store", "note", f"none in {kg.location}", "metakg ingest oboe lcdb, or --store PATH")
        return
    try:
        state = kg.status()
    except MetakgError as error:
        yield Finding("store", "fault", str(error))
        return
    runs = sum(graph.counts.get("runs", 0) for graph in state.graphs)
    text = f"{kg.name}, version {state.version}: {len(state.graphs)} graphs, {runs:,} runs"
    yield (
        Finding("store", "good", text) if runs else Finding("store", "note", text, "metakg ingest oboe lcdb")
    )
    if not kg.remote:
        yield _lock(kg)
    if state.refused:
        found = f"{state.refused:,} logged runs could not be appended"
        yield Finding("inbox", "fault", found, f"read the reasons in {kg.location / 'inbox' / 'refused'}")
    elif state.waiting:
        yield Finding("inbox", "note", f"{state.waiting:,} logged runs wait", "the next command appends them")
    if runs and not state.fresh:
        found = f"{len(state.models)} on disk, none of this version of the graph with nothing excluded"
        yield Finding("model", "note", found, "metakg embed (recommend does it too, when it is first needed)")
    elif runs:
        yield Finding("model", "good", f"fresh, trained {state.models[0].trained_at}")


def _lock(kg: KnowledgeGraph) -> Finding:
    """Try the lock that writers take, without waiting."""
    import fcntl
    import os

    path = kg.location / "writer.lock"
    if not os.access(kg.location, os.W_OK):
        remedy = f"chmod u+w {kg.location}, or go on reading: recommendations are not kept then"
        return Finding("lock", "note", "the store can be read but not written", remedy)
    if not path.exists():
        return Finding("lock", "good", "free")
    try:
        with path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return Finding("lock", "note", "another process is writing", "wait for it; readers go on meanwhile")
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}): check its permissions") from error
    return Finding("lock", "good", "free")
