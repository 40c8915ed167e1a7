"""Skills and their library: short texts that were learned from failures, and which of them a task is given.

The policy reads nothing of a skill but its content. Retrieval is by BM25 (`bm25s`) over name, description and content;
the attention that is paid to a skill is the share of what its description says that is said of the task, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import bm25s
import numpy as np

from methods.metaclaw.reading import words

__all__ = ["SLOTS", "BadSkill", "Library", "Skill"]

SLOTS = {"general": 6, "task": 10, "mistake": 5}
"""How many skills of each category are injected at most."""

LENGTHS = {"name": 80, "description": 300, "content": 600}
"""Characters that a field may have."""

_ORDERS = ("ignore previous", "ignore all", "system prompt", "you are now", "disregard", "<|", "```")


class BadSkill(ValueError):  # noqa: N818 - says what is the matter
    """What was offered is not a skill."""


@dataclass(frozen=True)
class Skill:
    """A skill.

    Attributes
    ----------
    name
        Lower case, words joined by hyphens.
    description
        When it applies.
    content
        What to do.
    category
        ``general``, ``task`` or ``mistake``.
    generation
        Of the library, from 1; 0 before it is in one.
    """

    name: str
    description: str
    content: str
    category: str
    generation: int = 0

    @staticmethod
    def of(offered: Any) -> Skill:
        """A skill from what an evolver returned.

        Raises
        ------
        BadSkill
            If a field is missing, empty, too long or of another type, if the category is unknown, or if it speaks
            to the model and not of pipelines.
        """
        if not isinstance(offered, Mapping):
            raise BadSkill(f"a skill is an object with four fields, not {type(offered).__name__}")
        fields = {}
        for field, most in LENGTHS.items():
            value = offered.get(field)
            if not isinstance(value, str) or not value.strip():
                raise BadSkill(f"the field {field!r} of a skill is missing or not text")
            if len(value) > most:
                raise BadSkill(f"the field {field!r} of a skill has {len(value)} characters; at most {most}")
            fields[field] = " ".join(value.split())
        category = offered.get("category")
        if category not in SLOTS:
            raise BadSkill(f"category {category!r} of a skill is unknown; known: {', '.join(SLOTS)}")
        said = " ".join(fields.values()).lower()
        for order in _ORDERS:
            if order in said:
                raise BadSkill(f"the skill {fields['name'][:40]!r} gives orders to the model: {order!r}")
        name = "-".join(words(fields["name"]))
        if not name:
            raise BadSkill(f"the name {fields['name'][:40]!r} of a skill has no word")
        return Skill(name, fields["description"], fields["content"], str(category))


class Library:
    """All skills, and the number of times that skills were added: the generation.

    Attributes
    ----------
    skills
        By name.
    generation
        0 while it is empty.
    """

    def __init__(self) -> None:
        self.skills: dict[str, Skill] = {}
        self.generation = 0
        self._index: bm25s.BM25 | None = None
        self._own: np.ndarray = np.zeros(0)

    def add(self, offered: Iterable[Skill]) -> list[Skill]:
        """Add skills whose names are new; if there are any, the next generation begins.

        Returns
        -------
        added
            With their generation.
        """
        new = {skill.name: skill for skill in offered if skill.name not in self.skills}
        if not new:
            return []
        self.generation += 1
        added = [Skill(s.name, s.description, s.content, s.category, self.generation) for s in new.values()]
        self.skills.update({skill.name: skill for skill in added})
        self._rebuild()
        return added

    def _rebuild(self) -> None:
        kept = list(self.skills.values())
        texts = [words(f"{s.name.replace('-', ' ')} {s.description} {s.content}") for s in kept]
        self._index = bm25s.BM25()
        self._index.index(texts, show_progress=False)
        described = [sorted(set(words(skill.description))) for skill in kept]
        self._own = np.array([self._scores(query)[i] for i, query in enumerate(described)])

    def _scores(self, query: list[str]) -> np.ndarray:
        if self._index is None:
            return np.zeros(len(self.skills))
        known = [word for word in dict.fromkeys(query) if word in self._index.vocab_dict]
        return self._index.get_scores(known) if known else np.zeros(len(self.skills))

    def retrieve(self, text: str) -> list[tuple[Skill, float]]:
        """Skills for a task, those of each category that rank highest, with the attention to each.

        Returns
        -------
        injected
            Skills that share a word with the text, at most `SLOTS` per category, and numbers from 0 to 1.
        """
        if not self.skills:
            return []
        scores = self._scores(words(text))
        coverage = np.clip(scores / np.maximum(self._own, 1e-9), 0, 1)
        kept = list(self.skills.values())
        injected = []
        for category, slots in SLOTS.items():
            members = [i for i, skill in enumerate(kept) if skill.category == category and scores[i] > 0]
            members.sort(key=lambda i: (-scores[i], i))
            injected += [(kept[i], float(coverage[i])) for i in members[:slots]]
        return injected
