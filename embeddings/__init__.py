"""Meta-features, landmark scores, and PyKEEN embeddings of datasets and pipelines.

`metafeatures` and `landmarks` describe a table; `triples` turns the graph into PyKEEN triples with numeric
literals; `performance` holds the model whose score is the performance of a pipeline on a dataset, trained by
`training` from the parts in `network`, `interaction`, `nodes` and `scaling`. May import `kg` and `ontology`;
`recommender` and everything above may import it. PyKEEN and torch are loaded only to build triples or to train.
"""

__all__ = [
    "interaction",
    "landmarks",
    "metafeatures",
    "network",
    "nodes",
    "performance",
    "scaling",
    "training",
    "triples",
]
