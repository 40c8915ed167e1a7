"""The provider against a real HTTP server on 127.0.0.1."""

from __future__ import annotations

import json
import pickle
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from methods.errors import MethodError

pytest.importorskip("openai", reason="needs the methods extra")
pytest.importorskip("pytest_httpserver", reason="needs the dev extra")

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from methods.provider import (
    Malformed,
    Provider,
    ProviderError,
    Refused,
    TimedOut,
    Unavailable,
)

KEY = "sk-test-0123456789"
PATH = "/v1/chat/completions"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_URL", "MODEL", "API_KEY"):
        monkeypatch.delenv(f"METAKG_LLM_{name}", raising=False)
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


def chat(content: Any, finish: str = "stop", *, usage: Any = None, **message: Any) -> dict[str, Any]:
    usage = {"prompt_tokens": 7, "completion_tokens": 3} if usage is None else usage
    message = {"role": "assistant", "content": content} | message
    return {"id": "1", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage}


@pytest.fixture
def provider(httpserver: HTTPServer) -> Callable[..., Provider]:
    def make(**options: Any) -> Provider:
        return Provider(httpserver.url_for("/v1"), "small", KEY, **({"timeout": 5.0} | options))

    return make


def test_an_answer_comes_with_its_tokens_and_the_request_says_what_was_asked(httpserver, provider):
    httpserver.expect_request(PATH, method="POST").respond_with_json(chat("yes"))
    answer = provider().complete("why?", system="be brief", limit=9, seed=4, temperature=0.5)
    assert (answer.text, answer.prompt_tokens, answer.completion_tokens, answer.cut_off) == (
        "yes",
        7,
        3,
        False,
    )
    request, _ = httpserver.log[0]
    assert request.json == {
        "model": "small",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "why?"}],
        "max_tokens": 9,
        "seed": 4,
        "temperature": 0.5,
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"


def test_only_the_key_of_this_server_is_sent(httpserver, provider, monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "secret-of-another")
    httpserver.expect_request(PATH).respond_with_json(chat("yes"))
    provider().complete("?")
    assert "secret-of-another" not in str(httpserver.log[0][0].headers)


def test_an_answer_at_the_limit_says_that_it_was_cut_off(httpserver, provider):
    httpserver.expect_request(PATH).respond_with_json(chat('{"a": [1,', "length"))
    assert provider().complete("?").cut_off
    with pytest.raises(Malformed, match="cut off at 20 tokens"):
        provider().complete_json("?", limit=20)


@pytest.mark.parametrize("usage", [{}, [], {"prompt_tokens": "many", "completion_tokens": -1}])
def test_a_server_that_does_not_count_tokens_gives_zero(httpserver, provider, usage):
    body = chat("yes", usage=usage)
    if usage == {}:
        del body["usage"]
    httpserver.expect_request(PATH).respond_with_json(body)
    answer = provider().complete("?")
    assert (answer.prompt_tokens, answer.completion_tokens) == (0, 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here:\n```json\n{"a": {"b": [2]}}\n```\nDone.', {"a": {"b": [2]}}),
        ("```\n[1, 2]\n```", [1, 2]),
        ('As in [1], the answer is {"a": "} ]", "b": null} (or so).', {"a": "} ]", "b": None}),
        ('{"broken": \n and then [{"name": "x"}]', [{"name": "x"}]),
    ],
)
def test_json_is_found_in_what_is_written_around_it(httpserver, provider, text, value):
    httpserver.expect_request(PATH).respond_with_json(chat(text))
    found, completion = provider().complete_json("?")
    assert found == value
    assert completion.text == text


@pytest.mark.parametrize("text", ["no idea", '{"a": 1', "[NaN]", "```json\n{'a': 1}\n```", "[" * 50_000, "3"])
def test_an_answer_without_json_is_malformed_and_carries_500_characters(httpserver, provider, text):
    httpserver.expect_request(PATH).respond_with_json(chat(text))
    with pytest.raises(Malformed) as caught:
        provider().complete_json("?")
    assert caught.value.text == text[:500]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (chat(None, refusal="I cannot"), "I cannot"),
        (chat("half", "content_filter"), "content filter"),
        (chat(""), "empty"),
        (chat(None, "length"), "raise it"),
    ],
)
def test_a_refusal_a_filter_and_an_empty_answer_are_refused(httpserver, provider, body, says):
    httpserver.expect_request(PATH).respond_with_json(body)
    with pytest.raises(Refused, match=says):
        provider().complete("?")


@pytest.mark.parametrize(
    "body",
    [
        "<html>welcome</html>",
        "{",
        "[]",
        '{"choices": []}',
        '{"choices": [{"message": {"content": 3}}]}',
        "[" * 9999,
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_what_is_no_chat_completion_is_malformed(httpserver, provider, body, kind):
    httpserver.expect_request(PATH).respond_with_data(body, content_type=kind)
    with pytest.raises(Malformed) as caught:
        provider().complete("?")
    assert caught.value.text == body[:500]


def test_a_slow_server_times_out_once(httpserver, provider):
    def slowly(request: Request) -> Response:
        time.sleep(1.5)
        return Response(json.dumps(chat("late")))

    httpserver.expect_request(PATH).respond_with_handler(slowly)
    began = time.monotonic()
    with pytest.raises(TimedOut, match=r"0\.3 seconds"):
        provider(timeout=0.3).complete("?")
    assert time.monotonic() - began < 1.4


def test_a_server_that_drips_does_not_hold_us(httpserver, provider):
    def drip() -> Any:
        for _ in range(30):
            yield b" "
            time.sleep(0.1)

    httpserver.expect_request(PATH).respond_with_handler(lambda request: Response(drip()))
    began = time.monotonic()
    with pytest.raises(TimedOut):
        provider(timeout=0.4).complete("?")
    assert time.monotonic() - began < 1.5


def test_a_huge_body_is_not_read_to_its_end(httpserver, provider):
    sent = []

    def flood() -> Any:
        for _ in range(400):
            sent.append(1)
            yield b"x" * 2**18

    httpserver.expect_request(PATH).respond_with_handler(lambda request: Response(flood()))
    with pytest.raises(Malformed, match="too large"):
        provider().complete("?")
    assert len(sent) < 100


def test_a_packed_answer_is_not_unpacked(httpserver, provider):
    httpserver.expect_request(PATH).respond_with_data(b"x", headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unavailable, match="packed"):
        provider(retries=0).complete("?")


def test_too_many_requests_are_repeated_when_the_server_says(httpserver, provider):
    httpserver.expect_ordered_request(PATH).respond_with_data("", 429, headers={"Retry-After": "1"})
    httpserver.expect_ordered_request(PATH).respond_with_json(chat("yes"))
    began = time.monotonic()
    assert provider().complete("?").text == "yes"
    assert 1.0 <= time.monotonic() - began < 3.0


def test_a_wait_beyond_the_time_is_not_begun(httpserver, provider):
    httpserver.expect_request(PATH).respond_with_json(
        {"error": {"message": "slow down"}}, 429, headers={"Retry-After": "60"}
    )
    began = time.monotonic()
    with pytest.raises(Unavailable, match=r"429 \(slow down\); wait"):
        provider().complete("?")
    assert time.monotonic() - began < 2.0
    assert len(httpserver.log) == 1


def test_a_server_error_is_repeated_and_then_named(httpserver, provider):
    httpserver.expect_request(PATH).respond_with_data("oops", 500)
    with pytest.raises(Unavailable, match="answered 500"):
        provider(retries=1).complete("?")
    assert len(httpserver.log) == 2


@pytest.mark.parametrize(
    ("status", "remedy"), [(401, "METAKG_LLM_API_KEY"), (403, "may not"), (404, "METAKG_LLM_MODEL")]
)
def test_a_closed_door_is_named_with_its_remedy_and_not_tried_again(httpserver, provider, status, remedy):
    httpserver.expect_request(PATH).respond_with_json({"error": {"message": f"bad key {KEY}"}}, status)
    with pytest.raises(Unavailable, match=remedy) as caught:
        provider().complete("?")
    assert len(httpserver.log) == 1
    assert KEY not in str(caught.value)
    assert caught.value.__context__ is None  # the client's own error holds the request with the key


def test_a_model_that_knows_the_limit_by_its_new_name_is_asked_again(httpserver, provider):
    message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    httpserver.expect_ordered_request(PATH).respond_with_json({"error": {"message": message}}, 400)
    httpserver.expect_ordered_request(PATH).respond_with_json(chat("yes"))
    assert provider().complete("?", limit=5).text == "yes"
    assert httpserver.log[1][0].json["max_completion_tokens"] == 5
    assert "max_tokens" not in httpserver.log[1][0].json


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(Unavailable, match="METAKG_LLM_BASE_URL"):
        Provider(f"http://127.0.0.1:{port}/v1", "small", KEY, timeout=2, retries=0).complete("?")


def test_the_key_does_not_follow_a_redirect(httpserver, provider):
    with HTTPServer(host="localhost") as other:
        other.expect_request("/stolen").respond_with_json(chat("mine"))
        httpserver.expect_request(PATH).respond_with_data(
            "", 307, headers={"Location": other.url_for("/stolen")}
        )
        with pytest.raises(Unavailable, match="localhost, where the key is not sent"):
            provider().complete("?")
        assert other.log == []


def test_a_server_that_echoes_the_key_does_not_get_it_printed(httpserver, provider):
    httpserver.expect_request(PATH).respond_with_json(chat(f"you sent {KEY}"))
    made = provider()
    assert made.complete("?").text == "you sent ***"
    assert KEY not in repr(made)
    with pytest.raises(Malformed) as caught:
        made.complete_json("?")
    assert KEY not in caught.value.text + str(caught.value)


def test_a_word_in_the_place_of_a_key_is_left_in_answers(httpserver):
    httpserver.expect_request(PATH).respond_with_json(chat("ollama runs it"))
    assert Provider(httpserver.url_for("/v1"), "small", "ollama").complete("?").text == "ollama runs it"


def test_a_provider_goes_to_another_process(httpserver, provider):
    httpserver.expect_request(PATH).respond_with_json(chat("yes"))
    made = provider()
    made.complete("?")
    assert pickle.loads(pickle.dumps(made)).complete("?").text == "yes"


def test_the_environment_names_the_provider(monkeypatch):
    assert Provider.from_environment() is None
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(MethodError, match="METAKG_LLM_MODEL"):
        Provider.from_environment()
    monkeypatch.setenv("METAKG_LLM_MODEL", "small")
    found = Provider.from_environment()
    assert found is not None
    assert (found.base_url, found.model) == ("https://api.openai.com/v1", "small")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://a/v1")
    monkeypatch.setenv("METAKG_LLM_BASE_URL", "http://b/v1")
    found = Provider.from_environment()
    assert found is not None
    assert found.base_url == "http://b/v1"


def test_a_server_without_a_key_is_configured_by_its_url(httpserver, monkeypatch):
    httpserver.expect_request(PATH).respond_with_json(chat("yes"))
    monkeypatch.setenv("METAKG_LLM_BASE_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("METAKG_LLM_MODEL", "local")
    found = Provider.from_environment()
    assert found is not None
    assert found.complete("?").text == "yes"


def test_openais_key_goes_to_no_other_address(httpserver, monkeypatch):
    httpserver.expect_request(PATH).respond_with_json(chat("yes"))
    monkeypatch.setenv("METAKG_LLM_BASE_URL", httpserver.url_for("/v1"))
    monkeypatch.setenv("METAKG_LLM_MODEL", "local")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    found = Provider.from_environment()
    assert found is not None
    assert found.complete("?").text == "yes"
    assert KEY not in str(httpserver.log[0][0].headers)


@pytest.mark.parametrize("address", ["localhost:11434", "ftp://x/v1", "https://me:pw@x/v1", "https://"])
def test_an_address_that_is_none_is_named_without_its_password(address):
    with pytest.raises(MethodError, match="METAKG_LLM_BASE_URL") as caught:
        Provider(address, "small", KEY)
    assert "pw@" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-ключ", "sk\nX: y", "sk-1 "])
def test_a_key_that_cannot_be_sent_is_not_shown(key):
    with pytest.raises(MethodError, match="METAKG_LLM_API_KEY") as caught:
        Provider("http://x/v1", "small", key)
    assert key not in str(caught.value)


def test_a_missing_client_is_named_with_its_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(MethodError, match=r"pip install 'metakg\[methods\]'"):
        Provider("http://x/v1", "small", KEY).complete("?")


def test_every_error_is_one_that_a_person_can_mend():
    for kind in (TimedOut, Refused, Unavailable, Malformed):
        assert issubclass(kind, ProviderError)
        assert issubclass(kind, MethodError)
