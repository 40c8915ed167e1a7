"""An OpenML server on 127.0.0.1 that takes flows and runs, for the tests of publishing.

The datasets are OpenML's iris (61) and Titanic (40945), from the documents that scikit-learn's tests carry, with their
data. Synthetic: the tasks with their splits, the numbers given to what is uploaded, and the answers' wording, which
follow OpenML's schemas (``openml.task``, ``openml.run.upload``, ``openml.implementation.upload``).
"""

from __future__ import annotations

import email.parser
import email.policy
import gzip
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

KEY = "0123456789abcdef0123456789abcdef"
NAMESPACE = "http://openml.org/openml"
ElementTree.register_namespace("oml", NAMESPACE)
FOLDS = 3
IRIS_TASK, REGRESSION_TASK, TITANIC_TASK = 59, 60, 61


class RefusalError(Exception):
    """An answer that is not OK: HTTP status, OpenML's code and message."""


class Table:
    """A dataset as scikit-learn's tests carry it: documents in JSON, and data in ARFF."""

    def __init__(self, number: int, data: str, target: str) -> None:
        import arff

        self.number, self.target = number, target
        self.about = json.loads(self._text(f"api-v1-jd-{number}.json.gz"))["data_set_description"]
        self.features = json.loads(self._text(f"api-v1-jdf-{number}.json.gz"))["data_features"]["feature"]
        self.arff = self._text(data)
        read = arff.loads(self.arff)
        column = [name for name, _ in read["attributes"]].index(target)
        self.nominal = {name: values for name, values in read["attributes"] if isinstance(values, list)}
        self.classes = self.nominal[target]
        self.truth = [row[column] for row in read["data"]]

    def _text(self, name: str) -> str:
        folder = files(f"sklearn.datasets.tests.data.openml.id_{self.number}")
        return gzip.decompress(folder.joinpath(name).read_bytes()).decode()


@cache
def tables() -> dict[int, Table]:
    return {
        61: Table(61, "data-v1-dl-61.arff.gz", "class"),
        40945: Table(40945, "data-v1-dl-16826755.arff.gz", "survived"),
    }


def table_of_task(task: int) -> Table:
    return tables()[40945 if task == TITANIC_TASK else 61]


def document(root: str, content: str) -> str:
    return f'<oml:{root} xmlns:oml="{NAMESPACE}">{content}</oml:{root}>'


def element(name: str, value: object) -> str:
    return f"<oml:{name}>{escape(str(value))}</oml:{name}>"


class OpenML:
    """What the server holds, and what it was asked; ``faults`` are answers to give instead, by the path's beginning.

    A fault is ``500``, ``hang``, ``redirect`` (to ``/elsewhere``), ``drop`` (the upload arrives, its answer does not),
    or ``(status, code, message)``.
    """

    def __init__(self) -> None:
        self.url = ""
        self.flows: dict[int, ElementTree.Element] = {}
        self.setups: dict[tuple[Any, ...], int] = {}
        self.runs: dict[int, dict[str, Any]] = {}
        self.asked: list[tuple[str, str]] = []
        self.keys_in_addresses: list[str] = []
        self.faults: dict[str, Any] = {}
        self.wrong: list[str] = []
        self.released = threading.Event()

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1/xml"

    def posted(self, path: str) -> int:
        return sum(what == ("POST", path) for what in self.asked)

    def data(self, number: int) -> str:
        table = tables()[number]
        about = {**table.about, "url": f"{self.url}/data/v1/download/{number}/data.arff"}
        about["md5_checksum"] = hashlib.md5(table.arff.encode()).hexdigest()
        plain = {key: value for key, value in about.items() if isinstance(value, str)}
        return document("data_set_description", "".join(element(*item) for item in plain.items()))

    @staticmethod
    def features(number: int) -> str:
        found, table = "", tables()[number]
        for one in table.features:
            fields = "".join(element(key, value) for key, value in one.items() if key != "nominal_values")
            classes = "".join(element("nominal_value", value) for value in table.nominal.get(one["name"], ()))
            found += f"<oml:feature>{fields}{classes}</oml:feature>"
        return document("data_features", found)

    def task(self, number: int) -> str:
        if number not in (IRIS_TASK, REGRESSION_TASK, TITANIC_TASK):
            raise RefusalError(412, 151, "Unknown task")
        kind, name = (2, "Regression") if number == REGRESSION_TASK else (1, "Classification")
        parameters = {
            "number_repeats": 1,
            "number_folds": FOLDS,
            "percentage": "",
            "stratified_sampling": "true",
        }
        procedure = element("type", "crossvalidation")
        procedure += element("data_splits_url", f"{self.url}/api_splits/get/{number}/splits.arff")
        procedure += "".join(
            f'<oml:parameter name="{key}">{value}</oml:parameter>' for key, value in parameters.items()
        )
        table = table_of_task(number)
        dataset = element("data_set_id", table.number) + element("target_feature", table.target)
        content = element("task_id", number) + element("task_name", f"Task {number}")
        content += element("task_type_id", kind) + element("task_type", f"Supervised {name}")
        content += f'<oml:input name="source_data"><oml:data_set>{dataset}</oml:data_set></oml:input>'
        content += '<oml:input name="estimation_procedure"><oml:estimation_procedure>'
        content += f"{procedure}</oml:estimation_procedure></oml:input>"
        return document("task", content)

    @staticmethod
    def splits(task: int) -> str:
        lines = ["@RELATION splits", "@ATTRIBUTE type {TRAIN,TEST}"]
        lines += [f"@ATTRIBUTE {name} NUMERIC" for name in ("rowid", "repeat", "fold")]
        lines += ["@DATA"]
        rows = range(len(table_of_task(task).truth))
        for fold in range(FOLDS):
            lines += [f"{'TEST' if row % FOLDS == fold else 'TRAIN'},{row},0,{fold}" for row in rows]
        return "\n".join(lines) + "\n"

    def flow_exists(self, name: str, version: str) -> str:
        for number, flow in self.flows.items():
            if (text(flow, "name"), text(flow, "external_version")) == (name, version):
                return document("flow_exists", element("exists", "true") + element("id", number))
        return document("flow_exists", element("exists", "false") + element("id", -1))

    def take_flow(self, description: bytes) -> str:
        number = self.take_part(ElementTree.fromstring(description))
        return document("upload_flow", element("id", number))

    def take_part(self, flow: ElementTree.Element) -> int:
        """Number the flow and its components, as OpenML does: one that it has keeps its number."""
        for name in ("name", "external_version", "dependencies", "language", "description"):
            if not text(flow, name):
                raise RefusalError(412, 163, f"Problem validating uploaded description file: {name}")
        for component in flow.findall(f"{{{NAMESPACE}}}component"):
            self.take_part(component.find(f"{{{NAMESPACE}}}flow"))
        known = {(text(one, "name"), text(one, "external_version")): key for key, one in self.flows.items()}
        own = (text(flow, "name"), text(flow, "external_version"))
        number = known.get(own, 100 + len(self.flows))
        for name, value in (
            ("id", number),
            ("uploader", 7),
            ("version", 1),
            ("upload_date", "2026-11-24T12:00:00"),
        ):
            child = ElementTree.Element(f"{{{NAMESPACE}}}{name}")
            child.text = str(value)
            flow.insert(0, child)
        self.flows.setdefault(number, flow)
        return number

    def setup_of(self, description: bytes) -> tuple[Any, ...]:
        run = ElementTree.fromstring(description)
        settings = [
            tuple(text(one, part) for part in ("name", "value", "component"))
            for one in run.findall(f"{{{NAMESPACE}}}parameter_setting")
        ]
        for _, _, component in settings:
            if int(component) not in self.flows:
                raise RefusalError(412, 213, f"unknown component {component}")
        return (int(text(run, "flow_id")), tuple(sorted(settings)))

    def take_run(self, description: bytes, predictions: bytes) -> str:
        run = ElementTree.fromstring(description)
        task, flow = int(text(run, "task_id")), int(text(run, "flow_id"))
        if flow not in self.flows:
            raise RefusalError(412, 205, "Unknown flow")
        setup = self.setups.setdefault(self.setup_of(description), 500 + len(self.setups))
        self.check_predictions(predictions.decode(), table_of_task(task))
        number = 1000 + len(self.runs)
        tags = [one.text for one in run.findall(f"{{{NAMESPACE}}}tag")]
        self.runs[number] = {"task": task, "flow": flow, "setup": setup, "tags": tags, "description": run}
        return document("upload_run", element("run_id", number))

    @staticmethod
    def check_predictions(arff: str, table: Table) -> None:
        """Refuse what is not one prediction for each row of each test fold, with the true class and confidences."""
        import arff as reader

        read = reader.loads(arff)
        names = ["repeat", "fold", "sample", "row_id", "prediction", "correct"]
        if [name for name, _ in read["attributes"]] != names + [f"confidence.{x}" for x in table.classes]:
            raise RefusalError(412, 206, f"wrong columns {read['attributes']}")
        rows = len(table.truth)
        covered = {(int(row[1]), int(row[3])) for row in read["data"]}
        if covered != {(row % FOLDS, row) for row in range(rows)} or len(read["data"]) != rows:
            raise RefusalError(412, 207, f"{len(covered)} of {rows} rows are predicted")
        if any(row[5] != table.truth[int(row[3])] or row[4] not in table.classes for row in read["data"]):
            raise RefusalError(412, 208, "the classes are not the dataset's")
        if any(abs(sum(row[6:]) - 1) > 1e-6 for row in read["data"]):
            raise RefusalError(412, 209, "confidences do not add up to one")

    def list_runs(self, path: str) -> str:
        words = path.split("/")
        task, setup = int(words[words.index("task") + 1]), int(words[words.index("setup") + 1])
        offset = int(words[words.index("offset") + 1]) if "offset" in words else 0
        found = ""
        for number, run in list(self.runs.items())[offset:]:
            if (run["task"], run["setup"]) == (task, setup):
                fields = {"run_id": number, "task_id": task, "setup_id": setup, "flow_id": run["flow"]}
                fields |= {"uploader": 7, "task_type_id": 1, "upload_time": "2026-11-24 12:00:00"}
                fields["error_message"] = ""
                found += f"<oml:run>{''.join(element(*item) for item in fields.items())}</oml:run>"
        if not found:
            raise RefusalError(412, 512, "No results")
        return document("runs", found)


def text(node: ElementTree.Element, name: str) -> str:
    return (node.findtext(f"{{{NAMESPACE}}}{name}") or "").strip()


class Handler(BaseHTTPRequestHandler):
    """Answers for one :class:`OpenML`."""

    openml: OpenML

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""

    def do_GET(self) -> None:
        self.serve("GET", {})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.serve("POST", parts(self.headers["Content-Type"], body))

    def serve(self, method: str, posted: dict[str, bytes]) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path).removeprefix("/api/v1/xml/").strip("/")
        self.openml.asked.append((method, path))
        if "api_key" in parse_qs(address.query):
            self.openml.keys_in_addresses.append(self.path)
        fault = next((fault for start, fault in self.openml.faults.items() if path.startswith(start)), None)
        try:
            if fault == "hang":
                self.openml.released.wait(30)
                return
            if fault == "500":
                self.answer(500, "<html><body>Internal Server Error</body></html>")
                return
            if fault == "redirect":
                self.answer(307, "", ("Location", f"{self.openml.url}/elsewhere"))
                return
            if isinstance(fault, tuple):
                raise RefusalError(*fault)
            if method == "POST" and posted.get("api_key", b"").decode() != KEY:
                raise RefusalError(412, 103, "Authentication failed")
            content = self.post(path, posted) if method == "POST" else self.get(path)
            if fault == "drop":
                self.close_connection = True
                return
            self.answer(200, content)
        except RefusalError as refusal:
            status, code, message = refusal.args
            self.answer(status, document("error", element("code", code) + element("message", message)))

    def get(self, path: str) -> str:
        openml, words = self.openml, path.split("/")
        if path.startswith("data/features/"):
            return openml.features(int(words[2]))
        if path.startswith("data/v1/download/"):
            return tables()[int(words[3])].arff
        if words[0] == "data":
            return openml.data(int(words[1]))
        if words[0] == "task":
            return openml.task(int(words[1]))
        if words[0] == "api_splits":
            return openml.splits(int(words[2]))
        if words[0] == "flow":
            return ElementTree.tostring(openml.flows[int(words[1])], encoding="unicode")
        if path.startswith("run/list"):
            return openml.list_runs(path)
        openml.wrong.append(path)
        raise RefusalError(404, 0, f"no such call: {path}")

    def post(self, path: str, posted: dict[str, bytes]) -> str:
        openml = self.openml
        if path == "flow/exists":
            return openml.flow_exists(posted["name"].decode(), posted["external_version"].decode())
        if path == "flow":
            return openml.take_flow(posted["description"])
        if path == "setup/exists":
            number = openml.setups.get(openml.setup_of(posted["description"]), -1)
            return document("setup_exists", element("exists", number > 0) + element("id", number))
        if path == "run":
            return openml.take_run(posted["description"], posted["predictions"])
        openml.wrong.append(path)
        raise RefusalError(404, 0, f"no such call: {path}")

    def answer(self, status: int, content: str, *headers: tuple[str, str]) -> None:
        body = content.encode()
        self.send_response(status)
        for header in (("Content-Type", "text/xml; charset=utf-8"), *headers):
            self.send_header(*header)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """Fields of a form, by name."""
    if content_type.startswith("application/x-www-form-urlencoded"):
        return {name: values[0].encode() for name, values in parse_qs(body.decode()).items()}
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    return {
        str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True)
        for part in message.iter_parts()
    }


@contextmanager
def served() -> Iterator[OpenML]:
    """A server with iris and its tasks, for as long as the context lasts."""
    openml = OpenML()
    handler = type("OwnHandler", (Handler,), {"openml": openml})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    openml.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield openml
    finally:
        openml.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
