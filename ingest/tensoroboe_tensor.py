"""TensorOboe's tensors, read from the package ``oboe``: errors and runtimes by dataset and pipeline.

The axes are not in the order of ``classification.json``: within each step they follow the text of the options
(``sorted(options, key=str)``). Nothing in the package says so; the numbers do, and the tests hold them to it
(a boosting learning rate of .001 predicts the majority; the values agree with OBOE's of the same estimators).
"""

from __future__ import annotations

import io
import itertools
import json
import pickletools
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.oboe_matrices import PACKAGE
from ingest.sklearn_names import TENSOROBOE_STEPS, Option
from kg.errors import SourceError

if TYPE_CHECKING:
    import numpy as np

__all__ = ["FAILED", "MEMBERS", "Tensors", "decimals", "listed_integers", "read_tensors"]

MEMBERS = tuple(
    f"oboe/defaults/TensorOboe/{name}"
    for name in (
        "classification.json",
        "error_tensor_imputed_20-4-2-2-8-20_f16_compressed.npz",
        "runtime_tensor_f16_compressed.npz",
        "training_index.pkl",
    )
)

FAILED = -1.0
"""Error and runtime of a run that gave no score."""

_INTEGERS = frozenset({"BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1"})
_LISTS = frozenset({"EMPTY_LIST", "LIST"})
_AROUND = frozenset({"PROTO", "FRAME", "PUT", "BINPUT", "MEMOIZE", "MARK", "APPEND", "APPENDS", "STOP"})


@dataclass(frozen=True)
class Tensors:
    """The two tensors as matrices of n datasets and p pipelines.

    Attributes
    ----------
    datasets
        OpenML ids of the rows.
    pipelines
        For each column, its option of every step.
    errors
        (n, p) float16: one-vs-rest balanced error; :data:`FAILED`; an imputed number where ``runtimes`` is NaN.
    runtimes
        (n, p) float16: seconds of all folds; NaN where nothing was measured; :data:`FAILED` for failed runs.
    """

    datasets: tuple[int, ...]
    pipelines: tuple[Mapping[str, Option], ...]
    errors: np.ndarray
    runtimes: np.ndarray


def read_tensors(path: Path) -> Tensors:
    """Read the tensors from the package's wheel, or the folder that it was unpacked into.

    Raises
    ------
    SourceError
        If a part is missing, damaged, or does not fit the others.
    """
    content = dict(PACKAGE.members(path, MEMBERS))
    options, errors, runtimes, index = (content.pop(name) for name in MEMBERS)
    axes = _axes(options, f"{path}: {MEMBERS[0]}")
    datasets = listed_integers(index, f"{path}: {MEMBERS[3]}")
    shape = (len(datasets), *(len(axis) for axis in axes.values()))
    return Tensors(
        datasets,
        tuple(dict(zip(axes, cell, strict=True)) for cell in itertools.product(*axes.values())),
        _matrix(errors, shape, f"{path}: {MEMBERS[1]}"),
        _matrix(runtimes, shape, f"{path}: {MEMBERS[2]}"),
    )


def _axes(content: bytes, where: str) -> dict[str, list[Option]]:
    """Options of each step, in the order of the tensors' axes."""
    try:
        stated = json.loads(content)
        axes = {}
        for step, (_, known) in TENSOROBOE_STEPS.items():
            options: list[dict[str, object]] = []
            for algorithm in stated[step]["algorithms"]:
                if algorithm is None:
                    options.append({"algorithm": None})
                    continue
                if algorithm not in known:
                    raise ValueError(f"algorithm {algorithm!r} of step {step!r} is unknown")
                grid = stated[step]["hyperparameters"][algorithm]
                options += [
                    {"algorithm": algorithm, "hyperparameters": dict(zip(grid, values, strict=True))}
                    for values in itertools.product(*grid.values())
                ]
            # The text of such a dictionary is what the tensors were sorted by.
            options.sort(key=str)
            axes[step] = [(option["algorithm"], option.get("hyperparameters", {})) for option in options]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SourceError(
            f"{where}: does not hold what it should ({error!r}); download the package again"
        ) from error
    return axes  # type: ignore[return-value]


def _matrix(content: bytes, shape: tuple[int, ...], where: str) -> np.ndarray:
    import numpy as np

    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            tensor: np.ndarray = archive["a"]
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise SourceError(
            f"{where}: does not hold what it should ({error}); download the package again"
        ) from error
    if tensor.shape != shape or tensor.dtype != np.float16:
        raise SourceError(
            f"{where}: holds {tensor.dtype} values of shape {tensor.shape}, expected float16 of {shape}; "
            "download the package again"
        )
    return np.ascontiguousarray(tensor).reshape(shape[0], -1)


def listed_integers(content: bytes, where: str) -> tuple[int, ...]:
    """Integers of a pickled plain list, read without unpickling: a pickle can run any code.

    Raises
    ------
    SourceError
        If it is anything else than a list of integers, or has one twice.
    """
    found, lists = [], 0
    try:
        for opcode, argument, _ in pickletools.genops(content):
            lists += opcode.name in _LISTS
            if opcode.name in _INTEGERS:
                found.append(int(str(argument)))
            elif opcode.name not in _LISTS | _AROUND:
                raise SourceError(
                    f"{where}: has the pickle instruction {opcode.name}, which no plain list of integers has: "
                    "it is not read"
                )
    except (ValueError, TypeError) as error:
        first = (str(error).splitlines() or [repr(error)])[0]
        raise SourceError(f"{where}: is no pickle ({first}); download the package again") from error
    if lists != 1 or len(set(found)) != len(found):
        why = "has an integer twice" if lists == 1 else "is no plain list of integers"
        raise SourceError(f"{where}: {why}; download the package again")
    return tuple(found)


def decimals(values: np.ndarray, *, complement: bool = False) -> np.ndarray:
    """Float16 values as the float64 of the shortest decimal that is rounded to them: .1, not .0999755859375.

    Parameters
    ----------
    values
        Any shape; float16, finite and not negative.
    complement
        Give one minus that decimal: .9 for .1.
    """
    import numpy as np

    return _decimals(complement)[values.view(np.uint16)]


@cache
def _decimals(complement: bool) -> np.ndarray:
    """Decimals of all finite float16 that are not negative, by their bits; there are 31,744."""
    from decimal import Decimal

    import numpy as np

    infinity = int(np.float16(np.inf).view(np.uint16))
    every = np.arange(infinity, dtype=np.uint16).view(np.float16)
    exact = (Decimal(str(value)) for value in every)
    return np.array([float(1 - value if complement else value) for value in exact])
