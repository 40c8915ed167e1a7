"""A store's graphs carried to another, such as from a laptop's folder to a team's server; can be interrupted.

A graph travels in pieces, each noted in the target's ledger once it is there; so whoever was interrupted sends only
what is missing, and a piece that is sent twice changes nothing. Until its last piece is there, the target's manifest
calls the graph unfinished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kg.changes import noted
from kg.remote import RemoteStore
from kg.store import Progress, Store

__all__ = ["Pushed", "push"]

_PIECE = 4 * 2**20
"""Bytes of N-Quads in one piece."""


@dataclass(frozen=True)
class Pushed:
    """What :func:`push` did with one graph: quads sent now, and whether it was there already."""

    graph: str
    quads: int
    there: bool


def push(source: Store, target: RemoteStore, progress: Progress | None = None) -> Iterator[Pushed]:
    """Carry every graph of ``source`` to ``target``; graphs that only the target has stay as they are.

    Parameters
    ----------
    source
        Read at the version that it holds.
    target
        Written; graphs that it holds with the same content are left alone, those with other content replaced.
    progress
        Told (graph, rows sent or found there, rows in all), rows as the manifest counts them.

    Raises
    ------
    StoreError
        If the target cannot be written; pushing again goes on where it was.
    """
    for info in source.graphs():
        known = {other.iri: other for other in target.graphs()}.get(info.iri)
        if known and known.content_hash == info.content_hash and not known.unfinished and known.content_hash:
            yield Pushed(info.iri, 0, there=True)
            continue
        if known and known.content_hash != info.content_hash:
            target.remove(info.iri)
        sent = target.receive(
            info, _pieces(source.dump(info.iri)), tuple(sorted(noted(source, info.iri))), progress
        )
        yield Pushed(info.iri, sent, there=False)


def _pieces(chunks: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    """The same lines in larger pieces, each with its digest."""
    held: list[bytes] = []
    size = 0
    for chunk in chunks:
        held.append(chunk)
        size += len(chunk)
        if size >= _PIECE:
            yield _digested(held)
            held, size = [], 0
    if held:
        yield _digested(held)


def _digested(held: list[bytes]) -> tuple[str, bytes]:
    lines = b"".join(held)
    return hashlib.sha256(lines).hexdigest(), lines
