"""The command ``demo``: the whole way, from an empty store to advice that is checked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kg import iris
from metakg.cli.output import console, plain_table, write
from metakg.cli.session import Session, pass_session

if TYPE_CHECKING:
    from metakg.graph import KnowledgeGraph
    from metakg.recommendation import Recommendation

__all__ = ["demo"]

SOURCES = ("oboe", "lcdb")
SAMPLE = "breast-cancer"
TOP = 5
LIMIT_SECONDS = 60.0


@click.command()
@pass_session
def demo(session: Session) -> None:
    """Ingest real experiments, train, recommend for a real table without its own runs, and check the advice."""
    from metakg import samples

    started = time.perf_counter()
    sample = samples.SAMPLES[SAMPLE]
    with session.open() as kg:
        _heading(1, "real experiments into the graph")
        for name in SOURCES:
            with session.counts() as progress, _timed():
                write(str(kg.ingest(name, progress=progress)))
        kg.experience()
        with _full_training(kg):
            _heading(2, f"training without OpenML dataset {sample.openml_id}, the table of step 3")
            excluded = [sample.openml_id]
            with session.progress() as progress, _timed():
                card = kg.embed(excluded, progress=progress)
                write(
                    f"PyKEEN vectors and forests from {card.datasets} datasets x {card.pipelines} pipelines"
                )
            _heading(3, sample.title)
            path = samples.write(SAMPLE, kg.location / "samples")
            with _timed():
                answer = kg.recommend(path, sample.target, top=TOP, exclude_datasets=excluded)
                write(answer.to_table())
            _heading(4, "the advice, checked by 5-fold cross-validation")
            with _timed():
                _check(kg, answer, sample.openml_id)
            _heading(5, "training on everything, for your own tables")
    write(f"done in {time.perf_counter() - started:.0f} s\n")
    write(_next_steps(kg, path, sample.target, answer.iri))


def _heading(number: int, text: str) -> None:
    from rich.text import Text

    console().print(Text(f"\n{number}. {text}", style="bold"))


@contextmanager
def _timed() -> Iterator[None]:
    started = time.perf_counter()
    yield
    write(f"   ({time.perf_counter() - started:.1f} s)")


@contextmanager
def _full_training(kg: KnowledgeGraph) -> Iterator[None]:
    """Train the model of the whole graph in a process beside what goes on here, and wait for it at the end."""
    if kg.models.has(kg.recipe()):
        yield
        write("the model of this graph is there already: nothing changed")
        return
    words = [sys.executable, "-m", "metakg", "--store", kg.name, "--quiet", "embed"]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield
        with _timed():
            errors = process.communicate()[1]
        if process.returncode:
            write(f"it failed, and `metakg embed` will say more: {errors.strip()}")
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _check(kg: KnowledgeGraph, answer: Recommendation, openml_id: int) -> None:
    """Run the advice, and compare it with the prediction and with all that the graph knows of the dataset."""
    from recommender.cross_validation import evaluate_many

    pipelines = [item.pipeline for item in answer]
    measured = evaluate_many(pipelines, answer.target.table, time_limit_seconds=LIMIT_SECONDS)
    runs = kg.ask("best-pipelines", dataset=openml_id, limit=10_000)
    pipeline_at, value_at = runs.variables.index("pipeline"), runs.variables.index("value")
    known = {str(row[pipeline_at]): float(row[value_at] or 0.0) for row in runs.rows()}
    rows = []
    for item, run in zip(answer, measured, strict=True):
        score = (
            f"{run.one_vs_rest_balanced_accuracy:.4f}" if run.status == "finished" else f"failed: {run.error}"
        )
        inside = item.low <= run.one_vs_rest_balanced_accuracy <= item.high
        rows.append(
            (
                item.rank,
                item.pipeline.title,
                f"{item.predicted:.4f}",
                f"{item.low:.3f}-{item.high:.3f}",
                score,
                "yes" if inside else "no",
                f"{known[item.pipeline.iri]:.4f}" if item.pipeline.iri in known else "",
                f"{run.seconds:.2f} s",
            )
        )
    columns = ("#", "pipeline", "predicted", "interval", "measured", "inside", "kept-out run", "time")
    plain_table(columns, rows, right=(0, 2, 4, 6, 7))
    if not known:
        return
    best = max(known.values())
    ours = max(known.get(pipeline.iri, 0.0) for pipeline in pipelines)
    write(
        f"best known of {len(known)} pipelines on openml:{openml_id}: {best:.4f} (its runs were kept out); "
        f"best of these {len(rows)} there: {ours:.4f}; regret {best - ours:.4f}"
    )


def _next_steps(kg: KnowledgeGraph, path: Path, target: str, iri: str) -> str:
    from metakg.graph import DEFAULT_LOCATION

    metakg = "metakg" if shutil.which("metakg") else os.path.relpath(Path(sys.executable).with_name("metakg"))

    if kg.name != DEFAULT_LOCATION:
        metakg += f" --store {kg.name}"
    steps = (
        ("pipelines for your own table", f"{metakg} recommend my.csv --target COLUMN"),
        ("a script that runs", f"{metakg} recommend {path} --target {target} --format python"),
        ("why these five", f"{metakg} explain {iri.replace(iris.BASE, 'metakg:')}"),
        ("datasets that behave like it", f"{metakg} similar {path}"),
        ("a shipped question", f"{metakg} ask best-pipelines --dataset 31"),
        ("all shipped questions", f"{metakg} ask"),
        ("the same in a browser", f"{metakg} ui"),
    )
    width = max(len(what) for what, _ in steps)
    return "what to type next:\n" + "\n".join(f"  {what:<{width}}  {command}" for what, command in steps)
