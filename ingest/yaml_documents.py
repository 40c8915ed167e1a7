"""YAML files of trackers: plain values of bounded size, without aliases, of which bombs are made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.local_files import text_of
from kg.errors import SourceError

__all__ = ["yaml_of"]

_LIMIT = 2**20


def yaml_of(path: Path, root: Path) -> dict[str, Any]:
    """The mapping that a YAML file holds.

    Raises
    ------
    SourceError
        If it is none, has an alias or a tag of Python's, or is larger than 1 MiB.
    """
    import yaml

    text = text_of(path, root, _LIMIT)
    try:
        for token in yaml.scan(text, Loader=yaml.SafeLoader):
            if isinstance(token, yaml.AliasToken):
                line = token.start_mark.line + 1
                raise SourceError(f"{path}:{line}: has an alias (*{token.value}), which no tracker writes")
        found = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: is no YAML ({' '.join(str(error).split())})") from error
    if not isinstance(found, dict):
        raise SourceError(f"{path}: holds no names with values: is it what it is named after?")
    return {str(name): value for name, value in found.items()}
