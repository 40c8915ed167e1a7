"""Studies of Optuna, however they are stored, and what their parameters' stored numbers stand for.

>>> restored(1.0, '{"name": "CategoricalDistribution", "attributes": {"choices": ["rbf", null]}}') is None
True
>>> restored(3.0, '{"name": "IntDistribution", "attributes": {"low": 1, "high": 9}}')
3
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

__all__ = ["DIRECTIONS", "STATES", "Study", "Trial", "moment", "parsed", "restored"]

STATES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
"""States of a trial, in the order of Optuna's numbers for them."""

DIRECTIONS = {"MINIMIZE": "lower", "MAXIMIZE": "higher"}
"""Which values are better, by Optuna's word for it."""


@dataclass
class Trial:
    """One trial.

    Attributes
    ----------
    state
        One of :data:`STATES`.
    values
        One for each objective; of a trial that is complete.
    steps
        Intermediate values by their step.
    attributes
        That the person set.
    started, ended
        UTC.
    wrong
        Why it cannot be read, if it cannot.
    """

    number: int
    state: str = "RUNNING"
    parameters: dict[str, Any] = field(default_factory=dict)
    values: Sequence[Any] = ()
    steps: dict[Any, Any] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    wrong: str | None = None


@dataclass
class Study:
    """A study: ``directions`` are ``higher`` or ``lower``, one for each objective; so are the names, if it has any."""

    name: str
    directions: Sequence[str]
    metric_names: Sequence[str] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)


def parsed(text: Any) -> Any:
    """Value of a JSON text.

    Raises
    ------
    ValueError
        If it is none, or nested too deeply.
    """
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        shown = f"{text[:40]}..." if isinstance(text, str) and len(text) > 40 else text
        raise ValueError(f"{shown!r} is not JSON ({str(error).splitlines()[0]})") from error


def restored(stored: Any, distribution: Any) -> Any:
    """Value of a parameter from the number and the distribution that are stored of it.

    Raises
    ------
    ValueError
        If the two do not go together.
    """
    about = parsed(distribution)
    if not isinstance(about, dict):
        raise ValueError(f"its distribution is {distribution!r}, which is no object")
    kind, attributes = about.get("name"), about.get("attributes", {})
    try:
        number = float(stored)
    except (TypeError, ValueError) as error:
        raise ValueError(f"its value is {stored!r}, which is not a number") from error
    if kind == "CategoricalDistribution":
        choices = attributes.get("choices") if isinstance(attributes, dict) else None
        if not isinstance(choices, list) or not number.is_integer() or not 0 <= number < len(choices):
            count = len(choices) if isinstance(choices, list) else 0
            raise ValueError(f"its value is choice {stored} of {count}, counted from 0")
        return choices[int(number)]
    if isinstance(kind, str) and kind.startswith("Int"):
        if not number.is_integer():
            raise ValueError(f"its value is {stored}, which is no whole number as its distribution asks for")
        return int(number)
    if not math.isfinite(number):
        raise ValueError(f"its value is {stored}, which is no finite number")
    return number


def moment(text: Any) -> datetime | None:
    """Time in UTC; without a time zone it is of whatever zone the machine was in, and is not taken.

    Raises
    ------
    ValueError
        If it is no time.
    """
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no time")
    found = datetime.fromisoformat(text)
    return None if found.tzinfo is None else found.astimezone(UTC)
