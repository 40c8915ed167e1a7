"""Make the Parquet files that ship in ``ingest/data`` from the packages that hold the original data.

::

    pip download --no-deps --no-binary lcdb oboe==0.2.0 lcdb==0.1.0
    python -m ingest.convert oboe-0.2.0-py3-none-any.whl lcdb-0.1.0.tar.gz -o ingest/data

The archives' SHA-256 are checked; their members are read in place, nothing of them is extracted or run.
OBOE's numbers keep the precision of its CSV files; LCDB's 1,953,371 measurements become means over splits
(:mod:`ingest.lcdb_curves`). Each licence is put beside the data.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ingest import lcdb, lcdb_curves, oboe, oboe_matrices
from kg.errors import MetakgError, SourceError

if TYPE_CHECKING:
    import polars as pl

    from ingest.archive import Package

__all__ = ["convert", "main"]


def convert(oboe_wheel: Path, lcdb_sdist: Path, output: Path) -> list[Path]:
    """Write the four tables and two licences.

    Returns
    -------
    The files written.

    Raises
    ------
    SourceError
        If an archive is missing, damaged or not the expected version, or the folder cannot be written.
    """
    for path in (oboe_wheel, lcdb_sdist):
        if path.is_dir():
            raise SourceError(
                f"{path}: is a folder; name the archive itself, so that its sha256 can be checked"
            )
    results, sizes = oboe_matrices.read_package(oboe_wheel)
    curves, datasets = lcdb_curves.read_package(lcdb_sdist)
    licences = {
        "LICENSE-oboe.txt": _member(oboe_matrices.PACKAGE, oboe_wheel, "oboe-0.2.0.dist-info/LICENSE.txt"),
        "LICENSE-lcdb.txt": _member(lcdb_curves.PACKAGE, lcdb_sdist, "LICENSE.txt"),
    }
    frames = {
        oboe.RESULTS: results.sort(
            "configuration", "openml_id"
        ),  # a configuration's runs share their texts and digits
        oboe.SIZES: sizes,
        lcdb.CURVES: curves,
        lcdb.DATASETS: datasets,
    }
    try:
        output.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            _write(frame, output / name)
        for name, content in licences.items():
            (output / name).write_bytes(content)
    except OSError as error:
        raise SourceError(
            f"{output}: cannot be written ({error}); name a folder that can be with -o"
        ) from error
    return [output / name for name in (*frames, *licences)]


def _member(package: Package, path: Path, name: str) -> bytes:
    return next(content for _, content in package.members(path, [name]))


def _write(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="zstd", compression_level=22, statistics=False)


def main(arguments: list[str] | None = None) -> int:
    """Run the conversion; the exit status is 2 for an archive that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m ingest.convert", description=__doc__.split("\n", 1)[0])
    parser.add_argument("oboe", type=Path, help="oboe-0.2.0-py3-none-any.whl")
    parser.add_argument("lcdb", type=Path, help="lcdb-0.1.0.tar.gz")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder to write to")
    options = parser.parse_args(arguments)
    try:
        written = convert(options.oboe, options.lcdb, options.output)
    except MetakgError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for path in written:
        sys.stdout.write(f"{path}\t{path.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
