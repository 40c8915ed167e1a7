"""The public API and the command line on a store behind an endpoint."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import kg as stores
import metakg
from kg.errors import StoreError
from kg.remote_settings import remote_options
from kg.server import Server, free_port
from kg.testing import small_batch

pytestmark = pytest.mark.server

Shell = Callable[..., tuple[int, str, str]]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """An empty server, its URLs in the environment, and a cache folder of its own."""
    with Server() as running:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setenv("METAKG_UPDATE_URL", f"{running.url}/update")
        monkeypatch.setenv("METAKG_GRAPH_URL", f"{running.url}/store")
        yield running


def test_a_url_is_a_store_like_any_other(server: Server, shell: Shell, tmp_path: Path) -> None:
    url = f"{server.url}/query"
    with metakg.open(url) as kg:
        assert kg.store.commit(small_batch()).version == 1
        assert kg.experience().runs["run"].n_unique() == 4
        assert kg.create() is False
    assert list((tmp_path / "cache" / "metakg").glob("*/experience/*/runs-*.parquet"))
    status, out, err = shell("--store", url, "status", "--format", "json")
    assert status == 0, err
    assert json.loads(out)["location"] == url
    assert json.loads(out)["graphs"][0]["counts"]["runs"] == 4
    words = ("ask", "best-pipelines", "--dataset", "3", "--measure", "balanced_accuracy", "--format", "json")
    status, out, _ = shell("--store", url, *words)
    assert status == 0
    assert len(json.loads(out)["results"]["bindings"]) == 1
    _, out, _ = shell("--store", url, "doctor")
    assert f"{url}, version 1: 1 graphs, 4 runs" in " ".join(out.split())


def test_recommendations_come_from_a_graph_on_a_server(
    own_store: Path, wdbc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Server((own_store / "current").resolve(), write=True) as running:
        monkeypatch.setenv("METAKG_UPDATE_URL", f"{running.url}/update")
        with metakg.open(f"{running.url}/query") as kg, metakg.open(own_store, read_only=True) as local:
            shutil.copytree(own_store / "models", kg.location / "models")
            answer = kg.recommend(wdbc, "diagnosis", top=3)
            expected = local.recommend(wdbc, "diagnosis", top=3, store_evidence=False)
            assert [item.pipeline.iri for item in answer.items] == [
                item.pipeline.iri for item in expected.items
            ]
            assert kg.explain(answer.iri)


def test_settings_come_from_a_file_and_the_environment_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, path = "https://graph.example.org/query", tmp_path / "config.toml"
    path.write_text(f'["{url}"]\nuser = "ada"\npassword = "secret"\nauth = "digest"\ntimeout = 5\n')
    monkeypatch.setenv("METAKG_CONFIG", str(path))
    monkeypatch.setenv("METAKG_USER", "grace")
    assert remote_options(url) == {"user": "grace", "password": "secret", "auth": "digest", "timeout": 5.0}
    assert remote_options("https://other.example.org/query") == {"user": "grace"}
    path.write_text('["x"]\npassword = "secret\n')
    with pytest.raises(StoreError, match="not TOML") as caught:
        remote_options(url)
    assert "secret" not in str(caught.value)


def test_mistakes_are_one_line(shell: Shell) -> None:
    status, out, err = shell("--store", "http://ada:secret@127.0.0.1:9/query", "status")
    assert (status, out) == (2, "")
    assert "holds credentials" in err
    assert "secret" not in err
    status, out, err = shell("--store", "http://127.0.0.1:9/query", "status")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "cannot be reached" in err


def test_serve_answers_over_http_and_takes_no_updates(own_store: Path) -> None:
    words = [sys.executable, "-m", "metakg", "--store", str(own_store), "serve", "--port", str(free_port())]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        (url,) = re.findall(r"http://127\.0\.0\.1:\d+/query", said)
        with metakg.open(url, read_only=True) as served, metakg.open(own_store, read_only=True) as local:
            text = "SELECT (COUNT(*) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"
            assert list(served.sparql(text).rows()) == list(local.sparql(text).rows())
            assert served.status().version == local.status().version
        update = urllib.request.Request(
            url.replace("/query", "/update"),
            b"DROP ALL",
            {"Content-Type": "application/sparql-update"},
        )
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(update, timeout=5)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        with pytest.raises(StoreError, match="cannot be reached"):
            metakg.open(url).status()
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stderr.close()


def test_serving_to_other_machines_is_warned_of(shell: Shell, tmp_path: Path) -> None:
    status, _, err = shell("--store", tmp_path / "store", "serve", "--bind", "192.0.2.1")
    assert status == 2
    assert "no metakg store" in err
    with stores.open_store(tmp_path / "store", create=True) as store:
        store.commit(small_batch())
    status, _, err = shell(
        "--store", tmp_path / "store", "serve", "--bind", "192.0.2.1", "--port", free_port()
    )
    assert status == 2  # an address that is no machine's
    assert "anybody who reaches 192.0.2.1" in err
    assert "nothing can listen on 192.0.2.1" in err
