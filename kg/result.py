"""What a query returns: solutions, a boolean, or a graph, in the forms that people want."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from kg.terms import IRI, Value, from_term
from kg.vocabulary import PREFIXES

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl
    import pyoxigraph

__all__ = ["Result"]

Kind = Literal["solutions", "boolean", "graph"]


@dataclass(frozen=True)
class Result:
    """Result of a query, read whole.

    Attributes
    ----------
    kind
        ``solutions`` (SELECT), ``boolean`` (ASK) or ``graph`` (CONSTRUCT, DESCRIBE).
    variables
        Names of the columns; ``subject, predicate, object`` for a graph, ``answer`` for a boolean.
    terms
        Rows of RDF terms (pyoxigraph), None where a variable is unbound.
    truncated
        Whether there were more rows than were asked for.
    """

    kind: Kind
    variables: tuple[str, ...]
    terms: Sequence[tuple[Any, ...]]
    truncated: bool = False

    @classmethod
    def of(cls, raw: Any, limit: int | None = None) -> Result:
        """Read a pyoxigraph result: to its end, or at most ``limit`` rows."""
        import pyoxigraph as ox

        if isinstance(raw, ox.QuerySolutions):
            names = tuple(variable.value for variable in raw.variables)
            rows = [tuple(solution) for solution in islice(raw, limit)]
            return cls("solutions", names, rows, next(raw, None) is not None)
        if isinstance(raw, ox.QueryBoolean):
            return cls("boolean", ("answer",), [(ox.Literal(bool(raw)),)])
        triples = [(triple.subject, triple.predicate, triple.object) for triple in islice(raw, limit)]
        return cls("graph", ("subject", "predicate", "object"), triples, next(raw, None) is not None)

    def __len__(self) -> int:
        return len(self.terms)

    def __bool__(self) -> bool:
        """Answer of an ASK query; else whether there is any row."""
        return self.answer if self.kind == "boolean" else bool(self.terms)

    @property
    def answer(self) -> bool:
        """Answer of an ASK query."""
        return self.kind == "boolean" and from_term(self.terms[0][0]) is True

    def rows(self) -> Iterator[tuple[Value | None, ...]]:
        """Rows of Python values: IRIs, numbers, booleans and text; None where unbound."""
        for row in self.terms:
            yield tuple(from_term(term) for term in row)

    def head(self, count: int) -> Result:
        """First ``count`` rows."""
        cut = self.truncated or len(self.terms) > count
        return Result(self.kind, self.variables, self.terms[:count], cut)

    def to_polars(self) -> pl.DataFrame:
        """Columns of values, types inferred from all rows."""
        import polars as pl

        columns = {name: [_plain(row[i]) for row in self.rows()] for i, name in enumerate(self.variables)}
        return pl.DataFrame(columns, strict=False)

    def to_pandas(self) -> pd.DataFrame:
        """Columns of values as a pandas frame."""
        import pandas as pd

        columns = {name: [_plain(row[i]) for row in self.rows()] for i, name in enumerate(self.variables)}
        return pd.DataFrame(columns, columns=list(self.variables))

    def to_csv(self) -> str:
        """SPARQL 1.1 results in CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(self.variables)
        for row in self.terms:
            writer.writerow(["" if term is None else getattr(term, "value", str(term)) for term in row])
        return out.getvalue()

    def to_json(self) -> str:
        """SPARQL 1.1 results in JSON."""
        if self.kind == "boolean":
            return json.dumps({"head": {}, "boolean": self.answer})
        bindings = [
            {name: _json(term) for name, term in zip(self.variables, row, strict=True) if term is not None}
            for row in self.terms
        ]
        document = {"head": {"vars": list(self.variables)}, "results": {"bindings": bindings}}
        return json.dumps(document, ensure_ascii=False, indent=2)

    def to_turtle(self) -> str:
        """Turtle of a graph result.

        Raises
        ------
        QueryError
            If the result is not a graph.
        """
        import pyoxigraph as ox

        from kg.errors import QueryError

        if self.kind != "graph":
            raise QueryError(
                "only a CONSTRUCT or DESCRIBE query gives Turtle: choose table, csv or json instead"
            )
        triples = [ox.Triple(*row) for row in self.terms]
        document = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=PREFIXES)
        assert document is not None
        return document.decode()


def _plain(value: Value | None) -> str | int | float | bool | None:
    return str(value) if isinstance(value, IRI) else value


def _json(term: pyoxigraph.NamedNode | pyoxigraph.BlankNode | pyoxigraph.Literal) -> dict[str, str]:
    import pyoxigraph as ox

    if isinstance(term, ox.NamedNode):
        return {"type": "uri", "value": term.value}
    if isinstance(term, ox.BlankNode):
        return {"type": "bnode", "value": term.value}
    document = {"type": "literal", "value": term.value}
    if term.language:
        document["xml:lang"] = term.language
    elif term.datatype.value != "http://www.w3.org/2001/XMLSchema#string":
        document["datatype"] = term.datatype.value
    return document
