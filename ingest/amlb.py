"""Results of the AutoML Benchmark: ``results.csv``, as ``amlb/results.py`` of openml/automlbenchmark writes it.

``id`` is a task of OpenML (``openml.org/t/146818``), ``task`` the name of its dataset. A framework is another one in
another version or under another ``constraint`` (time and cores), so both are parameters of the pipeline. Seeds go up
with the fold. Losses are columns of their own name, and in ``result`` negative, with ``neg_`` before the ``metric``;
files of before 2020 have no ``metric``, and ``result`` is one of the other columns there. ``info`` is what failed.
"""

from __future__ import annotations

from ingest.table_preset import Preset

__all__ = ["AMLB"]

AMLB = Preset(
    name="amlb",
    title="the AutoML Benchmark",
    vocabulary="amlb",
    header=(("id",), ("task",), ("framework",), ("fold",), ("result",), ("mode",), ("version",), ("info",)),
    roles={
        "id": ("task", ""),
        "task": ("dataset", ""),
        "framework": ("pipeline", ""),
        "constraint": ("parameter", "constraint"),
        "version": ("parameter", "version"),
        "params": ("parameter", "params"),
        "fold": ("fold", ""),
        "type": ("type", ""),
        "result": ("value", ""),
        "metric": ("metric", ""),
        "utc": ("", ""),  # when the score was computed
        "seed": ("seed", ""),
        "info": ("error", ""),
        "mode": ("", ""),
        "app_version": ("", ""),
        "tag": ("", ""),
        "models": ("", ""),
        "models_count": ("", ""),
    },
    # Its tasks are OpenML's, which have ten folds; of fewer nobody says which others there are.
    procedures={10: "10-fold-cv"},
)
"""Tables of the AutoML Benchmark."""
