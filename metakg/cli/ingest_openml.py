"""``metakg ingest openml``: live OpenML into the graph."""

from __future__ import annotations

from typing import Any

import click

from metakg.cli.session import Session, pass_session

__all__ = ["openml_command"]


def _ids(name: str, text: str) -> Any:
    return click.option(name, metavar="ID", multiple=True, type=click.IntRange(min=1), help=text)


@click.command("openml")
@_ids("--suite", "Runs on the tasks of this suite, such as 99 (OpenML-CC18).")
@_ids("--task", "Runs on this task.")
@_ids("--dataset", "Runs on the tasks of this dataset.")
@_ids("--flow", "Only runs of this flow.")
@_ids("--uploader", "Only runs that this person uploaded.")
@click.option(
    "--function",
    metavar="NAME",
    multiple=True,
    help="Measure by OpenML's name; else accuracy, area under the ROC curve, F-measure, errors and times.",
)
@click.option("--all", "everything", is_flag=True, help="All runs there are: ten million evaluations.")
@click.option("--limit", metavar="N", type=click.IntRange(min=1), help="Take at most so many runs.")
@click.option("--per-fold", is_flag=True, help="Read the values of folds too, as series.")
@click.option("--server", metavar="URL", help="Address of the API, if not OpenML's own.")
@click.option("--relist", is_flag=True, help="Go through all pages again, not only those that changed.")
@pass_session
def openml_command(session: Session, **options: Any) -> None:
    """Read OpenML's runs into the graph, by way of the openml package; doing so again fetches what is new.

    --suite, --task, --dataset, --flow, --uploader and --function may be given several times. Interrupted, it goes on
    where it was. An API key is taken from the configuration of the openml package.
    """
    from metakg.cli.ingest import ingest_one

    given = {name: value for name, value in options.items() if value}
    with session.open() as kg:
        ingest_one(session, kg, "openml", **given)
