"""Shipped questions: one SPARQL query in each ``kg/questions/NAME.rq``, with the parameters that it takes.

A file is a query that runs as it stands. Its first comment lines say what it asks and what may be chosen::

    # question: Which pipelines did best on a dataset?
    # param dataset: OpenML id or IRI of the dataset (required; kind: dataset)
    # param measure: what runs are judged by (default one_vs_rest_balanced_accuracy; kind: measure)

and each parameter is a variable with one value, ``VALUES ?measure { measure:accuracy }``: the default, or
an example where the parameter is required. Asking puts another RDF term there, made and serialised by the RDF
engine, wherever the block stands; so subqueries see it too, and so does the planner. ``?sign`` is bound with
``measure``: 1 where higher is better, -1 where lower is. ``limit`` caps the rows.

>>> load("best-pipelines").question
'Which pipelines did best on a dataset?'
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from kg import iris
from kg.declarations import declared_measures
from kg.errors import QueryError
from kg.identity import all_names
from kg.measures import measure_of
from kg.terms import IRI, Value, to_term
from kg.vocabulary import MLS, own_term

if TYPE_CHECKING:
    from kg.result import Result
    from kg.store import Store

__all__ = ["KINDS", "Parameter", "Question", "ask", "load", "names", "phrase"]

_HEADER = re.compile(r"^# (?P<what>question|param (?P<name>\w+)): (?P<text>.*)$", re.MULTILINE)
_PARAMETER = re.compile(
    r"^(?P<description>.*) \((?:(?P<required>required)|default (?P<default>\S+)); kind: (?P<kind>\w+)\)$"
)


@dataclass(frozen=True)
class Parameter:
    """What a question may be asked with; ``default`` is None where it must be given."""

    name: str
    description: str
    kind: str
    default: str | None


@dataclass(frozen=True)
class Question:
    """A shipped question: its name, the question in words, its parameters, and the SPARQL text."""

    name: str
    question: str
    params: tuple[Parameter, ...]
    text: str

    def example(self, name: str) -> str:
        """Value that the file holds for a parameter, without its quotes or angle brackets.

        >>> load("best-pipelines").example("dataset")
        'http://w3id.org/mlsea/openml/dataset/31'
        """
        block = re.search(rf"VALUES \?{name} \{{ ([^{{}}]*) \}}", self.text)
        return block[1].strip('<>"') if block else ""

    def filled(self, values: Mapping[str, Value | tuple[Value, ...]]) -> str:
        """Text with these values in its ``VALUES`` blocks; it can be kept and asked again. A tuple means any of it.

        Raises
        ------
        QueryError
            If an IRI has characters that IRIs cannot have.
        """
        text = self.text
        for name, value in values.items():
            terms = " ".join(str(to_term(each)) for each in (value if isinstance(value, tuple) else (value,)))
            text = f"VALUES ?{name} {{ {terms} }}".join(re.split(rf"VALUES \?{name} \{{[^{{}}]*\}}", text))
        return text


@cache
def names() -> tuple[str, ...]:
    """Names of all shipped questions, in alphabetical order."""
    folder = files("kg") / "questions"
    return tuple(
        sorted(item.name.removesuffix(".rq") for item in folder.iterdir() if item.name.endswith(".rq"))
    )


@cache
def load(name: str) -> Question:
    """Shipped question by name.

    Raises
    ------
    QueryError
        If there is none of that name; the message lists the known ones.
    """
    if name not in names():
        raise QueryError(_unknown("question", name, names()))
    text = (files("kg") / "questions" / f"{name}.rq").read_text(encoding="utf-8")
    question, parameters = "", []
    for header in _HEADER.finditer(text):
        if header["what"] == "question":
            question = header["text"]
        elif found := _PARAMETER.match(header["text"]):
            parameters.append(
                Parameter(header["name"], found["description"], found["kind"], found["default"])
            )
    return Question(name, question, tuple(parameters), text)


def ask(store: Store, name: str, **params: object) -> Result:
    """Answer of a shipped question.

    Parameters
    ----------
    store
        Where to ask.
    name
        Of the question, see :func:`names`.
    **params
        Its parameters as people write them, by name (``-`` may stand for ``_``): ``dataset`` an OpenML id (``31``,
        ``openml:31``) or IRI; ``measure`` and ``procedure`` a key or IRI; ``pipeline`` its key or IRI.

    Raises
    ------
    QueryError
        If the question, a parameter or a value is unknown, or a required parameter is missing.
    """
    text, limit = _phrased(store, name, params)
    result = store.query(text)
    return result if limit is None else result.head(limit)


def phrase(store: Store, name: str, **params: object) -> str:
    """SPARQL of a shipped question with its parameters in it, and its limit at the end; as :func:`ask`."""
    text, limit = _phrased(store, name, params)
    return text if limit is None else f"{text.rstrip()}\nLIMIT {limit}\n"


def _phrased(store: Store, name: str, params: Mapping[str, object]) -> tuple[str, int | None]:
    question = load(name)
    given = {key.replace("-", "_"): value for key, value in params.items() if value is not None}
    known = {parameter.name: parameter for parameter in question.params}
    for key in given:
        if key not in known:
            raise QueryError(f"question {name!r}: " + _unknown("parameter", key, known))
    values: dict[str, Value | tuple[Value, ...]] = {}
    for parameter in question.params:
        written = given.get(parameter.name, parameter.default)
        if written is None:
            raise QueryError(f"question {name!r} needs {parameter.name}: {parameter.description}")
        value = KINDS[parameter.kind](store, str(written).strip())
        values[parameter.name] = _names(store, value) if parameter.kind == "dataset" else value
    if "measure" in values:
        judged = measure_of(str(values["measure"]), declared_measures(store))
        values["sign"] = 1 if judged.direction == "higher" else -1
    limit = values.pop("limit", None)
    return question.filled(values), None if limit is None else max(int(str(limit)), 0)


def _names(store: Store, dataset: Value) -> Value | tuple[Value, ...]:
    """A dataset by all its names, the one that was given first."""
    names = [IRI(name) for name in all_names(store, [str(dataset)]) if name != dataset]
    return (dataset, *names) if names else dataset


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    listed = sorted(known)
    close = difflib.get_close_matches(name, listed, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{what} {name!r} is unknown: {hint}" + (
        f"known: {', '.join(listed)}" if listed else "there is none"
    )


def _is_iri(text: str) -> bool:
    return re.match(r"https?://", text) is not None


def _holds(store: Store, pattern: str, iri: IRI) -> bool:
    return store.query(f"ASK {{ VALUES ?it {{ {to_term(iri)} }} {pattern} }}").answer


def _local(store: Store, variable_pattern: str, base: str) -> list[str]:
    rows = store.query(f"SELECT DISTINCT ?it WHERE {{ {variable_pattern} }}").rows()
    return [str(iri).removeprefix(base) for (iri,) in rows]


def _dataset(store: Store, text: str) -> IRI:
    iri = IRI(iris.dataset_iri(text))
    if not _holds(store, f"?it a <{MLS}Dataset>", iri):
        raise QueryError(
            f"dataset {text!r} is not in the graph (looked for <{iri}>): `metakg ask datasets-named --text WORD` finds "
            "datasets by name, `metakg status` says what was ingested"
        )
    return iri


def _pipeline(store: Store, text: str) -> IRI:
    iri = IRI(text if _is_iri(text) else iris.own("pipeline", text))
    if not _holds(store, f"?it a <{own_term('Pipeline')}>", iri):
        raise QueryError(
            f"pipeline {text!r} is not in the graph (looked for <{iri}>): `metakg ask ever-best` and "
            "`metakg ask best-pipelines` list pipelines with their IRIs"
        )
    return iri


def _run(store: Store, text: str) -> IRI:
    iri = IRI(text if _is_iri(text) else iris.own("run", text))
    if not _holds(store, f"?it a <{MLS}Run>", iri):
        raise QueryError(
            f"run {text!r} is not in the graph (looked for <{iri}>): `metakg ask best-pipelines` lists a dataset's runs"
        )
    return iri


def _procedure(store: Store, text: str) -> IRI:
    iri = IRI(text if _is_iri(text) else iris.procedure(text))
    pattern = f"?task <{own_term('procedure')}> ?it"
    if not _holds(store, pattern, iri):
        raise QueryError(_unknown("procedure", text, _local(store, pattern, iris.procedure(""))))
    return iri


def _component(store: Store, text: str) -> IRI:
    iri = IRI(text if _is_iri(text) else iris.component(text))
    pattern = f"?step <{own_term('component')}> ?it"
    if not _holds(store, pattern, iri):
        raise QueryError(_unknown("component", text, _local(store, pattern, iris.component(""))))
    return iri


def _measure(store: Store, text: str) -> IRI:
    return IRI(measure_of(text, declared_measures(store)).iri)


def _number(_: Store, text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError as error:
        raise QueryError(f"{text!r} is not a number: write it as 20 or 0.01") from error


def _text(_: Store, text: str) -> str:
    return text


KINDS: Mapping[str, Callable[[Store, str], Value]] = {
    "dataset": _dataset,
    "pipeline": _pipeline,
    "run": _run,
    "component": _component,
    "procedure": _procedure,
    "measure": _measure,
    "number": _number,
    "text": _text,
}
"""How what people write becomes a value, by kind of parameter."""
