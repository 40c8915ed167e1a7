"""The process in which untrusted code runs: reads one request, locks itself in, runs, writes one answer, ends.

Started as a script by `methods.sandbox_process`. The request is JSON on standard input; the answers are lines of JSON
on what was standard output: first ``{"ready": {layer: bool}}`` once everything trusted is loaded and the locks are on
(from there the time limit counts), then ``{"value": ...}``, ``{"failed": {...}}`` or ``{"refused": {...}}``.
"""

from __future__ import annotations
import __future__

import importlib
import json
import os
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

FILE = "<sandboxed>"
LONGEST_ANSWER = 8 * 2**20


def main() -> None:
    """Answer the one request on standard input and end."""
    request = json.loads(sys.stdin.buffer.read())
    sys.path[:] = request["path"]
    if not request["harness"]:
        _bare_package()
    answers = _own_channel()
    if os.getppid() != request["parent"]:
        os._exit(1)

    write, dumps = os.write, json.dumps

    def answer(kind: str, content: object) -> None:
        line = dumps({kind: content}).encode() + b"\n"
        if len(line) > LONGEST_ANSWER:
            failure = _failure("ValueError", f"the result is larger than {LONGEST_ANSWER} bytes")
            line = dumps({"failed": failure}).encode() + b"\n"
        while line:
            line = line[write(answers, line) :]

    outcome = _outcome(request, answer)
    try:
        answer(*outcome)
    except MemoryError:  # also the text of the value needs some
        answer("failed", _failure("MemoryError", "the result does not fit"))
    os._exit(0)


def _bare_package() -> None:
    """Let our modules be imported without all that the package imports, which would double the time to start."""
    package = ModuleType("methods")
    package.__path__ = [os.path.dirname(__file__)]  # noqa: PTH120 - pathlib is slow to import
    sys.modules["methods"] = package


def _own_channel() -> int:
    """Take standard output for answers; what code prints goes nowhere."""
    channel = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return channel


def _outcome(request: Mapping[str, Any], answer: Callable[[str, object], None]) -> tuple[str, object]:
    from methods import sandbox_locks as locks
    from methods.sandbox_calls import filter_calls
    from methods.sandbox_modules import Namespace, namespaces
    from methods.sandbox_rules import BUILTINS, Breach, checked
    from methods.sandbox_values import plain

    without = set(request["without"])
    locks.die_with_parent()
    layers = {"network namespace": "network" not in without and locks.leave_network()}
    try:
        harness = _found(request["harness"]) if request["harness"] else _keywords
        offered = namespaces(request["modules"])
    except Exception as error:  # noqa: BLE001 - a harness is any code of ours
        return "broken", f"{type(error).__name__}: {error}"
    _settle()
    layers["limits"] = "limits" not in without and locks.limit(request["seconds"], request["memory_mb"])
    layers["user nobody"] = "user" not in without and locks.become_nobody()
    layers["no new privileges"] = locks.take_no_privileges()
    layers["system call filter"] = "filter" not in without and filter_calls()
    layers["source check"] = "source" not in without
    layers["restricted builtins"] = "builtins" not in without
    layers["audit hook"] = "audit" not in without
    answer("ready", layers)

    import builtins

    namespace: dict[str, Any] = {"__name__": FILE}
    if layers["restricted builtins"]:
        names = {name: getattr(builtins, name) for name in BUILTINS}
        namespace["__builtins__"] = names | {"__import__": _importer(offered, Namespace({}))}
    try:
        source = checked(request["source"], offered) if layers["source check"] else request["source"]
        # Annotations stay text: what stands in them is for readers, and typing would compile text in them.
        code = compile(source, FILE, "exec", __future__.annotations.compiler_flag, dont_inherit=True)
        if layers["audit hook"]:
            locks.end_at_audit_events(code, lambda event: answer("refused", {"line": None, "what": event}))
        exec(code, namespace)  # noqa: S102 - what this process is for
        if not callable(namespace.get(request["function"])):
            return "failed", _failure("NameError", f"the code defines no function {request['function']!r}")
        return "value", plain(harness(namespace[request["function"]], request["arguments"]))
    except Breach as breach:
        return "refused", {"line": breach.line, "what": breach.what}
    except SyntaxError as error:
        return "failed", _failure("SyntaxError", error.msg, error.lineno)
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like are the code's own failures
        return "failed", _described(error)


def _found(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    found = getattr(importlib.import_module(module), function)
    if not callable(found):
        raise TypeError(f"{name} is not a function")
    return found


def _keywords(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    return function(**arguments)


def _settle() -> None:
    """Load what Python would load later, when nothing can be loaded any more."""
    import encodings.ascii
    import encodings.latin_1  # noqa: F401 - for str.encode
    import warnings

    warnings.simplefilter("ignore")  # to show one, Python reads the source file


def _importer(offered: Mapping[str, Any], nothing: object) -> Callable[..., Any]:
    # C code of numpy imports its own parts through the builtins of whoever calls it, and takes them from sys.modules
    # whatever it is given back; code of the source is given nothing.
    loaded = frozenset(sys.modules)

    def importer(
        name: str, _globals: Any = None, _locals: Any = None, wanted: Any = None, level: int = 0
    ) -> Any:
        if name == "__future__":
            return importlib.import_module(name)
        if name.partition(".")[0] in offered and name in loaded and name not in offered:
            return nothing
        if level or name not in offered:
            raise ImportError(f"{name} is not among the modules that the sandbox hands out")
        return offered[name if wanted else name.partition(".")[0]]

    return importer


def _failure(kind: str, text: str, line: int | None = None) -> dict[str, Any]:
    return {"kind": kind, "text": text[:1000], "line": line}


def _described(error: BaseException) -> dict[str, Any]:
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == FILE:
            line = step.tb_lineno
        step = step.tb_next
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - code that came past the source check may define __str__
        text = ""
    return _failure(type(error).__name__, text, line)


if __name__ == "__main__":
    main()
