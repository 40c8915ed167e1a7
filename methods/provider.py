"""Text generation by any OpenAI-compatible server; with none configured, methods use their deterministic proposers.

``METAKG_LLM_BASE_URL``, ``METAKG_LLM_MODEL`` and ``METAKG_LLM_API_KEY`` say which; ``OPENAI_BASE_URL`` and
``OPENAI_API_KEY`` stand in for the first and the last.

>>> from methods.provider import Provider
>>> Provider("http://localhost:11434/v1", "qwen3", None)
Provider('http://localhost:11434/v1', 'qwen3')
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from methods.errors import MethodError, ProviderError
from methods.provider_json import found
from methods.provider_transport import Connection, Reply

__all__ = ["Completion", "Malformed", "Provider", "ProviderError", "Refused", "TimedOut", "Unavailable"]

_OPENAI = "https://api.openai.com/v1"
_SHOWN = 500
_FIRST_WAIT = 0.5
_SHORTEST_SECRET = 12  # servers of one's own machine take words such as ``ollama``, which answers may hold
_REMEDIES = {
    401: "set METAKG_LLM_API_KEY to a valid key",
    403: "the key in METAKG_LLM_API_KEY may not use this model",
    404: "check METAKG_LLM_BASE_URL (it mostly ends in /v1) and METAKG_LLM_MODEL",
    429: "wait, or use a model with a higher limit",
}


class TimedOut(ProviderError):  # noqa: N818 - a name of the contract
    """No whole answer came in time."""


class Refused(ProviderError):  # noqa: N818 - a name of the contract
    """The model refused, its answer was filtered out, or it is empty."""


class Unavailable(ProviderError):  # noqa: N818 - a name of the contract
    """The server cannot be reached, or does not let us in; the message names the remedy."""


class Malformed(ProviderError):  # noqa: N818 - a name of the contract
    """The answer is not what was asked for; ``text`` is what came, cut to 500 characters."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.text = text[:_SHOWN]


@dataclass(frozen=True)
class Completion:
    """Text of a model; tokens are 0 where the server does not count them. ``cut_off``: it ended at the limit."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut_off: bool = False


class Provider:
    """A model on an OpenAI-compatible server.

    Parameters
    ----------
    base_url
        ``https://api.openai.com/v1``, ``http://localhost:11434/v1``, ...
    model
        Its name there.
    key
        None for servers that want none. It is sent to ``base_url`` alone, and shown nowhere.
    timeout
        Seconds for one try; a call takes at most ``timeout * (retries + 1)``, waits between tries included.
    retries
        After a lost connection, 408, 409, 429 and 5xx; a try that timed out is not repeated.

    Raises
    ------
    MethodError
        ``base_url`` is not the address of a server.
    """

    def __init__(
        self, base_url: str, model: str, key: str | None, timeout: float = 30.0, retries: int = 2
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise MethodError(f"METAKG_LLM_BASE_URL must be like {_OPENAI}, without a name or password in it")
        if key and not (key.isascii() and key.isprintable() and key == key.strip()):
            raise MethodError("METAKG_LLM_API_KEY holds characters that no key has; copy it again")
        self.base_url = base_url
        self.model = model
        self.timeout = timeout
        self.retries = retries
        self._key = key
        self._connection = Connection(base_url, key)

    def __repr__(self) -> str:
        return f"Provider({self.base_url!r}, {self.model!r})"

    @classmethod
    def from_environment(cls) -> Provider | None:
        """The provider that the environment names, or None where it names neither server nor key.

        Raises
        ------
        MethodError
            The model is not named.
        """
        address, key = _variable("METAKG_LLM_BASE_URL"), _variable("METAKG_LLM_API_KEY")
        if address is None:  # OpenAI's key is for OpenAI's address, and goes to no other
            address, key = _variable("OPENAI_BASE_URL"), key or _variable("OPENAI_API_KEY")
        if address is None and key is None:
            return None
        model = _variable("METAKG_LLM_MODEL")
        if model is None:
            where = address or _OPENAI
            raise MethodError(
                f"METAKG_LLM_MODEL is not set: name a model of {where}, or unset the key and the URL"
            )
        return cls(address or _OPENAI, model, key)

    @classmethod
    def needed(cls, what: str) -> Provider:
        """The provider that the environment names.

        Raises
        ------
        MethodError
            It names none, or no model; ``what`` says who needs it.
        """
        found = cls.from_environment()
        if found is None:
            raise MethodError(
                f"{what}: set METAKG_LLM_BASE_URL and METAKG_LLM_MODEL, and METAKG_LLM_API_KEY if it wants one"
            )
        return found

    def complete(
        self,
        prompt: str,
        *,
        system: str | None = None,
        limit: int = 500,
        seed: int | None = None,
        temperature: float | None = None,
    ) -> Completion:
        """Ask the model.

        Parameters
        ----------
        prompt, system
            The user's and the system's message.
        limit
            Most tokens of the answer.
        seed, temperature
            Left out, the server's own.

        Raises
        ------
        TimedOut, Refused, Unavailable
            No answer came.
        Malformed
            What came is not a chat completion.
        """
        messages = [{"role": "system", "content": system}] if system else []
        messages.append({"role": "user", "content": prompt})
        payload = {"model": self.model, "messages": messages, "max_tokens": limit}
        payload |= {
            key: value for key, value in (("seed", seed), ("temperature", temperature)) if value is not None
        }
        return self._completion(self._reply(payload).body)

    def complete_json(self, prompt: str, **options: Any) -> tuple[Any, Completion]:
        """Ask for an object or list in JSON, which may stand in a fence or in prose.

        Parameters
        ----------
        prompt, options
            As of `complete`.

        Raises
        ------
        Malformed
            No JSON is in the answer; beyond that, as `complete`.
        """
        completion = self.complete(prompt, **options)
        try:
            return found(completion.text), completion
        except ValueError:
            why = (
                f"was cut off at {options.get('limit', 500)} tokens"
                if completion.cut_off
                else "holds no JSON"
            )
            raise Malformed(f"the answer of {self.model} {why}", completion.text) from None

    def _reply(self, payload: dict[str, Any]) -> Reply:
        deadline = time.monotonic() + self.timeout * (self.retries + 1)
        for tried in range(self.retries + 1):
            reply = self._post(payload, min(self.timeout, deadline - time.monotonic()))
            if reply.status == 400 and "max_completion_tokens" in reply.body and "max_tokens" in payload:
                # Newer models of OpenAI know the limit by this name only, most other servers only by the old one.
                payload = {key: value for key, value in payload.items() if key != "max_tokens"} | {
                    "max_completion_tokens": payload["max_tokens"]
                }
                reply = self._post(payload, min(self.timeout, deadline - time.monotonic()))
            if reply.status is not None and 200 <= reply.status < 300:
                return reply
            if reply.problem == "timeout":
                raise TimedOut(f"{self.model} at {self.base_url} gave no answer in {self.timeout:g} seconds")
            if reply.problem == "too large":
                raise Malformed(f"the answer of {self.base_url} is too large", "")
            wait = reply.retry_after if reply.retry_after is not None else _FIRST_WAIT * 2**tried
            passing = reply.status is None or reply.status in (408, 409, 429) or reply.status >= 500
            if not passing or tried == self.retries or time.monotonic() + wait >= deadline:
                break
            time.sleep(wait)
        raise Unavailable(self._trouble(reply))

    def _post(self, payload: dict[str, Any], seconds: float) -> Reply:
        if seconds <= 0:
            return Reply(problem="timeout")
        reply = self._connection.post(payload, seconds)
        if not self._key or len(self._key) < _SHORTEST_SECRET:
            return reply
        # A server may echo what it was sent, and an error of the client may quote it.
        problem = reply.problem and reply.problem.replace(self._key, "***")
        return replace(reply, body=reply.body.replace(self._key, "***"), problem=problem)

    def _trouble(self, reply: Reply) -> str:
        if reply.status is None:
            return f"{self.base_url} cannot be reached ({reply.problem}); check METAKG_LLM_BASE_URL"
        if 300 <= reply.status < 400:
            host = urlsplit(reply.location or "").hostname or "elsewhere"
            return (
                f"{self.base_url} points to {host}, where the key is not sent; set METAKG_LLM_BASE_URL to it"
            )
        said = " ".join(_message(reply.body).split())[:200]
        remedy = _REMEDIES.get(reply.status, "see the message of the server" if said else "try again later")
        return (
            f"{self.model} at {self.base_url} answered {reply.status}{f' ({said})' if said else ''}; {remedy}"
        )

    def _completion(self, body: str) -> Completion:
        try:
            answer = json.loads(body)
            choice = answer["choices"][0]
            message = choice["message"]
            text, refusal, finish = (
                message.get("content"),
                message.get("refusal"),
                choice.get("finish_reason"),
            )
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            text, refusal, finish = False, None, None
        if refusal:
            raise Refused(f"{self.model} refused: {str(refusal)[:_SHOWN]}")
        if finish == "content_filter":
            raise Refused(f"the answer of {self.model} was held back by a content filter")
        if text is None or (isinstance(text, str) and not text.strip()):
            more = (
                "; its limit of tokens was used up before it began, so raise it" if finish == "length" else ""
            )
            raise Refused(f"the answer of {self.model} is empty{more}")
        if not isinstance(text, str):
            raise Malformed(
                f"{self.base_url} did not answer with a chat completion; check METAKG_LLM_BASE_URL", body
            )
        usage = answer.get("usage")
        counted = usage if isinstance(usage, Mapping) else {}
        return Completion(
            text, _tokens(counted, "prompt_tokens"), _tokens(counted, "completion_tokens"), finish == "length"
        )


def _tokens(usage: Mapping[str, Any], name: str) -> int:
    count = usage.get(name)
    return count if type(count) is int and count >= 0 else 0


def _message(body: str) -> str:
    try:
        error = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, Mapping) else error)
    except (ValueError, RecursionError, LookupError, TypeError):
        return ""


def _variable(name: str) -> str | None:
    return os.environ.get(name, "").strip() or None
