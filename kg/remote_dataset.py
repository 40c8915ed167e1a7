"""An rdflib dataset over a remote store, to read: each pattern that is looked up becomes one query."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox
import rdflib
from rdflib.query import Result as Answer
from rdflib.store import Store as RdflibStore

from kg.errors import StoreError
from kg.terms import IRI, Value, to_term
from kg.vocabulary import PREFIXES

if TYPE_CHECKING:
    from kg.remote import RemoteStore
    from kg.result import Result

__all__ = ["dataset"]


def dataset(store: RemoteStore) -> rdflib.Dataset:
    """Dataset whose default graph is the union of the named ones."""
    found = rdflib.Dataset(store=_Reader(store), default_union=True)
    for prefix, namespace in PREFIXES.items():
        found.bind(prefix, namespace, override=False)
    return found


class _Reader(RdflibStore):
    """What rdflib asks of a store, answered by queries; it refuses to write."""

    context_aware = True
    graph_aware = True

    def __init__(self, store: RemoteStore) -> None:
        super().__init__()
        self._store = store
        self._namespaces: dict[str, rdflib.URIRef] = {}

    def triples(self, triple_pattern: Any, context: Any = None) -> Iterator[Any]:
        names = [_text(term) or f"?{name}" for term, name in zip(triple_pattern, "spo", strict=True)]
        if any(isinstance(term, rdflib.BNode) for term in triple_pattern):
            return
        free = [name for name in names if name.startswith("?")]
        graph = _graph(context)
        where = "{ " + " ".join(names) + " }"
        if not free:
            if self._store.query(f"ASK {where}", default_graph=graph):
                yield triple_pattern, iter((context,))
            return
        found = self._store.query(f"SELECT DISTINCT {' '.join(free)} WHERE {where}", default_graph=graph)
        for row in found.terms:
            values = iter(row)
            triple = tuple(_from_ox(next(values)) if term is None else term for term in triple_pattern)
            yield triple, iter((context,))

    def __len__(self, context: Any = None) -> int:
        text = "SELECT (COUNT(*) AS ?n) WHERE { SELECT DISTINCT ?s ?p ?o WHERE { ?s ?p ?o } }"
        ((number,),) = self._store.query(text, default_graph=_graph(context)).rows()
        return int(str(number))

    def contexts(self, triple: Any = None) -> Generator[rdflib.Graph, None, None]:
        for info in self._store.graphs():
            graph = rdflib.Graph(store=self, identifier=rdflib.URIRef(info.iri))
            if triple is None or next(self.triples(triple, graph), None) is not None:
                yield graph

    def query(
        self,
        query: Any,
        initNs: Mapping[str, Any],
        initBindings: Mapping[str, Any],
        queryGraph: Any,
        **kwargs: Any,
    ) -> Answer:
        if not isinstance(query, str) or kwargs:
            raise NotImplementedError  # rdflib then evaluates it by patterns
        prologue = "".join(f"PREFIX {name}: <{space}>\n" for name, space in initNs.items())
        bindings = {str(name): _value(term) for name, term in initBindings.items()}
        graph = str(queryGraph) if isinstance(queryGraph, rdflib.URIRef) else None
        if graph == str(rdflib.graph.DATASET_DEFAULT_GRAPH_ID):
            graph = None
        return _answer(self._store.query(prologue + query, bindings=bindings, default_graph=graph))

    def add(self, *_: Any, **__: Any) -> None:
        raise StoreError(
            "the rdflib dataset of an endpoint only reads: write with commit() or add() of the store"
        )

    addN = remove = update = add_graph = remove_graph = add  # noqa: N815 - rdflib's names

    def bind(self, prefix: str, namespace: rdflib.URIRef, override: bool = True) -> None:
        if override or prefix not in self._namespaces:
            self._namespaces[prefix] = namespace

    def namespace(self, prefix: str) -> rdflib.URIRef | None:
        return self._namespaces.get(prefix)

    def prefix(self, namespace: rdflib.URIRef) -> str | None:
        return next((name for name, known in self._namespaces.items() if known == namespace), None)

    def namespaces(self) -> Iterator[tuple[str, rdflib.URIRef]]:
        yield from self._namespaces.items()


def _graph(context: Any) -> str | None:
    return None if context is None else str(context.identifier)


def _text(term: Any) -> str | None:
    """SPARQL of a term; None for one that is free."""
    if term is None:
        return None
    if isinstance(term, rdflib.Literal):
        if term.language:
            return str(ox.Literal(str(term), language=term.language))
        return str(
            ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype)) if term.datatype else None)
        )
    return str(to_term(IRI(term)))


def _from_ox(term: Any) -> rdflib.term.Identifier:
    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return rdflib.BNode(term.value)
    if term.language:
        return rdflib.Literal(term.value, lang=term.language)
    plain = term.datatype == ox.Literal("").datatype
    return rdflib.Literal(term.value, datatype=None if plain else rdflib.URIRef(term.datatype.value))


def _value(term: Any) -> Value:
    if isinstance(term, rdflib.URIRef):
        return IRI(term)
    value = term.toPython() if isinstance(term, rdflib.Literal) else None
    if not isinstance(value, str | int | float | bool):
        raise NotImplementedError
    return value if not isinstance(value, rdflib.Literal) else str(value)


def _answer(result: Result) -> Answer:
    if result.kind == "boolean":
        answer = Answer("ASK")
        answer.askAnswer = result.answer
    elif result.kind == "graph":
        answer = Answer("CONSTRUCT")
        answer.graph = rdflib.Graph()
        for row in result.terms:
            answer.graph.add(tuple(_from_ox(term) for term in row))  # type: ignore[arg-type]
    else:
        answer = Answer("SELECT")
        answer.vars = [rdflib.Variable(name) for name in result.variables]
        answer.bindings = [
            {name: _from_ox(term) for name, term in zip(answer.vars, row, strict=True) if term is not None}
            for row in result.terms
        ]
    return answer
