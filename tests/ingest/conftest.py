"""The archives that the packaged data was made from, where they are available."""

import os
from pathlib import Path

import pytest


def _archive(variable, requirement):
    if not (path := os.environ.get(variable)):
        pytest.skip(f"{variable} does not name the archive (pip download --no-deps {requirement})")
    return Path(path)


@pytest.fixture(scope="session")
def oboe_archive():
    return _archive("METAKG_OBOE_PACKAGE", "oboe==0.2.0")


@pytest.fixture(scope="session")
def lcdb_archive():
    return _archive("METAKG_LCDB_PACKAGE", "lcdb==0.1.0")
