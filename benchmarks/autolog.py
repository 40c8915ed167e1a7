"""What autologging adds to a cross-validation of some seconds.

Cross-validates a random forest by turns with and without ``metakg.autolog``, in one process, and prints the median of
the ratios of such pairs; beside it, what one logged run costs by itself, the first of the process included, when parts
of metakg are loaded::

    metakg bench autolog
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

import metakg

LIMIT = 1.05
COUNT = "SELECT (COUNT(?run) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"


def seconds(kg: metakg.KnowledgeGraph | None, estimator: Any, data: tuple[Any, Any]) -> float:
    """Seconds of a 5-fold cross-validation, logged to a graph if there is one."""
    from sklearn import model_selection

    with metakg.autolog(kg, project="bench", disable=kg is None):
        started = time.perf_counter()
        model_selection.cross_val_score(estimator, *data, cv=5)
        return time.perf_counter() - started


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="What autologging adds to a cross-validation.")
    parser.add_argument("--pairs", type=int, default=11)
    parser.add_argument("--rows", type=int, default=4_000)
    parser.add_argument("--quick", action="store_true", help="three pairs")
    options = parser.parse_args()
    data = make_classification(options.rows, 20, random_state=0)
    forest, nothing = RandomForestClassifier(65, random_state=0), DummyClassifier()
    with tempfile.TemporaryDirectory() as folder, metakg.open(f"{folder}/store") as kg:
        cross_val_score(nothing, *data, cv=5)
        plain = [seconds(None, nothing, data) for _ in range(20)]
        first, *logged = [seconds(kg, nothing, data) for _ in range(21)]
        cost = statistics.median(logged) - statistics.median(plain)
        print(
            f"one run         {1e3 * cost:.0f} ms, the first {1e3 * (first - statistics.median(plain)):.0f} ms"
        )
        pairs = []
        for number in range(3 if options.quick else options.pairs):
            order = (None, kg) if number % 2 else (kg, None)
            taken = {each is None: seconds(each, forest, data) for each in order}
            pairs.append((taken[False], taken[True]))
        ((count,),) = kg.store.query(COUNT).rows()
    ratio = statistics.median(with_it / without for with_it, without in pairs)
    low, high = np.percentile([with_it / without for with_it, without in pairs], [25, 75])
    print(f"cross-validation {statistics.median(without for _, without in pairs):.2f} s without autolog")
    print(f"with autolog    x {ratio:.3f} (median of {len(pairs)} pairs; quartiles {low:.3f} to {high:.3f})")
    expected = 21 + len(pairs)
    print(f"                {count} of {expected} runs in the graph")
    return 0 if ratio <= LIMIT and count == expected else 1


if __name__ == "__main__":
    sys.exit(main())
