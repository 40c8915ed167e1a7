"""Runs that are recorded while they go on: what of them is in the graph, and that recording never makes them fail."""

import asyncio
import contextlib
import contextvars
import hashlib
import json
import math
import os
import pickle
import re
import subprocess
import sys
import threading
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import metakg
from embeddings.table import prepare
from ingest.sklearn_objects import pipeline_of
from kg import Pipeline, Step, iris
from metakg.tracked_run import RUN_VARIABLE

GAUSS = Pipeline((Step("estimator", "sklearn.naive_bayes.GaussianNB"),))


@pytest.fixture
def kg(tmp_path, monkeypatch):
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    monkeypatch.setenv("METAKG_PROJECT", "trial")
    with metakg.open(tmp_path / "store") as graph:
        yield graph


def known(kg, run):
    """What the graph knows of a run, as `metakg explain` tells it; each section by its first column."""
    kg.refresh()
    found = kg.explain(run.iri).to_dict()
    about = {row["what"]: row["value"] for row in found.get("came about by", ())}
    return {
        **found,
        "scores": {row["measure"]: row["value"] for row in found["scores"]},
        "about": about,
        "tags": {row["tag"]: row["text"] for row in found.get("tags", ())},
    }


def test_a_run_is_in_the_graph_with_all_that_was_noted(kg, tmp_path):
    table = load_iris(as_frame=True).frame
    model = tmp_path / "model.skops"
    model.write_bytes(b"a model")
    estimator = make_pipeline(StandardScaler(), SVC(C=3, random_state=11))
    with kg.run(
        estimator,
        dataset=table,
        target="target",
        procedure="5-fold-cv",
        role="train",
        name="best",
        metafeatures=True,
        measures={"gini": ("higher", -1, 1)},
    ) as run:
        run["Balanced accuracy"] = np.float64(0.91)
        run["balanced_accuracy"] = 0.92
        run["gini"] = -0.5
        run.measure("profit", "higher", unit="EUR")
        run["profit"] = 1e6
        for epoch in range(3):
            run.log(epoch=epoch, loss=1 / (epoch + 1), accuracy=0.5)
        run.log(cost=1.0)
        run.log({"cost": 0.5})
        run.artefact(model)
        run.tag(note="a \x00 and \ud800", tries=3)
        run.params(batch_size=32)
        run.uses("openml:31", role="support")
        run.uses((table.drop(columns="target"), table["target"]), role="query")
    assert run.logged
    found = known(kg, run)
    assert found["dataset"] == iris.table_dataset(prepare(table, "target").fingerprint)
    assert found["pipeline"] == pipeline_of(estimator).iri
    assert found["procedure"] == iris.procedure("5-fold-cv")
    assert found["status"] == "finished"
    runtime = found["scores"].pop("runtime_seconds")
    assert 0 < runtime < 60
    assert found["scores"] == {"balanced_accuracy": 0.92, "gini": -0.5, "profit": 1e6}
    about = found["about"]
    assert (about["name"], about["role"], about["seed"]) == ("best", "train", 11)
    assert about["started"] < about["ended"]
    assert f"scikit-learn=={metakg_version('scikit-learn')}" in about["packages"].splitlines()
    assert found["tags"] == {"note": "a \ufffd and ?", "tries": "3", "param.batch_size": "32"}
    (file,) = found["artefacts"]
    assert file["sha256"] == hashlib.sha256(b"a model").hexdigest()
    assert (file["file"], file["bytes"], file["type"]) == ("model.skops", 7, "application/zip")
    uses = [(row["role"], row["dataset"]) for row in found["uses"]]
    assert uses == [("query", found["dataset"]), ("support", iris.openml_dataset(31))]
    points = {
        (name, axis): list(part["value"])
        for (name, axis), part in kg.store.series([run.iri]).group_by("name", "axis", maintain_order=True)
    }
    assert points == {
        ("accuracy", "epoch"): [0.5, 0.5, 0.5],
        ("cost", "step"): [1.0, 0.5],
        ("loss", "epoch"): [1.0, 0.5, 1 / 3],
    }
    assert kg.validate().conforms
    assert kg.status().refused == 0
    (info,) = kg.store.graphs()
    assert (info.source, info.version, info.kind) == ("trial", "local", "project")


def metakg_version(package):
    from importlib.metadata import version

    return version(package)


def test_a_table_is_the_same_dataset_whatever_way_it_comes(kg, tmp_path):
    table = load_iris(as_frame=True).frame
    path = tmp_path / "flowers.csv"
    table.to_csv(path, index=False)
    X, y = table.drop(columns="target"), table["target"]
    expected = iris.table_dataset(prepare(table, "target").fingerprint)
    ways = [
        (table, "target"),
        (path, "target"),
        (str(path), "target"),
        ((X, y), None),
        ((X, y.to_numpy()), None),
    ]
    for dataset, target in ways:
        with kg.run(GAUSS, dataset=dataset, target=target) as run:
            run["accuracy"] = 0.5
        assert known(kg, run)["dataset"] == expected


def test_a_table_that_was_changed_in_place_is_another_dataset(kg):
    X, y = load_iris(return_X_y=True)
    found = []
    for _ in range(3):
        with kg.run(GAUSS, dataset=(X, y)) as run:
            run["accuracy"] = 0.5
        found.append(known(kg, run)["dataset"])
        X[77, 2] += 1e-9 * (len(found) - 1)
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize(
    ("dataset", "expected"),
    [
        (31, iris.openml_dataset(31)),
        ("openml:31", iris.openml_dataset(31)),
        (iris.openml_dataset(31), iris.openml_dataset(31)),
        ("https://example.org/data", "https://example.org/data"),
        ("My flowers!", iris.named_dataset("my flowers")),
    ],
)
def test_datasets_by_name(kg, dataset, expected):
    with kg.run(GAUSS, dataset=dataset) as run:
        run["accuracy"] = 0.5
    assert known(kg, run)["dataset"] == expected
    assert kg.validate().conforms


def test_data_that_no_table_is_made_of_has_a_name_of_its_own(kg):
    from scipy.sparse import random as sparse

    first, second = sparse(50, 8, 0.2, random_state=0), sparse(50, 8, 0.2, random_state=1)
    constant = (np.ones((20, 2)), np.zeros(20))
    found = []
    for data in (
        (first, None),
        (first.copy(), None),
        (second, None),
        constant,
        (np.full((9, 2), np.inf), None),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with kg.run(GAUSS, dataset=data) as run:
                run["accuracy"] = 0.5
        assert run.logged
        found.append(known(kg, run)["dataset"])
    assert found[0] == found[1]
    assert len(set(found)) == 4


def test_wrong_use_warns_where_it_happens_and_is_kept(kg, tmp_path):
    with kg.run(GAUSS, dataset="d") as run:
        with pytest.warns(metakg.TrackingWarning, match="did you mean 'balanced_accuracy'") as caught:
            run["balancd_accuracy"] = 0.9
        assert caught[0].filename == __file__
        with pytest.warns(metakg.TrackingWarning, match="must be from 0 to 1"):
            run["accuracy"] = 91
        with pytest.warns(metakg.TrackingWarning, match="not a finite number"):
            run["log_loss"] = math.nan
        with pytest.warns(metakg.TrackingWarning, match="not a number"):
            run["f1"] = "high"
        with pytest.warns(metakg.TrackingWarning, match="not a finite number"):
            run.log(epoch=3, loss=math.inf)
        with pytest.warns(metakg.TrackingWarning, match="there is no such file"):
            run.artefact(tmp_path / "none.pt")
        with pytest.warns(metakg.TrackingWarning, match="known: train, test, support, query"):
            run.uses("other", role="validation")
        with pytest.warns(metakg.TrackingWarning, match="direction 'up' is unknown"):
            run.measure("mine", "up")
    found = known(kg, run)
    assert set(found["scores"]) == {"runtime_seconds"}
    assert found["tags"] == {
        "balancd_accuracy": "0.9",
        "accuracy": "91",
        "log_loss": "nan",
        "f1": "high",
        "loss": "inf at epoch 3",
        "artefact none.pt": str(tmp_path / "none.pt"),
        "dataset validation": "str",
    }


def test_whatever_is_given_the_run_is_logged(kg):
    class Sly:
        def get_params(self, deep=True):
            raise RuntimeError("no parameters today")

        def __str__(self):
            raise RuntimeError("no text either")

    itself = []
    itself.append(itself)
    for options in (
        {"pipeline": Sly()},
        {"pipeline": "x", "dataset": object()},
        {"pipeline": "x", "dataset": pd.DataFrame({"a": [1, 2]}), "target": "b"},
        {"pipeline": "x", "dataset": pd.DataFrame({"a": [1, 2]})},
        {"pipeline": "x", "dataset": "nowhere.csv", "target": "b"},
        {"pipeline": "x", "dataset": "!!"},
        {"pipeline": "x", "role": "validation"},
        {"pipeline": "x", "task": "guessing"},
        {"pipeline": "x", "seed": 2**70},
        {"pipeline": "x", "seed": "seven"},
        {"pipeline": "x", "training_size": 0},
        {"pipeline": "x", "parameters": {"a": itself}},
        {"pipeline": "x", "measures": {"accuracy": ("lower",)}},
    ):
        with pytest.warns(metakg.TrackingWarning), kg.run(**options) as run:
            run["accuracy"] = 0.5
        assert run.logged, options
    with kg.run(" ", procedure=" ", name="\x00\ud800", target="\x00") as run:
        run["accuracy"] = 0.5
    assert known(kg, run)["scores"]["accuracy"] == 0.5
    with kg.run("y") as run, pytest.warns(metakg.TrackingWarning, match="no text either"):
        run.tag(bad=Sly())
    assert kg.status().refused == 0
    assert kg.validate().conforms


def test_warnings_that_are_errors_do_not_end_the_training(kg, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with kg.run("x") as run:
            run["nonsense"] = 1
    assert run.logged
    assert "'nonsense' is not known" in capsys.readouterr().err


def test_exceptions_make_a_failed_run_and_pass(kg):
    class OwnError(Exception):
        pass

    error = OwnError("it burns")
    with pytest.raises(OwnError) as caught, kg.run("x") as run:  # noqa: PT012 - the block is what is tested
        run["accuracy"] = 0.5
        raise error
    assert caught.value is error
    assert error.__cause__ is None
    assert error.__context__ is None
    found = known(kg, run)
    assert (found["status"], found["error"], found["about"]["error type"]) == (
        "failed",
        "it burns",
        "test_exceptions_make_a_failed_run_and_pass.<locals>.OwnError",
    )
    assert found["scores"] == {}
    assert found["tags"]["accuracy"] == "0.5"
    for kind in (KeyboardInterrupt, SystemExit):
        with pytest.raises(kind), kg.run("x") as run:
            raise kind
        found = known(kg, run)
        assert (found["status"], found["error"]) == ("failed", "interrupted")
        assert found["about"]["error type"] == kind.__name__


def test_a_run_out_of_its_time_warns(kg):
    run = kg.run("x")
    with pytest.warns(metakg.TrackingWarning, match="has not begun"):
        run["accuracy"] = 0.5
    with run:
        pass
    with pytest.warns(metakg.TrackingWarning, match="has ended"):
        run["accuracy"] = 0.5
    with pytest.warns(metakg.TrackingWarning, match="has begun before"), run:
        pass
    kg.refresh()
    assert kg.store.graphs()[0].counts["runs"] == 1


def test_pruned_runs(kg):
    with kg.run("x") as run:
        run.log(epoch=0, loss=1)
        run.prune()
    assert known(kg, run)["status"] == "pruned"


def test_runs_within_runs(kg):
    with kg.run(GAUSS, dataset="d", procedure="holdout", project="p") as outer:
        assert metakg.current_run() is outer
        with kg.run("inner", parameters={"a": 1}) as inner:
            with kg.run(dataset="e") as innermost:
                pass
            assert metakg.current_run() is inner
        with kg.run() as second:
            pass
    assert metakg.current_run() is None
    assert known(kg, inner)["about"]["part of"] == outer.iri
    assert known(kg, innermost)["about"]["part of"] == inner.iri
    assert known(kg, innermost)["dataset"] == iris.named_dataset("e")
    assert known(kg, innermost)["pipelineTitle"] == "inner"
    found = known(kg, second)
    assert (found["pipeline"], found["dataset"]) == (GAUSS.iri, iris.named_dataset("d"))
    assert found["procedure"] == iris.procedure("holdout")
    assert {row["part"] for row in known(kg, outer)["parts"]} == {inner.iri, second.iri}


def test_threads_and_tasks_have_their_own_runs(kg):
    runs = {}

    def work(number, parent=None):
        with parent.child() if parent else kg.run(f"thread {number}") as run:
            run["accuracy"] = number / 100
            runs[number] = run

    with kg.run("outer") as outer:
        workers = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        workers += [threading.Thread(target=work, args=(n, outer)) for n in range(8, 16)]
        workers += [
            threading.Thread(target=contextvars.copy_context().run, args=(work, n)) for n in range(16, 20)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        async def task(number):
            with kg.run(f"task {number}") as run:
                await asyncio.sleep(0.001 * (number % 3))
                with kg.run(f"part {number}") as part:
                    await asyncio.sleep(0.001)
                    part["accuracy"] = number / 100
                runs[number] = part
                assert metakg.current_run() is run

        async def tasks():
            await asyncio.gather(*(task(n) for n in range(20, 28)))

        asyncio.run(tasks())
    for number, run in runs.items():
        found = known(kg, run)
        assert found["scores"]["accuracy"] == number / 100
        parent = found["about"].get("part of")
        if number < 8:
            assert parent is None
        elif number < 20:
            assert parent == outer.iri
        else:
            assert kg.explain(parent).facts["pipelineTitle"] == f"task {number}"


def test_one_run_takes_what_several_threads_note(kg):
    with kg.run("x") as run:

        def note(number):
            for step in range(200):
                run.log(step=step, **{f"loss{number}": step})
                run.tag({f"{number}": step})

        workers = [threading.Thread(target=note, args=(n,)) for n in range(6)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    kg.refresh()
    assert kg.store.series([run.iri]).height == 1_200


def test_track(kg):
    @kg.track(dataset="openml:31", procedure="holdout")
    def train(C, *rest, gamma="scale", data=None, **more):
        "Train it."
        metakg.current_run().tag(here="yes")
        train.run = metakg.current_run()
        if C < 0:
            raise ValueError("C is negative")
        return {"balanced_accuracy": np.float32(0.5), "model": object(), "rows": [1, 2], "flag": True}

    assert (train.__name__, train.__doc__) == ("train", "Train it.")
    assert train(3, 4, data=pd.DataFrame(), lr=0.1)["flag"] is True
    found = known(kg, train.run)
    assert found["dataset"] == iris.openml_dataset(31)
    assert found["pipelineTitle"].endswith("train(C=3, gamma=scale, lr=0.1, rest=[4])")
    assert found["scores"]["balanced_accuracy"] == 0.5
    assert found["tags"] == {"here": "yes"}
    with pytest.raises(ValueError, match="C is negative"):
        train(-1)
    assert known(kg, train.run)["status"] == "failed"
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        train()
    with pytest.raises(TypeError, match="datset"):
        kg.track(datset="typo")

    @kg.track
    async def later():
        await asyncio.sleep(0)
        later.run = metakg.current_run()
        return {"accuracy": 0.25}

    asyncio.run(later())
    assert known(kg, later.run)["scores"]["accuracy"] == 0.25


def test_the_default_store_is_used_without_a_graph(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("METAKG_STORE", raising=False)
    monkeypatch.delenv("METAKG_PROJECT", raising=False)
    with metakg.run("x", dataset="d") as run:
        run["accuracy"] = 0.5
        os.chdir("/")  # the run goes to where it began
    with metakg.open(tmp_path / "metakg-store") as kg:
        assert known(kg, run)["scores"]["accuracy"] == 0.5
    assert run.project == tmp_path.name


def test_handles_go_to_other_processes(kg):
    kg.measure("profit", "higher")
    copy = pickle.loads(pickle.dumps(kg))
    with copy.run("x") as run:
        run["profit"] = 3
        handed = pickle.loads(pickle.dumps(run))
        with pytest.warns(metakg.TrackingWarning, match=r"with run\.child"):
            handed["accuracy"] = 0.5
        with handed.child() as part:
            part["accuracy"] = 0.25
    assert known(kg, run)["scores"]["profit"] == 3
    assert known(kg, part)["about"]["part of"] == run.iri


def test_workers_of_joblib_log_parts(kg):
    from joblib import Parallel, delayed

    with kg.run("outer", dataset="d") as outer:
        iris_of_parts = Parallel(n_jobs=2)(delayed(_part)(outer, number) for number in range(6))
    kg.refresh()
    assert {row["part"] for row in known(kg, outer)["parts"]} == set(iris_of_parts)


def _part(outer, number):
    with outer.child(f"part {number}") as run:
        run["accuracy"] = number / 10
    return run.iri


def test_a_fork_within_a_run_does_not_log_it_twice(kg):
    with kg.run("x") as run:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                with warnings.catch_warnings(record=True) as caught:
                    warnings.simplefilter("always")
                    run["accuracy"] = 0.25
                    with kg.run("in the fork") as part:
                        part["accuracy"] = 0.75
                    run.__exit__(None, None, None)
                status = 0 if len(caught) == 1 and part.logged and not run.logged else 2
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        run["accuracy"] = 0.5
    found = known(kg, run)
    assert found["scores"]["accuracy"] == 0.5
    (part,) = found["parts"]
    assert part["pipeline"] == "in the fork"


def test_seeds_commits_and_scripts(kg, tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    script = folder / "train.py"
    script.write_text(
        "import metakg, sys\n"
        "with metakg.run(dataset='d', seed=5) as run:\n"
        "    run['accuracy'] = 0.5\n"
        "print(run.iri)\n"
    )
    git = ["git", "-C", folder, "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "x"]):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run(
        [*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True
    ).stdout.strip()

    def run(path):
        words = [sys.executable, script, "--token", "abc", "--lr=0.1", "db=x://me:pw@h/"]
        environment = {**os.environ, "METAKG_STORE": kg.name, "PATH": path}
        done = subprocess.run(
            words, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
        )
        assert done.stderr == ""
        kg.refresh()
        rows = kg.explain(done.stdout.strip()).to_dict()
        return rows["pipelineTitle"], {row["what"]: row["value"] for row in rows["came about by"]}

    title, about = run(os.environ["PATH"])
    assert title == "train"
    assert (about["commit"], about["seed"]) == (commit, 5)
    assert about["script"] == f"{script} --token '***' --lr=0.1 'db=x://me:***@h/'"
    assert about["python"] == ".".join(map(str, sys.version_info[:3]))
    script.write_text(script.read_text() + "# changed\n")
    assert run(os.environ["PATH"])[1]["commit"] == f"{commit}+changes"
    assert run("/nowhere")[1]["commit"] == commit  # read from git's own files
    subprocess.run([*git, "pack-refs", "--all"], check=True)
    assert run("/nowhere")[1]["commit"] == commit


def test_what_explain_writes_is_short(kg):
    with kg.run("x", dataset="d") as run:
        for step in range(1_000):
            run.log(step=step, loss=step)
    kg.refresh()
    text = kg.explain(run.iri).to_text()
    assert "  loss  step  1000  0  999\n" in text
    assert len(text.splitlines()) < 50
    assert json.loads(kg.explain(run.iri).to_json())["series"][0]["points"] == 1_000


def test_products_have_origins_and_properties(kg):
    with contextlib.suppress(ZeroDivisionError), kg.run("x", dataset="d") as failed:
        _ = 1 / 0
    with kg.run("x", dataset="d") as run:
        skill = run.product("skill", "divide with care", "look at the divisor", derived_from=[failed.iri])
        better = run.product(
            "skill", "look first", derived_from=[skill, ""], generation=1, properties={"uses": 2}
        )
        run.trial(
            {"name": "division", "title": "On Division", "fidelity": "reconstruction", "year": 1900},
            arm="full",
            kind="method",
            benchmark="numbers",
            version="1",
            configuration="effort=1",
        )
    kg.refresh()
    origins = kg.explain(skill).to_dict()["derived from"]
    assert origins == [{"origin": failed.iri, "what": "failed", "error": "division by zero"}]
    assert kg.explain(skill).facts["text"] == "look at the divisor"
    told = kg.explain(better).to_dict()
    assert (told["generation"], told["properties"]) == (1, [{"property": "uses", "value": 2.0}])
    assert [row["origin"] for row in told["derived from"]] == [skill]
    assert [row["descendant"] for row in kg.explain(skill).to_dict()["what came from it"]] == [better]
    of_run = kg.explain(run.iri).to_dict()
    assert [row["title"] for row in of_run["made"]] == ["divide with care", "look first"]
    assert of_run["arm of a method"][0]["arm"] == "full"
    about = kg.explain("metakg:method/division")
    assert about.facts["year"] == "1900"
    assert about.to_dict()["arms that were run"][0]["runs"] == 1


@pytest.mark.parametrize(
    ("words", "options", "message"),
    [
        (("skill", " "), {}, "needs a kind and a title"),
        (("skill", "x"), {"derived_from": ["not an iri"]}, "comes from 'not an iri'"),
        (("skill", "x"), {"properties": {"rank": float("nan")}}, "property 'rank' is nan"),
        (("skill", "x"), {"properties": {"rank": [1]}}, "property 'rank' is"),
        (("skill", "x"), {"generation": 1.5}, "generation is 1.5"),
    ],
)
def test_a_product_that_cannot_be_noted_warns(kg, words, options, message):
    with kg.run("x", dataset="d") as run, pytest.warns(metakg.TrackingWarning, match=re.escape(message)):
        assert run.product(*words, **options) == ""
    assert run.logged


def test_an_arm_of_no_kind_warns(kg):
    about = {"name": "m", "title": "M", "fidelity": "perfect"}
    rest = {"arm": "a", "benchmark": "b", "version": "1", "configuration": "c"}
    with kg.run("x", dataset="d") as run:
        with pytest.warns(
            metakg.TrackingWarning, match="fidelity 'perfect' is unknown; known: reimplementation"
        ):
            run.trial(about, kind="method", **rest)
        with pytest.warns(
            metakg.TrackingWarning, match="arm_kind 'rival' is unknown; known: method, baseline"
        ):
            run.trial({**about, "fidelity": "reconstruction"}, kind="rival", **rest)
    assert run.logged
