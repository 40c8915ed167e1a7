"""The command ``embed``: train the models."""

from __future__ import annotations

from typing import Any

import click

from metakg.cli.selection import selecting
from metakg.cli.session import Session, pass_session

__all__ = ["embed"]


@click.command()
@selecting
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@pass_session
def embed(session: Session, seed: int, **selected: Any) -> None:
    """Train the PyKEEN model and the recommender on the graph as it is, unless that is done already."""
    with session.open() as kg:
        done = kg.models.has(kg.recipe(seed=seed, **selected))
        with session.progress() as progress:
            card = kg.embed(seed=seed, progress=progress, **selected)
    if done:
        session.say(f"model {card.key} is of this very graph already: nothing changed")
    else:
        session.say(
            f"model {card.key}: {card.datasets} datasets x {card.pipelines} pipelines from {card.features} features, "
            f"trained in {card.seconds:.0f} s"
        )
