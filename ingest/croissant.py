"""Descriptions of datasets in Croissant, as catalogues of machine-learning data give them, into the graph.

Read are the name, the page, the licence, the files with their place, size and SHA-256, and numbers that are told as
``variableMeasured``, which become qualities. A dataset is OpenML's where ``sameAs``, ``url`` or ``identifier`` says so,
one of this graph where ``sameAs`` is its IRI, and else known by its name. Format: MLCommons, *Croissant* 1.0; nothing
is fetched, and the records that a description may hold are not read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from ingest.graph_names import slug
from ingest.source import Source, Tally
from kg import iris, schema
from kg.batch import Batch, Manifest
from kg.errors import QueryError, SourceError
from kg.nesting import guard_of

__all__ = ["CroissantSource"]

_FORMAT = "http://mlcommons.org/croissant/1.0"
_MARK = b"mlcommons.org/croissant"
_LOOKED_AT = 2**16
_MOST_BYTES = 32 * 2**20
"""Bytes of a description; those with records in them have some megabytes."""
_DEEPEST = 64

_OPENML = (
    re.compile(r"openml:(\d+)"),
    re.compile(re.escape(iris.OPENML) + r"dataset/(\d+)"),
    re.compile(
        r"https?://(?:www\.|new\.|api\.)?openml\.org/(?:d|data/v\d+/dataset|api/v1/json/data)/(\d+)/?"
    ),
    re.compile(r"https?://(?:www\.|new\.)?openml\.org/search\?(?:.*&)?type=data&(?:.*&)?id=(\d+)(?:&.*)?"),
)


class CroissantSource(Source):
    """A dataset by its description in Croissant.

    Parameters
    ----------
    path
        JSON-LD file.
    name
        By which it is known in the store, if not by the file's name.
    """

    name: ClassVar[str] = "croissant"
    title: ClassVar[str] = "Croissant: a description of a dataset"

    def __init__(self, path: str | Path, *, name: str | None = None) -> None:
        super().__init__()
        self.path = Path(path)
        resolved = self.path.resolve()
        stem = re.sub(r"(\.croissant)?\.json$", "", resolved.name)
        stem = resolved.parent.name if stem == "croissant" else stem
        self._version = name or slug(stem, "dataset")

    @classmethod
    def accepts(cls, subject: Any) -> bool:
        """Whether it is a JSON file that says early on that it is Croissant, or is named so."""
        if not isinstance(subject, str | Path) or Path(subject).suffix != ".json":
            return False
        path = Path(subject)
        if path.name == "croissant.json" or path.name.endswith(".croissant.json"):
            return path.is_file()
        try:
            with path.open("rb") as stream:
                return _MARK in stream.read(_LOOKED_AT)
        except OSError:
            return False

    @property
    def manifest(self) -> Manifest:
        """Named by the file."""
        title = f"Croissant description {self._version}"
        return Manifest(self.name, self._version, title, "not stated", _FORMAT)

    def read(self, tally: Tally) -> Iterator[Batch]:
        """Yield one batch: the dataset, its qualities and its files."""
        import polars as pl

        about = _document(self.path)
        title = about.get("name")
        if not isinstance(title, str) or not title.strip():
            raise SourceError(f"{self.path}: name: a dataset needs one, in text")
        dataset, number = self._dataset(about, title)
        page = next((text for text in _texts(about.get("url")) if schema.is_iri(text)), None)
        hashes = [text for text in _texts(about.get("identifier")) if re.fullmatch(r"[0-9a-f]{64}", text)]
        rows: dict[str, list[tuple[Any, ...]]] = {
            "datasets": [(dataset, title.strip(), page, number, hashes[0] if hashes else None)],
            "qualities": [(dataset, name, value) for name, value in _measured(about).items()],
            "distributions": [(dataset, *file) for file in self._files(about, tally)],
        }
        for table in rows:
            tally.read(table, len(rows[table]))
        frames = {
            table: pl.DataFrame(listed, schema=schema.empty(table).schema, orient="row")
            for table, listed in rows.items()
        }
        yield Batch(self.manifest, **frames)

    def _dataset(self, about: Mapping[str, Any], title: str) -> tuple[str, int | None]:
        given = [*_texts(about.get("sameAs")), *_texts(about.get("url")), *_texts(about.get("identifier"))]
        numbers = [
            int(match.group(1)) for text in given for form in _OPENML if (match := form.fullmatch(text))
        ]
        if len(set(numbers)) > 1:
            raise SourceError(
                f"{self.path}: sameAs, url and identifier name OpenML's datasets {sorted(set(numbers))}: leave one"
            )
        if numbers:
            return iris.openml_dataset(numbers[0]), numbers[0]
        ours = [text for text in _texts(about.get("sameAs")) if text.startswith(iris.own("dataset", ""))]
        if ours and schema.is_iri(ours[0]):
            return ours[0], None
        try:
            return iris.named_dataset(title), None
        except QueryError as error:
            raise SourceError(f"{self.path}: name: {error}") from error

    def _files(self, about: Mapping[str, Any], tally: Tally) -> Iterator[tuple[Any, ...]]:
        licence = "; ".join(_texts(about.get("license"))) or None
        listed = about.get("distribution") or []
        seen = set()
        for place, file in enumerate(listed if isinstance(listed, list) else [listed]):
            where = f"{self.path}: distribution[{place}]"
            if not isinstance(file, dict):
                raise SourceError(f"{where}: is {type(file).__name__}, not an object: mend it")
            if not file.get("contentUrl"):
                tally.read("distributions", 1)
                tally.leave_out("distributions", "a set of files, which has no place of its own", 1)
                continue
            name = str(file.get("name") or file.get("@id") or file["contentUrl"])
            if name in seen:
                raise SourceError(f"{where}: name: {name!r} is there already: give each file its own")
            seen.add(name)
            digest = file.get("sha256")
            if digest is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", str(digest)):
                raise SourceError(f"{where}: sha256: {digest!r} is not 64 hexadecimal digits: mend it")
            yield (
                name,
                str(file["contentUrl"]),
                None if digest is None else str(digest).lower(),
                _bytes(file.get("contentSize")),
                next(iter(_texts(file.get("encodingFormat"))), None),
                licence,
            )
        if licence is not None and not seen:
            yield "data", None, None, None, None, licence


def _document(path: Path) -> Mapping[str, Any]:
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise SourceError(f"{path}: {size:,} bytes are more than {_MOST_BYTES:,}: leave its records out")
        content = path.read_bytes()
    except OSError as error:
        raise SourceError(
            f"{path}: cannot be read ({error.strerror}): give a Croissant description"
        ) from error
    if complaint := guard_of("JSON_LD", _DEEPEST).complaint(content):
        raise SourceError(f"{path}: {complaint}")
    try:
        about = json.loads(content)
    except UnicodeDecodeError as error:
        raise SourceError(f"{path}: byte {error.start} is not UTF-8: save it as UTF-8") from error
    except ValueError as error:
        place = f"line {error.lineno}: " if isinstance(error, json.JSONDecodeError) else ""
        raise SourceError(f"{path}: {place}is no JSON ({getattr(error, 'msg', error)}): mend it") from error
    kinds = _texts(about.get("@type")) if isinstance(about, dict) else []
    if not any(kind.rpartition(":")[2].rpartition("/")[2] == "Dataset" for kind in kinds):
        raise SourceError(f"{path}: @type: is no Dataset of schema.org: give a Croissant description")
    return about


def _texts(value: object) -> list[str]:
    """Texts of a property: one, several, or objects that have an address or a name."""
    found = []
    for item in value if isinstance(value, list) else [value]:
        text = (item.get("@id") or item.get("url") or item.get("name")) if isinstance(item, dict) else item
        if isinstance(text, str) and text.strip():
            found.append(text.strip())
    return found


def _measured(about: Mapping[str, Any]) -> dict[str, float]:
    """Numbers that are told of the dataset, by their names."""
    listed = about.get("variableMeasured") or []
    found: dict[str, float] = {}
    for item in listed if isinstance(listed, list) else [listed]:
        name, value = (item.get("name"), item.get("value")) if isinstance(item, dict) else (None, None)
        if isinstance(name, str) and name and isinstance(value, int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except OverflowError:
                continue
            if math.isfinite(number):
                found.setdefault(name, number)
    return found


def _bytes(size: object) -> int | None:
    """Bytes, if that is the unit; larger ones are rounded and say nothing exact."""
    match = re.fullmatch(r"(\d{1,18})\s*(?:B|bytes)?", str(size).strip())
    return int(match.group(1)) if match else None
