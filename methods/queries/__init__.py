"""SPARQL that methods ask, one question in each ``.rq`` file."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

__all__ = ["text"]


@cache
def text(name: str) -> str:
    """Text of ``NAME.rq``."""
    return (files(__name__) / f"{name}.rq").read_text(encoding="utf-8")
