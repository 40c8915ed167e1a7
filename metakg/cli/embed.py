"""The command ``embed``: train the models."""

from __future__ import annotations

import click

from metakg.cli.session import Session, pass_session

__all__ = ["embed"]


@click.command()
@click.option("--exclude-dataset", "excluded", multiple=True, metavar="DATASET", help="Dataset to keep out.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@pass_session
def embed(session: Session, excluded: tuple[str, ...], seed: int) -> None:
    """Train the PyKEEN model and the recommender on the graph as it is, unless that is done already."""
    with session.open() as kg:
        done = kg.models.has(kg.recipe(excluded, seed=seed))
        with session.progress() as progress:
            card = kg.embed(excluded, seed=seed, progress=progress)
    if done:
        session.say(f"model {card.key} is of this very graph already: nothing changed")
    else:
        session.say(
            f"model {card.key}: {card.datasets} datasets x {card.pipelines} pipelines from {card.features} features, "
            f"trained in {card.seconds:.0f} s"
        )
