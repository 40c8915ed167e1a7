"""Values as JSON writes them, so that equal values are one text; and back from a tracker's text.

>>> canonical({"b": (1.0, float("nan")), "a": None})
'{"a":null,"b":[1,"nan"]}'
>>> [restore(text) for text in ("0.1", "7", "True", "null", "0012", "nan")]
[0.1, 7, True, None, '0012', 'nan']
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from kg.pipeline import Scalar

__all__ = ["canonical", "number", "parse", "restore", "same", "text", "unicode_only", "usual"]

_WORDS: dict[str, Scalar] = {
    "True": True,
    "true": True,
    "False": False,
    "false": False,
    "None": None,
    "null": None,
}
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,16})(\.[0-9]{0,24})?([eE][+-]?[0-9]{1,3})?")


def number(value: float) -> int | float | str:
    """One form of equal numbers: 1.0 is 1; what JSON does not have is text (``nan``, ``inf``)."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(float(value))
    if isinstance(value, int):
        return int(value)
    return int(value) if value.is_integer() and abs(value) < 2**53 else float(value)


def text(value: str) -> str:
    """Text with what is no Unicode (lone surrogates) written as an escape."""
    return str(value).encode("utf-8", "backslashreplace").decode()


def parse(said: str | bytes) -> Any:
    """Value of JSON text.

    Raises
    ------
    RecursionError, ValueError
        If it is none, or has lone surrogates, which nothing can be written with.
    """
    found = json.loads(said)
    escaped = b"\\ud" in said.lower() if isinstance(said, bytes) else "\\ud" in said.lower()
    return unicode_only(found) if escaped else found


def unicode_only(tree: Any) -> Any:
    """The same tree.

    Raises
    ------
    UnicodeEncodeError
        If a text in it has lone surrogates.
    """
    json.dumps(tree, ensure_ascii=False, default=str, skipkeys=True).encode()
    return tree


def usual(tree: Any) -> Any:
    """Numbers and texts of a tree in their one form; tuples become lists."""
    if isinstance(tree, str):
        return text(tree)
    if tree is None or isinstance(tree, bool):
        return tree
    if isinstance(tree, int | float):
        return number(tree)
    if isinstance(tree, dict):
        return {text(name): usual(item) for name, item in tree.items()}
    return [usual(item) for item in tree]


def canonical(tree: Any) -> str:
    """Canonical JSON text: sorted keys, no spaces, numbers in one form."""
    return json.dumps(usual(tree), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Whether two trees are equal, where True is not 1, but 1.0 is."""
    return canonical(one) == canonical(other)


def restore(value: str) -> Scalar:
    """What a tracker wrote down as text: a number, a boolean, None, or the text itself.

    Text stays what does not come back as it was written: ``0012``, ``+1``, integers of more than 15 digits
    (which are identifiers), ``nan`` and ``inf``.
    """
    if value in _WORDS:
        return _WORDS[value]
    if _INTEGER.fullmatch(value):
        return int(value)
    if _DECIMAL.fullmatch(value) and not value.lstrip("-").isdigit() and math.isfinite(float(value)):
        return float(value)
    return value
