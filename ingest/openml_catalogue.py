"""What OpenML's evaluations refer to: tasks, datasets, and the pipelines of setups; each fetched once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ingest.openml_cache import Cache
from ingest.openml_client import Client, RefusedError
from ingest.openml_flows import FlowInfo, Setting, parse_flow, pipeline_of_flow
from ingest.openml_listings import read_setups
from ingest.openml_things import TaskInfo, counts_of_features, qualities, read_task, title
from ingest.openml_xml import parse
from kg.errors import MetakgError
from kg.pipeline import Pipeline

__all__ = ["Catalogue", "DatasetInfo", "chunks"]

T = TypeVar("T")

_SETUPS_AT_ONCE = 1_000
_LONGEST_LIST = 6_000
"""Characters of a list of ids in a URL, which servers allow 8,000 of in all."""

_FLOWS_KEPT = 512
_PIPELINES_KEPT = 20_000


@dataclass(frozen=True)
class DatasetInfo:
    """A dataset's title, and its qualities by OpenML's names."""

    title: str | None
    qualities: Mapping[str, float]


class Catalogue:
    """Looks things up in the cache, then on the server.

    What the server refuses, or what makes no sense, is a text that says why, in place of the thing.
    """

    def __init__(self, client: Client, cache: Cache) -> None:
        self._client, self._cache = client, cache
        self._tasks: dict[int, TaskInfo | str] = {}
        self._datasets: dict[int, DatasetInfo] = {}
        self._flows: dict[int, FlowInfo | str] = {}
        self._pipelines: dict[int, Pipeline | str] = {}

    def task(self, number: int) -> TaskInfo | str:
        """A task.

        Raises
        ------
        SourceError
            If the server does not answer.
        """
        if number not in self._tasks:
            try:
                document = self._document("task", number)
            except RefusedError as refused:
                self._tasks[number] = f"task {number} cannot be had ({refused.reason})"
            else:
                self._tasks[number] = _read(read_task, document, f"task/{number}")
        return self._tasks[number]

    def dataset(self, number: int) -> DatasetInfo:
        """A dataset; without what the server does not have of it.

        Raises
        ------
        SourceError
            If the server does not answer.
        """
        if number not in self._datasets:
            found: dict[str, float] = {}
            for kind, read in (("data/features", counts_of_features), ("data/qualities", qualities)):
                document = self._optional(kind, number)
                found |= read(document, f"{kind}/{number}") if document else {}
            document = self._optional("data", number)
            name = title(document, f"data/{number}") if document else None
            self._datasets[number] = DatasetInfo(name, found)
        return self._datasets[number]

    def pipelines(self, setups: Iterable[int]) -> dict[int, Pipeline | str]:
        """Pipelines by setup.

        Raises
        ------
        SourceError
            If the server does not answer.
        """
        every = set(setups)
        made = {setup: self._pipelines[setup] for setup in every if setup in self._pipelines}
        wanted = sorted(every - made.keys())
        stated = self._cache.get("setup", wanted)
        for chunk in chunks([each for each in wanted if each not in stated], _SETUPS_AT_ONCE):
            call = f"setup/list/setup/{','.join(map(str, chunk))}/limit/{_SETUPS_AT_ONCE}"
            try:
                fetched = self._client.get(call, read_setups)
            except RefusedError as refused:
                if not refused.is_empty:
                    raise
                fetched = {}
            self._cache.put("setup", fetched)
            stated |= fetched
        fresh = {
            setup: self._pipeline(stated[setup]) if setup in stated else "their setup is not there"
            for setup in wanted
        }
        if len(self._pipelines) + len(fresh) > _PIPELINES_KEPT:
            self._pipelines.clear()
        self._pipelines |= fresh
        return made | fresh

    def _pipeline(self, stated: str) -> Pipeline | str:
        number, settings = json.loads(stated)
        flow = self._flow(number)
        if isinstance(flow, str):
            return flow
        try:
            return pipeline_of_flow(flow, [Setting(*each) for each in settings])
        except MetakgError as error:
            return f"their setup makes no pipeline of flow {number}: {_short(error)}"

    def _flow(self, number: int) -> FlowInfo | str:
        if number not in self._flows:
            if len(self._flows) >= _FLOWS_KEPT:
                self._flows.pop(next(iter(self._flows)))
            try:
                document = self._document("flow", number)
            except RefusedError as refused:
                self._flows[number] = f"flow {number} cannot be had ({refused.reason})"
            else:
                self._flows[number] = _read(_flow, document, f"flow/{number}")
        return self._flows[number]

    def _document(self, kind: str, number: int) -> str:
        """Document from the cache or the server, which has been found to be whole."""
        held = self._cache.get(kind, [number])
        if number not in held:
            root = _ROOTS[kind]

            def whole(document: str, where: str) -> str:
                parse(document, root, where)
                return document

            held = {number: self._client.get(f"{kind}/{number}", whole)}
            self._cache.put(kind, held)
        return held[number]

    def _optional(self, kind: str, number: int) -> str | None:
        try:
            return self._document(kind, number)
        except RefusedError:
            return None


_ROOTS = {
    "task": "task",
    "flow": "flow",
    "data": "data_set_description",
    "data/features": "data_features",
    "data/qualities": "data_qualities",
}


def chunks(ids: list[int], at_once: int) -> Iterator[list[int]]:
    """Ids in lists of so many at most, which are not too long for a URL either."""
    chunk: list[int] = []
    length = 0
    for each in ids:
        if len(chunk) >= at_once or length > _LONGEST_LIST:
            yield chunk
            chunk, length = [], 0
        chunk.append(each)
        length += len(str(each)) + 1
    if chunk:
        yield chunk


def _read(read: Callable[[str, str], T], document: str, where: str) -> T | str:
    """What is read from a document, or why it cannot be."""
    try:
        return read(document, where)
    except MetakgError as error:
        return f"{where.replace('/', ' ')} cannot be read: {_short(error)}"


def _flow(document: str, where: str) -> FlowInfo:
    return parse_flow(document, where=where)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:120]
