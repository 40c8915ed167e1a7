"""PyKEEN parts of a model whose score *is* the performance: interaction, representations, and their assembly.

The score of (dataset h, measure r, pipeline t) is ``Σ h_i r_i t_i`` over the first ``dim`` coordinates plus the last
coordinates of h, r and t, which are biases: DistMult (Yang et al. 2015) with biases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from pykeen.models import ERModel
from pykeen.nn.combination import Combination
from pykeen.nn.init import PretrainedInitializer
from pykeen.nn.modules import Interaction
from pykeen.nn.representation import (
    CombinedRepresentation,
    Embedding,
    PartitionRepresentation,
    Representation,
    TransformedRepresentation,
)
from torch import Tensor, nn

from embeddings.triples import PerformanceTriples


class PerformanceInteraction(Interaction[Tensor, Tensor, Tensor]):
    """DistMult plus one bias per head, relation and tail, kept in the last coordinate."""

    entity_shape = ("d",)
    relation_shape = ("d",)

    def forward(self, h: Tensor, r: Tensor, t: Tensor) -> Tensor:
        """Scores of broadcastable (..., dim + 1) vectors, shape (...)."""
        product = (h[..., :-1] * r[..., :-1] * t[..., :-1]).sum(-1)
        return product + h[..., -1] + r[..., -1] + t[..., -1]


class NodeSum(Representation):
    """Sum of the vectors of a fixed list of nodes per entity.

    One fused lookup for all entities: PyKEEN's EmbeddingBagRepresentation filters its assignment at every call, which
    takes ten times as long, and starts from vectors of unit variance, whose sums are far too large.
    """

    def __init__(self, nodes: Sequence[Sequence[int]], n_nodes: int, width: int, scale: float) -> None:
        super().__init__(max_id=len(nodes), shape=(width,), unique=False)
        self.scale = scale
        self.weight = nn.Parameter(torch.empty(n_nodes, width))
        self.register_buffer("flat", torch.tensor([n for row in nodes for n in row], dtype=torch.long))
        offsets = np.cumsum([0, *(len(row) for row in nodes)])[:-1]
        self.register_buffer("offsets", torch.tensor(offsets, dtype=torch.long))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Small random vectors, zero biases."""
        nn.init.normal_(self.weight, std=self.scale)
        with torch.no_grad():
            self.weight[:, -1] = 0

    def _plain_forward(self, indices: Tensor | None = None) -> Tensor:
        sums = nn.functional.embedding_bag(self.flat, self.weight, self.offsets, mode="sum")
        return sums if indices is None else sums[indices]


class RowDropout(nn.Module):
    """Replaces whole rows by zero in training, so that what is left must do without them."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Drop rows of (..., width) with probability p; the kept ones are not rescaled."""
        if not self.training or self.p == 0:
            return x
        return x * (torch.rand((*x.shape[:-1], 1), device=x.device) >= self.p)


class VectorSum(Combination):
    """Sum of equally shaped representations."""

    def forward(self, xs: Sequence[Tensor]) -> Tensor:
        """Add them up."""
        return torch.stack(list(xs)).sum(dim=0)

    def output_shape(self, input_shapes: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Return the shape that all inputs share."""
        return input_shapes[0]


@dataclass(frozen=True)
class PerformanceNetwork:
    """An ERModel and the parts of it that are trained with different weight decay and read out afterwards."""

    model: ERModel
    encoder: nn.Sequential
    free_datasets: Embedding
    nodes: NodeSum
    free_pipelines: NodeSum
    relation: Embedding


def build_network(
    triples: PerformanceTriples,
    *,
    dim: int,
    hidden: int,
    dropout: float,
    row_dropout: float,
    runs_for_residual: int,
    seed: int,
) -> PerformanceNetwork:
    """Assemble the model over the entities of `triples`.

    Parameters
    ----------
    triples : its numeric literals are the encoder's input, its structural triples the pipelines' nodes
    dim : coordinates of a vector, without the bias
    hidden : width of the encoder's hidden layer
    dropout : of the encoder's input and hidden layer
    row_dropout : probability that a dataset's free vector is left out of a step
    runs_for_residual : pipelines with at least as many runs get a free vector beside their nodes
    seed : of all initial values
    """
    torch.manual_seed(seed)
    width, n_datasets, n_nodes = dim + 1, triples.n_datasets, triples.n_nodes
    literals = triples.factory.get_numeric_literals_tensor()[:n_datasets]
    encoder = nn.Sequential(
        nn.Dropout(dropout),
        nn.Linear(literals.shape[1], hidden),
        nn.GELU(approximate="tanh"),
        nn.Dropout(dropout),
        nn.Linear(hidden, width),
    )
    features = Embedding(initializer=PretrainedInitializer(literals), shape=literals.shape[1:],
                         max_id=n_datasets, trainable=False)
    free_datasets = Embedding(
        max_id=n_datasets, shape=(width,), initializer=nn.init.normal_, initializer_kwargs={"std": 0.05}
    )
    datasets = CombinedRepresentation(
        max_id=n_datasets,
        unique=False,
        base=[
            TransformedRepresentation(transformation=encoder, base=features, shape=(width,), unique=False),
            TransformedRepresentation(transformation=RowDropout(row_dropout), base=free_datasets, shape=(width,),
                                      unique=False),
        ],
        combination=VectorSum(),
    )
    of_pipelines = triples.pipeline_nodes()
    alone = [[node] for node in range(n_nodes)]
    nodes = NodeSum([*of_pipelines, *alone], n_nodes, width, scale=0.1)
    runs = np.bincount(
        triples.factory.mapped_triples[~np.isnan(triples.targets), 2].numpy() - n_datasets,
        minlength=len(of_pipelines),
    )
    own = [[j] if runs[j] >= runs_for_residual else [] for j in range(len(of_pipelines))]
    free_pipelines = NodeSum([*own, *([] for _ in alone)], len(own), width, scale=0.0)
    pipelines = CombinedRepresentation(
        max_id=len(of_pipelines) + n_nodes, unique=False, base=[nodes, free_pipelines], combination=VectorSum()
    )
    assignment = torch.cat([
        torch.stack([torch.full((part.max_id,), i), torch.arange(part.max_id)], dim=1)
        for i, part in enumerate([datasets, pipelines])
    ])
    entities = PartitionRepresentation(assignment=assignment, bases=[datasets, pipelines], shape=(width,), unique=False)
    ones = torch.cat([torch.ones(triples.factory.num_relations, dim), torch.zeros(triples.factory.num_relations, 1)], 1)
    relation = Embedding(max_id=len(ones), shape=(width,), initializer=PretrainedInitializer(ones))
    model = ERModel(
        triples_factory=triples.factory,
        interaction=PerformanceInteraction(),
        entity_representations=entities,
        relation_representations=relation,
        random_seed=seed,
    )
    return PerformanceNetwork(model, encoder, free_datasets, nodes, free_pipelines, relation)
