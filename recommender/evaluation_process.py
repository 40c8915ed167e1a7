"""A process of its own for running pipelines, so that a time limit holds and a crash is just a failed run.

It is a fresh interpreter: a fork would inherit the threads and locks of torch and OpenMP, and the spawn of
multiprocessing would run a person's unguarded script again. The table goes over as Parquet, requests and
replies as lines of JSON (see ``recommender.evaluation_worker``).
"""

from __future__ import annotations

import json
import math
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from recommender.cross_validation import FOLDS, Evaluation, Problem

if TYPE_CHECKING:
    from embeddings.table import Table
    from kg.pipeline import Pipeline

__all__ = ["EvaluationProcess"]

_START_SECONDS = 120.0
_STOP_SECONDS = 10.0

_Replies = queue.Queue[dict[str, Any] | None]


class EvaluationProcess:
    """Runs pipelines on one table, each under its own time limit; a context manager.

    The process starts with the first evaluation, is killed when a limit is reached, and starts again with the
    next evaluation. Its start-up counts towards no limit.
    """

    def __init__(self, table: Table) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="metakg-evaluation-")
        self._process: subprocess.Popen[bytes] | None = None
        self._replies: _Replies = queue.Queue()
        _write_problem(Problem.from_table(table), Path(self._folder.name))

    def __enter__(self) -> EvaluationProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the process and remove its files."""
        self._stop()
        self._folder.cleanup()

    def evaluate(
        self,
        pipeline: Pipeline,
        *,
        seed: int = 0,
        folds: int = FOLDS,
        time_limit_seconds: float | None = None,
    ) -> Evaluation:
        """Cross-validate a pipeline; parameters as in :func:`recommender.cross_validation.evaluate`."""
        if self._process is None:
            self._start()
            try:
                ready = self._receive(time.perf_counter() + _START_SECONDS)
            except TimeoutError:
                ready = None
            if ready is None:
                return self._failed(f"the evaluation process did not start: {self._last_words()}", [], 0.0)
        started = time.perf_counter()
        deadline = math.inf if time_limit_seconds is None else started + time_limit_seconds
        values: list[float] = []
        try:
            self._send({"pipeline": pipeline.canonical(), "seed": seed, "folds": folds})
            while (reply := self._receive(deadline)) is not None:
                if "fold" not in reply:
                    sequences = {name: tuple(reply[name]) for name in ("fold_values", "notes")}
                    return Evaluation(**{**reply, **sequences})
                values.append(reply["fold"])
            reason = f"the evaluation process ended: {self._last_words()}"
        except TimeoutError:
            done = f"{len(values)} of {folds} folds done"
            reason = f"TimeoutError: stopped at its limit of {time_limit_seconds:g} s, {done}"
        except OSError:
            reason = f"the evaluation process ended: {self._last_words()}"
        return self._failed(reason, values, time.perf_counter() - started)

    def _start(self) -> None:
        folder = Path(self._folder.name)
        packages = str(Path(__file__).resolve().parents[1])
        inherited = os.environ.get("PYTHONPATH")
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([packages, inherited] if inherited else [packages]),
        }
        with (folder / "stderr").open("wb") as errors:
            # -P: a person's folder must not shadow the worker's imports.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "recommender.evaluation_worker", str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
            )
        self._replies = queue.Queue()
        assert self._process.stdout is not None
        threading.Thread(target=_read, args=(self._process.stdout, self._replies), daemon=True).start()

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self, deadline: float) -> dict[str, Any] | None:
        """Return the next reply, or None if the process has ended; TimeoutError at the deadline."""
        left = deadline - time.perf_counter()
        try:
            return self._replies.get(timeout=None if math.isinf(left) else max(left, 0.0))
        except queue.Empty:
            raise TimeoutError from None

    def _failed(self, error: str, values: list[float], seconds: float) -> Evaluation:
        self._stop()
        return Evaluation(math.nan, math.nan, tuple(values), seconds, "failed", error)

    def _last_words(self) -> str:
        """Say how the process ended: its exit status, and the last line that it wrote to stderr."""
        assert self._process is not None
        try:
            status = self._process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return "it does not answer"
        text = (Path(self._folder.name) / "stderr").read_text(encoding="utf-8", errors="replace").strip()
        how = f"signal {-status} (out of memory?)" if status < 0 else f"exit status {status}"
        return f"{how}; {text.splitlines()[-1][:300]}" if text else how

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                continue  # an unsent request to a process that is gone
        self._process = None


def _write_problem(problem: Problem, folder: Path) -> None:
    # Columns go by position: no file format has to cope with a person's column names.
    numeric = [problem.X.columns.get_loc(name) for name in problem.numeric]
    categorical = [problem.X.columns.get_loc(name) for name in problem.categorical]
    frame = problem.X.set_axis([f"x{position}" for position in range(problem.X.shape[1])], axis=1)
    frame.assign(codes=problem.codes).to_parquet(folder / "table.parquet", index=False)
    columns = {
        "numeric": [f"x{position}" for position in numeric],
        "categorical": [f"x{position}" for position in categorical],
    }
    (folder / "columns.json").write_text(json.dumps(columns), encoding="utf-8")


def _read(stream: IO[bytes], replies: _Replies) -> None:
    try:
        for line in stream:
            replies.put(json.loads(line))
    except ValueError:
        pass  # the process was killed in the middle of a line, or the stream was closed with it
    replies.put(None)
