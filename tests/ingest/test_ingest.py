"""Finding sources, counting what they pass on, and what importing the package costs."""

import dataclasses
import os
import subprocess
import sys

import polars as pl
import pytest

import ingest
import kg
from ingest.source import Source
from ingest.tables import DATA
from kg.batch import Batch, Manifest
from kg.errors import SourceError
from kg.memory import MemoryStore


class ForgetfulSource(ingest.LcdbSource):
    """Passes on less than it says."""

    def read(self, tally):
        for batch in super().read(tally):
            yield Batch(batch.manifest, datasets=batch.datasets)


class PiecewiseSource(ingest.LcdbSource):
    """Passes LCDB on in pieces, and can be interrupted after some of them; ``worse`` changes its scores."""

    def __init__(self, stop_after=None, worse=0.0, bulk=True):
        super().__init__()
        self.stop_after, self.worse, self.bulk = stop_after, worse, bulk

    def read(self, tally):
        (whole,) = super().read(tally)
        scores = whole.evaluations.with_columns(
            pl.when(pl.col("measure").str.ends_with("/accuracy"))
            .then(pl.col("value") * (1 - self.worse))
            .otherwise("value")
        )
        bulk = dataclasses.replace(whole.manifest, bulk=self.bulk)
        for number in range(4):
            if number == self.stop_after:
                raise KeyboardInterrupt
            runs = whole.runs[number * 1100 : (number + 1) * 1100]
            described = whole.tables() if number == 0 else {}
            tables = {name: described.get(name) for name in ("datasets", "qualities", "tasks", "pipelines")}
            yield Batch(
                bulk,
                runs=runs,
                evaluations=scores.filter(pl.col("run").is_in(runs["run"].to_list())),
                **tables,
            )


class EmptySource(Source):
    """Has nothing."""

    name, title = "empty", "nothing"
    manifest = Manifest("empty", "1", "nothing", "MIT", "https://example.org/")

    def read(self, tally):
        yield from ()


@pytest.mark.parametrize("name", ["oboe", "OBOE", "OboeSource"])
def test_sources_are_found_by_name(name):
    assert isinstance(ingest.find_source(name), ingest.OboeSource)
    assert ingest.find_source(name, path="elsewhere").path.name == "elsewhere"


def test_an_unknown_source_is_a_clear_error():
    known = ", ".join(sorted(ingest.source_resolver.options))
    with pytest.raises(SourceError, match=f"source 'obo' is unknown; known: {known}"):
        ingest.find_source("obo")


def test_an_option_that_a_source_does_not_take_is_a_clear_error():
    with pytest.raises(SourceError, match="source 'lcdb' takes no datasets: leave it out"):
        ingest.find_source("lcdb", datasets=[31])


def test_rows_left_out_for_one_reason_are_one_line():
    tally = ingest.Tally()
    tally.read("runs", 10)
    for count in (2, 0, 3):
        tally.leave_out("runs", "too small", count)
    tally.leave_out("runs", "too large", 1)
    tally.leave_out("runs", "unheard of", 0)
    assert [(item.why, item.count) for item in tally.left_out] == [("too small", 5), ("too large", 1)]
    assert tally.expected("runs") == 4


def test_a_source_that_loses_rows_is_stopped_and_writes_nothing():
    with MemoryStore() as store:
        with pytest.raises(SourceError, match=r"source 'lcdb': .* were to be passed on, 0 were"):
            ingest.ingest(store, ForgetfulSource())
        assert store.graphs() == []


def test_a_source_without_experiments_writes_nothing():
    with MemoryStore() as store:
        with pytest.raises(SourceError, match="source 'empty' has no experiments"):
            ingest.ingest(store, EmptySource())
        assert store.graphs() == []


def test_the_report_states_counts_and_progress_is_told():
    told = []
    with MemoryStore() as store:
        report = ingest.ingest(store, ingest.LcdbSource(), progress=lambda *step: told.append(step))
    assert ("reading lcdb", 4367, 4367) in told
    assert "4,367 runs" in str(report)
    assert "left out: 3,077 qualities (missing in the source)" in str(report)
    assert report.to_dict()["written"] == report.written
    assert report.to_dict()["left_out"][0]["why"]


def test_what_was_interrupted_goes_on_and_nothing_is_there_twice(tmp_path, monkeypatch):
    monkeypatch.setattr(ingest.report, "_RUNS_AT_ONCE", 1000)
    with kg.open_store(tmp_path / "store", create=True) as store:
        with pytest.raises(KeyboardInterrupt):
            ingest.ingest(store, PiecewiseSource(stop_after=2))
        (info,) = store.graphs()
        assert (info.unfinished, info.counts["runs"]) == (True, 1100)
    with kg.open_store(tmp_path / "store") as store, MemoryStore() as sound:
        assert store.version == 1
        report = ingest.ingest(store, PiecewiseSource())
        (info,) = store.graphs()
        assert (info.unfinished, info.counts["runs"], store.version) == (False, 4367, 4)
        assert report.written["runs"] == 4367
        (whole,) = ingest.LcdbSource().batches()
        sound.commit(Batch(dataclasses.replace(whole.manifest, bulk=True), **whole.tables()))
        assert sound.graphs()[0].content_hash == info.content_hash
        assert dumped(store, info.iri) == dumped(sound, info.iri)
        again = ingest.ingest(store, PiecewiseSource())
        assert (again.changed, store.version) == (False, 4)
        changed = ingest.ingest(store, PiecewiseSource(worse=0.5))
        assert changed.changed
        assert store.graphs()[0].counts == info.counts
        assert store.graphs()[0].content_hash != info.content_hash


def test_runs_without_their_pipelines_are_not_passed_on():
    with MemoryStore() as store, pytest.raises(SourceError, match="runs without their pipelines"):
        ingest.ingest(store, PiecewiseSource(bulk=False))


def dumped(store, graph):
    rows = store.query("SELECT ?s ?p ?o WHERE { ?s ?p ?o }", default_graph=graph).terms
    return {tuple(map(str, row)) for row in rows}


def _python(code, *folders):
    paths = os.pathsep.join(str(folder) for folder in (DATA.parent.parent, *folders))
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    return done.stdout.strip()


def test_importing_is_light():
    heavy = "polars pandas pyarrow numpy sklearn torch rdflib pyoxigraph"
    code = f"import sys, ingest; print([name for name in {heavy.split()} if name in sys.modules])"
    assert _python(code) == "[]"


def test_installed_packages_add_sources(tmp_path):
    (tmp_path / "theirs.py").write_text(
        "import ingest\nclass TheirSource(ingest.LcdbSource):\n    name = 'their'\n"
    )
    described = tmp_path / "theirs-1.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1\n")
    (described / "entry_points.txt").write_text("[metakg.sources]\ntheir = theirs:TheirSource\n")
    code = "import ingest; print(ingest.find_source('their').name)"
    assert _python(code, tmp_path) == "their"


def test_packaged_data_is_small_and_has_its_licences():
    sizes = {path.name: path.stat().st_size for path in DATA.iterdir()}
    assert sum(size for name, size in sizes.items() if name.startswith("oboe")) < 1.5e6
    assert sum(size for name, size in sizes.items() if name.startswith("lcdb")) < 3e6
    assert "Redistribution and use" in (DATA / "LICENSE-oboe.txt").read_text()
    assert "Permission is hereby granted" in (DATA / "LICENSE-lcdb.txt").read_text()
    notice = (DATA.parent.parent / "NOTICE").read_text()
    assert all(name in notice for name in sizes)
