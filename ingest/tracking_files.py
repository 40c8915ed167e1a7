"""Files that a run made, known by their content."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from pathlib import Path

from ingest.records import Artefact
from kg.errors import SourceError

__all__ = ["MEDIA_TYPES", "artefact_of"]

MEDIA_TYPES = {
    ".skops": "application/zip",
    ".onnx": "application/octet-stream",
    ".safetensors": "application/octet-stream",
    ".pt": "application/octet-stream",
    ".joblib": "application/octet-stream",
    ".pkl": "application/octet-stream",
    ".parquet": "application/vnd.apache.parquet",
    ".md": "text/markdown",
    ".ipynb": "application/x-ipynb+json",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
"""Media types by suffix that the system's list may lack."""


def artefact_of(path: str | os.PathLike[str], name: str | None = None) -> Artefact:
    """A file with its SHA-256, size, media type and place, as it is now.

    Raises
    ------
    SourceError
        If there is no such file, or it cannot be read.
    """
    place = Path(path)
    if not place.is_file():
        what = (
            "is a folder: name the files in it" if place.is_dir() else "there is no such file: write it first"
        )
        raise SourceError(f"artefact {str(place)!r}: {what}")
    try:
        with place.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell()
    except OSError as error:
        raise SourceError(
            f"artefact {str(place)!r} cannot be read ({error.strerror}): check its permissions"
        ) from error
    kind = MEDIA_TYPES.get(place.suffix.lower()) or mimetypes.guess_type(place.name)[0]
    return Artefact(name or place.name, digest, size, kind, os.path.abspath(place))  # noqa: PTH100 - links stay
