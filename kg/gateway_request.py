"""What clients of the gateway send: parameters, texts and graphs, each within a size and a time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from typing import IO
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from kg.gateway_answer import Refused

__all__ = ["FORM", "Pairs", "operation", "pairs", "spooled"]

FORM = "application/x-www-form-urlencoded"

_BODY_SECONDS = 60.0
_STORE_BYTES = 2**30
_OVER_BYTES = 64 * 2**20
"""Read and thrown away of what is too large."""

Pairs = list[tuple[str, str]]


def pairs(raw: bytes) -> Pairs:
    """Names and values of parameters.

    Raises
    ------
    Refused
        If they are not UTF-8.
    """
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=1000)
    except ValueError as error:  # and UnicodeDecodeError
        raise Refused(400, "the parameters are not UTF-8 in percent-encoding: encode them so") from error


async def operation(request: Request, name: str, kind: str, most: int) -> tuple[Pairs, str]:
    """Parameters and text of a query or an update, however the protocol lets them be sent."""
    parameters = pairs(request.url.query.encode())
    if request.method == "POST":
        body = b"".join([piece async for piece in _body(request, most)])
        sent_as = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if sent_as == kind:
            try:
                return parameters, body.decode()
            except UnicodeDecodeError as error:
                raise Refused(400, f"the {name} is not UTF-8: encode it so") from error
        if sent_as != FORM:
            raise Refused(415, f"the content type {sent_as[:100]!r} is not known here: send {kind} or {FORM}")
        parameters += pairs(body)
    texts = [value for key, value in parameters if key == name]
    if len(texts) != 1:
        raise Refused(400, f"{len(texts)} parameters {name!r}: give one")
    return parameters, texts[0]


async def _body(request: Request, most: int) -> AsyncIterator[bytes]:
    size = 0
    try:
        async with asyncio.timeout(_BODY_SECONDS) as limit:
            async for piece in request.stream():
                limit.reschedule(asyncio.get_running_loop().time() + _BODY_SECONDS)
                size += len(piece)
                # Most clients read the answer only when they have sent everything.
                if size > most + _OVER_BYTES:
                    break
                if size <= most:
                    yield piece
    except TimeoutError as error:
        raise Refused(408, f"nothing came for {_BODY_SECONDS:g} s: send it again") from error
    except ClientDisconnect as error:
        raise Refused(400, "the client has gone") from error
    if size > most:
        raise Refused(413, f"more than {most:,} bytes: send less at a time")


async def spooled(request: Request) -> IO[bytes]:
    """Body of a request, on disk if it is large: the server is not kept waiting for a slow client."""
    spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by whoever passes it on
    try:
        async for piece in _body(request, _STORE_BYTES):
            await asyncio.to_thread(spool.write, piece)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool
