"""`metakg log` and `metakg exec`: runs that are recorded from the shell."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest

import metakg
from kg import iris
from metakg.tracked_run import RUN_VARIABLE


@pytest.fixture
def store(tmp_path, monkeypatch):
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    monkeypatch.setenv("METAKG_PROJECT", "trial")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "store"


def explained(store, out):
    *_, line = out.splitlines()
    assert line.startswith("logged run metakg:run/")
    with metakg.open(store) as kg:
        found = kg.explain(line.removeprefix("logged run ")).to_dict()
        assert kg.validate().conforms
        assert kg.status().refused == 0
    for section, first, second in (("tags", "tag", "text"), ("scores", "measure", "value")):
        found[section] = {row[first]: row[second] for row in found.get(section, ())}
    found["about"] = {row["what"]: row["value"] for row in found["came about by"]}
    return found


def execute(store, text, *options, words=(), **more):
    command = [
        sys.executable,
        "-m",
        "metakg",
        "--store",
        str(store),
        "exec",
        *options,
        "--",
        sys.executable,
        "-c",
    ]
    command += [textwrap.dedent(text), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def test_log(store, shell, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"model")
    words = [
        "--dataset",
        "openml:31",
        "--pipeline",
        "sklearn.svm.SVC",
        "--param",
        "C=3",
        "--param",
        "kernel=rbf",
    ]
    words += ["--metric", "bal acc=0.91", "--metric", "gini=0.5", "--measure", "gini=higher:-1:", "--seed", 7]
    words += ["--procedure", "5-fold-cv", "--tag", "note=a=b", "--artefact", "model.onnx", "--project", "p"]
    status, out, errors = shell("--store", store, "log", *words)
    assert (status, errors) == (0, "")
    found = explained(store, out)
    assert found["iri"].startswith(iris.own("run", "p/local/"))
    assert (found["dataset"], found["pipelineTitle"]) == (iris.openml_dataset(31), "SVC(C=3)")
    assert found["scores"] == {"balanced_accuracy": 0.91, "gini": 0.5}
    assert found["tags"] == {"note": "a=b"}
    assert found["about"]["seed"] == 7
    assert "started" not in found["about"]
    assert found["artefacts"][0]["bytes"] == 5
    with metakg.open(store) as kg:
        text = """PREFIX mls: <http://www.w3.org/ns/mls#> PREFIX mkg: <https://w3id.org/metakg/ontology#>
        SELECT ?task ?type { ?run a mls:Run ; mls:achieves ?task . ?task mkg:taskType ?type }"""
        assert list(kg.store.query(text).rows()) == [(iris.task("openml-31", "5-fold-cv"), "classification")]
    status, out, _ = shell("--store", store, "status")
    assert status == 0
    assert "p local" in out
    status, out, _ = shell("--store", store, "history")
    assert "append" in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dataset", "d", "--pipeline", "x"], "give at least one --metric"),
        (["--dataset", "d", "--pipeline", "x", "--metric", "acuracy=0.5"], "did you mean 'accuracy'?"),
        (["--dataset", "d", "--pipeline", "x", "--metric", "accuracy=91"], "must be from 0 to 1"),
        (["--dataset", "d", "--pipeline", "x", "--metric", "accuracy=high"], "which is not a number"),
        (["--dataset", "d", "--pipeline", "x", "--metric", "accuracy"], "is no NAME=VALUE"),
        (["--dataset", "d", "--pipeline", " ", "--metric", "accuracy=0.5"], "a model's name is ' '"),
        (
            ["--dataset", "no.csv", "--target", "y", "--pipeline", "x", "--metric", "accuracy=0.5"],
            "no such file",
        ),
        (["--dataset", "t.csv", "--pipeline", "x", "--metric", "accuracy=0.5"], "give target=... (--target)"),
        (
            ["--dataset", "t.csv", "--target", "z", "--pipeline", "x", "--metric", "accuracy=0.5"],
            "no column 'z'",
        ),
        (["--dataset", "!", "--pipeline", "x", "--metric", "accuracy=0.5"], "has no letter or digit"),
        (["--dataset", "d", "--pipeline", "x", "--metric", "m=1", "--measure", "m=higher:a"], "not a number"),
        (
            ["--dataset", "d", "--pipeline", "x", "--metric", "m=1", "--measure", "m=up"],
            "direction 'up' is unknown",
        ),
        (
            ["--dataset", "d", "--pipeline", "x", "--metric", "f1=1", "--artefact", "no.pt"],
            "there is no such file",
        ),
        (
            ["--dataset", "d", "--pipeline", "x", "--metric", "f1=1", "--seed", str(2**63)],
            "seed is 9223372036854775808",
        ),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(words, message, store, shell, tmp_path):
    (tmp_path / "t.csv").write_text("a,y\n" + "1,0\n2,1\n" * 10)
    status, out, errors = shell("--store", store, "log", *words)
    assert (status, out) == (2, "")
    assert message in errors
    assert len(errors.splitlines()) == 1
    assert not store.exists()


def test_exec_records_a_program_and_what_it_tracks(store):
    text = """
    import metakg, sys
    print("before", flush=True)
    print("metakg: balanced_accuracy=0.75")
    print("metakg: wrong=1")
    print("say metakg: accuracy=1")
    with metakg.run("inner", dataset="d") as run:
        run["accuracy"] = 0.5
    sys.stdout.write("metakg: log_loss=0.5")
    """
    words = ("--token", "secret")
    program = execute(store, text, "--tag", "a=b", "--dataset", "flowers", "--name", "first", words=words)
    out, errors = program.communicate(timeout=60)
    assert program.returncode == 0
    assert errors.startswith("metakg: measure 'wrong' is not known")
    assert len(errors.splitlines()) == 1
    *printed, line = out.splitlines()
    assert printed == [
        "before",
        "metakg: balanced_accuracy=0.75",
        "metakg: wrong=1",
        "say metakg: accuracy=1",
        "metakg: log_loss=0.5",
    ]
    found = explained(store, line)
    assert found["dataset"] == iris.named_dataset("flowers")
    assert found["scores"].pop("runtime_seconds") > 0.01
    assert found["scores"] == {"balanced_accuracy": 0.75, "log_loss": 0.5}
    assert found["tags"] == {"a": "b", "exit status": "0", "wrong": "1"}
    assert found["about"]["script"].endswith(" --token '***'")
    assert found["about"]["name"] == "first"
    (part,) = found["parts"]
    assert part["pipeline"] == "inner"


def test_exec_passes_the_exit_status_on(store):
    program = execute(store, "import sys; sys.exit(3)", "--no-metrics")
    out, _ = program.communicate(timeout=60)
    assert program.returncode == 3
    found = explained(store, out)
    assert (found["status"], found["error"]) == ("failed", "exit status 3")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_exec_passes_signals_on(store, number):
    text = f"""
    import signal, sys, time
    def told(number, frame):
        print("told", number, flush=True)
        sys.exit(0)
    signal.signal({int(number)}, told)
    print("ready", flush=True)
    time.sleep(60)
    """
    program = execute(store, text, stdin=subprocess.DEVNULL)
    assert program.stdout.readline() == "ready\n"
    program.send_signal(number)
    out, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    assert out.splitlines()[0] == f"told {int(number)}"


def test_a_program_that_is_killed_is_a_failed_run(store):
    text = "import os; os.kill(os.getpid(), 9)"
    program = execute(store, text)
    out, _ = program.communicate(timeout=60)
    assert program.returncode == 128 + 9
    assert explained(store, out)["error"] == "ended by signal SIGKILL"


def test_a_program_that_is_not_there_is_no_run(store, shell):
    status, out, errors = shell("--store", store, "exec", "--", "no-such-program", "--store")
    assert (status, out) == (2, "")
    assert errors == "metakg: there is no program 'no-such-program': check its name, or give the full path\n"
    assert not store.exists()


def test_exec_runs_the_program_even_where_nothing_can_be_kept(tmp_path):
    (tmp_path / "taken").write_text("no store")
    program = execute(tmp_path / "taken", "print('trained')", env={**os.environ, "METAKG_PROJECT": "p"})
    out, errors = program.communicate(timeout=60)
    assert (program.returncode, out) == (0, "trained\n")
    assert "metakg: the run was not logged" in errors
