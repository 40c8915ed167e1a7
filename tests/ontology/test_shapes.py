"""The shapes accept a run as the graph writes it, and say what is wrong with each way of breaking it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import SH, Graph

import ontology
from kg.measures import MEASURES
from kg.quads import nquads
from kg.testing import small_batch
from kg.validation import validate as check

SAMPLE = (Path(__file__).parent / "sample.ttl").read_text(encoding="utf-8")
EVALUATION = "<run/oboe/31/88d8fc3b9da9c5a1/modelEvaluation/one_vs_rest_balanced_accuracy>"
OUTPUT = f"mls:hasOutput {EVALUATION} ;"
SAMPLE_KEY = "one_vs_rest_balanced_accuracy"
SCORE = "measure:one_vs_rest_balanced_accuracy 0.6847619047619048e0"


def messages(data: Graph) -> list[str]:
    conforms, report, _ = validate(data, shacl_graph=ontology.shapes(), inference="none")
    found = [str(message) for message in report.objects(None, SH.resultMessage)]
    assert conforms == (not found)
    return found


def test_a_run_of_oboe_is_accepted() -> None:
    assert messages(Graph().parse(data=SAMPLE, format="turtle")) == []


def test_what_the_mapping_writes_is_accepted() -> None:
    lines = b"".join(nquads(small_batch())).decode().splitlines()
    triples = "\n".join(line.rpartition(" <")[0] + " ." for line in lines)
    data = Graph().parse(data=triples, format="nt")
    assert len(data) > 50
    assert messages(data) == []


BROKEN = {
    "dataset without title": ('dcterms:title "credit-g" ;', "", "dataset needs a title"),
    "landing page as text": ("<https://www.openml.org/d/31>", '"openml.org/d/31"', "landing page"),
    "task without dataset": (
        "mls:definedOn <http://w3id.org/mlsea/openml/dataset/31> ;",
        "",
        "defined on exactly one dataset",
    ),
    "task without procedure": ("mkg:procedure procedure:5-fold-cv ;", "", "by which procedure"),
    "task of unknown type": ('"classification"', '"ranking"', "classification, regression"),
    "pipeline without canonical form": ('mkg:canonical "{', 'rdfs:comment "{', "exactly one canonical form"),
    "pipeline without steps": ("mkg:hasStep <pipeline/88d8fc3b9da9c5a1/step/0> ;", "", "at least one step"),
    "step in an unknown slot": ('mkg:slot "estimator"', 'mkg:slot "classifier"', "step's slot"),
    "setting without value": ('dcterms:title "C" ; mls:hasValue 0.125e0 ;', "", "exactly one value"),
    "run without task": ("mls:achieves <task/openml-31/5-fold-cv> ;", "", "achieve exactly one task"),
    "run without pipeline": ("mls:executes <pipeline/88d8fc3b9da9c5a1> ;", "", "exactly one pipeline"),
    "run of unknown status": ('mkg:status "finished"', 'mkg:status "aborted"', "finished, failed or pruned"),
    "run without evaluation": (OUTPUT, "", "was not pruned needs an evaluation"),
    "score out of range": (
        SCORE,
        "measure:one_vs_rest_balanced_accuracy 67e0",
        "from 0 to 1",
    ),
    "evaluation that is text": (
        "mls:specifiedBy measure:one_vs_rest_balanced_accuracy ;\n    mls:hasValue 0.6847619047619048e0",
        'mls:specifiedBy measure:one_vs_rest_balanced_accuracy ;\n    mls:hasValue "good"',
        "xsd:double",
    ),
    "evaluation without measure": (
        "mls:specifiedBy measure:one_vs_rest_balanced_accuracy ;\n    mls:hasValue",
        "mls:hasValue",
        "exactly one measure",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_broken_data_is_refused_with_the_reason(what: str) -> None:
    good, bad, reason = BROKEN[what]
    assert good in SAMPLE
    found = messages(Graph().parse(data=SAMPLE.replace(good, bad), format="turtle"))
    assert any(reason in message for message in found), found


@pytest.mark.parametrize("status", ["failed", "pruned"])
def test_a_run_that_did_not_finish_needs_no_evaluation(status: str) -> None:
    failed = SAMPLE.replace('mkg:status "finished"', f'mkg:status "{status}"').replace(OUTPUT, "")
    failed = failed.replace(SCORE, 'mkg:errorMessage "MemoryError"')
    evaluation = failed.index(
        "<run/oboe/31/88d8fc3b9da9c5a1/modelEvaluation/one_vs_rest_balanced_accuracy> a"
    )
    assert messages(Graph().parse(data=failed[:evaluation], format="turtle")) == []


@pytest.mark.parametrize(
    "kind", ["regression", "clustering", "forecasting", "anomaly_detection", "survival_analysis", "other"]
)
def test_types_of_tasks(kind: str) -> None:
    data = SAMPLE.replace('"classification"', f'"{kind}"')
    assert data != SAMPLE
    assert messages(Graph().parse(data=data, format="turtle")) == []


@pytest.mark.parametrize("key", MEASURES)
def test_a_value_of_each_measure_lies_in_its_range(key: str) -> None:
    """As the run's property and as the value of its evaluation."""
    measure = MEASURES[key]
    inside = [bound for bound in (measure.low, measure.high) if bound is not None]
    outside = [
        bound + step for bound, step in ((measure.low, -0.25), (measure.high, 0.25)) if bound is not None
    ]
    assert inside
    assert len(outside) == len(inside)
    for value in inside:
        assert told(key, value) == set()
    for value in outside:
        by_property, by_evaluation = sorted(
            told(key, value), key=lambda message: message.startswith("the value")
        )
        assert by_property.startswith(f"{key} must be one number (xsd:double) ")
        extent = by_property.rpartition("(xsd:double) ")[2].removeprefix("of ")
        assert by_evaluation.endswith(f"by this measure must be {extent}")
        assert all(f"{bound:g}" in extent for bound in inside)


def told(key: str, value: float) -> set[str]:
    """Messages on the sample with the value under another measure; by the compiled shapes."""
    data = SAMPLE.replace(f"measure:{SAMPLE_KEY} 0.6847619047619048e0", f"measure:{key} {value!r}e0")
    data = data.replace(f"mls:specifiedBy measure:{SAMPLE_KEY}", f"mls:specifiedBy measure:{key}")
    data = data.replace("mls:hasValue 0.6847619047619048e0", f"mls:hasValue {value!r}e0")
    return {violation.message for violation in check(Graph().parse(data=data, format="turtle")).violations}
