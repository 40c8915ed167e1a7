"""Code from a model does what it should in the sandbox, and none of what it should not; real processes, no mocks."""

from __future__ import annotations

import math
import socket
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from methods import sandbox
from methods.errors import MethodError
from methods.sandbox import CodeFailed, CodeRefused, MemoryExceeded, SandboxError, TimedOut
from methods.sandbox_modules import MODULES, NAMES

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the limits under test are Linux's"),
    pytest.mark.usefixtures("_nothing_survives"),
]

ORDINARY = '''
"""A heuristic as models write them."""
import math
import numpy as np
from numpy import linalg
import numpy.linalg as la
from typing import List, Optional

def penalised(
    distance: np.ndarray, tour: List[int], other: Optional['np.random.Generator'] = None, *, weight: float = 0.3
) -> dict:
    d = np.asarray(distance, dtype=np.float64)
    d = d + d.T
    np.fill_diagonal(d, np.inf)
    with np.errstate(divide="ignore"):
        close = 1.0 / d
    ratio = np.array([1.0, 0.0]) / np.zeros(2)  # numpy warns
    steps = sorted(((d[a, b], a, b) for a, b in zip(tour, tour[1:] + tour[:1])), key=lambda step: -step[0])
    try:
        steps[99]
    except (IndexError, ValueError) as error:
        reason = f"{error!s:>5} {weight:.2f}"
    match steps[0]:
        case (longest, int(), int()):
            pass
    joined = np.r_[0, d[0, 1:], np.c_[[1], [2]].ravel()]
    total = 0

    def tick():
        nonlocal total
        total += 1
        yield total
    counted = [next(tick()) for _ in range(3)]
    rng = np.random.default_rng()
    words = "a,b".split(",")
    words.sort(reverse=True)
    print("best", longest)
    return {
        "close": close.round(3), "longest": longest, "norm": la.norm(d[np.isfinite(d)]),
        "solved": linalg.solve(np.eye(2), [1, 2]),
        "nan": bool(np.isnan(ratio).any()), "reason": reason, "counted": counted, "words": words,
        "kinds": [isinstance(d, np.ndarray), isinstance(1, np.ndarray), isinstance(d.sum(), np.floating)],
        "random": (rng.random(), np.random.rand()), "ceil": math.ceil(1.2),
        "mean": d[0, 1:].mean(), "text": str(d.shape),
        "joined": joined.tolist(), "dtype": d.dtype.kind,
    }

if __name__ == "__main__":
    penalised()
'''


def test_ordinary_code_runs_the_same_every_time():
    given = {"distance": np.arange(9.0).reshape(3, 3), "tour": [0, 2, 1], "weight": 0.25}
    first = sandbox.call(ORDINARY, "penalised", given)
    assert first == sandbox.call(ORDINARY, "penalised", given)
    assert first["close"] == [[0.0, 0.25, 0.125], [0.25, 0.0, 0.083], [0.125, 0.083, 0.0]]
    assert (first["longest"], first["nan"], first["counted"], first["words"]) == (
        12.0,
        True,
        [1, 2, 3],
        ["b", "a"],
    )
    assert first["reason"].endswith("0.25")
    assert first["kinds"] == [True, False, True]
    assert first["solved"] == [1.0, 2.0]


@pytest.mark.parametrize("module", sorted(MODULES))
def test_every_module_can_be_handed_out_alone(module):
    source = (
        f"import {module}\nfrom {module} import {_one_name(module)} as it\ndef f():\n    return callable(it)"
    )
    assert sandbox.call(source, "f", {}, modules=(module,)) is True
    if module != "typing":
        with pytest.raises(CodeRefused, match=f"line 1: import of {module}"):
            sandbox.call(source, "f", {}, modules=())


def _one_name(module: str) -> str:
    return {"typing": "Callable", "numpy": "array", "math": "sqrt"}.get(module) or NAMES[module].split()[-1]


def test_the_layers_that_hold_are_told():
    layers = sandbox.layers()
    assert layers["source check"]
    assert layers["audit hook"]
    assert layers["limits"]


def test_a_harness_is_ours_and_gets_the_function(tmp_path, monkeypatch):
    (tmp_path / "own_harness.py").write_text(
        textwrap.dedent(
            """
            import csv, functools

            def squares(function, arguments):
                return [function(x) ** 2 for x in arguments["numbers"]]

            broken = 3
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    source = "def f(x):\n    return x + 1"
    assert sandbox.call(source, "f", {"numbers": [1, 2]}, harness="own_harness:squares") == [4, 9]
    for name in ("own_harness:absent", "own_harness:broken", "no_such_module:f"):
        with pytest.raises(SandboxError, match="cannot be imported"):
            sandbox.call(source, "f", {}, harness=name)


def test_a_harness_may_use_machine_code_that_it_compiled_when_it_was_imported(tmp_path, monkeypatch):
    pytest.importorskip("numba", reason="needs the methods extra")
    (tmp_path / "fast_harness.py").write_text(
        textwrap.dedent(
            """
            import numba
            import numpy as np

            @numba.njit
            def total(values):
                result = 0.0
                for value in values:
                    result += value
                return result

            total(np.ones(1))

            def run(function, arguments):
                return total(np.asarray(function(np.asarray(arguments["x"])), dtype=np.float64))
            """
        )
    )
    monkeypatch.syspath_prepend(tmp_path)
    source = "def f(x):\n    return x * 2"
    assert sandbox.call(source, "f", {"x": [1.5, 2.0]}, harness="fast_harness:run") == 7.0
    with pytest.raises(CodeFailed):
        sandbox.call("def f(x):\n    return 'x'", "f", {"x": [1.5]}, harness="fast_harness:run")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"modules": ("os",)}, "no module 'os'; known: "),
        ({"seconds": 0}, "above zero"),
        ({"seconds": math.nan}, "above zero"),
        ({"memory_mb": -1}, "above zero"),
    ],
)
def test_a_wrong_call_is_the_callers_and_named(options, says):
    with pytest.raises(MethodError, match=says):
        sandbox.call("def f(): pass", "f", {}, **options)


def test_arguments_that_json_cannot_say_are_named():
    with pytest.raises(SandboxError, match="'f': a value of type object"):
        sandbox.call("def f(x): return x", "f", {"x": object()})


@pytest.mark.parametrize(
    ("value", "comes"),
    [
        ("{'a': (1, 2.5, None, True, 'ü')}", {"a": [1, 2.5, None, True, "ü"]}),
        ("np.array([[1, 2], [3, 4]])", [[1, 2], [3, 4]]),
        ("[np.float32(0.5), np.int64(3), np.bool_(True), np.array(7)]", [0.5, 3, True, 7]),
        ("{1: 2, np.int64(3): 4}", {"1": 2, "3": 4}),
        ("[np.inf, -np.inf]", [math.inf, -math.inf]),
    ],
)
def test_values_come_back_as_json_has_them(value, comes):
    assert sandbox.call(f"import numpy as np\ndef f():\n    return {value}", "f", {}) == comes


def test_nan_stays_nan():
    answer = sandbox.call(
        "import numpy as np\ndef f():\n    return [float('nan'), np.array([np.nan])]", "f", {}
    )
    assert math.isnan(answer[0])
    assert math.isnan(answer[1][0])


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("{1, 2}", "TypeError"),
        ("1j", "TypeError"),
        ("lambda: 1", "TypeError"),
        ("np.array([1j])", "TypeError"),
        ("np.array([None])", "TypeError"),
        ("{(1, 2): 3}", "TypeError"),
        ("np.zeros(2 * 10**6)", "ValueError"),
        ("'x' * 10**7", "ValueError"),
        ("['x' * 1000] * 10**5", "ValueError"),
        ("10**5000", "ValueError"),
        ("deep", "ValueError"),
    ],
)
def test_what_cannot_come_back_is_a_failure(value, kind):
    source = f"import numpy as np\ndeep = []\ndeep.append(deep)\ndef f():\n    return {value}"
    with pytest.raises(CodeFailed) as caught:
        sandbox.call(source, "f", {}, seconds=20)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("source", "kind", "line"),
    [
        ("def f():\n    return 1 / 0", "ZeroDivisionError", 2),
        ("def f():\n    return f()", "RecursionError", 2),
        ("x = 1\nraise ValueError('no')", "ValueError", 2),
        ("def f(:\n    pass", "SyntaxError", 1),
        ("def g():\n    pass", "NameError", None),
        ("f = 3", "NameError", None),
        ("def f():\n    return undefined", "NameError", 2),
        ("def f(x):\n    pass", "TypeError", None),
        ("def f():\n    return [].index(3)", "ValueError", 2),
    ],
)
def test_a_failure_names_kind_and_line(source, kind, line):
    with pytest.raises(CodeFailed) as caught:
        sandbox.call(source, "f", {}, modules=())
    assert (caught.value.kind, caught.value.line) == (kind, line)


@pytest.mark.parametrize(
    "source",
    ["\0", "(" * 5000, "-" * 40_000 + "1", "x" + ".x" * 20_000, "[" * 90 + "]" * 90, "f'" + "{" * 3000],
)
def test_source_that_breaks_parsers_harms_nobody(source):
    with pytest.raises(SandboxError):
        sandbox.call(source, "f", {}, modules=(), seconds=20)


def test_source_has_a_largest_size():
    with pytest.raises(CodeRefused, match="50001 characters"):
        sandbox.call("#" * 50_001, "f", {}, modules=())


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "while True:\n    try:\n        while True: pass\n    except: pass",
        "while True: print('x' * 10000)",
        "return 10 ** 10 ** 8",
        "return sum(range(10 ** 12))",
        "return max(iter(int, 1))",
    ],
)
def test_endless_code_ends(inside, body):
    began = time.monotonic()
    with pytest.raises(TimedOut, match=r"0\.5 seconds"):
        inside(body, seconds=0.5)
    assert time.monotonic() - began < 5


def test_a_module_body_that_does_not_end_ends():
    with pytest.raises(TimedOut):
        sandbox.call("while True: pass", "f", {}, seconds=0.5, modules=())


@pytest.mark.parametrize(
    "value",
    [
        "'a' * 10**10",
        "[0] * 10**9",
        "list(range(10**9))",
        "np.zeros(10**9)",
        "np.arange(10**9) + 1",
        "{i: 'x' * i for i in range(10**6)}",
    ],
)
def test_greedy_code_meets_its_memory(value):
    source = f"import numpy as np\ndef f():\n    return {value}"
    with pytest.raises(MemoryExceeded, match="256 MiB"):
        sandbox.call(source, "f", {}, memory_mb=256, seconds=30)


def test_memory_counts_from_what_is_loaded_and_can_be_used():
    source = "import numpy as np\ndef f():\n    return int(np.ones(10**7).sum())"
    assert sandbox.call(source, "f", {}, memory_mb=256) == 10**7


def test_calls_at_the_same_time_do_not_meet():
    def one(number: int) -> int:
        return sandbox.call("def f(x):\n    return x * 2", "f", {"x": number}, modules=(), seconds=20)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, range(8))) == [number * 2 for number in range(8)]


def test_no_layer_lets_a_connection_out(inside):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = server.getsockname()[1]
        heard = []

        def listen() -> None:
            try:
                heard.append(server.accept())
            except TimeoutError:
                return

        thread = threading.Thread(target=listen)
        thread.start()
        for without in (
            (),
            ("source", "builtins"),
            ("source", "builtins", "audit"),
            ("source", "builtins", "audit", "filter"),
        ):
            with pytest.raises(SandboxError):
                inside(
                    f"import socket\nsocket.create_connection(('127.0.0.1', {port}), 1).send(b'x')",
                    without=without,
                )
        thread.join()
        assert heard == []
