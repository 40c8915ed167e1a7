"""Values along an axis (learning curves, losses by epoch, scores by fold), kept beside the graph as Parquet.

The graph says of each run which series it has; their points, which nobody asks for by SPARQL and which would be most
of the graph, are in files: one for each commit that has any, in a folder for its named graph. A file is there before
the commit that speaks of it; what a commit that failed leaves is cleared by the next one that replaces the graph.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kg import schema
from kg.errors import StoreError

if TYPE_CHECKING:
    import polars as pl

__all__ = ["FolderSeries", "MemorySeries", "Series"]


class MemorySeries:
    """Series of a store that keeps nothing on disk."""

    def __init__(self) -> None:
        self._frames: dict[str, dict[str, pl.DataFrame]] = {}

    def keep(self, graph: str, digest: str, frame: pl.DataFrame) -> None:
        """Keep the points of one commit to a graph; doing so again changes nothing."""
        self._frames.setdefault(graph, {})[digest] = frame

    def only(self, graph: str, digests: Iterable[str]) -> None:
        """Forget all points of a graph but those of these commits."""
        wanted = set(digests)
        kept = {digest: frame for digest, frame in self._frames.pop(graph, {}).items() if digest in wanted}
        if kept:
            self._frames[graph] = kept

    def read(self, graphs: Sequence[str], runs: Sequence[str]) -> pl.DataFrame:
        """Points of runs in some graphs, ordered."""
        frames = [frame.lazy() for graph in graphs for frame in self._frames.get(graph, {}).values()]
        return _points(frames, runs)


class FolderSeries:
    """Series as Parquet files below a folder, one folder for each named graph.

    Parameters
    ----------
    folder
        Made when the first points come.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _of(self, graph: str) -> Path:
        return self.folder / hashlib.sha256(graph.encode()).hexdigest()[:16]

    def keep(self, graph: str, digest: str, frame: pl.DataFrame) -> None:
        """Keep the points of one commit to a graph; when this returns they are on disk.

        Raises
        ------
        StoreError
            If the folder cannot be written.
        """
        import polars as pl

        place = self._of(graph)
        target = place / f"{digest}.parquet"
        if target.exists():
            return
        draft = place / f"{digest}.{os.getpid()}"
        try:
            place.mkdir(parents=True, exist_ok=True)
            with draft.open("wb") as stream:
                frame.sort("run", "name", "axis", "position").write_parquet(stream, row_group_size=100_000)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(target)
        except (OSError, pl.exceptions.PolarsError) as error:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise StoreError(
                f"series cannot be kept in {place} ({error}): free some space or check its permissions"
            ) from error

    def only(self, graph: str, digests: Iterable[str]) -> None:
        """Forget all points of a graph but those of these commits."""
        wanted, place = set(digests), self._of(graph)
        if not wanted:
            shutil.rmtree(place, ignore_errors=True)
        for path in place.glob("*.parquet"):
            if path.stem not in wanted:
                path.unlink(missing_ok=True)

    def read(self, graphs: Sequence[str], runs: Sequence[str]) -> pl.DataFrame:
        """Points of runs in some graphs, ordered."""
        import polars as pl

        files = [path for graph in graphs for path in sorted(self._of(graph).glob("*.parquet"))]
        return _points([pl.scan_parquet(path) for path in files], runs)


Series = MemorySeries | FolderSeries
"""Where a store keeps the points of series."""


def _points(frames: Sequence[pl.LazyFrame], runs: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    if not frames:
        return schema.empty("series")
    found = [frame.filter(pl.col("run").is_in(list(runs))) if runs else frame for frame in frames]
    keys = schema.KEYS["series"]
    return pl.concat(found).unique(keys, keep="last", maintain_order=True).sort(keys).collect()
