"""A package with a method of its own, installed as a third party's is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def installed_toy(tmp_path_factory):
    """Folder of an installed package whose entry point names the method."""
    folder = tmp_path_factory.mktemp("installed")
    shutil.copy(Path(__file__).with_name("toy.py"), folder / "toy_method.py")
    about = folder / "toy_method-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: toy-method\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[metakg.methods]\ntoy = toy_method:Toy\n")
    return folder


@pytest.fixture
def metakg_with_toy(installed_toy, tmp_path):
    """Runs the command line with the package, on a store of the test's own."""

    def run(*words):
        path = os.pathsep.join([str(installed_toy), str(ROOT)])
        return subprocess.run(
            [sys.executable, "-m", "metakg", "--store", str(tmp_path / "store"), *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
