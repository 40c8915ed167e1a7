"""Methods by name: ours and those of installed packages."""

from __future__ import annotations

from class_resolver import ClassResolver

from methods.errors import MethodError
from methods.iclad import Iclad
from methods.metaclaw import MetaClaw
from methods.method import Method
from methods.moh import MoH

__all__ = ["find_method", "method_names", "method_resolver"]

method_resolver: ClassResolver[Method] = ClassResolver([MetaClaw, MoH, Iclad], base=Method)  # type: ignore[type-abstract]
"""Methods by name."""
method_resolver.register_entrypoint("metakg.methods")


def find_method(name: str) -> Method:
    """Method by name.

    Raises
    ------
    MethodError
        If there is none of that name.
    """
    for found in method_resolver.lookup_dict.values():
        if found.name == name.lower():
            return found()
    raise MethodError(f"no method {name!r}; known: {', '.join(method_names())}")


def method_names() -> list[str]:
    """Names of all methods."""
    return sorted(found.name for found in method_resolver.lookup_dict.values())
