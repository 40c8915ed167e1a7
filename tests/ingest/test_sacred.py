"""What Sacred 0.8.7 recorded (recordings/README.md), and damage to it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import SacredSource, source_for
from ingest.source import Source
from ingest.testing import SourceTestCase
from kg import iris
from kg.batch import Batch
from kg.errors import RejectedError

RECORDED = Path(__file__).parent / "recordings" / "sacred"


def read(source: Source, *, keep_going: bool = False) -> Batch:
    source.keep_going = keep_going
    (batch,) = source.batches()
    return batch


class TestSacred(SourceTestCase):
    def make(self) -> Source:
        return SacredSource(RECORDED)

    def damaged(self, folder: Path) -> Iterator[tuple[Source, Path]]:
        yield SacredSource(folder / "nowhere"), folder / "nowhere"
        (folder / "empty").mkdir()
        yield SacredSource(folder / "empty"), folder / "empty"
        for number, (name, text) in enumerate(
            [
                ("run.json", "{"),
                ("run.json", "[1]"),
                ("config.json", "[" * 100_000),
                ("config.json", '{"a": ' * 50 + "1" + "}" * 50),
                ("metrics.json", '{"val_accuracy": {"steps": [1], "values": []}}'),
                ("metrics.json", '{"val_accuracy": {"steps": [1], "values": ["much"]}}'),
                ("run.json", '{"status": "COMPLETED", "start_time": "yesterday"}'),
            ]
        ):
            copy = Path(shutil.copytree(RECORDED, folder / str(number)))
            (copy / "2" / name).write_text(text)
            yield SacredSource(copy), copy / "2"


def test_a_run_with_all_that_it_says() -> None:
    batch = read(source_for(RECORDED))
    first, second, failed = batch.runs.iter_rows(named=True)
    assert {run["dataset"] for run in (first, second, failed)} == {iris.openml_dataset(187)}
    assert batch.pipelines["title"].to_list() == ["SVC", "SVC(C=4)"]
    assert (first["seed"], failed["status"], failed["error"]) == (3, "failed", "C is too strange")
    context = batch.contexts.filter(run=failed["run"]).row(0, named=True)
    assert (context["error_type"], context["script"], context["host"]) == (
        "ValueError",
        "make_sacred.py",
        "laptop",
    )
    assert "sacred==0.8.7" in context["packages"].splitlines()
    assert batch.evaluations["value"].to_list() == [pytest.approx(0.81), 0.84]
    series = batch.series.filter(run=second["run"], name="accuracy")
    assert series.select("position", "value").rows() == [(0, 0.74), (1, pytest.approx(0.79)), (2, 0.84)]


def test_a_result_is_a_measure_if_it_is_declared() -> None:
    batch = read(SacredSource(RECORDED, measures={"result": ("higher", 0, 1)}))
    found = batch.evaluations.filter(measure=iris.measure("result"))
    assert found["value"].to_list() == [0.75, 0.75]


@pytest.mark.parametrize("status", ["RUNNING", "QUEUED"])
def test_a_run_that_goes_on_is_left_out(status: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(RECORDED, tmp_path / "sacred"))
    said = json.loads((copy / "1" / "run.json").read_text())
    (copy / "1" / "run.json").write_text(json.dumps(said | {"status": status}))
    source = SacredSource(copy)
    assert read(source).runs.height == 2
    assert "running, or ended without a word of it" in {item.why for item in source.tally.left_out}


def test_nan_is_rejected_and_the_rest_taken(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(RECORDED, tmp_path / "sacred"))
    (copy / "1" / "metrics.json").write_text('{"val_accuracy": {"steps": [0, 1], "values": [0.5, NaN]}}')
    with pytest.raises(RejectedError, match=r"sacred/1: val_accuracy is nan, which is not a finite number"):
        read(SacredSource(copy))
    assert read(SacredSource(copy), keep_going=True).runs.height == 2


def test_large_files_and_links_to_the_outside_are_refused_unread(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(RECORDED, tmp_path / "sacred"))
    os.truncate(copy / "1" / "metrics.json", 2 * 2**30)
    (copy / "2" / "config.json").unlink()
    (copy / "2" / "config.json").symlink_to(RECORDED / "2" / "config.json")
    source = SacredSource(copy)
    assert read(source, keep_going=True).runs.height == 1
    whys = [item.why for item in source.tally.rejected]
    assert "has 2,147,483,648 bytes" in whys[0]
    assert "is a link that leads outside" in whys[1]
