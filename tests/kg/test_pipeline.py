"""The same pipeline is one node, however its source wrote it down."""

from __future__ import annotations

import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import PipelineError
from kg.pipeline import SLOTS, Pipeline, Scalar, Step

SCALAR = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
PARAMETERS = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), SCALAR, max_size=5)


@given(PARAMETERS, st.randoms())
def test_the_order_of_parameters_and_steps_does_not_matter(parameters: dict[str, Scalar], random) -> None:
    steps = [
        Step("estimator", "sklearn.svm.SVC", parameters),
        Step("scaler", "sklearn.preprocessing.StandardScaler"),
    ]
    items = list(parameters.items())
    random.shuffle(items)
    other = [steps[1], Step("estimator", "sklearn.svm.SVC", dict(items))]
    assert Pipeline(tuple(steps)).iri == Pipeline(tuple(other)).iri


@given(PARAMETERS)
def test_a_canonical_form_reads_back_to_itself(parameters: dict[str, Scalar]) -> None:
    pipeline = Pipeline((Step("estimator", "sklearn.svm.SVC", parameters),))
    again = Pipeline.from_canonical(pipeline.canonical())
    assert (again, again.canonical(), again.key) == (pipeline, pipeline.canonical(), pipeline.key)
    assert hash(again) == hash(pipeline)
    shuffled = json.dumps(json.loads(pipeline.canonical()), indent=1)
    assert Pipeline.from_canonical(shuffled) == pipeline


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_equal_numbers_are_one_value(number: int) -> None:
    def key(value: float) -> str:
        return Pipeline((Step("estimator", "sklearn.svm.SVC", {"C": value}),)).key

    assert key(number) == key(float(number))


def test_a_boolean_is_no_number_and_text_is_no_boolean() -> None:
    keys = {Pipeline((Step("estimator", "a.B", {"x": value}),)).key for value in (True, 1, "1", "True", None)}
    assert len(keys) == 5


def test_the_key_is_stable_over_releases() -> None:
    pipeline = Pipeline((Step("estimator", "sklearn.svm.SVC", {"kernel": "poly", "C": 2.0}),))
    expected = (
        '{"steps":[{"component":"sklearn.svm.SVC","parameters":{"C":2,"kernel":"poly"},"slot":"estimator"}]}'
    )
    assert pipeline.canonical() == expected
    assert pipeline.key == "cd5116758385a2d0"
    assert pipeline.iri.endswith("/pipeline/" + pipeline.key)


@pytest.mark.parametrize("value", [math.nan, math.inf, [1], {"a": 1}, object()])
def test_values_that_json_cannot_hold_are_refused(value: object) -> None:
    with pytest.raises(PipelineError, match=r"'C' of sklearn\.svm\.SVC"):
        Step("estimator", "sklearn.svm.SVC", {"C": value})  # type: ignore[dict-item]


def test_slots_are_known_and_taken_once() -> None:
    with pytest.raises(PipelineError, match="known: numeric_imputer"):
        Step("model", "sklearn.svm.SVC")
    step = Step("estimator", "sklearn.svm.SVC")
    with pytest.raises(PipelineError, match="at most once"):
        Pipeline((step, step))
    with pytest.raises(PipelineError, match="at least one"):
        Pipeline(())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"steps":[]}', '{"steps":[{"slot":"x"}]}', '{"steps":3}'])
def test_what_is_no_pipeline_is_said_to_be_none(text: str) -> None:
    with pytest.raises(PipelineError):
        Pipeline.from_canonical(text)


def test_a_pipeline_travels_between_processes() -> None:
    pipeline = Pipeline(tuple(Step(slot, f"a.{slot}", {"x": 1}) for slot in reversed(SLOTS)))
    assert pickle.loads(pickle.dumps(pipeline)) == pipeline
    assert [step.slot for step in pipeline.steps] == list(SLOTS)
    assert pipeline.title == "scaler(x=1) > reducer(x=1) > estimator(x=1)"
