"""How a run came about: script, commit, packages, machine; found out without failing, and without anybody's secrets.

>>> command(["train.py", "--api-key", "abc", "password=x", "https://me:pw@example.org/", "--lr", "0.1"])
"train.py --api-key '***' 'password=***' 'https://me:***@example.org/' --lr 0.1"
"""

from __future__ import annotations

import getpass
import platform
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import metadata
from pathlib import Path

__all__ = ["PACKAGES", "command", "commit_of", "of_program", "of_this_process"]

PACKAGES = {
    **{
        name: name for name in ("catboost", "jax", "keras", "lightgbm", "metakg", "numpy", "optuna", "pandas")
    },
    **{name: name for name in ("polars", "pykeen", "scipy", "skops", "statsmodels", "tabpfn", "tensorflow")},
    **{
        name: name
        for name in ("accelerate", "flax", "gpytorch", "sktime", "torch", "transformers", "xgboost")
    },
    **{
        "autogluon": "autogluon.tabular",
        "flaml": "flaml",
        "hyperopt": "hyperopt",
        "imblearn": "imbalanced-learn",
    },
    **{"lightning": "lightning", "openml": "openml", "pytorch_lightning": "pytorch-lightning", "ray": "ray"},
    **{"skl2onnx": "skl2onnx", "sklearn": "scikit-learn", "sksurv": "scikit-survival", "skrub": "skrub"},
}
"""Modules that matter for what a run gives, and the packages that they belong to."""

_GIT_SECONDS = 2.0
_LONGEST = 2_000
_SECRET = re.compile(
    r"(?i)pass(word|wd|phrase|code)|secret|token(?!i|s)|(api|access|private)[-_]?key|credential|auth(?!or)"
)
_IN_URL = re.compile(r"(://[^/\s:@]*):[^/\s@]+@")


def command(words: Sequence[str]) -> str:
    """Words of a command as a shell takes them, ``***`` for values whose option's name says that they are secret."""
    shown: list[str] = []
    hidden = False
    for word in words:
        name, equals, _ = word.partition("=")
        if hidden and not word.startswith("-"):
            shown.append("***")
        elif equals and _SECRET.search(name):
            shown.append(f"{name}=***")
        else:
            shown.append(_IN_URL.sub(r"\1:***@", word))
        hidden = word.startswith("-") and not equals and bool(_SECRET.search(word))
    text = shlex.join(shown)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def of_this_process() -> dict[str, str | None]:
    """Columns of the table ``contexts`` for a run of this process."""
    packages = sorted(
        f"{package}=={version}"
        for module, package in PACKAGES.items()
        if module in sys.modules and (version := _version(package))
    )
    return {
        **_of_machine(),
        "script": command(sys.argv) if sys.argv and sys.argv[0] else None,
        "commit": next(filter(None, map(commit_of, _code_folders())), None),
        "python": platform.python_version(),
        "packages": "\n".join(packages) or None,
    }


def of_program(words: Sequence[str]) -> dict[str, str | None]:
    """Columns of the table ``contexts`` for a run of another program, started in the current folder."""
    return {**_of_machine(), "script": command(words), "commit": commit_of(str(Path.cwd()))}


def _of_machine() -> dict[str, str | None]:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name, as in many containers
        user = None
    return {"host": socket.gethostname() or None, "platform": _platform(), "user": user}


@cache
def _platform() -> str:
    return platform.platform()


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except (metadata.PackageNotFoundError, ValueError, OSError):
        return None


def _code_folders() -> list[str]:
    """Where the code may be: with the script that runs, else where it was started."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    found = [str(Path(script).resolve().parent)] if script else []
    try:
        return [*found, str(Path.cwd())]
    except OSError:  # the folder is gone
        return found


@lru_cache(maxsize=64)
def commit_of(folder: str) -> str | None:
    """Commit of the git checkout around a folder, ``+changes`` behind it if files differ; None if there is none.

    Asked once for each folder: what a process runs is what it loaded.
    """
    # A checkout must not be able to name a program that git then starts.
    words = ["git", "-c", "core.fsmonitor=false", "--no-optional-locks", "-C", folder]
    words += ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules"]
    try:
        done = subprocess.run(
            words, capture_output=True, timeout=_GIT_SECONDS, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return _from_files(folder)
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    found = next((line.split()[-1] for line in lines if line.startswith("# branch.oid ")), "")
    if done.returncode or not re.fullmatch("[0-9a-f]{40,64}", found):
        return _from_files(folder)
    return found + ("+changes" if any(not line.startswith("#") for line in lines) else "")


def _from_files(folder: str) -> str | None:
    """The commit as git's own files say it, for where git is not installed, too slow, or mistrusts the folder."""
    try:
        for place in (Path(folder), *Path(folder).parents):
            if (place / ".git").exists():
                return _head(place / ".git")
    except (OSError, ValueError):
        pass
    return None


def _head(git: Path) -> str | None:
    if git.is_file():  # a worktree: the file says where its folder is
        git = git.parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
    shared = git / (git / "commondir").read_text().strip() if (git / "commondir").exists() else git
    head = (git / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref: "):
        return head if re.fullmatch("[0-9a-f]{40,64}", head) else None
    name = head.removeprefix("ref: ")
    if Path(name).is_absolute() or ".." in Path(name).parts:
        return None
    if (loose := shared / name).is_file():
        found = loose.read_text(encoding="utf-8").strip()
        return found if re.fullmatch("[0-9a-f]{40,64}", found) else None
    packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {name}")), None)
