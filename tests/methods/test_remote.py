"""Methods on a SPARQL endpoint: a real server, runs written to it, and the same verdict as from an embedded store."""

import pytest

import metakg
from kg.server import Server
from methods import MethodError
from methods.comparison import compare
from methods.running import plan
from methods.verdict import verdict
from tests.methods.toy import Toy


@pytest.mark.server
def test_runs_and_verdict_on_a_server(tmp_path, monkeypatch):
    about = plan(Toy())
    with Server() as server:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        with pytest.warns(metakg.TrackingWarning), pytest.raises(MethodError, match="could not be kept"):
            compare(metakg.open(f"{server.url}/query"), about, [0])
        monkeypatch.setenv("METAKG_UPDATE_URL", f"{server.url}/update")
        kg = metakg.open(f"{server.url}/query")
        results = compare(kg, about, [0, 1, 2])
        assert [one.error for one in results] == [None] * 9
        assert compare(kg, about, [0, 1, 2]) == []
        there = verdict(kg, Toy())
    here = metakg.open(tmp_path / "store")
    compare(here, about, [0, 1, 2])
    expected = verdict(here, Toy())
    assert [(one.other, one.mean, one.seeds) for one in there.comparisons] == [
        (one.other, pytest.approx(one.mean), one.seeds) for one in expected.comparisons
    ]
