"""The command ``leaderboard``."""

from __future__ import annotations

import click

from metakg.cli.output import plain_table, write
from metakg.cli.session import Session, pass_session
from metakg.explanation import iris_in_short

__all__ = ["leaderboard"]


@click.command()
@click.option("--dataset", metavar="DATASET", help="Of one (31, openml:31 or an IRI); else over all of them.")
@click.option("--measure", default="one_vs_rest_balanced_accuracy", show_default=True)
@click.option("--procedure", default="5-fold-cv", show_default=True)
@click.option("--top", type=click.IntRange(1), default=10, show_default=True)
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True
)
@pass_session
def leaderboard(
    session: Session, dataset: str | None, measure: str, procedure: str, top: int, form: str
) -> None:
    """Rank pipelines by a measure: their best runs on a dataset, or their means over all datasets.

    Means are of pipelines that were run on half as many datasets as any other at least.

    It reads the columns beside the store, which are made when they are first needed, and so answers at once for
    millions of runs too.
    """
    with session.open(read_only=True) as kg:
        found = kg.leaderboard(dataset, measure=measure, procedure=procedure, top=top)
    if form != "table":
        write(found.write_csv() if form == "csv" else found.write_json())
        return
    if found.is_empty():
        session.say("no runs of that measure and procedure; `metakg ask measures` lists what there is")
        return
    numbers = [i for i, dtype in enumerate(found.dtypes) if dtype.is_numeric()]
    rows = [[_shown(cell) for cell in row] for row in found.iter_rows()]
    plain_table(found.columns, rows, right=numbers)


def _shown(cell: object) -> str:
    return f"{cell:.4f}" if isinstance(cell, float) else iris_in_short(str(cell))
