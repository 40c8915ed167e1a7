"""The conformance suite, held to by a method of another package."""

import os
import subprocess
import sys

from tests.methods.conftest import ROOT

SUITE = """
from methods.testing import MethodTestCase


class TestToy(MethodTestCase):
    method = "toy"
    effort = 0.5
"""


def test_a_third_partys_method_keeps_the_contract(installed_toy, tmp_path):
    (tmp_path / "test_suite.py").write_text(SUITE)
    path = os.pathsep.join([str(installed_toy), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_suite.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
