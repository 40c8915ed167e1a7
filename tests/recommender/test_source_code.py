"""Scripts run as they are, print the score that is measured here, and cannot be injected into."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_digits, load_iris

from embeddings.estimators import adaptations, build
from embeddings.table import Table, prepare, read_table
from kg.errors import PipelineError
from kg.pipeline import Pipeline, Step
from recommender.cross_validation import evaluate
from recommender.source_code import expression, literal, script, snippet

PREPARATION = (
    Step("numeric_imputer", "sklearn.impute.SimpleImputer"),
    Step("categorical_imputer", "sklearn.impute.SimpleImputer", {"strategy": "most_frequent"}),
    Step("encoder", "sklearn.preprocessing.OneHotEncoder", {"handle_unknown": "ignore"}),
    Step("scaler", "sklearn.preprocessing.StandardScaler"),
)
FOREST = Pipeline(
    (*PREPARATION, Step("estimator", "sklearn.ensemble.ExtraTreesClassifier", {"n_estimators": 20}))
)
LOGIT = Pipeline(
    (
        *PREPARATION,
        Step("reducer", "sklearn.feature_selection.SelectKBest", {"k": "75%", "score_func": "f_classif"}),
        Step(
            "estimator", "sklearn.linear_model.LogisticRegression", {"solver": "liblinear", "penalty": "l1"}
        ),
    )
)
NASTY = [
    "it's",
    'say "hi"',
    "both ' and \"",
    "back\\slash",
    "tab\there",
    "naïve 列",
    "line\nbreak",
    "\u202eleft",
]


def columns(table: Table) -> dict:
    return {
        "numeric": table.numeric,
        "categorical": table.categorical,
        "n_classes": table.y.nunique(),
        **adaptations(table.X, numeric=table.numeric, categorical=table.categorical),
    }


def run(source: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "recommended.py"
    file.write_text(source, encoding="utf-8")
    # -I: neither the project nor the environment is importable, only what is installed.
    return subprocess.run(
        [sys.executable, "-I", str(file)],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
        encoding="utf-8",
    )


def printed_score(outcome: subprocess.CompletedProcess[str]) -> float:
    assert outcome.returncode == 0, outcome.stderr
    assert "FutureWarning" not in outcome.stderr
    found = re.search(r"^balanced accuracy: (\S+), in 5 folds", outcome.stdout, re.MULTILINE)
    assert found, outcome.stdout
    assert "predictions for the first rows" in outcome.stdout
    return float(found.group(1))


def mixed_frame() -> pd.DataFrame:
    """Columns with hostile names, missing values, booleans; a float target with missing rows."""
    rng = np.random.default_rng(1)
    n = 150
    frame = pd.DataFrame({name: rng.normal(size=n) for name in NASTY[:4]})
    for name in NASTY[4:]:
        frame[name] = pd.Series(rng.choice(["u", "v", "w, x"], n), dtype=object)
    frame["flag"] = pd.Series(rng.random(n) < 0.5, dtype=object)
    frame["class'"] = (frame["it's"] + (frame["naïve 列"] == "u") > 0).astype(float) + (frame['say "hi"'] > 1)
    frame.loc[::11, "it's"] = np.nan
    frame.loc[::13, ["flag", "line\nbreak"]] = None
    frame.loc[::29, "class'"] = np.nan
    return frame


@pytest.mark.parametrize(
    ("data", "chosen"),
    [("iris", FOREST), ("mixed", FOREST), ("mixed", LOGIT), ("digits", LOGIT), ("fractions", FOREST)],
    ids=["iris", "mixed", "mixed-logit", "digits-logit", "fractions"],
)
def test_script_prints_what_is_measured(data: str, chosen: Pipeline, tmp_path: Path) -> None:
    separator, path = ",", tmp_path / f'{data}\'s "file".csv'
    if data == "iris":
        loaded = load_iris(as_frame=True)
        frame, target = loaded.frame.assign(target=loaded.target_names[loaded.target]), "target"
        separator = ";"
    elif data == "digits":
        frame, target = load_digits(as_frame=True).frame[::4], "target"
    elif data == "fractions":
        loaded = load_breast_cancer(as_frame=True)
        frame, target = loaded.frame.iloc[::2, -12:].assign(level=loaded.target * 0.5 + 0.25), "level"
        frame = frame.drop(columns="target")
    else:
        frame, target = mixed_frame(), "class'"
    frame.to_csv(path, index=False, sep=separator)
    table = prepare(read_table(path), target)
    source = script(chosen, path=path.name, target=target, separator=separator, **columns(table))
    measured = evaluate(chosen, table)
    assert measured.status == "finished"
    assert printed_score(run(source, tmp_path)) == pytest.approx(measured.balanced_accuracy, abs=1e-12)


def test_script_reads_parquet(tmp_path: Path) -> None:
    path = tmp_path / "mixed.parquet"
    mixed_frame().assign(flag=pd.Series([True, False] * 75)).to_parquet(path)
    table = prepare(read_table(path), "class'")
    source = script(FOREST, path=path, target="class'", seed=3, **columns(table))
    measured = evaluate(FOREST, table, seed=3)
    assert printed_score(run(source, tmp_path)) == pytest.approx(measured.balanced_accuracy, abs=1e-12)


def test_expression_constructs_the_built_estimator() -> None:
    loaded = load_iris(as_frame=True)
    table = prepare(loaded.frame, "target")
    for chosen in (FOREST, LOGIT):
        namespace: dict = {}
        exec(compile(snippet(chosen, **columns(table)), "snippet", "exec"), namespace)
        built = build(chosen, **columns(table))
        assert repr(namespace["model"]) == repr(built)
        assert expression(chosen, **columns(table)) in snippet(chosen, **columns(table)).replace(
            "model = ", ""
        )


def strings(tree: ast.AST) -> list[str]:
    return [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]


def shape(tree: ast.AST) -> list[str]:
    """All node types and identifiers, without the text of constants: what a script does."""
    return [
        type(node).__name__ + str(getattr(node, "id", "")) + str(getattr(node, "attr", ""))
        for node in ast.walk(tree)
    ]


names = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=30),
        st.sampled_from([*NASTY, '"]); import os #', "'''", '"""', "{x}", "\\"]),
    ),
    min_size=2,
    max_size=6,
    unique=True,
)


@settings(max_examples=150, deadline=None)
@given(names, st.text(min_size=1), st.text(max_size=40), st.text(max_size=40))
def test_no_text_becomes_code(columns: list[str], target: str, path: str, title: str) -> None:
    numeric, categorical = columns[::2], columns[1::2]
    path = path.removesuffix(".parquet") + ".csv"
    chosen = Pipeline((*PREPARATION, Step("estimator", "sklearn.svm.SVC", {"kernel": title})))

    def written(
        numeric: list[str], categorical: list[str], target: str, path: str, chosen: Pipeline
    ) -> ast.AST:
        return ast.parse(
            script(chosen, path=path, target=target, numeric=numeric, categorical=categorical, n_classes=2)
        )

    tree = written(numeric, categorical, target, path, chosen)
    found = strings(tree)
    assert found[:2] == [path, target] or {path, target, *columns} <= set(found)
    assigned = {
        node.targets[0].id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    assert ast.literal_eval(assigned["NUMERIC"]) == numeric
    assert ast.literal_eval(assigned["CATEGORICAL"]) == categorical
    assert ast.literal_eval(assigned["TARGET"]) == target
    assert ast.literal_eval(assigned["PATH"]) == path
    harmless = written(
        [f"n{i}" for i in range(len(numeric))],
        [f"c{i}" for i in range(len(categorical))],
        "y",
        "a.csv",
        Pipeline((*PREPARATION, Step("estimator", "sklearn.svm.SVC", {"kernel": "rbf"}))),
    )
    assert shape(tree) == shape(harmless)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_literal_reads_back(value: object) -> None:
    source = literal(value)
    if isinstance(value, float) and not np.isfinite(value):
        assert source == f'float("{value}")'
    else:
        read = ast.literal_eval(source)
        assert read == value
        assert type(read) is type(value)
    assert source.isprintable()


def test_literal_refuses_objects() -> None:
    with pytest.raises(PipelineError, match="a list cannot be written"):
        literal(["x"])


def test_layout_is_that_of_ruff(tmp_path: Path) -> None:
    for number, names in enumerate((["a"], NASTY, [f"column_{i}" for i in range(40)])):
        for chosen in (FOREST, LOGIT):
            for n_classes, categorical in ((2, []), (3, ["kind"]), (3, [f"category {i}" for i in range(9)])):
                common = {"numeric": names, "categorical": categorical, "n_classes": n_classes}
                stem = f"{number}-{chosen.key}-{len(categorical)}"
                source = script(chosen, path='data/it\'s "mine".csv', target='say "y"', **common)
                (tmp_path / f"script-{stem}.py").write_text(source, encoding="utf-8")
                (tmp_path / f"snippet-{stem}.py").write_text(snippet(chosen, **common), encoding="utf-8")
    for command in (["format", "--check"], ["check", "--select", "E9,F,I"]):
        outcome = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def test_measures_are_checked() -> None:
    common = {"path": "a.csv", "target": "y", "numeric": ["x"], "categorical": [], "n_classes": 2}
    assert 'scoring="accuracy"' in script(FOREST, measure="accuracy", **common)
    with pytest.raises(
        PipelineError, match="measure 'acc' is unknown to scripts; known: balanced_accuracy, accuracy"
    ):
        script(FOREST, measure="acc", **common)


def test_scripts_raise_no_deprecation_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        source = snippet(LOGIT, numeric=["a", "b"], categorical=["c"], n_classes=3)
        exec(compile(source, "snippet", "exec"), {})
