"""A forest reduced to what answering needs: where a dataset falls, and which training datasets fall there
too.

A regression forest grown without bootstrap predicts, per tree, the mean target of the training rows in the
leaf. Its prediction is therefore ``weights @ targets``, where a training row's weight is the share it has in
the query's leaves (Lin and Jeon 2006; Meinshausen 2006). So the leaf values need no saving, one forest serves
any target, and the same weights choose portfolios and neighbours. Growing uses scikit-learn; answering uses
numpy alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from recommender.features import cleaned

Floats = NDArray[np.float64]

#: features are kept inside what scikit-learn's float32 split thresholds can hold
LARGEST = 1e30
#: targets are rotated to this many principal components before growing: splits differ only by what the rest
#: explains
MAX_TARGET_COMPONENTS = 30


def principal_scores(targets: Floats, count: int) -> Floats:
    """The first `count` principal component scores, (n, <= count); distances between rows are nearly those of
    `targets`."""
    u, d, _ = np.linalg.svd(targets - targets.mean(axis=0), full_matrices=False)
    return u[:, :count] * d[:count]


def as_inputs(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Rows as the forest sees them: float32, infinite values as missing, the rest clipped to
    :data:`LARGEST`."""
    return cleaned(features).clip(-LARGEST, LARGEST).astype(np.float32)


@dataclass(frozen=True)
class Forest:
    """Trees as flat arrays.

    Attributes
    ----------
    feature : (n_nodes,) split feature, -1 in a leaf
    threshold : (n_nodes,) a value goes left when it is at most this
    right : (n_nodes,) right child, a position in these same arrays; the left child comes right after its
        parent
    missing_left : (n_nodes,) whether a missing value goes left
    roots : (n_trees,) first node of each tree
    leaves : (n_training, n_trees) the leaf of each training row
    """

    feature: NDArray[np.int16]
    threshold: NDArray[np.float32]
    right: NDArray[np.int32]
    missing_left: NDArray[np.bool_]
    roots: NDArray[np.int32]
    leaves: NDArray[np.int32]

    @classmethod
    def fit(
        cls,
        features: NDArray[np.floating],
        targets: Floats,
        *,
        trees: int = 300,
        min_leaf: int = 2,
        max_features: float = 0.4,
        seed: int = 0,
    ) -> "Forest":
        """Grow extremely randomised trees (Geurts et al. 2006) on rows (n, f), NaN allowed, and targets (n,
        p)."""
        from sklearn.ensemble import ExtraTreesRegressor

        rows = as_inputs(features)
        grown = ExtraTreesRegressor(
            trees, min_samples_leaf=min_leaf, max_features=max_features, n_jobs=1, random_state=seed
        ).fit(rows, principal_scores(targets, MAX_TARGET_COMPONENTS))
        return cls.from_sklearn(grown, rows)

    @classmethod
    def from_sklearn(cls, grown: object, rows: NDArray[np.float32]) -> "Forest":
        """Take over a fitted scikit-learn forest (grown without bootstrap) and the rows that it was grown
        on."""
        trees = [estimator.tree_ for estimator in grown.estimators_]  # type: ignore[attr-defined]
        sizes = np.array([tree.node_count for tree in trees])
        roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int32)
        left = np.concatenate([tree.children_left for tree in trees])
        inner, shift = left >= 0, np.repeat(roots, sizes)
        if not (left + shift == np.arange(len(left)) + 1)[inner].all():
            raise ValueError("the trees must be grown depth first")
        right = np.where(inner, np.concatenate([tree.children_right for tree in trees]) + shift, 0)
        return cls(
            feature=np.where(inner, np.concatenate([tree.feature for tree in trees]), -1).astype(np.int16),
            threshold=_rounded_down(np.where(inner, np.concatenate([tree.threshold for tree in trees]), 0.0)),
            right=right.astype(np.int32),
            missing_left=np.concatenate([tree.missing_go_to_left for tree in trees]).astype(bool),
            roots=roots,
            leaves=(grown.apply(rows) + roots).astype(np.int32),  # type: ignore[attr-defined]
        )

    @property
    def n_training(self) -> int:
        """Number of training rows."""
        return len(self.leaves)

    def apply(self, features: NDArray[np.floating]) -> NDArray[np.int32]:
        """The leaf of each row in each tree, (m, n_trees), in the numbering of :attr:`leaves`."""
        rows = as_inputs(features)
        at = np.tile(self.roots, (len(rows), 1))
        index = np.arange(len(rows))[:, None]
        while True:
            feature = self.feature[at]
            inner = feature >= 0
            if not inner.any():
                return at
            value = rows[index, np.maximum(feature, 0)]
            missing = np.isnan(value)
            go_left = np.where(missing, self.missing_left[at], value <= self.threshold[at])
            at = np.where(inner, np.where(go_left, at + 1, self.right[at]), at)

    def weights(self, features: NDArray[np.floating]) -> Floats:
        """Forest weights of the training rows for each row of `features`: (m, n_training), rows sum to
        one."""
        weights = np.empty((len(np.atleast_2d(features)), self.n_training))
        for i, leaves in enumerate(self.apply(features)):
            shared = self.leaves == leaves
            weights[i] = (shared / shared.sum(axis=0)).mean(axis=1)
        return weights

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """The arrays by name, for saving."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> "Forest":
        """Rebuild a forest; raises KeyError for a missing array and ValueError for arrays that do not fit
        together."""
        forest = cls(**{field.name: arrays[field.name] for field in fields(cls)})  # type: ignore[arg-type]
        nodes = len(forest.feature)
        if any(part.shape != (nodes,) for part in (forest.threshold, forest.right, forest.missing_left)):
            raise ValueError("the arrays of a forest have different lengths")
        if not nodes or forest.leaves.ndim != 2 or forest.leaves.shape[1:] != forest.roots.shape:
            raise ValueError("a forest's leaves and roots do not belong together")
        inner = np.flatnonzero(forest.feature >= 0)
        # children come after their parent: anything else could loop for ever
        if not ((forest.right[inner] > inner + 1).all() and (forest.right[inner] < nodes).all()):
            raise ValueError("a forest's nodes are out of order")
        if not (forest.roots.min() >= 0 and forest.roots.max() < nodes):
            raise ValueError("a forest's trees start outside its nodes")
        return forest


def _rounded_down(thresholds: Floats) -> NDArray[np.float32]:
    """The largest float32 not above each threshold: the same split, since inputs are float32."""
    rounded = thresholds.astype(np.float32)
    return np.where(rounded > thresholds, np.nextafter(rounded, np.float32(-np.inf)), rounded).astype(
        np.float32
    )
