"""A heuristic that is a function of Python: run only in the sandbox."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["FUNCTION", "Code"]

FUNCTION = "heuristic"
"""Name of the function, whose arguments are the quantities of a problem, each an array over the candidates."""

SECONDS = 10.0
MEMORY_MB = 512


@dataclass(frozen=True)
class Code:
    """Source that defines the function; written by a model, and never run in this process."""

    source: str

    @cached_property
    def _length(self) -> int:
        try:
            return sum(1 for _ in ast.walk(ast.parse(self.source)))
        except (SyntaxError, ValueError, RecursionError):
            return len(self.source)

    def __len__(self) -> int:
        return self._length

    def __str__(self) -> str:
        return self.source

    def costs(self, task: str, instances: Sequence[Mapping[str, Any]]) -> list[float]:
        """Costs of the solutions that it makes of packed instances.

        Raises
        ------
        SandboxError
            If it fails, is too slow, or wants what it may not have.
        """
        from methods import sandbox

        return list(
            sandbox.call(
                self.source,
                FUNCTION,
                {"task": task, "instances": list(instances)},
                seconds=SECONDS,
                memory_mb=MEMORY_MB,
                harness="methods.moh.harness:costs",
            )
        )
