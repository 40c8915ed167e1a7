"""Meta-features of a table under OpenML's names and definitions, computed within a time budget.

One module per group (`simple`, `statistical`, `information`, `landmarkers`), put together by `computation`.
Imports `kg`, `embeddings.table` and `embeddings.sampling`; the recommender and everything after it may import
it. Definitions were checked against OpenML's evaluation engine and its published qualities:
``benchmarks/metafeatures.py`` prints the comparison.

>>> import pandas as pd
>>> frame = pd.DataFrame({"size": range(20), "kind": ["a", "b"] * 10})
>>> round(compute(frame, "kind", groups=["simple"]).values["Dimensionality"], 2)
0.1
"""

from embeddings.metafeatures.computation import GROUPS, NAMES, MetaFeatures, compute

__all__ = ["GROUPS", "NAMES", "MetaFeatures", "compute"]
