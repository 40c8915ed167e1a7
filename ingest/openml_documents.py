"""OpenML's XML documents of flows, runs and setups, read without network, package or entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from xml.etree import ElementTree

from kg.errors import SourceError

__all__ = ["MAX_LEVELS", "FlowInfo", "Setting", "parse_flow", "parse_settings"]

MAX_LEVELS = 20
"""Levels of components within components; a search over a pipeline with columns has four."""

_MAX_TAGS = 2 * MAX_LEVELS + 3  # oml:component and oml:flow, then a parameter and its name


class Setting(NamedTuple):
    """Value of a parameter as a run or a setup states it; ``flow`` is the id of the component's flow."""

    name: str
    value: str | None
    flow: int | None = None


@dataclass(frozen=True)
class FlowInfo:
    """A flow of OpenML.

    Attributes
    ----------
    id
        Number on the server; None in a document that was not uploaded yet.
    name
        Such as ``weka.J48``, or ``sklearn.pipeline.Pipeline(svc=sklearn.svm.classes.SVC)``.
    version, external_version, language, class_name, dependencies, description
        As the document states them.
    parameters
        Name → default value as text.
    components
        Identifier → flow, in the order of the document.
    values
        Name → value that a run sets; empty in a document.
    """

    id: int | None
    name: str
    version: str | None = None
    external_version: str | None = None
    language: str | None = None
    class_name: str | None = None
    dependencies: str | None = None
    description: str | None = None
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    components: Mapping[str, FlowInfo] = field(default_factory=dict)
    values: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def is_sklearn(self) -> bool:
        """Whether openml-python's extension for scikit-learn wrote it."""
        stated = f"{self.external_version or ''},{self.dependencies or ''}"
        return any(part.strip().startswith("sklearn==") for part in stated.replace("\n", ",").split(","))

    @property
    def label(self) -> str:
        """What messages call it."""
        name = self.name if len(self.name) < 80 else f"{self.name[:77]}..."
        return f"flow {name}" if self.id is None else f"flow {self.id} ({name})"

    def walk(self, level: int = 0) -> Iterator[FlowInfo]:
        """The flow and all components within, in the order of the document.

        Raises
        ------
        SourceError
            If components are nested more than :data:`MAX_LEVELS` levels deep, as those that hold themselves.
        """
        if level > MAX_LEVELS:
            raise SourceError(_too_deep(self.label))
        yield self
        for part in self.components.values():
            yield from part.walk(level + 1)


def parse_flow(document: str | bytes, *, where: str = "the flow document") -> FlowInfo:
    """Read a flow as ``/api/v1/xml/flow/ID`` sends it.

    Raises
    ------
    SourceError
        If it is no such XML, declares entities, or nests components more than :data:`MAX_LEVELS` levels deep.
    """
    root = _parse(document, where)
    if _name(root) != "flow":
        raise SourceError(f"{where} holds <{root.tag}>: expected <oml:flow>, as OpenML's flow/ID sends it")
    return _flow(root, where)


def parse_settings(document: str | bytes, *, where: str = "the document of settings") -> tuple[Setting, ...]:
    """Read the settings of a run (``run/ID``) or a setup (``setup/ID``).

    Raises
    ------
    SourceError
        If it is no such XML, or declares entities.
    """
    root = _parse(document, where)
    kind = _name(root)
    if kind == "run":
        tag, name, flow = "parameter_setting", "name", "component"
    elif kind in ("setup_parameters", "setup"):
        tag, name, flow = "parameter", "parameter_name", "flow_id"
    else:
        raise SourceError(f"{where} holds <{root.tag}>: expected <oml:run> or <oml:setup_parameters>")
    found = []
    for element in root:
        if _name(element) == tag:
            stated = _required(element, name, where)
            found.append(Setting(stated, _text(element, "value"), _number(element, flow, where)))
    return tuple(found)


def _parse(document: str | bytes, where: str) -> ElementTree.Element:
    """Tree of a document; what declares a document type or an entity is refused before it is expanded."""
    from xml.parsers import expat

    def refuse(*_: object) -> None:
        raise SourceError(
            f"{where}, line {parser.CurrentLineNumber}: it declares a document type or an entity, which OpenML's "
            "documents do not and which can be made to do harm; take it from OpenML again"
        )

    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_TAGS:
            raise SourceError(_too_deep(where))
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    builder = ElementTree.TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    try:
        # white space before <?xml is no XML, but what OpenML sends
        parser.Parse(document.lstrip(), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise SourceError(f"{where} is damaged, or no XML: {error}; take it from OpenML again") from error
    return builder.close()


def _flow(element: ElementTree.Element, where: str) -> FlowInfo:
    parameters: dict[str, str | None] = {}
    components: dict[str, FlowInfo] = {}
    for child in element:
        if _name(child) == "parameter":
            parameters[_required(child, "name", where)] = _text(child, "default_value")
        elif _name(child) == "component":
            identifier = _required(child, "identifier", where)
            inner = next((part for part in child if _name(part) == "flow"), None)
            if inner is None or identifier in components:
                fault = "holds no flow" if inner is None else "is there twice"
                raise SourceError(f"{where}: component {identifier!r} {fault}; take it from OpenML again")
            components[identifier] = _flow(inner, where)
    return FlowInfo(
        id=_number(element, "id", where),
        name=_required(element, "name", where),
        version=_text(element, "version"),
        external_version=_text(element, "external_version"),
        language=_text(element, "language"),
        class_name=_text(element, "class_name"),
        dependencies=_text(element, "dependencies"),
        description=_text(element, "description"),
        parameters=parameters,
        components=components,
    )


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition(":")[2]


def _text(element: ElementTree.Element, name: str) -> str | None:
    for child in element:
        if _name(child) == name:
            return (child.text or "").strip() or None
    return None


def _required(element: ElementTree.Element, name: str, where: str) -> str:
    text = _text(element, name)
    if text is None:
        raise SourceError(f"{where}: <{element.tag}> has no <oml:{name}>; take it from OpenML again")
    return text


def _number(element: ElementTree.Element, name: str, where: str) -> int | None:
    text = _text(element, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise SourceError(f"{where}: <oml:{name}> is {text!r}, which is no number; take it from OpenML again")
    return int(text)


def _too_deep(what: str) -> str:
    return f"{what}: components are nested more than {MAX_LEVELS} levels deep; leave it out"
