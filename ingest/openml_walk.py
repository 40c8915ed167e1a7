"""Walking through OpenML's listings of evaluations, page by page, function by function.

The server lists the evaluations by one function at a time, in no order that it promises, though new ones come last. So
each page is added to the graph as it is: a run with the first value that is met, further values to a run that is there.
That needs no memory of the listings, and is the same as what another pass does with measures that came later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import TypeVar

from ingest.openml_catalogue import chunks
from ingest.openml_client import Client, RefusedError
from ingest.openml_known import Known
from ingest.openml_listings import Row, read_evaluations, read_suite, read_tasks
from ingest.openml_position import Part, Position
from ingest.openml_selection import Selection
from kg.errors import SourceError
from kg.measure_names import normalise

__all__ = ["FURTHEST", "PAGE", "Walk"]

PAGE = 10_000
"""Rows of a page, the server's limit."""

FURTHEST = 10_000_000
"""Offset from which the server does not answer in time."""

T = TypeVar("T")

_RUNS_AT_ONCE = 300
_TASKS_AT_ONCE = 200


class Walk:
    """The pages of a selection, from a position on, which it moves.

    Parameters
    ----------
    known
        What the graph has: with a limit, and per fold, values are asked for by run.
    say
        Told what a person should know.
    page, furthest
        The server's limits.
    """

    def __init__(
        self,
        client: Client,
        selection: Selection,
        position: Position,
        known: Known,
        say: Callable[[str], None],
        *,
        page: int = PAGE,
        furthest: int = FURTHEST,
    ) -> None:
        self._client, self._selection, self._position, self._known = client, selection, position, known
        self._say, self._furthest = say, furthest
        self._most, self._size = page, min(page, selection.limit or page)
        self._chosen: list[int] | None = None

    def pages(self) -> Iterator[tuple[Part, list[Row]]]:
        """Yield each page with its part; the position is then that after the page.

        Raises
        ------
        SourceError
            If the server does not answer, or what it says cannot be.
        """
        stages = [(function, fold) for fold in (False, True) for function in self._selection.measures]
        for function, per_fold in stages:
            if per_fold and not self._selection.per_fold:
                continue
            self._open(function, per_fold)
            while part := self._next(function, per_fold):
                if (rows := self._page(part)) is not None:
                    yield part, rows

    def _next(self, function: str, per_fold: bool) -> Part | None:
        return next(
            (
                part
                for part in self._position.parts
                if not part.done and (part.function, part.per_fold) == (function, per_fold)
            ),
            None,
        )

    def _open(self, function: str, per_fold: bool) -> None:
        """Say of which listings a function's values are read."""
        mark = f"{function}*" if per_fold else function
        if mark in self._position.opened:
            return
        parts = self._by_run(function, per_fold) if per_fold or self._selection.limit else []
        if not per_fold and not self._is_full():
            earlier = {
                tuple(part.tasks or ()): part
                for part in self._position.parts
                if (part.function, part.per_fold, part.runs) == (function, False, None)
            }
            lists = self._task_lists() if self._selection.by_task else [None]
            if lists == [None] and () not in earlier and earlier:
                lists = self._every_task()  # the whole was too long before
            parts += [earlier.get(tuple(tasks or ()), Part(function, tasks=tasks)) for tasks in lists]
        others = [
            part for part in self._position.parts if (part.function, part.per_fold) != (function, per_fold)
        ]
        self._position.parts = [*others, *parts]
        self._position.opened.append(mark)

    def _by_run(self, function: str, per_fold: bool) -> list[Part]:
        runs, reading = self._known.every_run(), normalise(function, "openml")
        if reading is not None:
            has = self._known.with_folds if per_fold else self._known.measured
            there = has(runs, reading.measure)
            runs = [run for run in runs if run not in there]
        return [
            Part(function, per_fold, runs=chunk) for chunk in chunks(runs, min(_RUNS_AT_ONCE, self._most))
        ]

    def _is_full(self) -> bool:
        limit = self._selection.limit
        return limit is not None and self._known.count() >= limit

    def _page(self, part: Part) -> list[Row] | None:
        """Next page of a part; None if there is none."""
        if part.runs is not None:
            part.done = True
            return self._rows(part, 0)
        if self._is_full():
            part.done = True
            return None
        if not part.checked:
            self._check(part)
        offset = len(part.pages) * self._size
        if offset >= self._furthest:
            self._split(part)
            return None
        rows = self._rows(part, offset)
        if len(rows) < self._size:
            part.done = True
        else:
            part.pages.append(_digest(rows))
        return rows

    def _rows(self, part: Part, offset: int) -> list[Row]:
        chosen = self._selection
        call = f"evaluation/list/function/{part.function}" + ("/per_fold/true" if part.per_fold else "")
        call += f"/limit/{self._most if part.runs else self._size}/offset/{offset}"
        for kind, ids in (
            ("task", part.tasks),
            ("run", part.runs),
            ("flow", chosen.flows),
            ("uploader", chosen.uploaders),
        ):
            if ids:
                call += f"/{kind}/{','.join(map(str, ids))}"
        return self._listed(call, read_evaluations)

    def _listed(self, call: str, read: Callable[[str, str], list[T]]) -> list[T]:
        try:
            return self._client.get(call, read)
        except RefusedError as refused:
            if refused.is_empty:
                return []
            raise

    def _check(self, part: Part) -> None:
        """Go back to the first page that is no longer as it was: something came in, or went, before the end."""

        def same(page: int) -> bool:
            return _digest(self._rows(part, page * self._size)) == part.pages[page]

        if part.pages and not same(len(part.pages) - 1):
            low, high = 0, len(part.pages) - 1
            while low < high:
                middle = (low + high) // 2
                low, high = (middle + 1, high) if same(middle) else (low, middle)
            del part.pages[low:]
        part.checked = True

    def _split(self, part: Part) -> None:
        """Replace a listing that is too long by those of fewer tasks."""
        if part.tasks is None:
            lists = self._every_task()
        elif len(part.tasks) > 1:
            middle = len(part.tasks) // 2
            lists = [part.tasks[:middle], part.tasks[middle:]]
        else:
            raise SourceError(
                f"openml: task {part.tasks[0]} has more than {self._furthest:,} values of {part.function}, which the "
                "server does not list: name flows or uploaders"
            )
        self._say(
            f"openml: {part.function} is longer than the server lists: read in {len(lists):,} parts by task"
        )
        place = self._position.parts.index(part)
        self._position.parts[place : place + 1] = [Part(part.function, tasks=tasks) for tasks in lists]

    def _task_lists(self) -> list[list[int] | None]:
        if self._chosen is None:
            chosen = set(self._selection.tasks)
            for suite in self._selection.suites:
                tasks = self._client.get(f"study/{suite}", read_suite)
                if not tasks:
                    raise SourceError(
                        f"openml: suite {suite} has no tasks: it is a collection of runs; name a suite"
                    )
                chosen.update(tasks)
            for dataset in self._selection.datasets:
                chosen.update(self._tasks(f"/data_id/{dataset}"))
            self._chosen = sorted(chosen)
        return list(chunks(self._chosen, _TASKS_AT_ONCE))

    def _every_task(self) -> list[list[int] | None]:
        return list(chunks(sorted(self._tasks("")), _TASKS_AT_ONCE))

    def _tasks(self, filters: str) -> set[int]:
        found: set[int] = set()
        offset = 0
        while True:
            listed = self._listed(f"task/list{filters}/limit/{PAGE}/offset/{offset}", read_tasks)
            found.update(listed)
            if len(listed) < PAGE:
                return found
            offset += PAGE


def _digest(rows: list[Row]) -> str:
    """Digest of which runs a page is of."""
    return hashlib.sha256(",".join(str(row.run) for row in rows).encode()).hexdigest()[:16]
