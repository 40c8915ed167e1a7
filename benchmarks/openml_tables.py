"""Datasets of OpenML whose data, and mostly whose qualities too, ship with scikit-learn."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import arff
import pandas as pd
import sklearn
from sklearn.datasets import load_breast_cancer, load_wine

from embeddings.table import Table, prepare

FOLDER = Path(sklearn.__file__).parent / "datasets/tests/data/openml"

WHOLE = (3, 61, 62, 561, 40675, 40945, 42585)
"""OpenML ids of the datasets there whose ARFF file is not cut short and whose qualities are given."""


def _document(dataset: int, kind: str) -> Any:
    path = FOLDER / f"id_{dataset}/api-v1-{kind}-{dataset}.json.gz"
    return json.loads(gzip.decompress(path.read_bytes()))


def frame(dataset: int) -> tuple[pd.DataFrame, str]:
    """Data and target column of a dataset, without the columns that its description says to ignore."""
    description = _document(dataset, "jd")["data_set_description"]
    (file,) = (FOLDER / f"id_{dataset}").glob("data-v1*")
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        content = arff.load(io.StringIO(stream.read()))
    data = pd.DataFrame(content["data"], columns=[name for name, _ in content["attributes"]])
    for name, kind in content["attributes"]:
        numeric = isinstance(kind, str) and kind.upper() in {"REAL", "NUMERIC", "INTEGER"}
        data[name] = data[name].astype(float if numeric else object)
    features = _document(dataset, "jdf")["data_features"]["feature"]
    left_out = [
        feature["name"]
        for feature in features
        if feature.get("is_row_identifier") == "true" or feature.get("is_ignore") == "true"
    ]
    return data.drop(columns=left_out), description["default_target_attribute"]


def table(dataset: int) -> Table:
    """A prepared table: those of the folder, and 187 (wine) and 1510 (wdbc) from scikit-learn's own loaders."""
    loaders = {187: load_wine, 1510: load_breast_cancer}
    if dataset in loaders:
        return prepare(loaders[dataset](as_frame=True).frame, "target", "classification")
    data, target = frame(dataset)
    prepared = prepare(data, target, "regression" if dataset == 561 else "classification")
    if dataset == 40945:  # the ARFF header declares `boat` a string; its 27 values do not look like one
        return replace(prepared, text=[*prepared.text, "boat"])
    return prepared


def qualities(dataset: int) -> dict[str, float]:
    """OpenML's qualities of a dataset; NaN where OpenML has none."""
    listed = _document(dataset, "jdq")["data_qualities"]["quality"]
    return {
        quality["name"]: float(quality["value"]) if isinstance(quality["value"], str) else float("nan")
        for quality in listed
    }
