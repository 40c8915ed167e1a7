"""Runs are kept whatever happens beside them: other writers, full disks, folders that cannot be written, kills."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

import metakg
from kg import snapshots
from metakg.tracked_run import RUN_VARIABLE

COUNT = "SELECT (COUNT(DISTINCT ?run) AS ?n) WHERE { ?run a <http://www.w3.org/ns/mls#Run> }"


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    monkeypatch.setenv("METAKG_PROJECT", "trial")


def python(text, store, **options):
    environment = {**os.environ, "METAKG_STORE": str(store)}
    words = [sys.executable, "-c", textwrap.dedent(text)]
    return subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def runs_in(store):
    with metakg.open(store) as kg:
        ((count,),) = kg.store.query(COUNT).rows()
        assert kg.status().refused == 0
    return count


def test_eight_processes_lose_nothing(tmp_path):
    text = """
    import metakg
    for number in range(25):
        with metakg.run("x", dataset="d") as run:
            run["accuracy"] = number / 25
        assert run.logged
    """
    store = tmp_path / "store"  # none of them finds it there
    workers = [python(text, store) for _ in range(8)]
    for worker in workers:
        assert worker.communicate(timeout=60) == ("", "")
        assert worker.returncode == 0
    assert runs_in(store) == 200


def test_a_writer_does_not_keep_runs_waiting(tmp_path):
    store = tmp_path / "store"
    with metakg.open(store) as kg:
        kg.create()
        with snapshots.writer_lock(store):
            with kg.run("x", dataset="d") as run:
                run["accuracy"] = 0.5
            assert run.logged
            assert kg.status().waiting == 1
    assert runs_in(store) == 1


def test_a_full_disk_is_a_warning(tmp_path):
    text = """
    import metakg, resource
    with metakg.run("x", dataset="d") as first:
        first["accuracy"] = 0.5
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    with metakg.run("x", dataset="d") as run:
        run["accuracy"] = 0.5
    print("trained", first.logged, run.logged)
    """
    out, errors = python(text, tmp_path / "store").communicate(timeout=60)
    assert out == "trained True False\n"
    assert "TrackingWarning: the run was not logged: a run cannot be kept in" in errors
    assert "(File too large): free some space" in errors
    assert [path.name for path in (tmp_path / "store" / "inbox").iterdir() if path.suffix != ".json"] == []
    assert runs_in(tmp_path / "store") == 1


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path):
    store = tmp_path / "store"
    with metakg.open(store) as kg:
        kg.create()
    (store / "inbox").write_text("in the way")
    with (
        pytest.warns(metakg.TrackingWarning, match="check its permissions"),
        metakg.open(store).run("x") as run,
    ):
        pass
    assert not run.logged
    with (
        pytest.warns(metakg.TrackingWarning, match="opened to read only"),
        metakg.open(store, read_only=True).run("x"),
    ):
        pass
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with (
        pytest.warns(metakg.TrackingWarning, match="not empty and not a metakg store"),
        metakg.open(other).run("x"),
    ):
        pass
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_somebody_else_s_folder_is_a_warning(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    store = tmp_path / "store"
    with metakg.open(store) as kg, kg.run("x") as run:  # loads all that is needed
        pass
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setresuid(65534, 65534, 65534)
            with (
                pytest.warns(metakg.TrackingWarning, match="the run was not logged"),
                metakg.open(store).run("x") as run,
            ):
                run["accuracy"] = 0.5
            status = 3 if run.logged else 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert run.logged
    assert runs_in(store) == 1


def test_an_endpoint_that_is_not_there_is_a_warning():
    kg = metakg.open("http://127.0.0.1:9/sparql")
    with (
        pytest.warns(metakg.TrackingWarning, match="the run was not logged"),
        kg.run("x", dataset="d") as run,
    ):
        run["accuracy"] = 0.5
    assert not run.logged


def test_a_killed_run_leaves_nothing(tmp_path):
    text = """
    import metakg, time
    with metakg.run("whole"):
        pass
    with metakg.run("x") as run:
        run["accuracy"] = 0.5
        print("going", flush=True)
        time.sleep(60)
    """
    store = tmp_path / "store"
    worker = python(text, store)
    assert worker.stdout.readline() == "going\n"
    worker.kill()
    worker.communicate(timeout=60)
    assert runs_in(store) == 1


def test_an_interrupted_run_is_a_failed_one(tmp_path):
    text = """
    import metakg, time
    with metakg.run("x") as run:
        print(run.iri, flush=True)
        time.sleep(60)
    """
    store = tmp_path / "store"
    worker = python(text, store)
    run = worker.stdout.readline().strip()
    time.sleep(0.1)
    worker.send_signal(signal.SIGINT)
    _, errors = worker.communicate(timeout=60)
    assert errors.rstrip().endswith("KeyboardInterrupt")
    with metakg.open(store) as kg:
        facts = kg.explain(run).facts
    assert (facts["status"], facts["error"]) == ("failed", "interrupted")
