"""What a process gives up before it runs code that is not trusted: limits, user, network, audit events.

Each lock stands without the others. Those of the kernel (all but the audit hook) hold even for machine code. Nothing
can be taken back: hard limits, ``no_new_privs`` and an audit hook last as long as the process.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOBODY = 65534
REFUSED_STATUS = 77

_CLONE_NEWUSER, _CLONE_NEWNET, _CLONE_NEWIPC = 0x10000000, 0x40000000, 0x08000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38

# Events that ordinary code raises: identity, and a caller's frame (in numpy). Of attributes, those from which the
# worker reads the line that failed.
_HARMLESS = frozenset({"builtins.id", "sys._getframe"})
_HARMLESS_ATTRIBUTES = frozenset({"tb_frame", "f_code"})


def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """Let the kernel end this process when the one that started it ends."""
    if sys.platform == "linux":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def leave_network() -> bool:
    """Move into a network namespace of our own, which has no way out; False where the kernel does not allow it."""
    if sys.platform != "linux":
        return False
    spaces = _CLONE_NEWNET | _CLONE_NEWIPC
    return bool(_libc().unshare(spaces) == 0 or _libc().unshare(spaces | _CLONE_NEWUSER) == 0)


def become_nobody() -> bool:
    """Drop root for a user that owns nothing; False when this process is not root to begin with."""
    if os.geteuid() != 0:
        return False
    try:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    except (OSError, AttributeError):  # nobody is not mapped in a user namespace; not Linux
        return False
    die_with_parent()  # a change of user forgets it
    return True


def limit(seconds: float, memory_mb: int) -> bool:
    """Put on hard limits; memory counts from what is in use now, processor time from what was spent until now."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(spent.ru_utime + spent.ru_stime + seconds) + 2
    limits = {"CORE": 0, "CPU": cpu, "FSIZE": 0, "NOFILE": 0, "NPROC": 0}
    statistics = Path("/proc/self/statm")
    if statistics.exists():
        used = int(statistics.read_text().split()[0]) * resource.getpagesize()
        limits["AS"] = used + memory_mb * 2**20
    for name, most in limits.items():
        hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name}"))[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (most, most))
    return "AS" in limits


def take_no_privileges() -> bool:
    """Give up capabilities, and gain none by starting a program; hide this process's memory from its siblings."""
    if sys.platform != "linux":
        return False
    libc = _libc()
    header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    libc.capset(header, nothing)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return bool(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def end_at_audit_events(allowed_code: object, report: Callable[[str], None]) -> None:
    """End the process at every audit event but a few harmless ones.

    Parameters
    ----------
    allowed_code
        The one code object that ``exec`` may still run.
    report
        Gets the event's name before the process ends.
    """
    # All that the hook uses is held by it, so that a module changed by the code changes nothing here.
    end, harmless, readable, status = os._exit, _HARMLESS, _HARMLESS_ATTRIBUTES, REFUSED_STATUS

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in harmless:
            return
        if event == "exec" and arguments and arguments[0] is allowed_code:
            return
        if event == "object.__getattr__" and len(arguments) > 1 and arguments[1] in readable:
            return
        try:
            report(event if event != "import" else f"import of {arguments[0]}")
        finally:
            end(status)

    sys.addaudithook(hook)
