"""Errors that people meet: each message is one line that names the thing, the place and the remedy."""

from __future__ import annotations

from typing import Any


class MetakgError(Exception):
    """Base of every error that is a user's to mend; the command line prints it and exits with status 2."""


class SchemaError(MetakgError, ValueError):
    """A batch does not have the declared tables, columns or types."""


class StoreError(MetakgError):
    """A store cannot be opened, read or written."""


class QueryError(MetakgError, ValueError):
    """A query cannot be parsed, is not allowed, or names something unknown."""


class TableError(MetakgError, ValueError):
    """A person's table cannot be used: missing file, wrong column, nothing to learn from."""


class PipelineError(MetakgError, ValueError):
    """A pipeline names a component or a parameter that is not allowed or not known."""


class SourceError(MetakgError):
    """A source of experiments cannot be read."""


class RejectedError(SourceError):
    """A source has rows that cannot go into the graph, and nobody said to go on without them.

    ``rejected`` lists the first of them (:class:`ingest.source.Rejected`), ``count`` says how many there are.
    """

    def __init__(self, source: str, rejected: Any, count: int) -> None:
        self.source, self.rejected, self.count = source, tuple(rejected), count
        first = self.rejected[0]
        super().__init__(
            f"{source}: {count:,} {'row is' if count == 1 else 'rows are'} wrong, nothing was written; the first: "
            f"{first.place}: {first.why}; mend it, or take the rest with --keep-going (keep_going=True)"
        )


class ModelError(MetakgError):
    """A trained model is missing, damaged, or does not fit the store."""


class ShapesError(MetakgError, ValueError):
    """Shapes cannot be read, or use a part of SHACL that cannot be checked."""


class RdfError(MetakgError, ValueError):
    """An RDF file cannot be read, or is not safe to read."""


class GateError(MetakgError, ValueError):
    """Data breaks rules and was kept out.

    ``what`` names the data, ``report`` (:class:`kg.violations.Report`) says what is wrong, ``remedy`` what to do.
    """

    def __init__(self, what: str, report: Any, remedy: str = "mend it, then ingest it again") -> None:
        self.what, self.report, self.remedy = what, report, remedy
        number = f"{len(report.violations):,} violation{'s' if len(report.violations) > 1 else ''}"
        super().__init__(
            f"{what}: {number}, nothing was written; the first: {report.violations[0]}; {remedy}"
        )


class PublishError(MetakgError):
    """A run cannot be published; ``fatal`` says that the next one would fail alike."""

    def __init__(self, text: str, *, fatal: bool = False) -> None:
        self.fatal = fatal
        super().__init__(text)
