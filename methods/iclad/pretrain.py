"""Pretraining on synthetic tables only: ``python -m methods.iclad.pretrain --minutes 45 --seed 0 -o FILE``.

Each step draws its tables from (seed, step) and nothing depends on how many steps there will be, so a run that was
interrupted, or is continued later, gives what one long run gives. What is kept is an exponential average of the
weights.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy

from methods.iclad.checkpoint import save, untrained
from methods.iclad.episodes import REGIMES, episodes

__all__ = ["Pretraining"]

# Tasks and support rows of a step: about as much work each.
SHAPES = ((16, 96), (12, 128), (7, 256), (4, 512))
QUERIES = 128
RATE, WARMUP, CONSTANT = 2e-3, 100, 2000
OWN_ROWS = 0.3  # weight of the loss of unlabelled support rows, which are queries of the rest


class Pretraining:
    """The state of a pretraining run, which can be saved and gone on with.

    Parameters
    ----------
    seed : int
        Decides the initial weights and all tables.
    shapes : pairs of int
        Tasks and support rows of a step, of which each step draws one.
    """

    def __init__(self, seed: int, shapes: Sequence[tuple[int, int]] = SHAPES) -> None:
        self.seed, self.shapes, self.step, self.seconds = seed, shapes, 0, 0.0
        self.model = untrained(seed).train()
        self.average = untrained(seed)
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=RATE, weight_decay=0.01, betas=(0.9, 0.98)
        )

    def advance(self) -> float:
        """One step of AdamW; returns its loss."""
        started = time.perf_counter()
        generator = torch.Generator().manual_seed(self.seed * 10_000_019 + self.step + 1)
        tasks, support = self.shapes[int(torch.randint(len(self.shapes), (1,), generator=generator))]
        batch = episodes(tasks, support, QUERIES, generator)
        own, asked = self.model(batch.support, batch.labels, batch.queries)
        truth = batch.truth.to(own.dtype)
        loss = cross_entropy(asked, truth[:, support:])
        blind = (batch.regime == REGIMES.index("unsupervised"))[:, None].expand_as(own)
        if blind.any():
            loss = loss + OWN_ROWS * blind.float().mean() * cross_entropy(
                own[blind], truth[:, :support][blind]
            )
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
        after = self.step + 1
        for group in self.optimizer.param_groups:
            group["lr"] = RATE * min(after / WARMUP, 1.0, (CONSTANT / after) ** 0.5)
        self.optimizer.step()
        self._average(min(0.998, after / (after + 10)))
        self.step = after
        self.seconds += time.perf_counter() - started
        return float(loss.detach())

    @torch.no_grad()
    def _average(self, keep: float) -> None:
        for old, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
            old.lerp_(new, 1 - keep)

    def record(self) -> dict[str, Any]:
        """How the weights came about."""
        return {
            "seed": self.seed,
            "steps": self.step,
            "seconds": round(self.seconds, 1),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "data": "synthetic tables of methods.iclad.prior only",
        }

    def keep(self, path: Path) -> None:
        """Save all that is needed to go on."""
        tensors: dict[str, Tensor] = {}
        for name, parameter in self.parameters.items():
            moments = self.optimizer.state[parameter]
            tensors |= {f"model.{name}": parameter.detach()}
            tensors |= {f"{key}.{name}": moments[key] for key in ("exp_avg", "exp_avg_sq", "step")}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        words = {"seed": str(self.seed), "step": str(self.step), "seconds": str(self.seconds)}
        beside = path.with_suffix(".part")
        safetensors.torch.save_file(tensors, beside, metadata=words)
        beside.replace(path)

    @classmethod
    def resume(cls, path: Path) -> Pretraining:
        """The run that ``keep`` saved."""
        with safetensors.safe_open(path, "pt") as file:
            words = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - not a mapping
        run = cls(int(words["seed"]))
        run.step, run.seconds = int(words["step"]), float(words["seconds"])
        names = list(run.parameters)
        run.model.load_state_dict({name: tensors[f"model.{name}"] for name in names})
        run.average.load_state_dict({name: tensors[f"average.{name}"] for name in names})
        for name, parameter in run.parameters.items():
            run.optimizer.state[parameter] = {
                key: tensors[f"{key}.{name}"] for key in ("exp_avg", "exp_avg_sq", "step")
            }
        return run

    def until(self, done: Callable[[], bool], report: Callable[[int, float], None], each: int = 50) -> None:
        """Advance until ``done``; ``report`` gets the step and the mean loss of the last ``each`` steps."""
        total = 0.0
        while not done():
            total += self.advance()
            if self.step % each == 0:
                report(self.step, total / each)
                total = 0.0


def main(arguments: list[str] | None = None) -> int:
    """Pretrain a checkpoint; the state is kept beside it every 200 steps."""
    parser = argparse.ArgumentParser(prog="python -m methods.iclad.pretrain", description=__doc__)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="pretrain for so long (from now)")
    length.add_argument("--steps", type=int, help="pretrain up to this step: the same weights on every run")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--output", type=Path, required=True, help="checkpoint to write (.safetensors)")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    state = options.output.with_suffix(".state")
    run = Pretraining.resume(state) if state.exists() else Pretraining(options.seed)
    started = time.monotonic()

    def done() -> bool:
        if options.steps is not None:
            return run.step >= options.steps
        return time.monotonic() - started >= 60 * options.minutes

    def report(step: int, loss: float) -> None:
        sys.stdout.write(f"step {step}  loss {loss:.4f}  {run.seconds / 60:.1f} min\n")
        sys.stdout.flush()
        if step % 200 == 0:
            run.keep(state)
            save(run.average, options.output, run.record())

    run.until(done, report)
    run.keep(state)
    save(run.average, options.output, run.record())
    sys.stdout.write(f"{options.output}: {run.step} steps in {run.seconds / 60:.1f} minutes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
