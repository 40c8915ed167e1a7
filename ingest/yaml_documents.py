"""YAML files of trackers: plain values of bounded size, without aliases, of which bombs are made."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ingest.json_values import unicode_only
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
        found = unicode_only(yaml.load(text, Loader=_plain_loader()))  # noqa: S506, a safe loader that knows no aliases
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise SourceError(f"{path}: is no plain YAML ({' '.join(str(error).split())[:200]})") from error
    if not isinstance(found, dict):
        raise SourceError(f"{path}: holds no names with values: is it what it is named after?")
    return {str(name): value for name, value in found.items()}


@cache
def _plain_loader() -> Any:
    import yaml

    class PlainLoader(yaml.SafeLoader):
        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                mark = self.peek_event().start_mark
                raise yaml.YAMLError(f"line {mark.line + 1}: an alias, which no tracker writes")
            return super().compose_node(parent, index)

    return PlainLoader
