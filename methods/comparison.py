"""Runs all arms of a method over seeds, in several processes, and goes on where an interrupted comparison ended."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.context import SpawnContext
from typing import TYPE_CHECKING, Any

from methods.errors import MethodError
from methods.running import Plan, Results, run_arm
from methods.verdict import finished

if TYPE_CHECKING:
    from metakg import KnowledgeGraph

__all__ = ["compare"]

Report = Callable[[int, float], None]
"""Called with a seed and the share of its arms that is done."""

_POLL_SECONDS = 0.2


def compare(
    kg: KnowledgeGraph,
    about: Plan,
    seeds: Sequence[int],
    *,
    arms: Sequence[str] = (),
    again: bool = False,
    jobs: int = 1,
    report: Report = lambda *_: None,
    said: Callable[[str], None] = lambda _: None,
) -> list[Results]:
    """Run the arms of a plan for each seed; what the graph has already is not run once more.

    Parameters
    ----------
    arms
        Names of those to run; all that are not optional by default.
    again
        Whether to run those too that the graph has.
    jobs
        Processes beside this one; 1 for none.
    said
        Takes a line for people.

    Returns
    -------
    results
        Of what was run now, by seed and arm.

    Raises
    ------
    MethodError
        If the person's data or a hyperparameter cannot be used; nothing else is begun then.
    """
    kg.create()
    chosen = [about.arm(name) for name in arms] or [arm for arm in about.arms if not arm.optional]
    there = set() if again else finished(kg, about)
    work = {
        seed: names
        for seed in dict.fromkeys(seeds)
        if (names := [arm.name for arm in chosen if (arm.name, seed) not in there])
    }
    kept = len(dict.fromkeys(seeds)) * len(chosen) - sum(map(len, work.values()))
    if kept:
        said(f"{kept} runs are in the graph already: --again runs them once more")
    if not work:
        return []
    if jobs == 1 or len(work) == 1:
        results = [one for seed, names in work.items() for one in _seed(kg, about, seed, names, report)]
    else:
        results = _in_processes(kg, about, work, jobs, report)
    kg.refresh()
    order = [arm.name for arm in about.arms]
    return sorted(results, key=lambda one: (one.seed, order.index(one.arm)))


def _seed(kg: KnowledgeGraph, about: Plan, seed: int, names: Sequence[str], report: Report) -> list[Results]:
    results = []
    for place, name in enumerate(names):
        step = _share(report, seed, place, len(names))
        step(0.0)
        results.append(run_arm(kg, about, about.arm(name), seed, step))
    report(seed, 1.0)
    return results


def _share(report: Report, seed: int, place: int, arms: int) -> Callable[[float], None]:
    return lambda done: report(seed, min((place + done) / arms, 0.999))


def _in_processes(
    kg: KnowledgeGraph, about: Plan, work: Mapping[int, Sequence[str]], jobs: int, report: Report
) -> list[Results]:
    # Spawned, not forked: torch and the store's threads do not survive a fork.
    context = get_context("spawn")
    results: list[Results] = []
    parts = _parts(work, jobs)
    with _reports(context, _by_seed(parts, report)) as box:
        pool = ProcessPoolExecutor(min(jobs, len(parts)), context, initializer=_begin, initargs=(box,))
        try:
            futures: list[Future[list[Results]]] = [
                pool.submit(_work, kg, about, seed, names, number)
                for number, (seed, names) in enumerate(parts)
            ]
            for future in as_completed(futures):
                results += future.result()
                kg.refresh()
        except BaseException as error:
            running = list((pool._processes or {}).values())  # which shutting down forgets
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            if isinstance(error, BrokenProcessPool):
                raise MethodError(
                    "a process that ran arms was ended from outside, perhaps for want of memory: run the command "
                    "again, which goes on from here, with --jobs 1"
                ) from error
            raise
        pool.shutdown()
    return results


def _parts(work: Mapping[int, Sequence[str]], jobs: int) -> list[tuple[int, list[str]]]:
    """Seeds with their arms; the seeds that are left over when each process has as many are shared among all.

    >>> _parts({0: ["a", "b"], 1: ["a", "b"], 2: ["a", "b"]}, 2)
    [(0, ['a', 'b']), (1, ['a', 'b']), (2, ['a']), (2, ['b'])]
    """
    over = len(work) % jobs
    shares = jobs // over if over else 1
    parts = []
    for place, (seed, names) in enumerate(work.items()):
        count = shares if place >= len(work) - over else 1
        parts += [(seed, list(names[start::count])) for start in range(count) if names[start::count]]
    return parts


def _by_seed(parts: Sequence[tuple[int, Sequence[str]]], report: Report) -> Report:
    """Takes the number of a part with the share of it that is done, and passes on the share of its seed."""
    arms = {seed: sum(len(names) for one, names in parts if one == seed) for seed, _ in parts}
    done = dict.fromkeys(range(len(parts)), 0.0)

    def heard(number: int, share: float) -> None:
        seed = parts[number][0]
        done[number] = share
        held = sum(done[other] * len(names) for other, (one, names) in enumerate(parts) if one == seed)
        report(seed, held / arms[seed])

    return heard


@contextmanager
def _reports(context: SpawnContext, report: Report) -> Iterator[Any]:
    """Box that processes put their reports into, and that a thread here empties."""
    box = context.Queue()
    over = threading.Event()

    def listen() -> None:
        while not over.is_set():
            try:
                report(*box.get(timeout=_POLL_SECONDS))
            except queue.Empty:
                continue

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield box
    finally:
        over.set()
        listener.join()
        box.close()


_box: Any = None
"""In a process that runs a seed, where its reports go."""


def _begin(box: Any) -> None:
    global _box
    _box = box
    # Nothing numeric is loaded yet: one thread each, since there is a process for each core.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # Whoever interrupts means the command, which ends its processes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(kg: KnowledgeGraph, about: Plan, seed: int, names: Sequence[str], number: int) -> list[Results]:
    return _seed(kg, about, seed, names, lambda _, share: _box.put((number, share)))
