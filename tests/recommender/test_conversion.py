"""The conversion against scikit-learn's measure on real predictions."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import cross_val_predict
from sklearn.tree import DecisionTreeClassifier

from embeddings.landmarks import one_vs_rest_balanced_accuracy
from recommender.conversion import balanced_accuracy


@pytest.mark.parametrize(
    ("load", "tolerance"),
    [(load_breast_cancer, 1e-12), (load_iris, 1e-12), (load_wine, 0.01), (load_digits, 0.002)],
)
def test_conversion_agrees_with_what_scikit_learn_measures(load, tolerance: float) -> None:
    X, y = load(return_X_y=True)
    predicted = cross_val_predict(DecisionTreeClassifier(max_depth=3, random_state=0), X, y, cv=5)
    ours = balanced_accuracy(one_vs_rest_balanced_accuracy(y, predicted), len(np.unique(y)))
    assert ours == pytest.approx(balanced_accuracy_score(y, predicted), abs=tolerance)


def test_a_constant_prediction_gets_chance() -> None:
    assert balanced_accuracy(0.5, 10) == pytest.approx(0.1)
    assert balanced_accuracy(1.0, 7) == 1.0
    assert balanced_accuracy(0.2, 3) == 0.0
