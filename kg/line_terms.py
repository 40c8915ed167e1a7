"""Terms of N-Quads lines, built column by column: expressions that give text, null where there is no value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.vocabulary import XSD

if TYPE_CHECKING:
    import polars as pl

    Statements = tuple[pl.DataFrame, list[tuple[pl.Expr, str, pl.Expr]]]
    """Rows, and for each statement about a row its subject, predicate and object."""

__all__ = ["constant", "iri_of", "text_of", "time_of", "typed"]


def iri_of(column: str, suffix: str = "") -> pl.Expr:
    """IRIs of a column, with a suffix."""
    import polars as pl

    return pl.concat_str([pl.lit("<"), pl.col(column), pl.lit(f"{suffix}>")])


def text_of(column: str) -> pl.Expr:
    """Strings."""
    import polars as pl

    value = pl.col(column)
    for old, new in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
        ("\0", "\\u0000"),
    ):
        value = value.str.replace_all(old, new, literal=True)
    return pl.concat_str([pl.lit('"'), value, pl.lit('"')])


def typed(column: str, datatype: str) -> pl.Expr:
    """Literals of a datatype of XML Schema."""
    import polars as pl

    return pl.concat_str([pl.lit('"'), pl.col(column).cast(pl.String), pl.lit(f'"^^<{XSD}{datatype}>')])


def time_of(column: str) -> pl.Expr:
    """Times in UTC."""
    import polars as pl

    return pl.concat_str(
        [
            pl.lit('"'),
            pl.col(column).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ"),
            pl.lit(f'"^^<{XSD}dateTime>'),
        ]
    )


def constant(term: str) -> pl.Expr:
    """The same IRI in each row."""
    import polars as pl

    return pl.lit(f"<{term}>")
