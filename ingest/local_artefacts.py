"""Files that a run left behind, by their content: those that lie beside the tracker's records and are not large."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from ingest.local_files import checked, digest, files_below
from ingest.records import Artefact
from ingest.source import Tally
from kg.errors import SourceError

__all__ = ["artefacts_of"]

_LARGEST = 64 * 2**20
_MOST = 200


def artefacts_of(folder: Path, root: Path, tally: Tally) -> list[Artefact]:
    """Artefacts in a folder below ``root``; what is not taken is noted in the tally.

    Left out are files of more than 64 MiB, links that lead outside, and what comes after 200 files of a run: an
    artefact is known by its content, and nothing else of them would be worth stating.
    """
    found: list[Artefact] = []
    for name, path in files_below(folder):
        if len(found) == _MOST:
            _leave_out(tally, f"more than {_MOST} files of one run")
            continue
        try:
            checked(path, root, _LARGEST)
            content = digest(path)
        except SourceError:
            _leave_out(tally, f"larger than {_LARGEST // 2**20} MiB, or no file within the folder")
            continue
        media_type = mimetypes.guess_type(name)[0]
        found.append(Artefact(name, content, path.stat().st_size, media_type))
    return found


def _leave_out(tally: Tally, why: str) -> None:
    tally.read("artefacts", 1)
    tally.leave_out("artefacts", why, 1)
