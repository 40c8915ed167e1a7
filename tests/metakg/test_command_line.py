"""The command line: what it prints where, its exit statuses, and what a user's mistake looks like."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import metakg
from metakg.cli.application import COMMANDS


def fingerprint(folder: Path) -> str:
    """Hash of a store's version and of all its files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        if path.is_file() and not path.is_symlink():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def frame(**columns) -> str:
    return pd.DataFrame(columns).to_csv(index=False)


RAMP = list(range(30))
HALVES = ["a", "b"] * 15
WIDE = ",".join(["y", *(f"c{i}" for i in range(10_000))])
BAD = {
    "empty file": (b"", "empty"),
    "only a header": (b"x,y\n", "no rows"),
    "no such column": (frame(x=RAMP, label=HALVES).encode(), "no column 'y'"),
    "constant target": (frame(x=RAMP, y=["a"] * 30).encode(), "same value"),
    "one row": (b"x,y\n1,a\n", "one row"),
    "all missing": (frame(x=[np.nan] * 30, z=[np.nan] * 30, y=HALVES).encode(), "empty"),
    "10,000 columns": ((WIDE + "\n" + "\n".join(["1" + ",0" * 10_000] * 8)).encode(), "columns"),
    "not UTF-8": ("x,y\n1,caf\u00e9\n2,th\u00e9\n".encode("latin-1"), "UTF-8"),
    "duplicate names": (b"x,x,y\n1,2,a\n3,4,b\n", "more than once"),
    "infinite values": (frame(x=[np.inf, *RAMP[1:]], y=HALVES).encode(), "infinite"),
    "binary": (bytes(range(256)) * 4, "binary"),
}


def complaint(errors: str) -> str:
    """The single line that a mistake is answered with."""
    lines = errors.splitlines()
    assert len(lines) == 1, errors
    assert lines[0].startswith("metakg: ")
    return lines[0]


@pytest.mark.parametrize("mistake", BAD)
def test_a_table_that_cannot_be_used(mistake, small_store, tmp_path, shell):
    content, word = BAD[mistake]
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    before = fingerprint(small_store)
    status, out, errors = shell("--store", small_store, "recommend", path, "--target", "y")
    assert (status, out) == (2, "")
    assert word in complaint(errors)
    assert fingerprint(small_store) == before


@pytest.mark.parametrize("place", ["missing.csv", "."])
def test_a_file_that_is_none(place, small_store, tmp_path, shell):
    status, out, errors = shell("--store", small_store, "recommend", tmp_path / place, "--target", "y")
    assert (status, out) == (2, "")
    assert complaint(errors)


def test_regression_is_answered_with_counts_and_status_2(small_store, wdbc, shell):
    status, out, errors = shell("--store", small_store, "recommend", wdbc, "--target", "mean area")
    assert (status, out) == (2, "")
    assert "0 runs on 0 regression tasks" in complaint(errors)
    assert "--task classification" in errors


def test_recommend_prints_json_on_stdout_alone(own_store, wdbc, shell):
    status, out, errors = shell(
        "--store", own_store, "recommend", wdbc, "--target", "diagnosis", "--top", 2, "--format", "json"
    )
    assert (status, errors) == (0, "")
    assert [item["rank"] for item in json.loads(out)] == [1, 2]


@pytest.mark.parametrize("form", ["table", "csv", "python", "turtle"])
def test_recommend_writes_files_in_all_formats(form, own_store, wdbc, tmp_path, shell):
    target = tmp_path / "answer"
    words = ("recommend", wdbc, "--target", "diagnosis", "--top", 2, "--format", form, "-o", target)
    status, out, _ = shell("--store", own_store, *words)
    assert (status, out) == (0, "")
    said = {"table": "SVC", "csv": "pipeline_iri", "python": "import pandas", "turtle": "mkg:Recommendation"}
    text = target.read_text()
    assert text.strip()
    assert said[form] in text or form == "table"


def test_an_output_that_cannot_be_written(own_store, wdbc, tmp_path, shell):
    words = ("recommend", wdbc, "--target", "diagnosis", "--top", 1, "-o", tmp_path / "no" / "file")
    status, _, errors = shell("--store", own_store, *words)
    assert status == 2
    assert "no/file" in complaint(errors)


def test_a_store_that_does_not_exist_is_answered_with_how_to_make_one(tmp_path, shell):
    for words in (("status",), ("ask", "sources"), ("query", "ASK {}"), ("embed",)):
        status, _, errors = shell("--store", tmp_path / "none", *words)
        assert status == 2
        assert "metakg ingest oboe" in complaint(errors)
    assert not (tmp_path / "none").exists()


def test_init_and_an_empty_graph(tmp_path, shell):
    folder = tmp_path / "store"
    assert shell("--store", folder, "init")[0] == 0
    status, _, errors = shell("init", "--store", folder)
    assert status == 0
    assert "nothing changed" in errors
    status, out, _ = shell("--store", folder, "status")
    assert status == 0
    assert "empty" in out
    status, _, errors = shell("--store", folder, "embed")
    assert status == 2
    assert "metakg ingest oboe" in complaint(errors)


def test_an_unknown_source(tmp_path, shell):
    status, _, errors = shell("--store", tmp_path / "store", "ingest", "lcdb", "obo")
    assert status == 2
    assert "source 'obo' is unknown; known: " in complaint(errors)
    assert not (tmp_path / "store").exists()


def test_ingest_twice_changes_nothing_and_says_so(tmp_path, shell):
    folder = tmp_path / "store"
    status, out, _ = shell("--store", folder, "ingest", "lcdb")
    assert status == 0
    assert "4,367 runs" in out
    before = fingerprint(folder)
    status, out, _ = shell("--store", folder, "ingest", "lcdb")
    assert status == 0
    assert "nothing changed" in out
    assert fingerprint(folder) == before


def test_query_in_all_formats(small_store, tmp_path, shell):
    file = tmp_path / "count.rq"
    file.write_text("SELECT (COUNT(*) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }")
    for given in (file, file.read_text()):
        status, out, _ = shell("--store", small_store, "query", given, "--format", "json")
        assert status == 0
        assert int(json.loads(out)["results"]["bindings"][0]["n"]["value"]) > 2_000
    status, out, errors = shell(
        "--store", small_store, "query", "SELECT ?s WHERE { ?s ?p ?o }", "--limit", 2, "--format", "csv"
    )
    assert status == 0
    assert len(out.splitlines()) == 3
    assert errors == "the first 2 rows; raise --limit for more\n"
    construct = "CONSTRUCT { ?s a ?o } WHERE { ?s a ?o } LIMIT 3"
    status, out, _ = shell("--store", small_store, "query", construct, "--format", "turtle")
    assert status == 0
    assert out.count(" a ") == 3


@pytest.mark.parametrize(
    "text",
    [
        "SELECT",
        "DELETE WHERE { ?s ?p ?o }",
        "SELECT * { SERVICE <http://127.0.0.1:1/> { ?s ?p ?o } }",
        "none.rq",
    ],
)
def test_a_query_that_is_refused(text, small_store, shell):
    status, out, errors = shell("--store", small_store, "query", text)
    assert (status, out) == (2, "")
    assert complaint(errors)


def test_ask_lists_questions_and_makes_options_of_their_parameters(small_store, shell):
    from kg import questions

    status, out, _ = shell("--store", small_store, "ask")
    assert status == 0
    assert all(name in out for name in questions.names())
    status, out, _ = shell(
        "--store", small_store, "ask", "best-pipelines", "--dataset", 1510, "--format", "csv"
    )
    assert status == 0
    assert len(out.splitlines()) > 10
    assert "--dataset" in shell("ask", "best-pipelines", "--help")[1]
    status, _, errors = shell("--store", small_store, "ask", "best-pipeline")
    assert status == 2
    assert "did you mean 'best-pipelines'" in errors


def test_similar_for_datasets_and_tables(small_store, wdbc, shell):
    status, out, _ = shell("--store", small_store, "similar", "1510", "--top", 3, "--format", "json")
    assert status == 0
    found = json.loads(out)
    assert len(found) == 3
    assert all(item["dataset"] != "http://w3id.org/mlsea/openml/dataset/1510" for item in found)
    status, out, errors = shell("--store", small_store, "similar", wdbc, "--top", 2)
    assert status == 0
    assert "target column guessed: 'diagnosis'" in errors
    assert "openml:" in out
    status, _, errors = shell("--store", small_store, "similar", "999999")
    assert status == 2
    assert complaint(errors)


@pytest.mark.parametrize("thing", ["openml:1510", "metakg:run/oboe/1510/%s", "metakg:pipeline/%s"])
def test_explain(thing, small_store, shell):
    from embeddings.landmarks import LANDMARKS

    thing = thing.replace("%s", LANDMARKS[0].key)
    status, out, _ = shell("--store", small_store, "explain", thing)
    assert status == 0
    assert "BSD-3-Clause" in out or "DecisionTreeClassifier" in out
    document = json.loads(shell("--store", small_store, "explain", thing, "--format", "json")[1])
    assert document["iri"].startswith("http")


def test_explain_nothing_known(small_store, shell):
    status, _, errors = shell("--store", small_store, "explain", "https://example.org/nothing")
    assert status == 2
    assert "metakg status" in complaint(errors)


def test_doctor(small_store, tmp_path, shell):
    status, out, _ = shell("--store", small_store, "doctor", "--format", "json")
    report = json.loads(out)
    assert (status == 0) == report["healthy"]
    states = {finding["what"]: finding["state"] for finding in report["findings"]}
    assert states["store"] == states["model"] == states["lock"] == "good"
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    (damaged / "store.json").write_text("{")
    status, out, errors = shell("--store", damaged, "doctor")
    assert status == 1
    assert "FAULT" in out
    assert "damaged" in out
    assert errors == ""


def test_an_unknown_command_or_option_is_answered_with_what_was_meant(shell):
    status, _, errors = shell("recomend")
    assert status == 2
    assert "did you mean 'recommend'" in errors
    status, _, errors = shell("recommend", "x.csv", "--tagret", "y")
    assert status == 2
    assert "--target" in errors


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name, shell):
    status, out, _ = shell(name, "--help")
    assert status == 0
    assert out.startswith(f"Usage: metakg {name}")


def test_versions_agree(shell):
    import tomllib

    project = tomllib.loads((Path(metakg.__file__).parents[1] / "pyproject.toml").read_text())["project"]
    assert project["version"] == metakg.__version__
    assert metakg.__version__ in shell("--version")[1]


def start(*words, **options) -> subprocess.Popen:
    root = Path(metakg.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        **options,
    )


def test_questions_are_answered_without_loading_what_they_do_not_need(small_store):
    code = (
        "import sys; from metakg.__main__ import main; "
        f"main(['--store', {str(small_store)!r}, 'ask', 'best-pipelines', '--dataset', '1510']); "
        "print(sorted({'torch', 'pykeen', 'streamlit', 'sklearn', 'pandas', 'polars', 'rdflib'} & set(sys.modules)))"
    )
    out, errors = start("-c", code).communicate(timeout=60)
    assert out.splitlines()[-1] == "[]", errors


def test_answering_from_a_saved_model_loads_no_torch(own_store, wdbc):
    code = (
        "import sys, metakg; "
        f"answer = metakg.open({str(own_store)!r}).recommend({str(wdbc)!r}, 'diagnosis', top=2); "
        "print(len(answer), sorted({'torch', 'pykeen', 'streamlit', 'polars'} & set(sys.modules)))"
    )
    out, errors = start("-c", code).communicate(timeout=60)
    assert out.splitlines()[-1] == "2 []", errors


def test_a_query_that_takes_too_long_ends_with_one_line(small_store):
    endless = "SELECT (COUNT(*) AS ?n) { ?a ?p ?b . ?c ?q ?b . ?d ?r ?b }"
    process = start("-m", "metakg", "--store", small_store, "query", endless, "--timeout", "1")
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert (out, errors) == ("", "metakg: no answer within 1 s: narrow the query, or raise --timeout\n")


def test_a_reader_that_goes_away_is_no_fault(small_store):
    every = ("query", "SELECT * { ?s ?p ?o }", "--limit", "0", "--format", "csv")
    process = start("-m", "metakg", "--store", small_store, *every)
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    assert process.wait(timeout=60) == 141
    assert errors == ""


def test_an_interrupt_is_one_line_and_status_130(own_store):
    words = [sys.executable, "-m", "metakg", "--store", str(own_store), "embed", "--seed", "7"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert "training" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        errors = process.stderr.read()
    assert process.returncode == 130
    assert errors.splitlines()[-1] == "metakg: interrupted"
    assert len(list((own_store / "models").iterdir())) == 2


def test_a_damaged_model_is_answered_with_what_to_do(own_store, wdbc, shell):
    for arrays in (own_store / "models").glob("*/recommender.safetensors"):
        arrays.write_bytes(arrays.read_bytes()[:-10])
    status, out, errors = shell("--store", own_store, "recommend", wdbc, "--target", "diagnosis")
    assert (status, out) == (2, "")
    assert "metakg embed" in complaint(errors)
