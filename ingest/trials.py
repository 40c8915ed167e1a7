"""Methods of the literature, the runs that try them, and what those runs made that no file holds.

>>> made = Products("https://w3id.org/metakg/run/demo/local/1")
>>> skill = made.add("skill", "impute first", "Missing values: impute with the median.", generation=1)
>>> made.add("skill", "scale", derived_from=[skill])
'https://w3id.org/metakg/run/demo/local/1/product/skill-2'
"""

from __future__ import annotations

import math
import operator
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ingest.tracking_data import plain_text
from kg import iris, schema
from kg.errors import QueryError

__all__ = ["Product", "Products", "PublishedMethod", "Trial"]


@dataclass(frozen=True)
class PublishedMethod:
    """A method as it was published, and how close to that the implementation is.

    Attributes
    ----------
    name
        Short, in lower case; names it in the graph.
    title
        Of the paper.
    fidelity
        One of ``kg.schema.ALLOWED["fidelity"]``.
    publication
        IRI of the paper's page.
    """

    name: str
    title: str
    fidelity: str
    publication: str | None = None
    year: int | None = None
    note: str | None = None

    @property
    def iri(self) -> str:
        """IRI of the method."""
        return iris.own("method", self.name)

    def row(self) -> tuple[str | int | None, ...]:
        """Row of the table ``methods``."""
        return (self.iri, self.name, self.title, self.fidelity, self.publication, self.year, self.note)


@dataclass(frozen=True)
class Trial:
    """Which arm of a method a run is; see the table ``trials`` of :mod:`kg.schema`.

    Raises
    ------
    QueryError
        If the kind of the arm, or the method's fidelity, is none.
    """

    method: PublishedMethod
    arm: str
    arm_kind: str
    benchmark: str
    version: str
    configuration: str

    def __post_init__(self) -> None:
        for column, value in (("arm_kind", self.arm_kind), ("fidelity", self.method.fidelity)):
            if value not in schema.ALLOWED[column]:
                raise QueryError(f"{column} {value!r} is unknown; known: {', '.join(schema.ALLOWED[column])}")

    def row(self, run: str) -> tuple[str, ...]:
        """Row of the table ``trials``."""
        about = (self.arm, self.arm_kind, self.benchmark, self.version, self.configuration)
        return (run, self.method.iri, *about)


@dataclass(frozen=True)
class Product:
    """Something that a run made; ``name`` is its own among those of the run."""

    name: str
    kind: str
    title: str
    text: str | None = None
    generation: int | None = None
    origins: tuple[str, ...] = ()
    properties: Mapping[str, str | float] = field(default_factory=dict)

    def rows(self, run: str) -> dict[str, list[tuple[str | int | float | None, ...]]]:
        """Rows by table."""
        return {
            "products": [(run, self.name, self.kind, self.title, self.text, self.generation)],
            "derivations": [(run, self.name, origin) for origin in self.origins],
            "properties": [
                (run, self.name, key, *((value, None) if isinstance(value, str) else (None, value)))
                for key, value in self.properties.items()
            ],
        }


class Products:
    """Products of one run, as they are made; several threads may add to it."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._made: list[Product] = []
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def add(
        self,
        kind: str,
        title: str,
        text: str | None = None,
        *,
        derived_from: Iterable[str] = (),
        generation: int | None = None,
        properties: Mapping[str, str | float] | None = None,
    ) -> str:
        """Take note of a product; returns its IRI.

        Parameters
        ----------
        kind
            What it is: ``skill``, ``optimizer``, ...
        derived_from
            IRIs of the runs and products that it came from.
        generation
            How many times what it belongs to had been improved before.

        Raises
        ------
        QueryError
            If it has no kind or title, an origin is no IRI, the generation no whole number, or a property neither
            text nor a finite number.
        """
        kind, title = plain_text(kind).strip(), plain_text(title).strip()
        if not kind or not title:
            raise QueryError("a product needs a kind and a title: give both, such as 'skill' and its name")
        origins = tuple(dict.fromkeys(derived_from))
        for origin in origins:
            if not isinstance(origin, str) or not schema.is_iri(origin):
                raise QueryError(
                    f"{kind} {title!r} comes from {origin!r}, which is no IRI: give run.iri or a product's"
                )
        known = {plain_text(key): _property(key, value) for key, value in (properties or {}).items()}
        number = None if generation is None else _whole(generation)
        with self._lock:
            self._numbers[kind] += 1
            name = f"{kind}-{self._numbers[kind]}"
            self._made.append(
                Product(name, kind, title, None if text is None else plain_text(text), number, origins, known)
            )
        return f"{self._run}/product/{iris.quote(name, safe='')}"

    def listed(self) -> list[Product]:
        """Those that were added so far."""
        with self._lock:
            return list(self._made)


def _property(name: str, value: object) -> str | float:
    if isinstance(value, str):
        return plain_text(value)
    if hasattr(value, "__float__") and math.isfinite(number := float(value)):
        return number
    raise QueryError(f"property {name!r} is {value!r}: give text or a finite number")


def _whole(generation: object) -> int:
    try:
        return operator.index(generation)  # type: ignore[arg-type]
    except TypeError as error:
        raise QueryError(f"generation is {generation!r}, which is no whole number: give one") from error
