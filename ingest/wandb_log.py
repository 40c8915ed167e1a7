"""W&B's own file of a run (``run-ID.wandb``): records of Protocol Buffers in the framing of LevelDB's log.

After seven bytes of header follow blocks of 32 KiB with records: a checksum of four bytes, a length of two, a type
(whole, first, middle, last), the content; a record over several blocks is in pieces. Of the records those of the run,
its configuration, history, summary, environment and exit are read. What a killed process left is cut off somewhere:
whole records before that are taken.

https://github.com/google/leveldb/blob/main/doc/log_format.md, ``wandb_internal.proto`` of the package wandb.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ingest.local_files import STREAM, checked
from kg.errors import SourceError

__all__ = ["Message", "is_log", "messages", "parsed"]

_HEADER = b":W&B\xe1\xbe\x00"
_BLOCK = 32_768
_WHOLE, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_LARGEST = 64 * 2**20

Message = dict[int, list[bytes | int]]
"""Values by the number of their field: bytes of texts and inner messages, numbers of all else."""


def is_log(path: Path) -> bool:
    """Whether the file is a run of W&B's."""
    with path.open("rb") as stream:
        return stream.read(len(_HEADER)) == _HEADER


def messages(path: Path, root: Path) -> Iterator[Message]:
    """Yield the records.

    Raises
    ------
    SourceError
        If the file is none of W&B's, or a record in its midst is damaged.
    """
    try:
        with checked(path, root, STREAM).open("rb") as stream:
            if stream.read(len(_HEADER)) != _HEADER:
                raise SourceError(f"{path}: does not begin as a run of W&B's: is it whole?")
            for content in _contents(stream, path):
                yield parsed(content)
    except (OSError, IndexError, ValueError, struct.error) as error:
        raise SourceError(f"{path}: a record is damaged ({error})") from error


def parsed(content: bytes) -> Message:
    """Fields of a message.

    Raises
    ------
    IndexError, ValueError
        If it is damaged.
    """
    found: Message = {}
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        kind = tag & 7
        value: bytes | int
        if kind == 0:
            value, at = _varint(content, at)
        elif kind in (1, 2, 5):
            length, at = _varint(content, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            value, at = content[at : at + length], at + length
            if at > len(content):
                raise ValueError("a field ends behind its message")
        else:
            raise ValueError(f"a field has the type {kind}")
        found.setdefault(tag >> 3, []).append(value)
    return found


def _varint(content: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place in range(10):
        byte = content[at + place]
        value |= (byte & 127) << (7 * place)
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number has no end")


def _contents(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """Records put together from their pieces, up to where the file breaks off."""
    pieces: list[bytes] = []
    while True:
        left = _BLOCK - stream.tell() % _BLOCK
        if left < 7:
            stream.read(left)  # filled with zeros
            continue
        header = stream.read(7)
        if len(header) < 7:
            return
        checksum, length, kind = struct.unpack("<IHB", header)
        if kind == 0 and not length:
            stream.read(left - 7)  # room that was never written to
            continue
        content = stream.read(length)
        if len(content) < length:
            return
        if zlib.crc32(content, zlib.crc32(bytes([kind]))) != checksum:
            raise SourceError(f"{path}: a record before byte {stream.tell():,} does not match its checksum")
        if kind in (_WHOLE, _FIRST):
            pieces = []
        pieces.append(content)
        if sum(map(len, pieces)) > _LARGEST:
            raise SourceError(f"{path}: a record has more than {_LARGEST:,} bytes")
        if kind in (_WHOLE, _LAST):
            yield b"".join(pieces)
            pieces = []
