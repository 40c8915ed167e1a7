"""A time limit for work that the engine does not let be cancelled."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["time_limit"]


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End the process with one line and status 2 if the block takes longer; 0 means no limit.

    For commands that only read: nothing is written, so nothing can be left half-done. The engine lets other
    threads run while it evaluates, but has no way to be stopped, short of ending its process.
    """
    if not seconds:
        yield
        return
    watch = threading.Timer(seconds, _give_up, [seconds])
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


def _give_up(seconds: float) -> None:
    sys.stderr.write(f"metakg: no answer within {seconds:g} s: narrow the query, or raise --timeout\n")
    sys.stderr.flush()
    os._exit(2)
