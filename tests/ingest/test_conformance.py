"""Every registered source keeps the contract, on the data that ships with the project."""

import shutil

import polars as pl

from ingest import LcdbSource, OboeSource, source_resolver
from ingest.tables import DATA
from ingest.testing import SourceTestCase


def _damage(folder, names, column):
    """Copies of the packaged tables: each file truncated, emptied, turned to text, and without a column."""
    for name in names:
        for kind in ("truncated", "empty", "text", "lacking"):
            copy = folder / f"{name}-{kind}"
            copy.mkdir()
            for file in names:
                shutil.copy(DATA / file, copy / file)
            broken = copy / name
            if kind == "truncated":
                broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
            elif kind == "empty":
                broken.write_bytes(b"")
            elif kind == "text":
                broken.write_text("openml_id,configuration\n")
            else:
                pl.read_parquet(broken).drop(column[name]).write_parquet(broken)
            yield copy, broken


class TestOboe(SourceTestCase):
    def make(self):
        return OboeSource()

    def damaged(self, folder):
        lacking = {"oboe-results.parquet": "error", "oboe-datasets.parquet": "columns"}
        for copy, broken in _damage(folder, list(lacking), lacking):
            yield OboeSource(copy), broken
        yield OboeSource(folder / "nowhere.whl"), folder / "nowhere.whl"


class TestLcdb(SourceTestCase):
    def make(self):
        return LcdbSource()

    def damaged(self, folder):
        lacking = {"lcdb-curves.parquet": "size_train", "lcdb-datasets.parquet": "openmlid"}
        for copy, broken in _damage(folder, list(lacking), lacking):
            yield LcdbSource(copy), broken
        yield LcdbSource(folder / "nowhere.tar.gz"), folder / "nowhere.tar.gz"


def test_every_registered_source_has_a_suite():
    ours = [source for source in source_resolver if source.__module__.partition(".")[0] == "ingest"]
    suites = [case for case in SourceTestCase.__subclasses__() if case.__name__.startswith("Test")]
    assert {type(case().make()) for case in suites} == set(ours)


def test_names_of_sources_are_those_of_the_resolver():
    for name, source in source_resolver.lookup_dict.items():
        assert source.name == name
