"""The slow loop: policy-gradient updates of the adapter from rounds that came after the skills they used.

A batch of rounds whose failures the evolver saw is the support set of the skills that came of it; only rounds after
that, the query set, may train the policy. Hence samples of an older generation of the library are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from methods.metaclaw.policy import Policy

__all__ = ["Buffer", "Learner", "Sample", "advantages"]


@dataclass(frozen=True, eq=False)
class Sample:
    """A round to learn from.

    Attributes
    ----------
    x
        Features that the policy saw.
    actions
        What it chose.
    log_probability
        With which it chose that at the time.
    reward
        -1, 0 or 1.
    generation
        Of the library at the time.
    number
        Of the round.
    """

    x: NDArray[np.float32]
    actions: tuple[int, ...]
    log_probability: float
    reward: float
    generation: int
    number: int


def advantages(rewards: Sequence[float]) -> NDArray[np.float32]:
    """Rewards of a batch in standard deviations from their mean; all zero if they are equal.

    >>> advantages([1, -1, -1, 1]).tolist()
    [1.0, -1.0, -1.0, 1.0]
    """
    values = np.asarray(rewards, dtype=np.float32)
    spread = values.std()
    return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)


class Buffer:
    """Samples that wait for a window.

    Parameters
    ----------
    passes
        How often each sample is used.
    size
        Of a batch.
    seed
        Of the order of the batches.
    """

    def __init__(self, *, passes: int, size: int, seed: int) -> None:
        self._passes, self._size = passes, size
        self._rng = np.random.default_rng([seed, 7])
        self._waiting: list[Sample] = []
        self._planned: list[list[Sample]] = []
        self.dropped = 0

    def add(self, sample: Sample) -> None:
        """Keep a sample for the next window."""
        self._waiting.append(sample)

    def drop_before(self, generation: int) -> int:
        """Forget samples of older generations, those in planned batches too.

        Returns
        -------
        dropped
            How many different samples.
        """
        old = {
            s.number
            for s in [*self._waiting, *(s for b in self._planned for s in b)]
            if s.generation < generation
        }
        self._waiting = [s for s in self._waiting if s.generation >= generation]
        self._planned = [b for b in self._planned if all(s.generation >= generation for s in b)]
        self.dropped += len(old)
        return len(old)

    def __len__(self) -> int:
        """Number of batches that could be learned from now."""
        return len(self._planned) or len(self._waiting) // self._size * self._passes

    def batch(self) -> list[Sample]:
        """The next batch.

        Raises
        ------
        IndexError
            If there is none.
        """
        if not self._planned:
            count = len(self._waiting) // self._size * self._size
            taken, self._waiting = self._waiting[:count], self._waiting[count:]
            for _ in range(self._passes):
                order = self._rng.permutation(count)
                self._planned += [
                    [taken[i] for i in order[at : at + self._size]] for at in range(0, count, self._size)
                ]
        return self._planned.pop(0)


class Learner:
    """Updates of the adapter.

    Parameters
    ----------
    rate
        Step size of Adam.
    limit
        Largest ratio of the probabilities of now and then that counts.
    """

    def __init__(self, policy: Policy, *, rate: float, limit: float = 2.0) -> None:
        self._policy = policy
        self._limit = limit
        self._optimiser = torch.optim.Adam([policy.down, policy.up], lr=rate, fused=True)

    def update(self, batch: Sequence[Sample]) -> float:
        """One step on the importance-sampling policy-gradient loss.

        The loss is the mean of ``-min(p / p_then, limit) * advantage``.

        Returns
        -------
        loss
            Before the step.
        """
        gain = advantages([sample.reward for sample in batch])
        if not gain.any():
            return 0.0
        x = torch.from_numpy(np.stack([sample.x for sample in batch]))
        actions = torch.tensor([sample.actions for sample in batch])
        then = torch.tensor([sample.log_probability for sample in batch])
        ratio = torch.exp(self._policy.log_probability(x, actions) - then).clamp(max=self._limit)
        loss = -(ratio * torch.from_numpy(gain)).mean()
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()
        return float(loss.detach())
