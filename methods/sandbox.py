r"""Running code that came from a model or a file: in a fresh, locked-in process, for a JSON-able answer.

>>> from methods import sandbox
>>> sandbox.call("import math\ndef f(x):\n    return math.sqrt(x)", "f", {"x": 9.0})
3.0
>>> sandbox.call("import os", "f", {})
Traceback (most recent call last):
methods.sandbox.CodeRefused: line 1: import of os is not allowed in the sandbox

The layers, each of which stands without the others: the source is held against rules before it runs
(`sandbox_rules`); it finds few builtins and chosen names of modules (`sandbox_modules`); audit events end the process;
the kernel limits memory, time, files and processes, takes away user, network and system calls (`sandbox_locks`); and
the process is killed with its group when its time is over (`sandbox_process`).
"""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Collection, Mapping
from typing import Any

from methods.errors import SandboxError
from methods.sandbox_modules import MODULES
from methods.sandbox_process import Outcome, outcome
from methods.sandbox_values import plain

__all__ = ["CodeFailed", "CodeRefused", "MemoryExceeded", "SandboxError", "TimedOut", "call", "layers"]


class CodeRefused(SandboxError):  # noqa: N818 - a name of the contract
    """The code wants something that the sandbox does not allow: ``line`` (from 1, or None) and ``what``."""

    def __init__(self, line: int | None, what: str) -> None:
        super().__init__(f"{_place(line)}{what} is not allowed in the sandbox")
        self.line = line
        self.what = what


class TimedOut(SandboxError):  # noqa: N818 - a name of the contract
    """The code ran longer than it may."""


class MemoryExceeded(SandboxError):  # noqa: N818 - a name of the contract
    """The code wants more memory than it may have."""


class CodeFailed(SandboxError):  # noqa: N818 - a name of the contract
    """The code raised an exception or ended its process: ``kind`` of exception, ``text``, ``line`` or None."""

    def __init__(self, kind: str, text: str, line: int | None = None) -> None:
        super().__init__(f"{_place(line)}{kind}: {text}")
        self.kind = kind
        self.text = text
        self.line = line


def call(
    source: str,
    function: str,
    arguments: Mapping[str, Any],
    *,
    seconds: float = 5.0,
    memory_mb: int = 512,
    modules: Collection[str] = ("math", "numpy"),
    harness: str | None = None,
) -> Any:
    """Call a function of untrusted source in a process of its own.

    Parameters
    ----------
    source
        Python that defines the function; at most 50,000 characters.
    function
        Its name.
    arguments
        What JSON can say; numpy arrays arrive as lists, and up to 10⁶ entries each. Without a harness they are the
        keyword arguments of the function.
    seconds
        Time limit by the clock, from when the process is ready to run the source. On a busy machine less is done in
        it: where results must not depend on that, let it be many times what good code needs.
    memory_mb
        MiB above what the process holds by then.
    modules
        What the source may import, out of `methods.sandbox_modules.MODULES`; only chosen names of each are there.
        ``typing`` and ``from __future__ import annotations`` always are.
    harness
        ``"package.module:function"``: a trusted function, imported before anything is locked and called as
        ``function(untrusted, arguments)``. Afterwards nothing can be imported, opened or compiled any more, so its
        module does that when it is imported (numba functions: call them once there).

    Returns
    -------
    object
        What the function or the harness returned, as JSON has it: arrays and tuples are lists, NaN stays NaN.

    Raises
    ------
    CodeRefused
        The source says, or tried, something that is not allowed.
    TimedOut, MemoryExceeded
        It needed more than it may have.
    CodeFailed
        It raised an exception, is not Python, lacks the function, or returned what cannot be passed.
    SandboxError
        The call itself is wrong: an unknown module, arguments that JSON cannot say, a harness that cannot be imported.
    """
    return _value(
        _outcome(source, function, arguments, seconds, memory_mb, modules, harness), seconds, memory_mb
    )


def layers() -> dict[str, bool]:
    """Which layers hold on this machine, by name."""
    found = _outcome("def f():\n    return None", "f", {}, 10.0, 256, (), None).layers
    if found is None:
        raise SandboxError("the sandbox does not start on this machine; it needs Linux or macOS")
    return found


def _outcome(
    source: str,
    function: str,
    arguments: Mapping[str, Any],
    seconds: float,
    memory_mb: int,
    modules: Collection[str],
    harness: str | None,
    without: Collection[str] = (),
) -> Outcome:
    """`without` names layers to leave out, so that tests can show that the others hold alone."""
    if os.name != "posix":
        raise SandboxError(
            "code from a model runs only on Linux and macOS; run this method without code mode"
        )
    unknown = sorted(set(modules) - MODULES)
    if unknown:
        raise SandboxError(
            f"the sandbox hands out no module {unknown[0]!r}; known: {', '.join(sorted(MODULES))}"
        )
    if not (math.isfinite(seconds) and seconds > 0 and memory_mb > 0):
        raise SandboxError(f"seconds={seconds} and memory_mb={memory_mb} must be above zero")
    try:
        passed = plain(arguments)
    except (TypeError, ValueError) as error:
        raise SandboxError(
            f"the arguments of {function!r}: {error}; pass numbers, text, lists and dicts"
        ) from None
    return outcome(
        {
            "source": source,
            "function": function,
            "arguments": passed,
            "seconds": seconds,
            "memory_mb": memory_mb,
            "modules": sorted({*modules, "typing"}),
            "harness": harness,
            "without": sorted(without),
        }
    )


def _value(found: Outcome, seconds: float, memory_mb: int) -> Any:
    content = found.content
    if found.kind == "value":
        return content
    if found.kind == "refused":
        raise CodeRefused(content["line"], content["what"])
    if found.kind == "late" or (found.kind == "gone" and found.status == -signal.SIGXCPU):
        raise TimedOut(f"the code ran longer than {seconds:g} seconds")
    if found.kind == "failed" and content["kind"] in ("MemoryError", "_ArrayMemoryError"):
        raise MemoryExceeded(f"{_place(content['line'])}the code wants more than {memory_mb} MiB of memory")
    if found.kind == "failed":
        raise CodeFailed(**content)
    if found.kind == "flooded":
        raise CodeFailed("ValueError", "the result is too large")
    if found.kind == "broken":
        raise SandboxError(f"the harness or a module cannot be imported: {content}")
    if found.layers is None:
        raise SandboxError("the sandbox's process did not start; try `metakg doctor`")
    raise CodeFailed("SystemExit", f"the code ended its process (status {found.status})")


def _place(line: int | None) -> str:
    return "" if line is None else f"line {line}: "
