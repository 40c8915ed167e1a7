"""The command ``log``: one run that was made elsewhere."""

from __future__ import annotations

from typing import Any

import click

from kg.errors import QueryError
from metakg.cli.output import write
from metakg.cli.session import Session, pass_session
from metakg.cli.tracked import declared_measures, pairs, run_options

__all__ = ["log"]

TASKS = (
    "classification",
    "regression",
    "clustering",
    "forecasting",
    "anomaly_detection",
    "survival_analysis",
)


@click.command()
@click.option(
    "--dataset", required=True, metavar="TABLE_OR_NAME", help="table.csv, openml:31, an IRI or a name."
)
@click.option("--target", metavar="COLUMN", help="Target column; a table needs it.")
@click.option(
    "--pipeline",
    required=True,
    metavar="NAME",
    help="Class or name of the pipeline, such as sklearn.svm.SVC.",
)
@click.option(
    "--param", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated."
)
@click.option("--metric", "metrics", multiple=True, metavar="NAME=VALUE", help="A score; may be repeated.")
@click.option(
    "--procedure", metavar="KEY", help="How it was estimated: 5-fold-cv, holdout, 33-percent-holdout, ..."
)
@click.option("--task", type=click.Choice(TASKS), help="Found out from the metrics if left out.")
@click.option(
    "--role", type=click.Choice(["train", "test", "support", "query"]), help="What the dataset was to it."
)
@run_options
@pass_session
def log(
    session: Session,
    dataset: str,
    target: str | None,
    pipeline: str,
    parameters: tuple[str, ...],
    metrics: tuple[str, ...],
    tags: tuple[str, ...],
    artefacts: tuple[str, ...],
    measures: tuple[str, ...],
    project: str | None,
    procedure: str | None,
    task: str | None,
    **about: Any,
) -> None:
    """Record one run and print its IRI; the store is made if it is not there.

    \b
    metakg log --dataset openml:31 --pipeline sklearn.svm.SVC --param C=1 \\
        --procedure 5-fold-cv --metric balanced_accuracy=0.91
    """
    from ingest.records import UNKNOWN_PROCEDURE
    from ingest.tracking import Recording, project_name
    from ingest.tracking_context import of_program
    from ingest.tracking_data import dataset_ref
    from metakg.explanation import iris_in_short

    if not metrics:
        raise QueryError("a run needs a score: give at least one --metric, such as --metric accuracy=0.9")
    described = dataset_ref(dataset, target)
    recording = Recording(
        project_name(project),
        pipeline,
        described,
        target=target,
        type=task,
        procedure=procedure or UNKNOWN_PROCEDURE,
        parameters=pairs(parameters, "--param"),
        context={**of_program([]), "script": None},
        **about,
    )
    for name, said in declared_measures(measures).items():
        recording.measure(name, *said)
    for name, value in pairs(metrics, "--metric").items():
        recording.score(name, value)
    recording.tag(pairs(tags, "--tag"))
    for path in artefacts:
        recording.artefact(path)
    recording.end(timed=False)
    with session.open() as kg:
        kg.log(recording.batch())
    write(f"logged run {iris_in_short(recording.iri)}")
