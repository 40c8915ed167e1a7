"""Every registered source keeps the contract, on the data that ships with the project."""

import ast
import shutil
import zipfile
from pathlib import Path

import polars as pl
import pytest

from ingest import LcdbSource, OboeSource, OpenmlSource, TensorOboeSource, source_resolver
from ingest.openml_client import Client
from ingest.tables import DATA
from ingest.tensoroboe_tensor import MEMBERS
from ingest.testing import SourceTestCase
from tests.ingest.openml_server import serving, synthetic_world


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


class TestTensorOboe(SourceTestCase):
    path = None

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def wheel(cls, oboe_archive):
        cls.path = oboe_archive
        yield
        cls.path = None

    def make(self):
        return TensorOboeSource(self.path, datasets=[388, 56])

    def damaged(self, folder):
        yield TensorOboeSource(folder / "nowhere.whl"), folder / "nowhere.whl"
        wheel = folder / "oboe-0.2.0-py3-none-any.whl"
        wheel.write_bytes(self.path.read_bytes()[:1_000_000])
        yield TensorOboeSource(wheel), wheel
        options, errors, runtimes, index = MEMBERS
        with zipfile.ZipFile(self.path) as original:
            whole = {name: original.read(name) for name in MEMBERS}
        for number, (name, content) in enumerate(
            [
                (options, whole[options][:-40]),
                (options, whole[options].replace(b'"KNN"', b'"KKN"')),
                (options, whole[options].replace(b'"GNB", ', b"")),
                (options, b"[]"),
                (errors, whole[errors][: len(whole[errors]) // 2]),
                (errors, whole[runtimes][:-8]),
                (runtimes, b"text"),
                (runtimes, b""),
                (index, whole[index][:-1]),
                (index, b"cposixpath\njoin\n(S'a'\ntR."),
                (index, b""),
                (index, None),
            ]
        ):
            place = folder / str(number)
            for member, text in {**whole, name: content}.items():
                if text is not None:
                    (place / member).parent.mkdir(parents=True, exist_ok=True)
                    (place / member).write_bytes(text)
            yield TensorOboeSource(place), place


def _suites():
    """Names that each subclass of the suite, in any file of this folder, makes sources of."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(base, ast.Name) and base.id == "SourceTestCase" for base in node.bases
            ):
                yield {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


class TestOpenml(SourceTestCase):
    url = "http://127.0.0.1:9/api/v1/xml"
    cache = None

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def server(cls, tmp_path_factory):
        with serving(synthetic_world(120), page=50) as running:
            cls.url, cls.cache = running.url, tmp_path_factory.mktemp("openml") / "cache.sqlite"
            yield running

    def make(self):
        client = Client(self.url, pause=0.0, attempts=2, first_wait=0.01)
        return OpenmlSource(
            suite=99, server=self.url, client=client, page=50, per_fold=True, cache=self.cache
        )

    def damaged(self, folder):
        with serving(synthetic_world(20)) as server:
            self.url = server.url
            for number, call in enumerate(("evaluation/list", "task/1", "setup/list", "flow/")):
                self.cache = folder / f"{number}.sqlite"
                server.faults.clear()
                server.fail(f"^{call}", "truncate", times=100)
                yield self.make(), Path(call)


def test_every_registered_source_has_a_suite():
    suites = list(_suites())
    ours = [source for source in source_resolver if source.__module__.partition(".")[0] == "ingest"]
    assert [source.__name__ for source in ours if not any(source.__name__ in names for names in suites)] == []


def test_names_of_sources_are_those_of_the_resolver():
    for name, source in source_resolver.lookup_dict.items():
        assert source.name == name
