"""How text becomes features: hashed words and pairs of near words, with negated ones apart.

Text is read clause by clause. A word after a negation is another word than the same one without (`not_`), up to the end
of the sentence (Das and Chen 2001); pairs do not reach across a comma. The policy has no other access to text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

__all__ = ["WIDTH", "features", "pair", "phrases", "vector", "words"]

WIDTH = 1 << 14
"""Number of buckets that features are hashed to."""

_NEGATIONS = frozenset({"avoid", "no", "not", "never", "without", "don", "instead"})
_TURNS = frozenset({"use", "but", "prefer", "choose", "set"})
_WORD = re.compile(r"[a-z0-9_]+")
_REACH = 3


def words(text: str) -> list[str]:
    """Words of a text in lower case, numbers left out.

    >>> words("150 rows; Some cells are empty.")
    ['rows', 'some', 'cells', 'are', 'empty']
    """
    return [word for word in _WORD.findall(text.lower()) if not word[0].isdigit()]


def _clauses(text: str) -> Iterator[list[str]]:
    for sentence in re.split(r"[.;!?\n]+", text):
        negated, previous = False, ""
        for clause in re.split(r"[,:()]+", sentence):
            marked = []
            for word in words(clause):
                if word in _TURNS and previous not in _NEGATIONS:
                    negated = False
                if word in _NEGATIONS:
                    negated = True
                previous = word
                marked.append(f"not_{word}" if negated else word)
            yield marked


def pair(first: str, second: str) -> str:
    """Feature of two words that stand near each other, in any order."""
    return "|".join(sorted((first, second)))


def phrases(text: str) -> list[str]:
    """Words and pairs of words of a text, each once, in the order in which they come.

    >>> phrases("Avoid imputer none. Use imputer mean")[-3:]
    ['mean', 'mean|use', 'imputer|mean']
    """
    found: dict[str, None] = {}
    for clause in _clauses(text):
        for i, word in enumerate(clause):
            found[word] = None
            for near in clause[max(0, i - _REACH) : i]:
                found[pair(near, word)] = None
    return list(found)


@lru_cache(maxsize=4096)
def features(text: str) -> tuple[int, ...]:
    """Buckets of the words and pairs of a text, each once."""
    return tuple(sorted({crc32(phrase.encode()) % WIDTH for phrase in phrases(text)}))


def vector(text: str, injected: Sequence[tuple[str, float]]) -> NDArray[np.float32]:
    """What the policy sees: a task and what is injected beside it.

    Parameters
    ----------
    text
        Description of the task; its part has length 1.
    injected
        Texts with the attention that is paid to each, from 0 to 1. What two texts say is not said louder.

    Returns
    -------
    features
        Shape (`WIDTH`,).
    """
    found = np.zeros(WIDTH, dtype=np.float32)
    for other, attention in injected:
        at = list(features(other))
        found[at] = np.maximum(found[at], attention)
    own = list(features(text))
    found[own] = np.maximum(found[own], 1 / np.sqrt(max(len(own), 1)))
    return found
