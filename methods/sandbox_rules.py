"""What source may say in the sandbox, decided on its syntax tree before any of it runs.

The rules name what is allowed, not what is dangerous: imports of the handed-out modules, names of the handed-out
builtins, and attributes that lists, dicts, text, numbers, arrays and the handed-out modules have. Everything that
Python's escapes need falls outside: names with two underscores, frames (``gi_frame``, ``tb_frame``), ``str.format``,
setting attributes, classes, coroutines.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

LONGEST_SOURCE = 50_000

_BUILTINS = """
ArithmeticError AssertionError AttributeError Exception FloatingPointError IndexError KeyError LookupError MemoryError
NotImplementedError OverflowError RecursionError RuntimeError StopIteration TypeError ValueError ZeroDivisionError
abs all any bin bool callable chr complex dict divmod enumerate filter float format frozenset hash hex int isinstance
iter len list map max min next oct ord pow print range repr reversed round set slice sorted str sum tuple zip
"""
BUILTINS = tuple(_BUILTINS.split())
_NOT_HANDED_OUT = (
    frozenset(dir(builtins)) - set(BUILTINS) - {"True", "False", "None", "NotImplemented", "Ellipsis"}
)
_DUNDER = re.compile(r"__")
_NODES = {
    ast.ClassDef: "a class",
    ast.AsyncFunctionDef: "a coroutine",
    ast.AsyncFor: "a coroutine",
    ast.AsyncWith: "a coroutine",
    ast.Await: "a coroutine",
}
# tofile, dump(s): write files; ctypes, resize, setflags, *field: memory that is not the array's; base: a harness may
# have passed a part of something; format, format_map: read attributes that stand in text.
_NOT_ATTRIBUTES = """
base bit_generator byteswap ctypes data dump dumps flags format format_map getfield maketrans mro newbyteorder resize
setfield setflags to_device tofile
"""


class Breach(Exception):  # noqa: N818 - it is what was found, and becomes CodeRefused in the parent
    """Source says something that it may not: ``line`` (from 1) and ``what``."""

    def __init__(self, line: int | None, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


def attributes(namespaces: Mapping[str, Any]) -> frozenset[str]:
    """Names of all attributes that source may read, given the modules that are handed out."""
    kinds: list[Any] = [bool, complex, dict, float, frozenset, int, list, range, set, slice, str, tuple]
    if "numpy" in namespaces:
        import numpy

        kinds += [numpy.ndarray, numpy.float64, numpy.ufunc, numpy.random.Generator, numpy.finfo]
        kinds += [numpy.finfo(float), numpy.iinfo(int)]
    if "collections" in namespaces:
        from collections import Counter, OrderedDict, deque

        kinds += [Counter, OrderedDict, deque]
    names = {
        name for kind in (*kinds, *namespaces.values()) for name in dir(kind) if not name.startswith("_")
    }
    return frozenset(
        (names | {"args", "send", "close", "throw", "value", "kind", "name"}) - set(_NOT_ATTRIBUTES.split())
    )


def checked(source: str, namespaces: Mapping[str, Any]) -> ast.Module:
    """Parse source and hold it against the rules.

    Parameters
    ----------
    source
        At most `LONGEST_SOURCE` characters.
    namespaces
        What is handed out, by dotted module name.

    Raises
    ------
    Breach
        Something is not allowed.
    SyntaxError, ValueError, RecursionError, MemoryError
        It is not Python that can be parsed.
    """
    if len(source) > LONGEST_SOURCE:
        raise Breach(None, f"source of {len(source)} characters (at most {LONGEST_SOURCE})")
    tree = ast.parse(source)
    readable = attributes(namespaces)
    for node in ast.walk(tree):
        line = getattr(node, "lineno", None)
        for name in _identifiers(node):
            if _DUNDER.match(name) and not (name == "__name__" and isinstance(node, ast.Name)):
                raise Breach(line, f"the name {name!r}")
        for what in _breaches(node, readable, namespaces):
            raise Breach(line, what)
    return tree


def _identifiers(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant | ast.ImportFrom):
        return
    for _field, value in ast.iter_fields(node):
        for part in value if isinstance(value, list) else (value,):
            if isinstance(part, str):
                yield part


def _breaches(node: ast.AST, readable: frozenset[str], namespaces: Mapping[str, Any]) -> Iterator[str]:
    if type(node) in _NODES:
        yield _NODES[type(node)]
    elif isinstance(node, ast.Name):
        if node.id in _NOT_HANDED_OUT and node.id != "__name__":
            yield f"the name {node.id!r}"
    elif isinstance(node, ast.Attribute):
        if node.attr not in readable:
            yield f"the attribute {node.attr!r}"
        elif not isinstance(node.ctx, ast.Load):
            yield f"setting the attribute {node.attr!r}"
    elif isinstance(node, ast.MatchClass):
        yield from (f"the attribute {name!r}" for name in node.kwd_attrs if name not in readable)
    elif isinstance(node, ast.Import):
        yield from (f"import of {name.name}" for name in node.names if name.name not in namespaces)
    elif isinstance(node, ast.ImportFrom):
        yield from _breaches_of_from(node, namespaces)


def _breaches_of_from(node: ast.ImportFrom, namespaces: Mapping[str, Any]) -> Iterable[str]:
    module = "." * node.level + (node.module or "")
    names = [name.name for name in node.names]
    if module == "__future__" and names == ["annotations"]:
        return []
    if module not in namespaces:
        return [f"import from {module}"]
    known = dir(namespaces[module])
    return [f"import of {name} from {module}" for name in names if name not in known]
