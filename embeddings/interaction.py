"""PyKEEN parts of a model whose score *is* the performance: its interaction and representations.

The score of (dataset h, measure r, pipeline t) is ``Σ h_i r_i t_i`` over the first ``dim`` coordinates plus the last
coordinates of h, r and t, which are biases: DistMult (Yang et al. 2015) with biases.
"""

from collections.abc import Sequence

import numpy as np
import torch
from pykeen.nn.combination import Combination
from pykeen.nn.modules import Interaction
from pykeen.nn.representation import Representation
from torch import Tensor, nn


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
        self.flat: Tensor
        self.offsets: Tensor
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
