"""Runs the program of a tree on many candidates at once, compiled by numba.

A program is the tree in reversed prefix order: a stack machine that finds the arguments of a symbol on top, the first
one uppermost. One compiled function serves all problems and all heuristics.
"""

from __future__ import annotations

import numpy as np
from numba import njit

__all__ = ["CONSTANT", "OPCODES", "QUANTITY", "run"]

CONSTANT = 0
OPCODES = {
    name: code
    for code, name in enumerate(
        ("add", "sub", "mul", "div", "min", "max", "neg", "abs", "sqrt", "exp", "log", "less", "where"),
        start=1,
    )
}
QUANTITY = 100
LARGEST = 1e9


@njit(cache=True)
def run(codes: np.ndarray, constants: np.ndarray, quantities: np.ndarray) -> np.ndarray:
    """Values of a program.

    Parameters
    ----------
    codes, constants
        Of a program, each of shape (symbols,).
    quantities
        Shape (quantities, candidates).

    Returns
    -------
    values
        Shape (candidates,); finite.
    """
    width = quantities.shape[1]
    stack = np.empty((len(codes) + 1, width))
    top = -1
    for place in range(len(codes)):
        code = codes[place]
        if code >= QUANTITY:
            top += 1
            stack[top] = quantities[code - QUANTITY]
        elif code == CONSTANT:
            top += 1
            stack[top] = constants[place]
        elif code == 13:
            for i in range(width):
                if stack[top, i] > 0.5:
                    stack[top - 2, i] = stack[top - 1, i]
            top -= 2
        elif code == 7 or code == 8 or code == 9 or code == 10 or code == 11:
            for i in range(width):
                value = stack[top, i]
                if code == 7:
                    value = -value
                elif code == 8:
                    value = abs(value)
                elif code == 9:
                    value = np.sqrt(abs(value))
                elif code == 10:
                    value = np.exp(min(value, 20.0))
                else:
                    value = np.log(abs(value) + 1e-9)
                stack[top, i] = value
        else:
            for i in range(width):
                first = stack[top, i]
                second = stack[top - 1, i]
                value = 0.0
                if code == 1:
                    value = first + second
                elif code == 2:
                    value = first - second
                elif code == 3:
                    value = first * second
                elif code == 4:
                    value = first / second if abs(second) > 1e-9 else 1.0
                elif code == 5:
                    value = min(first, second)
                elif code == 6:
                    value = max(first, second)
                else:
                    value = 1.0 if first < second else 0.0
                stack[top - 1, i] = min(max(value, -LARGEST), LARGEST)
            top -= 1
    return stack[top].copy()
