"""JSON-LD that people can read: our context embedded, named graphs kept, parts written inside their wholes.

Neither rdflib nor pyoxigraph writes compact, nested JSON-LD of more than fits in memory. Here the quads are first
sorted into a scratch store on disk, and each node is then written with all that is stated of it in its graph.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import ontology
from kg.vocabulary import DCAT, MLS, RDF, XSD

if TYPE_CHECKING:
    import pyoxigraph

__all__ = ["Compaction", "write"]

_TYPE = f"{RDF}type"
_FIRST = {"id": 0, "type": 1, "title": 2, "label": 3}
"""Keys that come first in a node, by their place."""

_CHAIN = (f"{DCAT}distribution", f"{MLS}hasQuality")
"""Properties from a whole to a part whose IRI does not begin with that of the whole."""


class _Term(NamedTuple):
    iri: str
    kind: str | None


class Compaction:
    """Short names for IRIs and values by a JSON-LD context of plain and typed terms."""

    def __init__(self, context: dict[str, Any]) -> None:
        plain = {key: value for key, value in context.items() if isinstance(value, str) and value[0] != "@"}
        self._prefixes = {key: iri for key, iri in plain.items() if iri[-1] in "/#"}
        terms = {
            key: _Term(self._whole(value), None)
            if isinstance(value, str)
            else _Term(self._whole(value["@id"]), self._whole(value.get("@type")))
            for key, value in context.items()
            if key not in self._prefixes and key[0] != "@" and (isinstance(value, dict) or value[0] != "@")
        }
        self._keys = {(term.iri, term.kind): key for key, term in terms.items()}

    def _whole(self, short: str | None) -> Any:
        prefix, colon, local = (short or "").partition(":")
        return self._prefixes[prefix] + local if colon and prefix in self._prefixes else short

    @lru_cache(maxsize=2**16)  # noqa: B019 - lives as long as one export
    def iri(self, iri: str) -> str:
        """IRI by its longest prefix; whole where there is none, or where it could be misread."""
        for prefix, base in sorted(self._prefixes.items(), key=lambda pair: -len(pair[1])):
            local = iri.removeprefix(base)
            if local and local != iri and not local.startswith("//"):
                return f"{prefix}:{local}"
        return iri

    def type(self, iri: str) -> str:
        """Name of a class."""
        return self._keys.get((iri, None)) or self.iri(iri)

    def key_for_node(self, predicate: str) -> tuple[str, bool]:
        """Key of a property with an IRI as its value, and whether the value may be the IRI alone."""
        key = self._keys.get((predicate, "@id"))
        return (key, True) if key else (self.iri(predicate), False)

    def literal(self, predicate: str, literal: pyoxigraph.Literal) -> tuple[str, Any]:
        """Key and value of a literal, such that exactly it is read again.

        Numbers with a fraction stay text: JSON-LD rewrites JSON's own to 16 digits, and a double may need 17.
        """
        text, datatype = literal.value, literal.datatype.value
        typed = self._keys.get((predicate, datatype))
        key = typed or self._keys.get((predicate, None)) or self.iri(predicate)
        if literal.language:
            return key, {"@value": text, "@language": literal.language}
        if datatype == f"{XSD}string":
            return key, text
        if datatype == f"{XSD}boolean" and text in ("true", "false"):
            return key, text == "true"
        if datatype == f"{XSD}integer" and text.removeprefix("-").isdecimal() and str(int(text)) == text:
            return key, int(text)
        return key, text if typed else {"@value": text, "@type": self.iri(datatype)}


def write(nquads: Iterable[bytes], graphs: Sequence[str], out: IO[bytes]) -> None:
    """Write N-Quads of some graphs as one JSON-LD document, in the order of the graphs.

    Parameters
    ----------
    nquads
        Whole lines. They are sorted in a temporary folder that takes about as much room as the store.
    graphs
        IRIs of the graphs to write.
    out
        Binary stream.
    """
    import pyoxigraph as ox

    context = ontology.context()["@context"]
    with tempfile.TemporaryDirectory(prefix="metakg-") as folder:
        raw = ox.Store(folder)
        for chunk in _large(nquads):
            raw.bulk_load(chunk, ox.RdfFormat.N_QUADS, lenient=True)
        compaction = Compaction(context)
        head = json.dumps({"@context": context}, ensure_ascii=False, indent=1)
        out.write(head[:-2].encode() + b',\n "@graph": [')
        mark = b"\n"
        for graph in graphs:
            out.write(mark + b' {"id": ' + json.dumps(compaction.iri(graph)).encode() + b', "@graph": [')
            mark = b"\n"
            for node in _Graph(raw, graph, compaction).nodes():
                out.write(mark + json.dumps(node, ensure_ascii=False, indent=1).encode())
                mark = b",\n"
            out.write(b"\n ]}")
            mark = b",\n"
        out.write(b"\n ]\n}\n")
        del raw


def _large(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join chunks: the loader sorts each into files of its own, so few large ones are best."""
    held: list[bytes] = []
    for chunk in chunks:
        held.append(chunk)
        if sum(map(len, held)) > 2**26:
            yield b"".join(held)
            held = []
    yield b"".join(held)


class _Graph:
    """One named graph, node by node."""

    def __init__(self, raw: pyoxigraph.Store, graph: str, compaction: Compaction) -> None:
        import pyoxigraph as ox

        self._raw = raw
        self._graph = ox.NamedNode(graph)
        self._compaction = compaction
        self._chain = [ox.NamedNode(iri) for iri in _CHAIN]

    def nodes(self) -> Iterator[dict[str, Any]]:
        """Nodes that are part of no other one, each with its parts inside."""
        quads = self._raw.quads_for_pattern(None, None, None, self._graph)
        for subject, stated in groupby(quads, key=lambda quad: quad.subject):
            if not self._is_inside(subject):
                yield self._node(subject, list(stated), ())

    def _node(self, subject: Any, stated: list[pyoxigraph.Quad], path: tuple[Any, ...]) -> dict[str, Any]:
        import pyoxigraph as ox

        named: dict[str, list[Any]] = {}
        for quad in stated:
            value: Any = quad.object
            if isinstance(value, ox.Literal):
                key, shown = self._compaction.literal(quad.predicate.value, value)
            elif quad.predicate.value == _TYPE:
                key, shown = "type", self._compaction.type(value.value)
            else:
                key, alone = self._compaction.key_for_node(quad.predicate.value)
                shown = self._value(subject, quad, path, alone)
            named.setdefault(key, []).append(shown)
        node: dict[str, Any] = {"id": self._name(subject)}
        for key in sorted(named, key=lambda key: (_FIRST.get(key, 9), key)):
            values = sorted(named[key], key=_order)
            node[key] = values if len(values) > 1 else values[0]
        return node

    def _value(self, subject: Any, quad: pyoxigraph.Quad, path: tuple[Any, ...], alone: bool) -> Any:
        part: Any = quad.object
        if part not in (subject, *path) and self._is_part(subject, quad.predicate, part):
            stated = list(self._raw.quads_for_pattern(part, None, None, self._graph))
            if stated:
                return self._node(part, stated, (*path, subject))
        return self._name(part) if alone else {"id": self._name(part)}

    def _name(self, node: Any) -> str:
        import pyoxigraph as ox

        return self._compaction.iri(node.value) if isinstance(node, ox.NamedNode) else str(node)

    def _is_part(self, whole: Any, predicate: Any, part: Any) -> bool:
        return predicate in self._chain or part.value.startswith(f"{whole.value}/")

    def _whole_of(self, part: Any) -> Any:
        """Node that this one is written inside of, if there is one."""
        import pyoxigraph as ox

        for predicate in self._chain:
            for quad in self._raw.quads_for_pattern(None, predicate, part, self._graph):
                return quad.subject
        text = part.value
        while isinstance(part, ox.NamedNode) and (text := text.rpartition("/")[0]):
            if text.endswith("/"):
                return None
            for quad in self._raw.quads_for_pattern(ox.NamedNode(text), None, part, self._graph):
                return quad.subject
        return None

    def _is_inside(self, part: Any) -> bool:
        """Whether a node is written inside another one; not in a circle of parts, which would then be lost."""
        seen, whole = [part], self._whole_of(part)
        while whole is not None:
            if whole in seen:
                return False
            seen.append(whole)
            whole = self._whole_of(whole)
        return len(seen) > 1


def _order(value: Any) -> str:
    return str(value.get("id", value)) if isinstance(value, dict) else str(value)
