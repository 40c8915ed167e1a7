"""One HTTP request to an OpenAI-compatible server, bounded in time and size, with the key going nowhere else.

The `openai` client bounds the time between two bytes, not the whole; so a request runs in a thread that is left behind
when its time is over. Redirects are not followed: the key would go along to where the server points.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from methods.errors import MethodError

LARGEST_BODY = 4 * 2**20


@dataclass(frozen=True)
class Reply:
    """``problem`` is None, "timeout", "too large" or what kept the connection from working; then there is no body."""

    status: int | None = None
    body: str = ""
    retry_after: float | None = None
    location: str | None = None
    problem: str | None = None


class Connection:
    """A client of one server, made when it is first used and not copied along to other processes."""

    def __init__(self, base_url: str, key: str | None) -> None:
        self._base_url = base_url
        self._key = key
        self._client: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_client": None}

    def post(self, payload: dict[str, Any], seconds: float) -> Reply:
        """Ask for a chat completion; comes back after ``seconds`` at the latest, whatever the server does.

        Raises
        ------
        MethodError
            The `openai` package is not installed.
        """
        openai = _openai()
        self._client = self._client or _client(openai, self._base_url, self._key)
        client = self._client
        replies: list[Reply] = []

        def send() -> None:
            replies.append(_send(openai, client, payload, seconds))

        thread = threading.Thread(target=send, daemon=True, name="text model")
        thread.start()
        thread.join(seconds + 0.5)  # a little longer, for the client's own time limit to come first
        if not replies:
            self._client = None
            client.close()
            return Reply(problem="timeout")
        return replies[0]


def _openai() -> Any:
    try:
        import openai
    except ImportError:
        raise MethodError("text models need the openai package: pip install 'metakg[methods]'") from None
    return openai


def _client(openai: Any, base_url: str, key: str | None) -> Any:
    return openai.OpenAI(
        base_url=base_url,
        api_key=key or "none",  # servers of one's own machine want none, the client wants one
        max_retries=0,
        # An answer that is packed could unpack to any size; organisation and project belong to openai.com alone.
        default_headers={
            "Accept-Encoding": "identity",
            "OpenAI-Organization": openai.Omit(),
            "OpenAI-Project": openai.Omit(),
        },
        http_client=openai.DefaultHttpxClient(follow_redirects=False, event_hooks={"response": [_bound]}),
    )


def _bound(response: Any) -> None:
    """Put the cap on size and time around a body before the client reads it."""
    import httpx2

    deadline = time.monotonic() + (response.request.extensions.get("timeout", {}).get("read") or 0.0)

    class Bounded(httpx2.SyncByteStream):
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def __iter__(self) -> Iterator[bytes]:
            read = 0
            for part in self.stream:
                read += len(part)
                if read > LARGEST_BODY:
                    raise httpx2.ReadError("too large")
                if time.monotonic() > deadline:
                    raise httpx2.ReadTimeout("timeout")
                yield part

        def close(self) -> None:
            self.stream.close()

    if response.headers.get("content-encoding", "identity") != "identity":
        raise httpx2.ReadError("a packed answer, which was not asked for")
    response.stream = Bounded(response.stream)


def _send(openai: Any, client: Any, payload: dict[str, Any], seconds: float) -> Reply:
    try:
        raw = client.with_options(timeout=seconds).chat.completions.with_raw_response.create(**payload)
    except openai.APITimeoutError:
        return Reply(problem="timeout")
    except openai.APIConnectionError as error:
        return Reply(problem=str(error.__cause__ or error)[:200] or "no connection")
    except openai.APIStatusError as error:
        response = error.response
        return Reply(
            response.status_code,
            response.text,
            _seconds(response.headers.get("retry-after")),
            response.headers.get("location"),
        )
    except Exception as error:  # noqa: BLE001 - in a thread nobody else would see it
        return Reply(problem=f"{type(error).__name__}: {error}"[:200])
    return Reply(raw.http_response.status_code, raw.http_response.text)


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:  # a date, which no model's server sends
        return None
