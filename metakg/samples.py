"""Real tables that come with scikit-learn, to try things on, written as a person's CSV would be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import TableError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SAMPLES", "Sample", "write"]


@dataclass(frozen=True)
class Sample:
    """A table of scikit-learn: its loader's name, what it is, its target column, and its OpenML id.

    With ``roughened``, its first two columns are written as words (low, middle, high) and one value in ten is
    left out, drawn with a fixed seed.
    """

    loader: str
    title: str
    target: str
    openml_id: int
    roughened: bool = False


SAMPLES = {
    "breast-cancer": Sample(
        "load_breast_cancer",
        "Breast Cancer Wisconsin (diagnostic): 569 tumours, 2 classes",
        "diagnosis",
        1510,
    ),
    "wine": Sample("load_wine", "Wine recognition: 178 wines, 3 cultivars", "cultivar", 187),
    "iris": Sample("load_iris", "Iris: 150 flowers, 3 species", "species", 61),
    "digits": Sample(
        "load_digits", "Handwritten digits: 1,797 images of 8 x 8 pixels, 10 classes", "digit", 28
    ),
    "wine-roughened": Sample(
        "load_wine",
        "Wine with words for numbers and one value in ten missing",
        "cultivar",
        187,
        roughened=True,
    ),
}
"""Samples by name; ``openml_id`` is the same table in the graph, to be kept out of its own evidence."""


def write(name: str, folder: Path) -> Path:
    """Write a sample as ``FOLDER/NAME.csv`` and return the path.

    Raises
    ------
    TableError
        If there is no such sample, or the folder cannot be written.
    """
    if name not in SAMPLES:
        raise TableError(f"sample {name!r} is unknown; known: {', '.join(SAMPLES)}")
    from sklearn import datasets

    sample = SAMPLES[name]
    bunch = getattr(datasets, sample.loader)(as_frame=True)
    labels = bunch.target.map(lambda code: str(bunch.target_names[code]))
    path = folder / f"{name}.csv"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        features = _roughened(bunch.data) if sample.roughened else bunch.data
        features.assign(**{sample.target: labels}).to_csv(path, index=False)
    except OSError as error:
        raise TableError(f"{path}: cannot be written ({error.strerror}); choose another folder") from error
    return path


def _roughened(features: pd.DataFrame) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    rough = features.copy()
    for column in features.columns[:2]:
        rough[column] = pd.qcut(features[column], 3, labels=["low", "middle", "high"]).astype(object)
    return rough.mask(np.random.default_rng(0).random(rough.shape) < 0.1)
