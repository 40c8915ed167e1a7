"""The shapes accept a run as the graph writes it, and say what is wrong with each way of breaking it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyshacl import validate
from rdflib import SH, Graph

import ontology
from kg.quads import nquads
from kg.testing import small_batch

SAMPLE = (Path(__file__).parent / "sample.ttl").read_text(encoding="utf-8")
EVALUATION = "<run/oboe/31/88d8fc3b9da9c5a1/modelEvaluation/one_vs_rest_balanced_accuracy>"
OUTPUT = f"mls:hasOutput {EVALUATION} ;"
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
    "task of unknown type": ('"classification"', '"clustering"', "classification or regression"),
    "pipeline without canonical form": ('mkg:canonical "{', 'rdfs:comment "{', "exactly one canonical form"),
    "pipeline without steps": ("mkg:hasStep <pipeline/88d8fc3b9da9c5a1/step/0> ;", "", "at least one step"),
    "step in an unknown slot": ('mkg:slot "estimator"', 'mkg:slot "classifier"', "step's slot"),
    "setting without value": ('dcterms:title "C" ; mls:hasValue 0.125e0 ;', "", "exactly one value"),
    "run without task": ("mls:achieves <task/openml-31/5-fold-cv> ;", "", "achieve exactly one task"),
    "run without pipeline": ("mls:executes <pipeline/88d8fc3b9da9c5a1> ;", "", "exactly one pipeline"),
    "run of unknown status": ('mkg:status "finished"', 'mkg:status "aborted"', "finished or failed"),
    "run without evaluation": (OUTPUT, "", "did not fail needs an evaluation"),
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


def test_a_failed_run_needs_no_evaluation() -> None:
    failed = SAMPLE.replace('mkg:status "finished"', 'mkg:status "failed"').replace(OUTPUT, "")
    failed = failed.replace(SCORE, 'mkg:errorMessage "MemoryError"')
    evaluation = failed.index(
        "<run/oboe/31/88d8fc3b9da9c5a1/modelEvaluation/one_vs_rest_balanced_accuracy> a"
    )
    assert messages(Graph().parse(data=failed[:evaluation], format="turtle")) == []
