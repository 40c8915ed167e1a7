"""Finding the JSON in what a text model wrote around it."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

_FENCE = re.compile(r"```[a-zA-Z]*[ \t]*\r?\n(.*?)```", re.DOTALL)
_MOST_STARTS = 200


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def found(text: str) -> Any:
    """The object or list that a text is, has in a fence, or has in its prose: of several the longest.

    Raises
    ------
    ValueError
        There is none.
    """
    for candidate in (text, *_FENCE.findall(text)):
        try:
            value = _DECODER.decode(candidate.strip())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict | list):
            return value
    best: tuple[int, Any] | None = None
    position = 0
    for _ in range(_MOST_STARTS):
        start = re.compile(r"[{\[]").search(text, position)
        if start is None:
            break
        try:
            value, end = _DECODER.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.end()
            continue
        if best is None or end - start.start() > best[0]:
            best = (end - start.start(), value)
        position = end
    if best is None:
        raise ValueError("no JSON object or list")
    return best[1]
