"""From the measure of the graph's runs to the one that people compute."""

from __future__ import annotations

__all__ = ["balanced_accuracy"]


def balanced_accuracy(one_vs_rest: float, n_classes: int) -> float:
    """Balanced accuracy (mean recall of K classes) that goes with a one-vs-rest balanced accuracy.

    With recall R = 1 - e on average, the errors of a class fall on the K - 1 others, so that the mean
    specificity is 1 - e / (K - 1), and (recall + specificity) / 2 = 1 - e K / (2 (K - 1)). Solved for R:
    ``1 - (1 - v) * 2 (K - 1) / K``. Exact for two classes and for classes of one size; else close, since an
    error of a large class weighs on the specificity of a small one a little less.

    Parameters
    ----------
    one_vs_rest
        Within [0, 1].
    n_classes
        K, at least 2.

    Returns
    -------
    float
        Within [0, 1].
    """
    return min(max(1 - (1 - one_vs_rest) * 2 * (n_classes - 1) / n_classes, 0.0), 1.0)
