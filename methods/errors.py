"""Errors of the methods that a person can mend: one sentence that names the thing, the place and the remedy."""

from __future__ import annotations

from metakg import MetakgError


class MethodError(MetakgError):
    """A method is unknown, or cannot run as it was asked to."""


class SandboxError(MethodError):
    """Code that came from a model or a file gave no result; the subclasses are in `methods.sandbox`."""


class ProviderError(MethodError):
    """A text model gave no usable answer; the subclasses are in `methods.provider`."""
