"""What goes wrong with methods."""

from __future__ import annotations

from metakg import MetakgError

__all__ = ["MethodError"]


class MethodError(MetakgError):
    """A method cannot be run as asked, or what it needs is missing."""
