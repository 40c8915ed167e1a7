"""What W&B 0.31.0 recorded offline (recordings/README.md), and exports written by hand in the form W&B documents."""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest import WandbSource, source_for
from ingest.source import Source
from ingest.testing import SourceTestCase
from ingest.wandb_log import messages
from kg import iris
from kg.batch import Batch
from kg.errors import RejectedError, SourceError

RECORDED = Path(__file__).parent / "recordings" / "wandb"
(LOGGED, LARGE, BROKEN) = sorted(RECORDED.glob("*/*.wandb"))


def read(source: Source, *, keep_going: bool = False) -> Batch:
    source.keep_going = keep_going
    (batch,) = source.batches()
    return batch


def framed(*contents: bytes) -> bytes:
    """W&B's framing of records that fit into one block."""
    records = (
        struct.pack("<IHB", zlib.crc32(content, zlib.crc32(b"\x01")), len(content), 1) + content
        for content in contents
    )
    return b":W&B\xe1\xbe\x00" + b"".join(records)


class TestWandb(SourceTestCase):
    def make(self) -> Source:
        return WandbSource(RECORDED, measures={"mine": ("higher", 0)})

    def damaged(self, folder: Path) -> Iterator[tuple[Source, Path]]:
        yield WandbSource(folder / "nowhere"), folder / "nowhere"
        (folder / "empty").mkdir()
        yield WandbSource(folder / "empty"), folder / "empty"
        whole = LOGGED.read_bytes()
        flipped = whole[:500] + bytes([whole[500] ^ 1]) + whole[501:]
        for number, content in enumerate(
            [
                b"",
                b"no run",
                whole[:3],
                flipped,
                framed(b"\xff" * 20),
                framed(b"\x0a\x7fx"),
                framed(b"\x8a\x01\x02\x0a\x09"),
            ]
        ):
            broken = folder / f"run-{number}.wandb"
            broken.write_bytes(content)
            yield WandbSource(broken), broken
        for name, text in (
            ("runs.csv", "Name,State\n1,2\n"),
            ("other.csv", '"Name","State","Created"\n"a"\n'),
            ("quoted.csv", '"Name","State","Created"\n"a'),
            ("lists.csv", 'config,summary,name\n"[1]",{},a\n'),
            ("runs.json", '[{"name": "a", "config": {}, "summary": 3}]'),
            ("deep.json", "[" * 100_000),
        ):
            (folder / name).write_text(text)
            yield WandbSource(folder / name), folder / name


def named(batch: Batch, name: str) -> dict[str, object]:
    return batch.contexts.filter(name=name).join(batch.runs, on="run").row(0, named=True)


def scores(batch: Batch, run: object) -> dict[str, float]:
    rows = batch.evaluations.filter(run=run).select("measure", "value").iter_rows()
    return {measure.removeprefix(iris.measure("")): value for measure, value in rows}


def test_an_offline_run_with_all_that_it_says() -> None:
    batch = read(source_for(RECORDED, measures=["mine=higher:0"]))
    run = named(batch, "resnet")
    assert (run["dataset"], run["seed"], run["status"]) == (iris.named_dataset("cifar10"), 5, "finished")
    assert (run["host"], str(run["started"])[:10]) == ("laptop", "2026-11-24")
    assert scores(batch, run["run"]) == {"accuracy": 0.8, "mine": 4.0}
    (title,) = batch.pipelines.filter(pipeline=run["pipeline"])["title"]
    assert title == "ResNet18(learning_rate=0.1, optimizer.momentum=0.9, optimizer.name=sgd)"
    (kind,) = batch.tasks.filter(task=run["task"])["type"]
    assert kind == "classification"
    series = batch.series.filter(run=run["run"])
    assert set(series.select("name", "axis").iter_rows()) == {
        ("accuracy", "epoch"),
        ("train/loss", "epoch"),
        ("mine", "epoch"),
    }
    assert series.filter(name="accuracy")["value"].to_list() == pytest.approx([0.6, 0.65, 0.7, 0.75, 0.8])
    tags = dict(batch.tags.filter(run=run["run"]).select("name", "text").iter_rows())
    assert (tags["group"], tags["notes"], tags["tags"]) == ("first", "as in the paper", "baseline")


def test_a_record_over_several_blocks_and_an_openml_number_in_the_configuration() -> None:
    batch = read(WandbSource(LARGE))
    (run,) = batch.runs.iter_rows(named=True)
    assert run["dataset"] == iris.openml_dataset(40996)
    assert scores(batch, run["run"]) == {"accuracy": 0.875}
    assert any(len(text) == 10_000 for text in batch.tags["text"])
    (canonical,) = batch.pipelines["canonical"]
    assert '"component":"sklearn.neural_network.MLPClassifier","parameters":{"batch_size":64}' in canonical


def test_a_run_whose_process_failed_has_its_exit_status() -> None:
    (run,) = read(WandbSource(BROKEN.parent)).runs.iter_rows(named=True)
    assert (run["status"], run["error"]) == ("failed", "its process ended with exit status 3")
    assert run["dataset"] == iris.named_dataset("images")


@pytest.mark.parametrize("left", [100, 1_000, 2_000])
def test_a_run_that_was_cut_off_has_no_end(left: int, tmp_path: Path) -> None:
    cut = tmp_path / "run-cut.wandb"
    cut.write_bytes(LOGGED.read_bytes()[:left])
    source = WandbSource(cut)
    assert read(source).runs.height == 0
    assert [item.why for item in source.tally.left_out] == ["running, or ended without a word of it"]


def test_files_that_were_downloaded_of_a_run(tmp_path: Path) -> None:
    """Synthetic: written by hand as W&B names them."""
    folder = tmp_path / "ab12cd34"
    folder.mkdir()
    (folder / "config.yaml").write_text(
        "wandb_version: 1\nmodel:\n  value: SVC\nC:\n  desc: null\n  value: 2.0\n"
    )
    (folder / "wandb-summary.json").write_text('{"val": {"accuracy": 0.75}, "_step": 3, "note": "good"}')
    (folder / "wandb-metadata.json").write_text(
        '{"host": "laptop", "program": "train.py", "git": {"commit": "abc"}, "startedAt": "2026-01-01T00:00:00Z"}'
    )
    lines = [json.dumps({"_step": step, "val": {"accuracy": 0.5 + step / 8}}) for step in range(3)]
    (folder / "wandb-history.jsonl").write_text("\n".join(lines))
    batch = read(source_for(folder, dataset=31))
    (run,) = batch.runs.iter_rows(named=True)
    assert run["dataset"] == iris.openml_dataset(31)
    assert scores(batch, run["run"]) == {"accuracy": 0.75}
    assert batch.series["position"].to_list() == [0, 1, 2]
    (context,) = batch.contexts.iter_rows(named=True)
    assert (context["script"], context["commit"]) == ("train.py", "abc")
    (folder / "wandb-history.jsonl").write_text("{}\n{")
    with pytest.raises(RejectedError, match=r"wandb-history.jsonl:2: is no JSON"):
        read(WandbSource(folder))


TABLE = """"Name","State","Notes","User","Tags","Created","Runtime","Sweep","C","model","dataset","acc","train/loss"
"one","finished","-","ann","a, b","2026-01-02T03:04:05.000Z","12","","2","SVC","iris","0.75","0.5"
"two","crashed","-","ann","","2026-01-02T03:05:05.000Z","12","s1","4","SVC","iris","",""
"three","running","-","ann","","2026-01-02T03:06:05.000Z","12","s1","4","SVC","iris","0.5",""
"""


def test_a_projects_table(tmp_path: Path) -> None:
    """Synthetic, with the columns that W&B's table has."""
    path = tmp_path / "export.csv"
    path.write_text(TABLE)
    source = source_for(path)
    batch = read(source)
    assert batch.runs["status"].to_list() == ["finished", "failed"]
    assert set(batch.runs["dataset"]) == {iris.named_dataset("iris")}
    assert batch.pipelines["title"].to_list() == ["SVC(C=2)", "SVC(C=4)"]
    assert batch.evaluations["value"].to_list() == [0.75]
    path.write_text(TABLE.replace('"0.75"', '"a lot"'))
    with pytest.raises(RejectedError, match=r"export.csv:2"):
        read(WandbSource(path))


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_list_of_runs_as_the_api_tells_them(form: str, tmp_path: Path) -> None:
    """Synthetic, in the form of the example of W&B's documentation."""
    runs = [
        {
            "name": "one",
            "config": {"dataset": "openml:31", "lr": 0.1, "model": "Net"},
            "summary": {"test_acc": 0.5},
        },
        {
            "name": "two",
            "config": {"dataset": "openml:31", "lr": 0.2, "model": "Net"},
            "summary": {"test_acc": 0.75},
        },
    ]
    path = tmp_path / f"project.{form}"
    if form == "json":
        path.write_text(json.dumps(runs))
    else:
        lines = [
            f'{number},"{run["summary"]}","{run["config"]}",{run["name"]}' for number, run in enumerate(runs)
        ]
        path.write_text("\n".join([",summary,config,name", *lines]))
    batch = read(source_for(path))
    assert batch.pipelines["title"].to_list() == ["Net(lr=0.1)", "Net(lr=0.2)"]
    assert batch.evaluations["value"].to_list() == [0.5, 0.75]
    assert set(batch.runs["dataset"]) == {iris.openml_dataset(31)}


def test_large_files_and_links_to_the_outside_are_refused_unread(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(RECORDED, tmp_path / "wandb"))
    (large,) = copy.glob("*/run-aaaa1111.wandb")
    os.truncate(large, 2 * 2**30)
    with pytest.raises(RejectedError, match=r"has 2,147,483,648 bytes, at most 1,073,741,824 are read"):
        read(WandbSource(copy))
    large.unlink()
    large.symlink_to(LOGGED)
    with pytest.raises(RejectedError, match=r"is a link that leads outside"):
        read(WandbSource(copy))
    assert read(WandbSource(copy), keep_going=True).runs.height == 2


def test_a_score_that_is_no_number_is_rejected_by_its_file(tmp_path: Path) -> None:
    path = tmp_path / "runs.json"
    path.write_text('[{"name": "a", "config": {"model": "x", "dataset": "y"}, "summary": {"acc": "NaN"}}]')
    with pytest.raises(RejectedError, match=r"runs.json, run 1: acc is nan, which is not a finite number"):
        read(WandbSource(path))


def test_records_are_those_of_the_file_to_the_last() -> None:
    numbers = [message[1][0] for message in messages(LARGE, LARGE.parent)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_is_not_of_wandb_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("a,b\n1,2\n")
    (tmp_path / "list.json").write_text("[1, 2]")
    for path in (tmp_path, *tmp_path.iterdir(), tmp_path / "nowhere.csv"):
        assert not WandbSource.accepts(path)
    with pytest.raises(SourceError, match="nothing that can be ingested"):
        source_for(tmp_path / "list.json")
