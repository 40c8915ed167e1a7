"""Files that a tracker left in a folder, read with care: of bounded size, regular, and nothing outside the folder."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.json_values import parse
from kg.errors import SourceError

__all__ = ["DOCUMENT", "STREAM", "checked", "digest", "files_below", "json_of", "lines_of", "text_of"]

DOCUMENT = 64 * 2**20
"""Bytes of a file that is read whole."""

STREAM = 2**30
"""Bytes of a file that is read line by line, or record by record."""

_LINE = 16 * 2**20


def checked(path: Path, root: Path, limit: int) -> Path:
    """Return the path if it is a regular file of at most ``limit`` bytes below ``root``.

    Raises
    ------
    SourceError
        If it is not.
    """
    try:
        real = path.resolve(strict=True)
        about = real.stat()
    except (OSError, RuntimeError) as error:  # a circle of links is a RuntimeError up to Python 3.12
        raise SourceError(f"{path}: cannot be read ({error})") from error
    base = root.resolve()
    if not real.is_relative_to(base if base.is_dir() else base.parent):
        raise SourceError(f"{path}: is a link that leads outside {root}: put the file itself there")
    if not stat.S_ISREG(about.st_mode):
        raise SourceError(f"{path}: is no regular file")
    if about.st_size > limit:
        raise SourceError(
            f"{path}: has {about.st_size:,} bytes, at most {limit:,} are read: is it what it is named after?"
        )
    return path


def text_of(path: Path, root: Path, limit: int = DOCUMENT) -> str:
    """Text of a whole file, in UTF-8.

    Raises
    ------
    SourceError
        If it cannot be read, or :func:`checked` refuses it.
    """
    try:
        return checked(path, root, limit).read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read as UTF-8 text ({error})") from error


def json_of(path: Path, root: Path) -> Any:
    """Value of a JSON file.

    Raises
    ------
    SourceError
        If it is none, or :func:`checked` refuses it.
    """
    try:
        return parse(text_of(path, root))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path}: is no JSON ({error})") from error


def lines_of(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Yield (number, text) of the lines that are not empty, one at a time.

    Raises
    ------
    SourceError
        If the file cannot be read, or a line is longer than 16 MiB.
    """
    try:
        with checked(path, root, STREAM).open("rb") as stream:
            number = 0
            while line := stream.readline(_LINE + 1):
                number += 1
                if len(line) > _LINE:
                    raise SourceError(f"{path}:{number}: line of more than {_LINE:,} bytes: that is no run")
                if text := line.decode("utf-8-sig" if number == 1 else "utf-8").strip():
                    yield number, text
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: cannot be read as UTF-8 text ({error})") from error


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name with slashes, path) of the files below a folder, in order; no link to a folder is followed."""
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            yield path.relative_to(folder).as_posix(), path


def digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise SourceError(f"{path}: cannot be read ({error})") from error
