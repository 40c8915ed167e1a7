"""The archives that the packaged data was made from, where they are available."""

import os
import sys
from pathlib import Path

import pytest

from ingest import autosklearn, lcdb_curves, oboe_matrices

PACKAGES = Path(sys.prefix) / "packages"
"""Where `make test` puts the archive that it downloads."""


def _archive(variable, package):
    path = Path(os.environ.get(variable) or PACKAGES / package.filename)
    if not path.exists():
        pytest.skip(
            f"{path} is not there, nor does {variable} name one: "
            f"pip download --no-deps --dest {PACKAGES} {package.requirement}"
        )
    return path


@pytest.fixture(scope="session")
def oboe_archive():
    return _archive("METAKG_OBOE_PACKAGE", oboe_matrices.PACKAGE)


@pytest.fixture(scope="session")
def lcdb_archive():
    return _archive("METAKG_LCDB_PACKAGE", lcdb_curves.PACKAGE)


@pytest.fixture(scope="session")
def autosklearn_archive():
    return _archive("METAKG_AUTOSKLEARN_PACKAGE", autosklearn.PACKAGE)
