"""The words in which a task is put to the agent: who asks, and what one sees when one looks at the table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from methods.metaclaw.damages import numbers
from methods.metaclaw.tables import Labels

__all__ = ["describe"]


def describe(table: pd.DataFrame, labels: Labels, topic: tuple[str, str], rng: np.random.Generator) -> str:
    """Put a task into words.

    Each fact has several wordings, and one in ten goes unmentioned: people do not say everything.

    Parameters
    ----------
    table, labels
        As the agent gets them.
    topic
        Who asks, and about what.
    rng
        Chooses the wordings.
    """
    facts = [*_shape(table, labels), *_numbers(table), *_texts(table)]
    said = [str(rng.choice(wordings)) for wordings in facts if rng.random() < 0.9]
    asked = rng.choice(["predict the class of each", "tell the kinds apart of", "sort every"])
    return f"{topic[0]} asks: {asked} {topic[1]}. " + " ".join(f"{fact}." for fact in said)


def _shape(table: pd.DataFrame, labels: Labels) -> list[tuple[str, ...]]:
    share = np.bincount(labels).min() / len(labels)
    facts: list[tuple[str, ...]] = [
        (f"{len(table)} rows, {table.shape[1]} columns, {len(np.unique(labels))} classes",)
    ]
    if share < 0.15:
        facts.append(
            ("One class is rare", "The smallest class has very few rows", "Classes are far from equal")
        )
    constant = [name for name in table if table[name].nunique() == 1]
    if constant:
        facts.append(("One column never changes", "There is a constant column"))
    return facts


def _numbers(table: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = numbers(table)
    if not columns:
        return [("There are no numbers in it", "No column is numeric")]
    values = table[columns].to_numpy()
    facts: list[tuple[str, ...]] = []
    if np.isinf(values).any():
        facts.append(("Some ratios are infinite", "A few cells read inf", "There are infinite cells"))
    empty = np.isnan(values).mean()
    if empty > 0.15:
        facts.append(("Many cells are empty", "Much is missing", "Gaps in a good part of the cells"))
    elif empty:
        facts.append(("Some cells are empty", "A little is missing", "Gaps in some cells"))
    known = np.where(np.isfinite(values), values, np.nan)
    low, middle, high = np.nanquantile(known, [0.25, 0.5, 0.75], axis=0)
    width = np.maximum(high - low, 1e-12)
    wide = width[width > 1e-9]
    if len(wide) and wide.max() / wide.min() > 1e3:
        facts.append(
            ("Columns have units of very different magnitude", "Scales differ by many powers of ten")
        )
    far = (np.abs(known - middle) > 30 * width) & (width > 1e-9)
    if far.any():
        facts.append(("Single values lie far outside", "There are extreme values", "Some outliers"))
    return facts


def _texts(table: pd.DataFrame) -> list[tuple[str, ...]]:
    facts: list[tuple[str, ...]] = []
    for name in [name for name in table if name not in numbers(table)]:
        first, count = str(table[name].iloc[0]), table[name].nunique()
        if first[:4].isdigit() and first[4:5] == "-":
            facts.append(
                (
                    "Some columns are calendar days",
                    "It has dates like " + first[:4],
                    "Some columns hold a date",
                )
            )
        elif first[-1].isalpha() and " " in first:
            facts.append(
                (
                    "Amounts are written with a unit",
                    "Quantities are strings",
                    "Numbers come as text with units",
                )
            )
        elif count > 12:
            facts.append(
                (
                    "A text column has many values",
                    "Some names occur only once",
                    "Many different places in text",
                )
            )
        else:
            facts.append(
                ("Some columns are categories", "There are columns of named kinds", "Some text columns")
            )
    return sorted(set(facts))
