"""What to run on a dataset, which datasets it behaves like, and with what evidence.

`model` holds the fitted recommender and answers through `performance` (scores, from `gaussian` processes and
a `forest`), `portfolio` (pipelines chosen together), `similarity` (neighbours), `intervals` and `completion`
(scores never measured); `storage` saves it; `source_code` turns pipelines into scripts. May import `kg`,
`ontology` and `embeddings`; `metakg` and everything above may import it. Fitting loads scikit-learn,
answering numpy alone.
"""

__all__ = [
    "completion",
    "features",
    "forest",
    "gaussian",
    "intervals",
    "model",
    "performance",
    "portfolio",
    "similarity",
    "source_code",
    "storage",
]
