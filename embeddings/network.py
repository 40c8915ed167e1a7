"""Assembles the network: an ERModel over datasets, pipelines and nodes, with the options of a fit."""

from dataclasses import dataclass

import numpy as np
import torch
from pykeen.models import ERModel
from pykeen.nn.init import PretrainedInitializer
from pykeen.nn.representation import (
    CombinedRepresentation,
    Embedding,
    PartitionRepresentation,
    TransformedRepresentation,
)
from torch import Tensor, nn

from embeddings.interaction import NodeSum, PerformanceInteraction, RowDropout, VectorSum
from embeddings.triples import PerformanceTriples


@dataclass(frozen=True)
class TrainingOptions:
    """What a network is built and trained with; the defaults were chosen on OBOE's datasets.

    Attributes
    ----------
    dim : coordinates of a vector, without the bias
    epochs : passes over the scores
    hidden : width of the encoder's hidden layer
    dropout : of the encoder's input and hidden layer; more than a tenth costs accuracy
    row_dropout : probability that a dataset's free vector is left out of a step
    runs_for_residual : pipelines with at least as many runs get a free vector beside their nodes
    batch_size, least_batches : triples per step, fewer where an epoch would have less than `least_batches` steps
    learning_rate, warm_up : peak of the one-cycle schedule, and the share of steps until it
    huber_delta : where the loss turns from square to linear, in standard deviations of the scores
    decay_encoder, decay_free_datasets, decay_nodes, decay_free_pipelines : AdamW's weight decay by group
    """

    dim: int = 16
    epochs: int = 25
    hidden: int = 256
    dropout: float = 0.05
    row_dropout: float = 0.8
    runs_for_residual: int = 20
    batch_size: int = 8192
    least_batches: int = 10
    learning_rate: float = 0.02
    warm_up: float = 0.2
    huber_delta: float = 0.5
    decay_encoder: float = 0.3
    decay_free_datasets: float = 5.0
    decay_nodes: float = 0.1
    decay_free_pipelines: float = 3.0


@dataclass(frozen=True)
class PerformanceNetwork:
    """An ERModel and the parts of it that are trained with different weight decay and read out afterwards."""

    model: ERModel
    interaction: PerformanceInteraction
    entities: PartitionRepresentation
    encoder: nn.Sequential
    free_datasets: Embedding
    nodes: NodeSum
    free_pipelines: NodeSum
    relation: Embedding


def build_network(triples: PerformanceTriples, options: TrainingOptions, *, seed: int) -> PerformanceNetwork:
    """Assemble the model over the datasets, pipelines and nodes of `triples`, which must not have tasks.

    The numeric literals are the encoder's input, the structural triples say which nodes a pipeline is the sum of.
    `seed` sets torch's global random state, from which all initial values are drawn.
    """
    torch.manual_seed(seed)
    width = options.dim + 1
    encoder, free_datasets, datasets = _dataset_part(triples, options, width)
    nodes, free_pipelines, pipelines = _pipeline_part(triples, options, width)
    assignment = torch.cat([_assigned(i, part.max_id) for i, part in enumerate([datasets, pipelines])])
    entities = PartitionRepresentation(
        assignment=assignment, bases=[datasets, pipelines], shape=(width,), unique=False
    )
    neutral = torch.ones(triples.factory.num_relations, width)
    neutral[:, -1] = 0
    relation = Embedding(max_id=len(neutral), shape=(width,), initializer=PretrainedInitializer(neutral))
    interaction = PerformanceInteraction()
    model = ERModel(
        triples_factory=triples.factory,
        interaction=interaction,
        entity_representations=entities,
        relation_representations=relation,
        random_seed=seed,
    )
    return PerformanceNetwork(
        model, interaction, entities, encoder, free_datasets, nodes, free_pipelines, relation
    )


def _dataset_part(
    triples: PerformanceTriples, options: TrainingOptions, width: int
) -> tuple[nn.Sequential, Embedding, CombinedRepresentation]:
    literals = triples.factory.get_numeric_literals_tensor()[: triples.n_datasets]
    encoder = nn.Sequential(
        nn.Dropout(options.dropout),
        nn.Linear(literals.shape[1], options.hidden),
        nn.GELU(approximate="tanh"),
        nn.Dropout(options.dropout),
        nn.Linear(options.hidden, width),
    )
    frozen = Embedding(
        max_id=triples.n_datasets,
        shape=literals.shape[1:],
        initializer=PretrainedInitializer(literals),
        trainable=False,
    )
    free = Embedding(
        max_id=triples.n_datasets,
        shape=(width,),
        initializer=nn.init.normal_,
        initializer_kwargs={"std": 0.05},
    )
    parts = [
        TransformedRepresentation(transformation=transformation, base=base, shape=(width,), unique=False)
        for transformation, base in ((encoder, frozen), (RowDropout(options.row_dropout), free))
    ]
    both = CombinedRepresentation(
        max_id=triples.n_datasets, unique=False, base=parts, combination=VectorSum()
    )
    return encoder, free, both


def _pipeline_part(
    triples: PerformanceTriples, options: TrainingOptions, width: int
) -> tuple[NodeSum, NodeSum, CombinedRepresentation]:
    of_pipelines = triples.pipeline_nodes()
    of_nodes = [[node] for node in range(triples.n_nodes)]
    nodes = NodeSum([*of_pipelines, *of_nodes], triples.n_nodes, width, scale=0.1)
    tails = triples.factory.mapped_triples[~np.isnan(triples.targets), 2].numpy() - triples.n_datasets
    runs = np.bincount(tails, minlength=triples.n_pipelines)
    own = [[j] if n >= options.runs_for_residual else [] for j, n in enumerate(runs)]
    free = NodeSum([*own, *([] for _ in of_nodes)], triples.n_pipelines, width, scale=0.0)
    both = CombinedRepresentation(
        max_id=nodes.max_id, unique=False, base=[nodes, free], combination=VectorSum()
    )
    return nodes, free, both


def _assigned(part: int, n: int) -> Tensor:
    return torch.stack([torch.full((n,), part), torch.arange(n)], dim=1)
