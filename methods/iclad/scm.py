"""Random structural causal models: layered graphs whose nodes are noisy functions of the layer before.

One call runs one model per task for a whole batch of tasks, as batched matrix products. The activations of a layer are
shared by the tasks of a batch, which costs nothing: which node becomes which column is drawn per task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

__all__ = ["Mechanism", "Roots", "noise", "uniform"]

ACTIVATIONS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x,
    torch.tanh,
    lambda x: torch.where(x > 0, x, 0.1 * x),
    lambda x: torch.sin(2.0 * x),
    torch.abs,
    lambda x: 0.5 * x.clamp(-3, 3).square(),
    lambda x: torch.sigmoid(6.0 * x),
    lambda x: torch.exp(-x.square()),
)
WIDTH = 16
UNITS = 4  # nodes of a layer that share an activation


def uniform(low: float, high: float, *shape: int, generator: torch.Generator) -> Tensor:
    """Independent uniform numbers in [low, high)."""
    return low + (high - low) * torch.rand(*shape, generator=generator)


def noise(kind: int, *shape: int, generator: torch.Generator) -> Tensor:
    """Noise of about unit scale: 0 normal, 1 uniform, 2 Laplace, 3 heavy-tailed (Student t with 3 degrees)."""
    if kind == 1:
        return uniform(-1.73, 1.73, *shape, generator=generator)
    normal = torch.randn(*shape, generator=generator)
    if kind == 2:
        return normal * torch.rand(*shape, generator=generator).clamp_min(1e-6).log().neg().sqrt()
    if kind == 3:
        return (normal / torch.randn(*shape, 3, generator=generator).square().mean(-1).sqrt()).clamp(-30, 30)
    return normal


@dataclass(frozen=True)
class Roots:
    """Mixtures of clusters from which the root causes of the tasks are drawn.

    Attributes
    ----------
    centres, scales : (tasks, clusters + 1, WIDTH)
        The last cluster holds no normal row: it is that of anomalies "from another cluster".
    weights : (tasks, clusters)
        Probability of each cluster of normal rows.
    kind : int
        The noise around the centres.
    """

    centres: Tensor
    scales: Tensor
    weights: Tensor
    kind: int

    @classmethod
    def draw(cls, tasks: int, generator: torch.Generator) -> Roots:
        """Random mixtures: one to six clusters, few or many root causes."""
        most = 6
        clusters = torch.randint(1, most + 1, (tasks, 1), generator=generator)
        clusters = torch.where(torch.rand(tasks, 1, generator=generator) < 0.35, 1, clusters)
        weights = torch.randn(tasks, most, generator=generator).mul(0.8).softmax(-1)
        weights = torch.where(torch.arange(most) < clusters, weights, 0.0)
        spread = uniform(0.3, 3.0, tasks, 1, 1, generator=generator)
        causes = torch.randint(1, WIDTH + 1, (tasks, 1, 1), generator=generator)
        used = torch.arange(WIDTH) < causes
        centres = spread * torch.randn(tasks, most + 1, WIDTH, generator=generator) * used
        centres[:, most] = (
            centres[:, most] + 1.5 * torch.randn(tasks, WIDTH, generator=generator) * used[:, 0]
        )
        scales = torch.exp(0.5 * torch.randn(tasks, most + 1, 1, generator=generator)) * used
        scales = scales * torch.exp(0.4 * torch.randn(tasks, most + 1, WIDTH, generator=generator))
        kind = int(torch.tensor([0, 0, 0, 1, 2, 3])[torch.randint(6, (1,), generator=generator)])
        return cls(centres, scales, weights, kind)

    def normal(self, rows: int, generator: torch.Generator) -> Tensor:
        """Root causes of normal rows, (tasks, rows, WIDTH)."""
        cluster = torch.multinomial(self.weights, rows, replacement=True, generator=generator)
        return self._around(cluster, generator)

    def other(self, rows: int, generator: torch.Generator) -> Tensor:
        """Root causes of rows of the cluster that no normal row comes from, (tasks, rows, WIDTH)."""
        cluster = torch.full((len(self.weights), rows), self.weights.shape[1])
        return self._around(cluster, generator)

    def _around(self, cluster: Tensor, generator: torch.Generator) -> Tensor:
        index = cluster[..., None].expand(-1, -1, WIDTH)
        drawn = noise(self.kind, *index.shape, generator=generator)
        return self.centres.gather(1, index) + self.scales.gather(1, index) * drawn


@dataclass(frozen=True)
class Mechanism:
    """Weights, activations and noise of the layers; ``shift`` and ``inflation`` are zero and one for normal rows.

    Attributes
    ----------
    weights : (layers, tasks, WIDTH, WIDTH)
    bias, noise, shift : (layers, tasks, 1, WIDTH)
    activations : activation of each group of UNITS nodes, per layer
    """

    weights: Tensor
    bias: Tensor
    noise: Tensor
    shift: Tensor
    activations: tuple[tuple[int, ...], ...]
    kind: int

    @classmethod
    def draw(cls, tasks: int, generator: torch.Generator) -> Mechanism:
        """Random mechanisms of one to three layers with sparse weights; a quarter of them are linear."""
        layers = int(torch.randint(1, 4, (1,), generator=generator))
        density = uniform(0.15, 1.0, 1, tasks, 1, 1, generator=generator)
        shape = (layers, tasks, WIDTH, WIDTH)
        present = torch.rand(*shape, generator=generator) < density
        weights = torch.randn(*shape, generator=generator) * present / (density * WIDTH).clamp_min(1.0).sqrt()
        bias = 0.5 * torch.randn(layers, tasks, 1, WIDTH, generator=generator)
        level = torch.exp(uniform(-4.0, -0.7, 1, tasks, 1, 1, generator=generator))
        scale = level * torch.exp(0.7 * torch.randn(layers, tasks, 1, WIDTH, generator=generator))
        linear = float(torch.rand(1, generator=generator)) < 0.25
        drawn = torch.randint(len(ACTIVATIONS), (layers, WIDTH // UNITS), generator=generator)
        names = tuple(tuple(0 if linear else int(a) for a in layer) for layer in drawn)
        kind = int(torch.randint(4, (1,), generator=generator))
        return cls(weights, bias, scale, torch.zeros_like(bias), names, kind)

    def changed(self, *, weights: Tensor, shift: Tensor, generator: torch.Generator) -> Mechanism:
        """The mechanism of an anomalous class.

        ``weights`` (tasks,) is the fraction of weights that are drawn anew; ``shift`` (tasks,) is the size of an
        intervention on about a third of the nodes.
        """
        anew = torch.rand(self.weights.shape, generator=generator) < weights.view(1, -1, 1, 1)
        size = self.weights.square().mean((-1, -2), keepdim=True).sqrt()
        fresh = torch.randn(self.weights.shape, generator=generator) * size
        hit = torch.rand(self.bias.shape, generator=generator) < 0.35
        push = torch.randn(self.bias.shape, generator=generator).sign() * hit * shift.view(1, -1, 1, 1)
        return replace(self, weights=torch.where(anew, fresh, self.weights), shift=push)

    def nodes(self, roots: Tensor, generator: torch.Generator) -> Tensor:
        """Values of all nodes, roots first: (tasks, rows, (layers + 1) · WIDTH)."""
        found, value = [roots], roots
        for weights, bias, scale, shift, names in zip(
            self.weights, self.bias, self.noise, self.shift, self.activations, strict=True
        ):
            linear = torch.baddbmm(bias + shift, value, weights)
            parts = zip(names, linear.split(UNITS, -1), strict=True)
            value = torch.cat([ACTIVATIONS[name](part) for name, part in parts], -1)
            value = value + scale * noise(self.kind, *value.shape, generator=generator)
            found.append(value)
        return torch.cat(found, -1)
