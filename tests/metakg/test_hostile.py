"""Hostile texts at the command line and at the served graph: one line, nothing written, nobody called."""

from __future__ import annotations

import csv
import io
import json
import resource
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import kg
from kg import snapshots
from kg.gateway import Gateway
from kg.testing import small_batch
from tests.hostile import ENDLESS, LARGE, MEMORY, REACHING, UNREADABLE, WRITING

REFUSED = [*REACHING, *WRITING, *UNREADABLE]

DRIVER = """
import contextlib, io, json, sys
from metakg.__main__ import main
for text in json.load(sys.stdin):
    sys.stdin, out, err = io.StringIO(text), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = main(["--store", sys.argv[1], "query", "-"])
    print(json.dumps([status, out.getvalue(), err.getvalue()]), flush=True)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hostile") / "store"
    with kg.open_store(path, create=True) as store:
        store.commit(small_batch())
    return path


@pytest.fixture
def canary() -> Iterator[str]:
    """URL of a socket; fails when anything has connected to it, or written to the store."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.fixture
def unchanged(folder: Path) -> Iterator[None]:
    def state() -> tuple[int, int]:
        with kg.open_store(folder, read_only=True) as store:
            return store.version, len(store.query("SELECT * { GRAPH ?g { ?s ?p ?o } }"))

    before = state()
    yield
    assert state() == before


def little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (2**30, 2**30))


def at_command_line(folder: Path, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "metakg", "--store", str(folder), "query", "-", *options]
    return subprocess.run(
        words, input=text, capture_output=True, text=True, timeout=60, check=False, preexec_fn=little_memory
    )


def test_the_list_is_long() -> None:
    assert len(set(REFUSED + ENDLESS)) >= 70


def test_the_command_line_refuses_them(folder: Path, canary: str, unchanged: None) -> None:
    texts = json.dumps([text.replace("$URL", canary) for text in REFUSED])
    words = [sys.executable, "-c", DRIVER, str(folder)]
    done = subprocess.run(words, input=texts, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(REFUSED)
    for text, (status, out, err) in zip(REFUSED, answers, strict=True):
        assert (status, out) == (2, ""), text[:200]
        assert err.startswith("metakg: "), text[:200]
        assert err.count("\n") == 1, err[:500]


@pytest.mark.parametrize("text", ENDLESS)
def test_the_command_line_ends_endless_ones(folder: Path, unchanged: None, text: str) -> None:
    done = at_command_line(folder, text, "--timeout", "1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "metakg: no answer within 1 s: narrow the query, or raise --timeout\n"


def test_the_command_line_stands_memory_bombs_and_large_answers(folder: Path) -> None:
    done = at_command_line(folder, MEMORY)
    assert (done.returncode, done.stdout) == (2, "")
    assert "more than 1 GiB of memory" in done.stderr
    done = at_command_line(folder, LARGE, "--limit", "1000", "--format", "csv")
    assert (done.returncode, len(list(csv.reader(io.StringIO(done.stdout))))) == (0, 1001)


def test_a_shipped_question_has_a_time_limit_too(folder: Path) -> None:
    words = [sys.executable, "-m", "metakg", "--store", str(folder), "ask", "algorithm-ranking"]
    done = subprocess.run([*words, "--timeout", "0.001"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "metakg: no answer within 0.001 s: narrow the query, or raise --timeout\n"
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0


def test_invalid_text_on_stdin_is_one_line(folder: Path) -> None:
    words = [sys.executable, "-m", "metakg", "--store", str(folder), "query", "-"]
    done = subprocess.run(words, input=b"ASK { \xff }", capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1


@pytest.fixture(scope="module")
def gateway(folder: Path) -> Iterator[Gateway]:
    hold = snapshots.hold_current(folder)
    assert hold is not None
    with Gateway(hold.path, timeout_seconds=1, memory_bytes=3 * 2**30, pass_fds=(hold.handle,)) as running:
        yield running
    hold.release()


def posted(gateway: Gateway, text: str) -> tuple[int, str]:
    request = urllib.request.Request(
        f"{gateway.url}/query",
        text.encode(),
        {"Content-Type": "application/sparql-query", "Accept": "text/csv"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.server
def test_the_gateway_refuses_them(gateway: Gateway, canary: str, unchanged: None) -> None:
    for text in REFUSED:
        status, said = posted(gateway, text.replace("$URL", canary))
        assert status in (400, 413), (text[:200], status, said[:200])
        assert said.count("\n") == 1, said[:500]
        if len(text) > 4 * 2**20:
            continue  # too long for a form in a URL
        query = urllib.parse.urlencode({"query": text.replace("$URL", canary)}).encode()
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{gateway.url}/query", query, timeout=30)
        assert caught.value.code in (400, 413), text[:200]
        caught.value.close()
    assert posted(gateway, "ASK { ?s ?p ?o }") == (200, "true")


@pytest.mark.server
@pytest.mark.parametrize("text", ENDLESS)
def test_the_gateway_ends_endless_ones(gateway: Gateway, unchanged: None, text: str) -> None:
    assert posted(gateway, text) == (504, "no answer within 1 s: narrow the query\n")
    assert posted(gateway, "ASK { ?s ?p ?o }") == (200, "true")


@pytest.mark.server
def test_the_gateway_stands_memory_bombs_and_large_answers(gateway: Gateway) -> None:
    status, said = posted(gateway, MEMORY)
    assert status in (503, 504)
    assert said.count("\n") == 1
    request = f"{gateway.url}/query?{urllib.parse.urlencode({'query': LARGE})}"
    with urllib.request.urlopen(request, timeout=30) as response:
        assert int(response.headers["Metakg-Limit"]) == gateway.limit
        response.read(10_000)
    assert posted(gateway, "ASK { ?s ?p ?o }") == (200, "true")
