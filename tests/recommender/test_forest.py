"""The compact forest gives scikit-learn's own predictions."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from recommender.forest import Forest, as_inputs


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    rng = np.random.default_rng(0)
    values = rng.standard_normal((120, 7)) * 10.0 ** rng.integers(-3, 12, 7)
    values[rng.random(values.shape) < 0.15] = np.nan
    values[:, 3] = rng.integers(0, 3, 120)
    values[3, 0] = np.inf
    return values


@pytest.fixture(scope="module")
def targets(rows: np.ndarray) -> np.ndarray:
    known = np.nan_to_num(as_inputs(rows).astype(float))
    return np.column_stack([known[:, 3], np.sign(known[:, 1]), known[:, 3] * np.sign(known[:, 2])])


@pytest.fixture(scope="module")
def grown(rows: np.ndarray, targets: np.ndarray) -> ExtraTreesRegressor:
    model = ExtraTreesRegressor(40, min_samples_leaf=2, max_features=0.5, random_state=1)
    return model.fit(as_inputs(rows)[:90], targets[:90])


@pytest.fixture(scope="module")
def compact(grown: ExtraTreesRegressor, rows: np.ndarray) -> Forest:
    return Forest.from_sklearn(grown, as_inputs(rows)[:90])


def test_leaves_are_scikit_learns(compact: Forest, grown: ExtraTreesRegressor, rows: np.ndarray) -> None:
    np.testing.assert_array_equal(compact.apply(rows), grown.apply(as_inputs(rows)) + compact.roots)


def test_weights_give_scikit_learns_prediction(
    compact: Forest, grown: ExtraTreesRegressor, rows: np.ndarray, targets: np.ndarray
) -> None:
    weights = compact.weights(rows)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights @ targets[:90], grown.predict(as_inputs(rows)), rtol=1e-12, atol=1e-12)


def test_survives_saving(compact: Forest, rows: np.ndarray) -> None:
    again = Forest.from_arrays(compact.arrays())
    np.testing.assert_array_equal(again.weights(rows), compact.weights(rows))


@pytest.mark.parametrize("name", ["feature", "right", "roots", "leaves"])
def test_refuses_arrays_that_do_not_fit(compact: Forest, name: str) -> None:
    arrays = compact.arrays()
    with pytest.raises(ValueError, match="forest"):
        Forest.from_arrays(
            {**arrays, name: arrays[name][:-1]} if name != "leaves" else {**arrays, name: arrays[name][0]}
        )


def test_refuses_nodes_that_loop(compact: Forest) -> None:
    arrays = compact.arrays()
    with pytest.raises(ValueError, match="out of order"):
        Forest.from_arrays({**arrays, "right": np.zeros_like(arrays["right"])})
