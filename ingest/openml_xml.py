"""OpenML's XML, read by ourselves: entities are refused, and a document that was cut short is told from a wrong one."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.parsers import expat

from kg.errors import SourceError

__all__ = ["DamagedError", "children", "number", "parse", "text", "values"]

Element = ElementTree.Element


class DamagedError(SourceError):
    """A document is no well-formed XML, as one is that was cut short: asking for it again may help."""


def parse(document: str, root: str, where: str) -> Element:
    """Tree of a document, whose root must have that name.

    Raises
    ------
    DamagedError
        If it is not well-formed.
    SourceError
        If it declares a document type, or is another document.
    """
    text = document.lstrip()  # OpenML sends empty lines before some
    try:
        _refuse_document_type(text, where)
        tree = ElementTree.fromstring(text)  # noqa: S314 - it has no document type, and so no entities
    except (expat.ExpatError, ElementTree.ParseError, ValueError) as error:
        raise DamagedError(f"{where} is damaged, or no XML ({error})") from error
    if name_of(tree) != root:
        raise SourceError(
            f"{where} holds <{name_of(tree)}>, expected <oml:{root}>: check that --server is OpenML's API"
        )
    return tree


def _refuse_document_type(document: str, where: str) -> None:
    def refuse(*_: object) -> None:
        raise SourceError(
            f"{where} declares a document type, which OpenML's documents do not and which can be made to do harm: "
            "nothing of it was read; check that --server is OpenML"
        )

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(document, True)


def name_of(element: Element) -> str:
    """Name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str) -> list[Element]:
    """Children of that name, whatever their namespace."""
    return [child for child in element if name_of(child) == name]


def text(element: Element, name: str) -> str | None:
    """Text of the first child of that name; None if there is none, or it is empty."""
    for child in element:
        if name_of(child) == name:
            return (child.text or "").strip() or None
    return None


def values(element: Element) -> dict[str, str]:
    """Texts of all children by name."""
    return {name_of(child): (child.text or "").strip() for child in element}


def number(stated: str | None, name: str, where: str) -> int:
    """An id.

    Raises
    ------
    SourceError
        If it is missing, or no whole number.
    """
    if stated is None or not (stated.isascii() and stated.isdigit() and len(stated) < 19):
        raise SourceError(
            f"{where}: <oml:{name}> is {stated!r}, which is no id: report it to the server's people"
        )
    return int(stated)
