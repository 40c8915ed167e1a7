"""The commands of the gate: what they print where, their exit statuses, and a store that stays as it was."""

import json
from pathlib import Path

import pytest

import metakg

SAMPLE = (Path(__file__).parents[1] / "ontology" / "sample.ttl").read_text(encoding="utf-8")
BAD = SAMPLE.replace("0.6847619047619048e0 .\n", "67e0 .\n")


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("METAKG_STORE", str(tmp_path / "store"))
    Path("good.ttl").write_text(SAMPLE)
    Path("bad.ttl").write_text(BAD)
    return tmp_path


def test_validate_a_file(files, shell):
    assert shell("validate", "good.ttl") == (0, "conforms (1 graph checked)\n", "")
    status, out, errors = shell("validate", "good.ttl", "bad.ttl")
    assert (status, errors) == (1, "")
    assert "2 violations (2 graphs checked)" in out
    assert "one_vs_rest_balanced_accuracy must be one number (xsd:double) from 0 to 1" in out
    assert "run/oboe/31/88d8fc3b9da9c5a1" in out
    status, out, _ = shell("validate", "bad.ttl", "--format", "json", "--engine", "pyshacl")
    assert status == 1
    assert [each["rule"] for each in json.loads(out)["violations"]]
    status, out, _ = shell("validate", "bad.ttl", "--format", "turtle")
    assert status == 1
    assert "sh:ValidationReport" in out
    assert not (files / "store").exists()


def test_ingest_and_quarantine(files, shell):
    assert shell("ingest", "rdf", "good.ttl")[0] == 0
    status, out, errors = shell("ingest", "rdf", "bad.ttl")
    assert status == 1
    assert "violations" in out
    assert "nothing was written" in errors
    with metakg.open() as kg:
        assert kg.store.version == 1
    status, out, errors = shell("ingest", "bad.ttl", "--keep-going", "--licence", "CC0-1.0")
    assert status == 0
    assert "1 things are in quarantine" in errors
    status, out, _ = shell("quarantine", "--format", "json")
    assert status == 0
    (unit,) = json.loads(out)
    assert unit["quarantine"] == "bad"
    assert "from 0 to 1" in unit["reason"]
    assert shell("quarantine", "bad", "--export", "held.nq")[0] == 0
    assert "modelEvaluation" in Path("held.nq").read_text()
    assert "metakg:run/oboe" in shell("quarantine")[1]
    assert shell("validate") == (0, "conforms (2 graphs checked)\n", "")
    assert shell("quarantine", "bad", "--remove")[0] == 0
    assert shell("quarantine") == (0, "", "nothing is in quarantine\n")
    assert shell("quarantine", "bad")[0] == 2


def test_a_source_is_checked_on_request(files, shell):
    status, out, errors = shell("ingest", "lcdb", "--validate")
    assert (status, errors) == (0, "")
    assert out.startswith("lcdb: ")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("ingest", "rdf"), "at least one FILE"),
        (("ingest", "rdf", "missing.ttl"), "cannot be read"),
        (("ingest", "lcdb", "--name", "x"), "source 'lcdb' takes no name: leave it out"),
        (("ingest", "rdf", "good.ttl", "bad.ttl", "--name", "x"), "one by one"),
        (("ingest", "rdf", "good.ttl", "--derived-from", "nowhere"), "not an IRI"),
        (("validate", "missing.ttl"), "cannot be read"),
        (("validate", "store"), "tells no RDF format"),
        (("quarantine", "--remove"), "NAME"),
    ],
)
def test_mistakes_are_told_with_status_2(words, reason, files, shell):
    shell("init")
    status, out, errors = shell(*words)
    assert (status, out) == (2, "")
    assert reason in errors
    assert "Traceback" not in errors
    with metakg.open() as kg:
        assert kg.store.version == 0


def test_python(files):
    with metakg.open() as kg:
        report = kg.ingest("good.ttl")
        assert report.counts["runs"] == 1
        assert kg.validate().conforms
        assert not kg.validate("bad.ttl").conforms
        with pytest.raises(metakg.MetakgError, match="nothing was written"):
            kg.ingest(Path("bad.ttl"))
        assert len(kg.ingest("bad.ttl", keep_going=True).kept_back) == len(kg.quarantine("bad")) == 1
