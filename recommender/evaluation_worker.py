"""The other side of ``recommender.evaluation_process``: evaluates one pipeline after the other.

Started as ``python -m recommender.evaluation_worker FOLDER``. It reads ``table.parquet`` and ``columns.json``
there, replies ``{"ready": true}``, and then answers each request line ``{"pipeline": canonical JSON,
"seed": ..., "folds": ...}`` with a line ``{"fold": value}`` per fold and one with the fields of an
``Evaluation``.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from embeddings.components import COMPONENTS, resolve
from kg.pipeline import Pipeline
from recommender.cross_validation import Problem, cross_validate

__all__ = ["main"]


def main(folder: Path) -> None:
    """Answer requests on stdin until it is closed."""
    # What a library prints must not get between the replies: stdout becomes stderr.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as replies:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        problem = _read_problem(folder)
        _import_everything()
        requests: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=_listen, args=(requests,), daemon=True).start()
        _reply(replies, {"ready": True})
        while True:
            request = requests.get()
            evaluation = cross_validate(
                Pipeline.from_canonical(request["pipeline"]),
                problem,
                seed=request["seed"],
                folds=request["folds"],
                on_fold=lambda value: _reply(replies, {"fold": value}),
            )
            _reply(replies, asdict(evaluation))


def _listen(requests: queue.Queue[dict[str, Any]]) -> None:
    for line in sys.stdin:
        requests.put(json.loads(line))
    # Whoever asked is gone: end at once, even in the middle of a fit.
    os._exit(0)


def _read_problem(folder: Path) -> Problem:
    import numpy as np
    import pandas as pd

    columns = json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    frame = pd.read_parquet(folder / "table.parquet")
    codes = frame.pop("codes").to_numpy(dtype=np.int64)
    for name in columns["categorical"]:
        frame[name] = frame[name].astype(object).where(frame[name].notna(), np.nan)
    return Problem(frame, codes, columns["numeric"], columns["categorical"])


def _import_everything() -> None:
    """Import what pipelines are made of, so that no pipeline's time limit pays for it."""
    import sklearn.metrics
    import sklearn.model_selection  # noqa: F401

    for allowed in COMPONENTS.values():
        for path in allowed:
            resolve(path)


def _reply(stream: IO[str], reply: dict[str, Any]) -> None:
    stream.write(json.dumps(reply) + "\n")
    stream.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
