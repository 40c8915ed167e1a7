"""Which code a method is: the commit of its checkout, or the release of the package that it came with."""

from __future__ import annotations

import inspect
import subprocess
from functools import cache
from importlib.metadata import packages_distributions, version
from pathlib import Path

from methods.method import Method

__all__ = ["code_version"]


@cache
def code_version(kind: type[Method]) -> str:
    """Commit of the checkout that a method lies in (``+changes`` if files differ), else the release of its package."""
    file = Path(inspect.getfile(kind))
    words = [
        "git",
        "-C",
        str(file.parent),
        "describe",
        "--always",
        "--exclude=*",
        "--abbrev=12",
        "--dirty=+changes",
    ]
    try:
        tracked = subprocess.run(
            [*words[:3], "ls-files", "--error-unmatch", file.name],
            capture_output=True,
            check=False,
            timeout=10,
        )
        if tracked.returncode == 0:
            return subprocess.run(
                words, capture_output=True, text=True, check=True, timeout=10
            ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        pass  # without git, or with one that does not answer, the release says enough
    top = kind.__module__.partition(".")[0]
    return "; ".join(f"{name} {version(name)}" for name in packages_distributions().get(top, [])) or top
