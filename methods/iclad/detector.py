"""The detector: scikit-learn's interface to the pretrained model. Fitting keeps rows, nothing is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.utils.validation import check_is_fitted

from methods.errors import MethodError
from methods.iclad.checkpoint import load
from methods.iclad.episodes import UNLABELLED
from methods.iclad.model import InContextDetector
from methods.iclad.views import Views, of_columns, of_rotation

__all__ = ["ICLAD"]

CHUNK = 1024  # queries at a time: bounds the memory, changes no score


class ICLAD(OutlierMixin, BaseEstimator):
    """In-context anomaly detection with the packaged checkpoint.

    Scores are means over members, each of which looks at a random part of the rows as its support; in turn, one sees
    columns and the next a random rotation of them (`views`), in random places.

    Parameters
    ----------
    members : int
        Size of the ensemble.
    support : int
        Largest number of rows that a member looks at.
    random_state : int
        Decides the members.
    model : InContextDetector, optional
        Instead of the packaged one.

    Attributes
    ----------
    n_features_in_ : int
    offset_ : float
        The logit 0: ``decision_function`` is negative where an anomaly is more likely than not by the model's odds.
    """

    def __init__(
        self,
        *,
        members: int = 4,
        support: int = 512,
        random_state: int = 0,
        model: InContextDetector | None = None,
    ) -> None:
        self.members = members
        self.support = support
        self.random_state = random_state
        self.model = model

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> ICLAD:
        """Take the rows as the context.

        Parameters
        ----------
        X : (rows, columns)
            Numbers; NaN counts as the column's median.
        y : (rows,), optional
            0 normal, 1 anomalous, -1 not known. All 0 if the rows are known to be normal (one-class); without, nothing
            is known (unsupervised).

        Raises
        ------
        MethodError
            If there are fewer than four rows, no column, or another label.
        """
        table = self._table(X)
        labels = np.full(len(table), UNLABELLED) if y is None else np.asarray(y).astype(int).ravel()
        if len(table) < 4 or not table.shape[1]:
            raise MethodError(
                f"a context must have four rows and a column, and has {table.shape[0]} and {table.shape[1]}"
            )
        if len(labels) != len(table) or not np.isin(labels, (-1, 0, 1)).all():
            raise MethodError("y must say 0 (normal), 1 (anomalous) or -1 (not known) for each row of X")
        with np.errstate(all="ignore"):
            medians = np.array(
                [np.median(c[np.isfinite(c)]) if np.isfinite(c).any() else 0.0 for c in table.T]
            )
        self.medians_ = medians
        self.rows_ = self._filled(table)
        self.labels_ = labels
        self.n_features_in_ = table.shape[1]
        self.offset_ = 0.0
        return self

    def score_samples(self, X: ArrayLike) -> NDArray[np.float64]:
        """Normality of rows, (rows,): the lower, the more anomalous. It is minus the mean logit of an anomaly.

        A row's score does not depend on the other rows of ``X``. If ``X`` is the table of ``fit``, each row is scored
        without itself.
        """
        check_is_fitted(self, "rows_")
        table = self._table(X)
        if table.shape[1] != self.n_features_in_:
            raise MethodError(f"X has {table.shape[1]} columns, and the context has {self.n_features_in_}")
        rows = self._filled(table)
        own = np.arange(len(rows)) if np.array_equal(rows, self.rows_) else None
        model = load() if self.model is None else self.model
        total = np.zeros(len(rows))
        for member in range(self.members):
            random = np.random.default_rng([self.random_state, member])
            total += self._member(model, rows, own, random, of_rotation if member % 2 else of_columns)
        return -total / self.members

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """``score_samples`` less ``offset_``."""
        return self.score_samples(X) - self.offset_

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """-1 for anomalies, 1 for normal rows."""
        return np.where(self.decision_function(X) < 0, -1, 1)

    def _member(
        self,
        model: InContextDetector,
        rows: NDArray[Any],
        own: NDArray[Any] | None,
        random: np.random.Generator,
        view: Callable[..., Views],
    ) -> NDArray[np.float64]:
        """Logits of one member."""
        chosen = self._chosen(random)
        known, seen = view(self.rows_[chosen], rows, random)
        support, queries = torch.from_numpy(known).float()[None], torch.from_numpy(seen).float()[None]
        labels = torch.from_numpy(self.labels_[chosen])[None]
        place = np.full(len(self.rows_), -1)
        place[chosen] = np.arange(len(chosen))
        logits = []
        for start in range(0, len(rows), CHUNK):
            part = slice(start, start + CHUNK)
            hidden = None if own is None else torch.from_numpy(place[own[part]])[None]
            with torch.inference_mode():
                logits.append(model(support, labels, queries[:, part], hidden)[1][0].double().numpy())
        return np.concatenate(logits) if logits else np.zeros(0)

    def _chosen(self, random: np.random.Generator) -> NDArray[np.int64]:
        """Rows of a member's support: labelled ones first among a few labels, so that none is lost."""
        size = min(self.support, len(self.rows_))
        if len(self.rows_) <= size:
            return random.permutation(len(self.rows_))
        known = random.permutation(np.flatnonzero(self.labels_ >= 0))
        if 0 < len(known) < len(self.rows_):
            anomalous = known[self.labels_[known] == 1][: size // 4]
            normal = known[self.labels_[known] == 0][: size // 4]
            rest = np.flatnonzero(self.labels_ < 0)
            kept = np.concatenate([anomalous, normal])
            return np.concatenate([kept, random.permutation(rest)[: size - len(kept)]])
        return random.permutation(len(self.rows_))[:size]

    def _table(self, X: ArrayLike) -> NDArray[np.float64]:
        try:
            table = np.asarray(X, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise MethodError("X must be a table of numbers; encode its texts first") from error
        if table.ndim != 2:
            raise MethodError(f"X must have rows and columns, and has {table.ndim} dimensions")
        return table

    def _filled(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.isfinite(table), table, self.medians_)
