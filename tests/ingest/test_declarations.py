"""Measures declared as text and as tuples."""

import doctest

import pytest

from ingest import declarations, json_run, moments, run_words, sklearn_text
from ingest.declarations import parse_declaration
from kg.errors import MetakgError


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gini=higher", ("gini", "higher", None, None, "")),
        ("my score=lower:0", ("my_score", "lower", 0.0, None, "")),
        ("a=b=lower::1", ("a_b", "lower", None, 1.0, "")),
        ("delay=lower:0::m/s:2", ("delay", "lower", 0.0, None, "m/s:2")),
    ],
)
def test_text_declares_a_measure(text, said):
    name, measure = parse_declaration(text)
    assert name == text.rpartition("=")[0]
    assert (measure.key, measure.direction, measure.low, measure.high, measure.unit) == said


@pytest.mark.parametrize(
    "text", ["gini", "=higher", "gini=up", "gini=higher:much", "gini=higher:2:1", "accuracy=lower"]
)
def test_what_is_not_understood_is_a_clear_error(text):
    with pytest.raises(MetakgError, match="measure") as caught:
        parse_declaration(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("said", [3, (), ("higher", 0, 1, "", 5)])
def test_a_declaration_of_another_form_is_refused(said):
    with pytest.raises(MetakgError, match="is declared as"):
        declarations.declarations({"gini": said})


@pytest.mark.parametrize("module", [declarations, json_run, moments, run_words, sklearn_text])
def test_examples(module):
    found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert found.attempted
    assert not found.failed
