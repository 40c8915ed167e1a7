"""The policy: one softmax per stage of the pipeline, over a frozen base and a trainable low-rank adapter.

The logits are ``(W + B A) x`` with the features ``x`` of `methods.metaclaw.reading`. The base ``W`` can read: the words
of a stage and of one of its choices near each other raise the choice's logit, and lower it where they are negated. That
association is fixed, made from the names of the choices, and knows nothing of tasks; beyond it all choices are alike.
``A`` begins at random and ``B`` at zero, as in LoRA (Hu et al. 2021), so that an untrained adapter changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from methods.metaclaw.choices import STAGES
from methods.metaclaw.reading import WIDTH, pair

__all__ = ["Decision", "Policy"]


@dataclass(frozen=True)
class Decision:
    """Choices with the logarithm of the probability with which they were drawn."""

    choices: dict[str, str]
    actions: tuple[int, ...]
    log_probability: float


def _base(strength: float) -> Tensor:
    weights = torch.zeros(sum(map(len, STAGES.values())), WIDTH)
    row = 0
    for stage, names in STAGES.items():
        for name in names:
            weights[row, crc32(pair(stage, name).encode()) % WIDTH] += strength
            weights[row, crc32(pair(f"not_{stage}", f"not_{name}").encode()) % WIDTH] -= strength
            row += 1
    return weights


class Policy(nn.Module):
    """Probabilities of choices, given text.

    Parameters
    ----------
    rank
        Of the adapter.
    strength
        What a sentence that names a choice adds to its logit when all attention is paid to it.
    seed
        Of the adapter's first values.
    """

    def __init__(self, *, rank: int, strength: float, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.base: Tensor
        self.register_buffer("base", _base(strength))
        self.down = nn.Parameter(torch.randn(rank, WIDTH, generator=generator) / rank**0.5)
        self.up = nn.Parameter(torch.zeros(len(self.base), rank))
        self.sizes = [len(names) for names in STAGES.values()]

    def forward(self, x: Tensor) -> Tensor:
        """Logits of all choices, shape (n, choices), of features of shape (n, `WIDTH`)."""
        return x @ self.base.T + x @ self.down.T @ self.up.T

    def log_probability(self, x: Tensor, actions: Tensor) -> Tensor:
        """Logarithm of the probability of pipelines.

        Parameters
        ----------
        x
            Features, shape (n, `WIDTH`).
        actions
            Number of the choice at each stage, shape (n, stages).

        Returns
        -------
        log_probabilities
            Shape (n,).
        """
        total = torch.zeros(len(x))
        for i, logits in enumerate(self.forward(x).split(self.sizes, dim=1)):
            total = total + torch.log_softmax(logits, dim=1).gather(1, actions[:, i : i + 1])[:, 0]
        return total

    @torch.no_grad()
    def decide(self, x: NDArray[np.float32], uniform: NDArray[np.float64]) -> Decision:
        """Draw a pipeline.

        Parameters
        ----------
        x
            Features, shape (`WIDTH`,).
        uniform
            Random numbers from 0 to 1, one per stage.
        """
        at = np.flatnonzero(x)
        seen = torch.from_numpy(x[at])
        logits = self.base[:, at] @ seen + self.up @ (self.down[:, at] @ seen)
        choices, actions, total = {}, [], 0.0
        for (stage, names), part, u in zip(STAGES.items(), logits.split(self.sizes), uniform, strict=True):
            chances = torch.softmax(part.double(), dim=0).numpy()
            action = min(int(np.searchsorted(np.cumsum(chances), u, side="right")), len(names) - 1)
            choices[stage] = names[action]
            actions.append(action)
            total += float(np.log(chances[action]))
        return Decision(choices, tuple(actions), total)
