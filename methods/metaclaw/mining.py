"""The deterministic evolver: it reads failures beside the documentation of the choices, and writes skills.

It has no table of remedies. From the text of an error (for a score below the baseline: from the text of the task) it
takes the choice whose documentation speaks of it most, compared with the documentation of what was used; what has
failed on similar tasks counts against a choice. It never sees a success, a score of anything else, or a label.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from methods.metaclaw.choices import DOCUMENTATION, STAGES
from methods.metaclaw.reading import words

__all__ = ["Failure", "RuleMiner"]

PROMPT, RESPONSE = 600, 500
"""Characters of a failure that an evolver sees."""


@dataclass(frozen=True)
class Failure:
    """What an evolver sees of a failure.

    Attributes
    ----------
    prompt
        What the agent was asked.
    response
        The pipeline and what came of it.
    """

    prompt: str
    response: str

    @staticmethod
    def of(prompt: str, pipeline: str, error: str) -> Failure:
        """A failure, cut to the lengths that an evolver sees."""
        return Failure(prompt[:PROMPT], f"{pipeline}. {' '.join(error.split())}"[:RESPONSE])


@dataclass(frozen=True)
class _Advice:
    stage: str
    avoid: str
    use: str
    weight: float
    raised: bool


_EMPTY = frozenset(
    words("a an and are asks at by each every from has have in into is it of on one some the there to")
)
"""Words that say nothing."""


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:5] for word in words(text.replace("_", " ")) if word not in _EMPTY)


def _denied(text: str) -> frozenset[str]:
    """Stems of what a documentation says that there is not: up to the comma after ``no``."""
    return _stems(" ".join(re.findall(r"\bno ([^,;:]+)", text)))


class RuleMiner:
    """Evolver without a language model.

    Parameters
    ----------
    doubt
        How much one failure of a choice on a task of the same words counts against it.
    """

    def __init__(self, *, doubt: float = 3.0) -> None:
        self._doubt = doubt
        self._docs = {
            (stage, choice): _stems(f"{stage} {text}")
            for stage, docs in DOCUMENTATION.items()
            for choice, text in docs.items()
        }
        self._denials = {
            (stage, choice): _denied(text)
            for stage, docs in DOCUMENTATION.items()
            for choice, text in docs.items()
        }
        counts = Counter(stem for stems in self._docs.values() for stem in stems)
        self._rarity = {stem: math.log(1 + len(self._docs) / count) for stem, count in counts.items()}
        self._failed: dict[tuple[str, str], list[tuple[frozenset[str], float]]] = defaultdict(list)
        self._prompts: list[frozenset[str]] = []

    def evolve(self, failures: Sequence[Failure], names: Sequence[str]) -> list[dict[str, str]]:
        """Write at most three skills.

        Parameters
        ----------
        failures
            At most six.
        names
            Of the skills that there are already.
        """
        read = [(failure, parsed) for failure in failures if (parsed := self._parse(failure.response))]
        self._prompts += [frozenset(words(failure.prompt)) for failure, _ in read]
        groups: dict[tuple[str, str, str], list[tuple[Failure, _Advice]]] = defaultdict(list)
        for failure, (choices, error) in read:
            advice = self._advice(failure.prompt, choices, error)
            groups[advice.stage, advice.avoid, advice.use].append((failure, advice))
            # An error has one culprit; of a low score each choice may be the reason.
            blamed = [(advice.stage, advice.avoid)] if advice.raised else list(choices.items())
            for choice in blamed:
                self._failed[choice].append((_stems(failure.prompt), 1 / len(blamed)))
        ranked = sorted(groups.values(), key=lambda group: (-len(group), -max(a.weight for _, a in group)))
        skills = [self._skill(group) for group in ranked]
        return [skill for skill in skills if skill["name"] not in names][:3]

    def _parse(self, response: str) -> tuple[dict[str, str], str] | None:
        pipeline, _, error = response.partition(". ")
        choices = dict(re.findall(r"(\w+) (\w+)", pipeline))
        return (choices, error) if set(choices) == set(STAGES) else None

    def _said(self, stage: str, choice: str, stems: frozenset[str]) -> float:
        denied = self._denials[stage, choice]
        found = sorted(self._docs[stage, choice] & stems)
        return sum(-self._rarity[stem] if stem in denied else self._rarity[stem] for stem in found)

    def _against(self, stage: str, choice: str, stems: frozenset[str]) -> float:
        past = self._failed[stage, choice]
        return self._doubt * sum(blame * len(stems & other) / len(stems | other) for other, blame in past)

    def _advice(self, prompt: str, choices: Mapping[str, str], error: str) -> _Advice:
        kind, _, message = error.partition(": ")
        raised = kind != "BelowBaseline"
        asked = _stems(prompt)
        spoken = _stems(message) if raised else asked
        ranked = []
        for stage, used in choices.items():
            told = self._said(stage, used, spoken)
            for other in STAGES[stage]:
                if other == used:
                    continue
                difference = self._said(stage, other, spoken) - told
                # The text of an error speaks of the remedy, or of the culprit; that of a task only of what it needs.
                spoke = -difference / 2 if raised and difference < 0 else difference
                # Whether the choice that was used fails often matters only where no error names the culprit.
                spoke += (
                    0.1 * self._said(stage, other, asked) if raised else self._against(stage, used, asked)
                )
                spoke -= self._against(stage, other, asked)
                ranked.append(_Advice(stage, used, other, spoke, raised))
        return max(ranked, key=lambda advice: advice.weight)

    def _skill(self, group: Sequence[tuple[Failure, _Advice]]) -> dict[str, str]:
        advice = group[0][1]
        inside = Counter(word for failure, _ in group for word in sorted(set(words(failure.prompt))))
        outside = Counter(word for prompt in self._prompts for word in sorted(prompt))
        lift = {
            word: count / len(group) * math.log(1 + len(self._prompts) / outside[word])
            for word, count in inside.items()
            if word not in _EMPTY
        }
        telling = sorted(lift, key=lambda word: (-lift[word], word))[:8]
        category = "general" if len(group) >= 3 else "mistake" if advice.raised else "task"
        reason = group[0][0].response.partition(". ")[2][:70]
        return {
            "name": f"{advice.stage}-{advice.use}-not-{advice.avoid}-{telling[0]}",
            "description": " ".join(telling),
            "content": f"Avoid {advice.stage} {advice.avoid}. Use {advice.stage} {advice.use}. Seen: {reason}",
            "category": category,
        }
