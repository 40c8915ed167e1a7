"""Fits one performance network: a PyKEEN training loop whose triples carry numeric targets."""

import contextlib
import gc
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pykeen.training import SLCWATrainingLoop
from pykeen.training.callbacks import TrainingCallback
from pykeen.triples import CoreTriplesFactory
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from embeddings.network import PerformanceNetwork, TrainingOptions, build_network
from embeddings.triples import PerformanceTriples

Array = NDArray[np.float32]


class _TargetBatches(Dataset[dict[str, Tensor]]):
    """Random batches of triples and targets, shuffled anew in each epoch."""

    def __init__(self, triples: Tensor, targets: Tensor, batch_size: int) -> None:
        self.triples, self.targets, self.batch_size = triples, targets, batch_size
        self.order = torch.arange(len(targets))

    def __len__(self) -> int:
        return -(-len(self.targets) // self.batch_size)

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        if index >= len(self):
            raise IndexError(index)
        if index == 0:
            self.order = torch.randperm(len(self.targets))
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        return {"positives": self.triples[chosen], "targets": self.targets[chosen]}


class PerformanceTrainingLoop(SLCWATrainingLoop):
    """Regression instead of ranking: Huber loss between a triple's score and its target.

    Parameters
    ----------
    network : whose model is trained
    targets : (n_triples,) standardised performance of each triple of the factory given to :meth:`train`
    delta : where the Huber loss turns from square to linear
    """

    def __init__(self, *, network: PerformanceNetwork, targets: Tensor, delta: float, **kwargs: Any) -> None:
        super().__init__(model=network.model, **kwargs)
        self.network = network
        self.targets = targets
        self.delta = delta

    def _create_training_data_loader(  # type: ignore[override]
        self, triples_factory: CoreTriplesFactory, *, batch_size: int, **_: Any
    ) -> DataLoader[dict[str, Tensor]]:
        batches = _TargetBatches(triples_factory.mapped_triples, self.targets, batch_size)
        return DataLoader(batches, batch_size=None, shuffle=False)

    def _process_batch(  # type: ignore[override]
        self,
        batch: dict[str, Tensor],
        start: int,
        stop: int,
        label_smoothing: float = 0.0,  # noqa: ARG002
        slice_size: int | None = None,  # noqa: ARG002
    ) -> Tensor:
        heads, relations, tails = batch["positives"][start:stop].unbind(dim=1)
        # a batch touches nearly every dataset and pipeline: computing all of them once is cheaper than looking them up
        entities = self.network.entities(indices=None)
        relation = self.network.relation(indices=None)
        scores = self.network.interaction(entities[heads], relation[relations], entities[tails])
        loss = torch.nn.functional.huber_loss(scores, batch["targets"][start:stop], delta=self.delta)
        return loss + self.model.collect_regularization_term()


class _Report(TrainingCallback):
    def __init__(self, report: Callable[[], None]) -> None:
        super().__init__()
        self.report = report

    def post_epoch(self, epoch: int, epoch_loss: float, **kwargs: Any) -> None:  # noqa: ARG002
        self.report()


@dataclass(frozen=True)
class Weights:
    """A trained network, in plain arrays; the relation is folded into the vectors of pipelines and nodes.

    Attributes
    ----------
    arrays : ``encoder_0`` (hidden, n_literals), ``encoder_0_bias``, ``encoder_1`` (dim + 1, hidden),
        ``encoder_1_bias``, ``datasets`` (n_datasets, dim + 1) with their free part, ``pipelines``
        (n_pipelines, dim + 1) with their free part, ``nodes`` (n_nodes, dim + 1), ``bias`` (1,)
    losses : mean loss of each epoch
    """

    arrays: dict[str, Array]
    losses: list[float]


def train(
    triples: PerformanceTriples,
    options: TrainingOptions,
    *,
    seed: int,
    report: Callable[[], None] = lambda: None,
) -> Weights:
    """Fit one network on triples whose targets are standardised; `report` is called after each epoch.

    The same seed gives the same weights on the same machine; torch's global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]), _one_thread(), _quiet():
        network = build_network(triples, options, seed=seed)
        losses = fit_network(network, triples, options, report)
        return Weights(read_weights(network, triples), losses)


def fit_network(
    network: PerformanceNetwork,
    triples: PerformanceTriples,
    options: TrainingOptions,
    report: Callable[[], None] = lambda: None,
) -> list[float]:
    """Train in place, drawing from torch's global random state; returns the mean loss of each epoch."""
    measured = ~np.isnan(triples.targets)
    factory = CoreTriplesFactory(
        triples.factory.mapped_triples[measured],
        num_entities=triples.factory.num_entities,
        num_relations=triples.factory.num_relations,
    )
    targets = torch.from_numpy(triples.targets[measured])
    optimizer = torch.optim.AdamW(
        [
            {"params": list(module.parameters()), "weight_decay": decay}
            for module, decay in (
                (network.encoder, options.decay_encoder),
                (network.free_datasets, options.decay_free_datasets),
                (network.nodes, options.decay_nodes),
                (network.free_pipelines, options.decay_free_pipelines),
                (network.relation, 0.0),
            )
        ],
        lr=options.learning_rate,
    )
    loop = PerformanceTrainingLoop(
        network=network,
        triples_factory=factory,
        optimizer=optimizer,
        targets=targets,
        delta=options.huber_delta,
        automatic_memory_optimization=False,
    )
    _prime(loop, factory, targets)
    batch_size = min(options.batch_size, -(-len(targets) // options.least_batches))
    steps = options.epochs * -(-len(targets) // batch_size)
    # PyKEEN moves its schedulers once per epoch; a one-cycle schedule moves with every step. Its rise must be
    # longer than one step, else it divides by zero; few scores then end before the cycle does.
    total_steps = max(steps + 1, int(2 / options.warm_up) + 1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, options.learning_rate, total_steps=total_steps, pct_start=options.warm_up
    )
    optimizer.register_step_post_hook(lambda *_: schedule.step())
    with tempfile.TemporaryDirectory() as folder, _cheap_garbage_collection():
        losses = loop.train(
            factory,
            num_epochs=options.epochs,
            batch_size=batch_size,
            continue_training=True,
            use_tqdm=False,
            callbacks=_Report(report),
            checkpoint_directory=folder,
            pin_memory=False,
        )
    return list(losses or [])


def read_weights(network: PerformanceNetwork, triples: PerformanceTriples) -> dict[str, Array]:
    """The arrays of :class:`Weights`."""
    network.model.eval()
    last = triples.n_datasets + triples.n_pipelines
    first, second = (layer for layer in network.encoder if isinstance(layer, torch.nn.Linear))
    with torch.no_grad():
        entities = network.entities(indices=None)
        relation = network.relation(indices=None)[0]
        factors = torch.cat([relation[:-1], torch.ones(1)])
        arrays = {
            "encoder_0": first.weight,
            "encoder_0_bias": first.bias,
            "encoder_1": second.weight,
            "encoder_1_bias": second.bias,
            "datasets": entities[: triples.n_datasets],
            "pipelines": entities[triples.n_datasets : last] * factors,
            "nodes": network.nodes.weight * factors,
            "bias": relation[-1:],
        }
        return {name: array.numpy().copy() for name, array in arrays.items()}


def _prime(loop: PerformanceTrainingLoop, factory: CoreTriplesFactory, targets: Tensor) -> None:
    """One step that moves nothing.

    ``train()`` resets all weights and rebuilds the optimizer without its parameter groups unless training is continued,
    and it can only be continued when the optimizer has a state.
    """
    rates = [group["lr"] for group in loop.optimizer.param_groups]
    for group in loop.optimizer.param_groups:
        group["lr"] = 0.0
    batch = {"positives": factory.mapped_triples[:64], "targets": targets[:64]}
    loop._process_batch(batch, 0, len(batch["targets"])).backward()
    loop.optimizer.step()
    loop.optimizer.zero_grad()
    loop.model.post_parameter_update()
    for group, rate in zip(loop.optimizer.param_groups, rates, strict=True):
        group["lr"] = rate


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    # the matrices are too small to share, and sums in a fixed order make the fit repeatable
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # PyKEEN logs advice about link prediction that does not apply here
    logger = logging.getLogger("pykeen")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _cheap_garbage_collection() -> Iterator[None]:
    # PyKEEN collects garbage after each epoch, .4 s over all that torch has loaded; frozen objects are not looked at
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
