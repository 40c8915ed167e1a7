"""Programs that end with the process that started them, whatever ended that one, and that keep to a limit of memory.

This file is run on its own, before any other module could be found: it takes on what a process can only ask for
itself, and becomes the program.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Sequence

__all__ = ["fair_memory", "limit_memory", "tied"]

_PR_SET_PDEATHSIG = 1


def tied(words: Sequence[str], memory_bytes: int | None = None) -> list[str]:
    """Command that runs a program tied to the thread that starts it (Linux; elsewhere it runs the program only).

    Parameters
    ----------
    words
        Path of the program and its arguments.
    memory_bytes
        What the program may use; an attempt to get more ends it.
    """
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(memory_bytes or 0), *words]


def fair_memory() -> int:
    """Bytes that one process may use: half of the machine's memory, 4 GiB, or its own limit (``ulimit -d``) if less."""
    half = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2
    own, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return min(4 * 2**30, half, *(() if own == resource.RLIM_INFINITY else (own,)))


def limit_memory(memory_bytes: int) -> None:
    """Limit what this process writes to memory of its own.

    Files that the engine maps to read them do not count, as they would against the limit of the address space: over
    a store of 575 MB the engine has 1.2 GB of addresses and 84 MB of data.
    """
    own, _ = resource.getrlimit(resource.RLIMIT_DATA)
    most = memory_bytes if own == resource.RLIM_INFINITY else min(memory_bytes, own)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _become(parent: int, memory_bytes: int, words: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(1)
    if memory_bytes:
        limit_memory(memory_bytes)
    os.execv(words[0], words)  # noqa: S606 - the program is named by its path


if __name__ == "__main__":
    _become(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
