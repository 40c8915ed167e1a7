"""A local server that answers as OpenML's API does, and fails on demand.

Datasets are real: the replies that scikit-learn's wheel has (JSON, written as the API's XML), and where
``../shared/data/openml-replay`` is there, its documents of datasets, tasks, flows and runs as they are. What they lack
is synthetic, in the schema of the server's own templates: tasks, setups, suites, and listings of evaluations.
"""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import NamedTuple
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ingest.openml_flows import parse_flow

FLOWS = Path(__file__).parent / "openml"
REPLAY = Path(__file__).parents[2].parent / "shared" / "data" / "openml-replay"
OML = 'xmlns:oml="http://openml.org/openml"'
EMPTY = {"evaluation": 542, "task": 482, "setup": 674}


class Evaluation(NamedTuple):
    run: int
    task: int
    setup: int
    flow: int
    dataset: int
    name: str
    uploader: int
    value: str
    folds: str = ""

    def xml(self, function, per_fold):
        number = (
            f"<oml:values>{self.folds}</oml:values>" if per_fold else f"<oml:value>{self.value}</oml:value>"
        )
        if not per_fold and not self.value:
            number = ""
        return (
            f"<oml:evaluation><oml:run_id>{self.run}</oml:run_id><oml:task_id>{self.task}</oml:task_id>"
            f"<oml:setup_id>{self.setup}</oml:setup_id><oml:flow_id>{self.flow}</oml:flow_id>"
            f"<oml:flow_name>flow {self.flow}</oml:flow_name><oml:data_id>{self.dataset}</oml:data_id>"
            f"<oml:data_name>{escape(self.name)}</oml:data_name><oml:function>{function}</oml:function>"
            f"<oml:upload_time>2018-04-06 23:30:40</oml:upload_time><oml:uploader>{self.uploader}</oml:uploader>"
            f"{number}</oml:evaluation>\n"
        )


@dataclass
class World:
    """What the server has."""

    documents: dict[str, str] = field(default_factory=dict)
    """By path, such as ``task/1``."""
    setups: dict[int, str] = field(default_factory=dict)
    evaluations: dict[str, list[Evaluation]] = field(default_factory=dict)
    tasks: dict[int, int] = field(default_factory=dict)
    """Dataset by task."""
    names: dict[int, str] = field(default_factory=dict)
    suites: dict[int, list[int]] = field(default_factory=dict)

    def add_sklearn_dataset(self, number):
        """Description, features and qualities of a dataset that scikit-learn's wheel has replies for."""
        import sklearn

        folder = Path(sklearn.__file__).parent / "datasets/tests/data/openml" / f"id_{number}"

        def reply(kind, key):
            path = folder / f"api-v1-{kind}-{number}.json.gz"
            # Of dataset 1 the server says that its qualities could not be computed.
            return json.loads(gzip.decompress(path.read_bytes())).get(key, {}) if path.exists() else {}

        about = reply("jd", "data_set_description")
        self.names[number] = about["name"]
        texts = {key: value for key, value in about.items() if isinstance(value, str)}
        self.documents[f"data/{number}"] = _document("data_set_description", _elements(texts))
        for kind, key, one in (("jdf", "data_features", "feature"), ("jdq", "data_qualities", "quality")):
            if listed := reply(kind, key).get(one, []):
                inner = "".join(f"<oml:{one}>{_elements(each)}</oml:{one}>" for each in listed)
                self.documents[key.replace("_", "/") + f"/{number}"] = _document(key, inner)

    def add_task(self, number, dataset, *, kind=1, repeats=1, folds=10, target="class"):
        """A synthetic task."""
        names = {1: "Supervised Classification", 2: "Supervised Regression"}
        self.tasks[number] = dataset
        self.documents[f"task/{number}"] = _document(
            "task",
            f"<oml:task_id>{number}</oml:task_id><oml:task_type_id>{kind}</oml:task_type_id>"
            f"<oml:task_type>{names.get(kind, 'Clustering')}</oml:task_type>"
            f'<oml:input name="source_data"><oml:data_set><oml:data_set_id>{dataset}</oml:data_set_id>'
            f"<oml:target_feature>{target}</oml:target_feature></oml:data_set></oml:input>"
            '<oml:input name="estimation_procedure"><oml:estimation_procedure><oml:type>crossvalidation</oml:type>'
            f'<oml:parameter name="number_repeats">{repeats}</oml:parameter>'
            f'<oml:parameter name="number_folds">{folds}</oml:parameter>'
            '<oml:parameter name="percentage"></oml:parameter></oml:estimation_procedure></oml:input>',
        )

    def add_setup(self, number, flow, values):
        """A synthetic setup: the defaults of a flow's components, and some values in their place."""
        listed = []
        for part in flow.walk():
            for name, default in part.parameters.items():
                listed.append((part.id, name, values.get(name, default)))
        self.setups[number] = _setup(number, flow.id, listed)

    def add_run(self, function, evaluation):
        """One row of a listing, at its end."""
        self.evaluations.setdefault(function, []).append(evaluation)

    def add_real_runs(self):
        """Runs 219 to 224 of the replay, with their tasks, datasets and flows; values and settings are theirs."""
        for number in range(219, 225):
            run = ElementTree.parse(REPLAY / f"openml-r/runs/{number}/run.xml").getroot()
            tag = "{http://openml.org/openml}"

            def of(name, element=run, tag=tag):
                return (element.findtext(tag + name) or "").strip()

            task, flow, setup = (int(of(name)) for name in ("task_id", "flow_id", "setup_id"))
            self.documents[f"task/{task}"] = (REPLAY / f"openml-r/tasks/{task}/task.xml").read_text()
            source = ElementTree.fromstring(self.documents[f"task/{task}"])
            dataset = int(source.findtext(f".//{tag}data_set_id"))
            self.tasks[task] = dataset
            self.documents[f"data/{dataset}"] = (
                REPLAY / f"openml-r/datasets/{dataset}/description.xml"
            ).read_text()
            self.documents[f"flow/{flow}"] = (REPLAY / f"openml-r/flows/{flow}/flow.xml").read_text()
            settings = [
                (flow, of("name", each), of("value", each)) for each in run.iter(f"{tag}parameter_setting")
            ]
            self.setups[setup] = _setup(setup, flow, settings)
            folds = {}
            for each in run.iter(f"{tag}evaluation"):
                name, value = of("name", each), of("value", each)
                if each.get("fold") is not None:
                    folds.setdefault(name, []).append(float(value))
            for each in run.iter(f"{tag}evaluation"):
                name, value = of("name", each), of("value", each)
                if each.get("fold") is None:
                    listed = json.dumps(folds.get(name, []))
                    row = Evaluation(
                        number, task, setup, flow, dataset, f"dataset {dataset}", 348, value, listed
                    )
                    self.add_run(name, row)

    def answer(self, path, page):
        """Status and document of a call."""
        if match := re.fullmatch(r"evaluation/list/(.*)", path):
            return self._evaluations(_filters(match[1]), page)
        if match := re.fullmatch(r"task/list/(.*)", path):
            filters = _filters(match[1])
            wanted = filters.get("data_id")
            tasks = [task for task, dataset in sorted(self.tasks.items()) if wanted in (None, [dataset])]
            rows = [f"<oml:task><oml:task_id>{task}</oml:task_id></oml:task>" for task in tasks]
            return _listing("task", "tasks", _cut(rows, filters, 10_000))
        if match := re.fullmatch(r"setup/list/(.*)", path):
            filters = _filters(match[1])
            if len(filters["setup"]) > 1_000:
                return error_document(676, "Requested result limit too high")
            rows = [self.setups[each] for each in filters["setup"] if each in self.setups]
            return _listing("setup", "setups", rows)
        if (match := re.fullmatch(r"study/(\d+)", path)) and int(match[1]) in self.suites:
            tasks = "".join(f"<oml:task_id>{each}</oml:task_id>" for each in self.suites[int(match[1])])
            inner = f"<oml:id>{match[1]}</oml:id><oml:main_entity_type>task</oml:main_entity_type>"
            return 200, _document("study", inner + f"<oml:tasks>{tasks}</oml:tasks>")
        if path == "evaluationmeasure/list":
            names = "".join(f"<oml:measure>{name}</oml:measure>" for name in self.evaluations)
            return 200, _document("evaluation_measures", f"<oml:measures>{names}</oml:measures>")
        if path in self.documents:
            return 200, self.documents[path]
        codes = {"data/qualities": 362, "data": 111, "flow": 181, "task": 151, "data/features": 272}
        return error_document(codes.get(path.rpartition("/")[0], 100), "Unknown thing")

    def _evaluations(self, filters, page):
        rows = self.evaluations.get(filters["function"], [])
        if "limit" not in filters or filters["limit"][0] > page:
            return error_document(546, "Requested result limit too high")
        for column in ("task", "flow", "run", "uploader"):
            if column in filters:
                wanted = set(filters[column])
                rows = [row for row in rows if getattr(row, column) in wanted]
        per_fold = filters.get("per_fold") == "true"
        if per_fold:
            if len({row.run for row in rows}) > page:
                return error_document(548, "Per fold queries require filters")
            rows = [row for row in rows if row.folds]
        cut = _cut(rows, filters, page)
        return _listing("evaluation", "evaluations", [row.xml(filters["function"], per_fold) for row in cut])


def _cut(rows, filters, most):
    start = filters.get("offset", [0])[0]
    return rows[start : start + min(most, filters.get("limit", [most])[0])]


def _filters(text):
    words = text.strip("/").split("/")
    pairs = dict(zip(words[::2], words[1::2], strict=True))
    return {
        key: value if key in ("function", "per_fold") else [int(each) for each in value.split(",")]
        for key, value in pairs.items()
    }


def _listing(kind, root, rows):
    return (200, _document(root, "".join(rows))) if rows else error_document(EMPTY[kind], "No results")


def _document(root, inner):
    return f"<oml:{root} {OML}>{inner}</oml:{root}>"


def error_document(code, message):
    return 412, _document("error", f"<oml:code>{code}</oml:code><oml:message>{message}</oml:message>")


def _elements(texts):
    return "".join(
        f"<oml:{key}>{escape(value)}</oml:{key}>" for key, value in texts.items() if isinstance(value, str)
    )


def _setup(number, flow, listed):
    parameters = "".join(
        f"<oml:parameter><oml:id>{place}</oml:id><oml:flow_id>{owner}</oml:flow_id>"
        f"<oml:parameter_name>{escape(name)}</oml:parameter_name><oml:value>{escape(value or '')}</oml:value>"
        "</oml:parameter>"
        for place, (owner, name, value) in enumerate(listed)
    )
    return f"<oml:setup><oml:setup_id>{number}</oml:setup_id><oml:flow_id>{flow}</oml:flow_id>{parameters}</oml:setup>"


FUNCTIONS = ("predictive_accuracy", "area_under_roc_curve", "f_measure", "usercpu_time_millis")


def synthetic_world(runs, *, setups=None, functions=FUNCTIONS, seed=0, folds=True):
    """Runs of two scikit-learn flows on four real datasets, with values that a generator draws."""
    world, draw = World(), random.Random(seed)
    for task, dataset in ((11, 61), (12, 1), (13, 3), (14, 2)):
        world.add_sklearn_dataset(dataset)
        world.add_task(task, dataset, folds=5 if task == 14 else 10)
    world.suites[99] = [11, 12, 13, 14]
    flows = []
    for name in ("pipeline.xml", "single.xml"):
        text = (FLOWS / name).read_text()
        flows.append(parse_flow(text, where=name))
        world.documents[f"flow/{flows[-1].id}"] = text
    setups = setups or max(1, runs // 4)
    for number in range(1, setups + 1):
        world.add_setup(number, flows[number % 2], {"max_depth": str(number)})
    for run in range(1, runs + 1):
        setup, task = draw.randint(1, setups), draw.choice((11, 12, 13, 14))
        dataset = world.tasks[task]
        base = Evaluation(
            run, task, setup, flows[setup % 2].id, dataset, world.names[dataset], draw.randint(1, 5), ""
        )
        for function in functions:
            value = draw.randint(1, 5000) if function.endswith("millis") else round(draw.random(), 6)
            listed = [round(draw.random(), 4) for _ in range(5 if task == 14 else 10)] if folds else []
            row = base._replace(value=str(value), folds=json.dumps(listed) if folds else "")
            world.add_run(function, row)
    return world


@dataclass
class Server:
    """A running server: what it has, what it was asked, and how it is to fail.

    ``faults`` holds [pattern of paths, fault, how often]; a fault is a status (``504``), ``429 SECONDS``, ``truncate``,
    ``hang``, ``drop``, ``entities`` or the text of a document.
    """

    url: str
    world: World
    page: int = 10_000
    requests: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Paths as they were asked for, with what stood behind them."""
    times: list[float] = field(default_factory=list)
    faults: list[list] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def fail(self, pattern, fault, times=1):
        self.faults.append([pattern, fault, times])

    def count(self, pattern):
        return sum(re.search(pattern, path) is not None for path in self.requests)


class _Listener(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        """Say nothing of clients that were killed."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def serving(world: World, page: int = 10_000) -> Iterator[Server]:
    """Serve a world on 127.0.0.1 until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two writes, of which the second would wait 40 ms.
        disable_nagle_algorithm = True

        def log_message(self, *_):
            pass

        def do_GET(self):
            path = self.path.partition("?")[0].removeprefix("/api/v1/xml").strip("/")
            server.requests.append(path)
            server.lines.append(self.path)
            server.times.append(time.monotonic())
            fault = ""
            for each in server.faults:
                if each[2] and re.search(each[0], path):
                    each[2] -= 1
                    fault = each[1]
                    break
            if fault == "hang":
                server.over.wait(30)
                return
            if fault == "drop":
                self.close_connection = True
                return
            status, document = world.answer(path, server.page)
            headers = {}
            if re.fullmatch(r"\d{3}( .+)?", fault):
                status, document = int(fault[:3]), "<html><body>busy</body></html>"
                if fault[4:]:
                    headers["Retry-After"] = fault[4:]
            elif fault == "truncate":
                document = document[: len(document) * 2 // 3]
            elif fault == "entities":
                document = (
                    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
                    + document.replace("</oml:", "&b;</oml:", 1)
                )
            elif fault:
                document = fault
            body = gzip.compress(document.encode(), 1)
            self.send_response(status)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    http = _Listener(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}/api/v1/xml", world, page)
    thread = Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        http.shutdown()
        http.server_close()
        thread.join()
