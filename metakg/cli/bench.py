"""The command ``bench``: the benchmarks of a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

from kg.errors import MetakgError
from metakg.cli.session import Session, pass_session

__all__ = ["bench"]

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@pass_session
def bench(session: Session, name: str, options: tuple[str, ...]) -> None:
    """Print a benchmark of the README, such as oboe; options (--seeds 100-109, --quick) go to it."""
    known = sorted(
        path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text(encoding="utf-8")
    )
    if not known:
        raise MetakgError(
            "benchmarks are part of the source checkout, not of the package: clone the repository"
        )
    if name not in known:
        raise MetakgError(f"no benchmark {name!r}; known: {', '.join(known)}")
    kg = session.open()
    environment = {**os.environ, "METAKG_STORE": kg.name}
    words = [sys.executable, "-m", f"benchmarks.{name}", *options]
    status = subprocess.run(words, cwd=FOLDER.parent, env=environment, check=False).returncode
    raise click.exceptions.Exit(status)
