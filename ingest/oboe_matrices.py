"""OBOE's original package, read: its matrices of errors and runtimes in long form, and the datasets' sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ingest import tables
from ingest.archive import Package

if TYPE_CHECKING:
    import polars as pl

__all__ = ["MEMBERS", "PACKAGE", "read_package"]

PACKAGE = Package(
    "oboe==0.2.0",
    "0cb81ba4636b5b4918d7364b6325e2e0316ebd95efb5187f2dfd8cffdc9976a3",
    "oboe-0.2.0-py3-none-any.whl",
)

MEMBERS = tuple(
    f"oboe/defaults/Oboe/{name}.csv" for name in ("error_matrix", "runtime_matrix", "dataset_sizes")
)


def read_package(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the original package (wheel or unpacked folder).

    Returns
    -------
    results
        One row per dataset and configuration: openml_id, configuration (OBOE's text), error, runtime_seconds.
    sizes
        One row per dataset: openml_id, rows, columns.

    Raises
    ------
    SourceError
        If it cannot be read.
    """
    import polars as pl

    frames = {
        name: tables.read_csv(content, f"{path}: {name}") for name, content in PACKAGE.members(path, MEMBERS)
    }
    errors, runtimes, sizes = (
        frames[name].rename({frames[name].columns[0]: "openml_id"}).cast({"openml_id": pl.Int64})
        for name in MEMBERS
    )
    key = ["openml_id", "configuration"]
    results = (
        errors.unpivot(index="openml_id", variable_name="configuration", value_name="error")
        .join(
            runtimes.unpivot(index="openml_id", variable_name="configuration", value_name="runtime_seconds"),
            on=key,
            how="full",
            coalesce=True,
        )
        .sort(key)
    )
    return results, sizes.rename({"0": "rows", "1": "columns"}).sort("openml_id")
