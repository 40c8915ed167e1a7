"""Names and IRIs for people: OpenML's datasets lead to their pages, our own IRIs are written short."""

from __future__ import annotations

import re

__all__ = ["OPENML_PAGE", "openml_page", "plain", "short"]

OPENML_PAGE = "https://www.openml.org/d/"

_OWN = "https://w3id.org/metakg/"
_DATASET = re.compile(r"^http://w3id\.org/mlsea/openml/dataset/(\d+)$")


def openml_page(iri: object) -> str | None:
    """Page of an OpenML dataset, None for all else.

    >>> openml_page("http://w3id.org/mlsea/openml/dataset/31")
    'https://www.openml.org/d/31'
    """
    found = _DATASET.match(str(iri))
    return f"{OPENML_PAGE}{found[1]}" if found else None


def short(value: object) -> object:
    """Our own IRIs with their prefix, all other values as they are.

    >>> short("https://w3id.org/metakg/pipeline/64d26ad793de83e3")
    'metakg:pipeline/64d26ad793de83e3'
    """
    text = isinstance(value, str) and value.startswith(_OWN)
    return f"metakg:{str(value).removeprefix(_OWN)}" if text else value


def plain(text: str) -> str:
    """Text that Markdown shows as it is, whatever a file, a column or a dataset is called.

    >>> print(plain("a*b [c](d)"))
    a\\*b \\[c\\](d)
    """
    return re.sub(r"([\\`*_{}\[\]<>#|$:~])", r"\\\1", text)
