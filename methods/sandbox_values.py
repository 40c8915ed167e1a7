"""Values that pass between the sandbox and us: what JSON can say, with arrays as lists; never pickle."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

LARGEST_ARRAY = 10**6
_DEEPEST = 100
_LONGEST_INTEGER = 8192  # Python writes integers of up to 4300 digits


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON has it.

    Numpy arrays become nested lists, numpy scalars numbers, tuples lists; NaN and infinities stay floats, as Python's
    JSON writes and reads them.

    Raises
    ------
    TypeError
        Something is of another type, or a key is not text or an integer (integers become text).
    ValueError
        An array has more than `LARGEST_ARRAY` entries, lists go deeper than a hundred levels, an integer is too long.
    """
    if depth > _DEEPEST:
        raise ValueError(f"a value is nested deeper than {_DEEPEST} levels")
    if type(value) is int and value.bit_length() > _LONGEST_INTEGER:
        raise ValueError(f"an integer of more than {_LONGEST_INTEGER} bits is too long to be passed")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, list | tuple):
        return [plain(part, depth + 1) for part in value]
    if isinstance(value, Mapping):
        return {_key(key): plain(part, depth + 1) for key, part in value.items()}
    numpy = sys.modules.get("numpy")  # an array can only be where numpy was imported
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        if value.size > LARGEST_ARRAY:
            raise ValueError(
                f"an array of {value.size} entries is too large to be passed (at most {LARGEST_ARRAY})"
            )
        if value.dtype.kind in "biufU":
            return value.tolist()
        raise TypeError(f"an array of {value.dtype} cannot be passed out of or into the sandbox")
    raise TypeError(f"a value of type {type(value).__name__} cannot be passed out of or into the sandbox")


def _key(key: object) -> str:
    if type(key) is str:
        return key
    number = plain(key)
    if type(number) is int:
        return str(number)
    raise TypeError(f"a key of type {type(key).__name__} cannot be passed out of or into the sandbox")
