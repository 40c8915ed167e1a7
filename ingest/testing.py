"""What holds for every source, as tests: inherit :class:`SourceTestCase` and say how your source is made.

::

    class TestMySource(SourceTestCase):
        def make(self, path=None):
            return MySource(path or "tests/data/mine.csv")

        def damaged(self, folder):
            broken = folder / "mine.csv"
            broken.write_text("dataset,scor")
            yield self.make(broken), broken

Needs pytest.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import polars as pl
import pytest

from ingest.report import ingest
from ingest.source import Source
from kg import iris, schema
from kg.batch import Batch, content_hash
from kg.errors import SourceError
from kg.measures import declared, measure_of
from kg.memory import MemoryStore
from kg.pipeline import Pipeline

__all__ = ["SourceTestCase"]


def _whole(batches: list[Batch]) -> dict[str, pl.DataFrame]:
    tables = {table: pl.concat([batch.tables()[table] for batch in batches]) for table in schema.TABLES}
    return {
        table: frame.unique(maintain_order=True) if table in schema.DESCRIBED else frame
        for table, frame in tables.items()
    }


class SourceTestCase(ABC):
    """Conformance suite of :class:`ingest.source.Source`."""

    has_runs: ClassVar[bool] = True
    """False for a source of which nothing is known but datasets."""

    @abstractmethod
    def make(self) -> Source:
        """Return a new source over data that can be read."""

    @abstractmethod
    def damaged(self, folder: Path) -> Iterator[tuple[Source, Path]]:
        """Yield sources over damaged data, each with the path that its error must name."""

    @pytest.fixture(scope="class")
    @classmethod
    def read(cls) -> tuple[Source, list[Batch]]:
        """Return a source, read to its end, and its batches."""
        source = cls().make()
        return source, list(source.batches())

    @pytest.fixture(scope="class")
    @classmethod
    def tables(cls, read: tuple[Source, list[Batch]]) -> dict[str, pl.DataFrame]:
        """Return the tables over all batches."""
        return _whole(read[1])

    def test_manifest_names_source_version_and_licence(self, read: tuple[Source, list[Batch]]) -> None:
        """One manifest for all batches, with what a reader needs to know."""
        source, batches = read
        assert batches
        assert {batch.manifest for batch in batches} == {source.manifest}
        manifest = source.manifest
        assert manifest.source == source.name
        assert all((manifest.version, manifest.title, manifest.licence))
        assert manifest.derived_from.startswith(("https://", "http://", "file://"))
        assert manifest.version in source.describe()
        assert manifest.licence in source.describe()

    def test_batches_have_the_declared_schema(self, read: tuple[Source, list[Batch]]) -> None:
        """Columns and types are those of :mod:`kg.schema`."""
        for batch in read[1]:
            for table, frame in batch.tables().items():
                assert frame.schema == schema.empty(table).schema
                assert schema.validate(table, frame).equals(frame)

    def test_counts_in_are_counts_out(self, read: tuple[Source, list[Batch]]) -> None:
        """Read = passed on + left out, for each table; each row left out has a reason."""
        source, batches = read
        tables = _whole(batches)
        assert (tables["runs"].height > 0) is self.has_runs
        assert tables["datasets"].height > 0
        for table in schema.TABLES:
            assert tables[table].height == source.passed[table] == source.tally.expected(table), table
        assert all(
            item.why and item.count > 0 and item.what in schema.TABLES for item in source.tally.left_out
        )

    def test_nothing_is_doubled(self, tables: dict[str, pl.DataFrame]) -> None:
        """A dataset, task, pipeline, run or evaluation occurs once over all batches."""
        for table, keys in schema.KEYS.items():
            assert not tables[table].select(keys).is_duplicated().any(), table

    def test_everything_referred_to_is_there(self, tables: dict[str, pl.DataFrame]) -> None:
        """Tasks, qualities and runs have their dataset, runs their task and pipeline, evaluations a run."""
        for table, column, target in (
            ("qualities", "dataset", "datasets"),
            ("tasks", "dataset", "datasets"),
            ("distributions", "dataset", "datasets"),
            ("runs", "dataset", "datasets"),
            ("runs", "task", "tasks"),
            ("runs", "pipeline", "pipelines"),
            ("evaluations", "run", "runs"),
            ("contexts", "run", "runs"),
            ("tags", "run", "runs"),
            ("artefacts", "run", "runs"),
            ("usages", "run", "runs"),
            ("usages", "dataset", "datasets"),
            ("series", "run", "runs"),
        ):
            lacking = tables[table].join(tables[target], on=column, how="anti")
            assert lacking.is_empty(), f"{table}: {column} that is not in {target}: {lacking[column][0]}"

    def test_pipelines_are_canonical(self, tables: dict[str, pl.DataFrame]) -> None:
        """Each canonical form parses, and gives the IRI and the title that stand beside it."""
        for iri, title, canonical in tables["pipelines"].iter_rows():
            pipeline = Pipeline.from_canonical(canonical)
            assert (pipeline.iri, pipeline.title, pipeline.canonical()) == (iri, title, canonical)

    def test_values_are_within_the_range_of_their_measure(self, tables: dict[str, pl.DataFrame]) -> None:
        """Measures are known, and bound their values."""
        ranges = (
            tables["evaluations"]
            .group_by("measure")
            .agg(low=pl.col("value").min(), high=pl.col("value").max())
        )
        own = {
            iri.removeprefix(iris.measure("")): declared(label, direction, low, high)
            for iri, label, direction, low, high, _ in tables["measures"].iter_rows()
        }
        for iri, low, high in ranges.iter_rows():
            measure = measure_of(iri, own)
            assert measure.low is None or low >= measure.low
            assert measure.high is None or high <= measure.high

    def test_content_is_the_same_each_time(self, read: tuple[Source, list[Batch]]) -> None:
        """Reading again, by the same source or by another one, gives the same content hash."""
        source, batches = read
        expected = content_hash(batches)
        assert content_hash(self.make().batches()) == expected
        assert content_hash(source.batches()) == expected

    def test_ingesting_again_changes_nothing(self) -> None:
        """The report counts what was written; the second time it says that nothing changed."""
        with MemoryStore() as store:
            first = ingest(store, self.make())
            assert first.changed
            assert first.quads > 0
            assert (first.written["runs"] > 0) is self.has_runs
            for table, count in first.written.items():
                left_out = sum(item.count for item in first.left_out if item.what == table)
                assert first.read.get(table, 0) == count + left_out
            (info,) = store.graphs()
            assert (info.iri, info.licence, info.version) == (
                first.graph,
                self.make().manifest.licence,
                self.make().manifest.version,
            )
            second = ingest(store, self.make())
            assert not second.changed
            assert second.store_version == first.store_version
            assert not any(second.written.values())
            assert "nothing changed" in str(second)

    def test_damage_is_a_clear_error(self, tmp_path: Path) -> None:
        """Each damage is a one-line :class:`kg.errors.SourceError` that names the path."""
        cases = 0
        for source, path in self.damaged(tmp_path):
            with pytest.raises(SourceError) as caught:
                list(source.batches())
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)
            cases += 1
        assert cases
