"""Measures by what others call them, and by what is declared of new ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from kg import iris
from kg.errors import QueryError
from kg.measure_names import normalise
from kg.measure_vocabularies import COSTS, ERRORS, NAMES, VOCABULARIES
from kg.measures import ALIASES, MEASURES, Measure, declared, measure_of

READINGS = """
accuracy                        | accuracy
ACC                             | accuracy
Accuracy Score                  | accuracy
test_accuracy                   | accuracy
mean_test_accuracy              | accuracy
mean_cv_accuracy                | accuracy
cv_accuracy_mean                | accuracy
val/acc                         | accuracy
valid-accuracy                  | accuracy
validationAccuracy              | accuracy
eval_accuracy                   | accuracy
metrics/accuracy                | accuracy
accuracy (test)                 | accuracy
Balanced Accuracy               | balanced_accuracy
recall_macro                    | balanced_accuracy
macro-recall                    | balanced_accuracy
ROC-AUC                         | roc_auc
rocAuc                          | roc_auc
AUROC                           | roc_auc
roc_auc_score                   | roc_auc
roc_auc_ovr                     | roc_auc_ovr_macro
roc_auc_ovo_weighted            | roc_auc_ovo_weighted
LogLoss                         | log_loss
val_log_loss                    | log_loss
eval-mlogloss                   | log_loss
neg_log_loss                    | log_loss -1
test_neg_log_loss               | log_loss -1
mean_test_neg_log_loss          | log_loss -1
negative_mean_squared_error     | mean_squared_error -1
R^2                             | r2
R²                              | r2
r2_score                        | r2
1 - R2                          | r2 -1 1
one_minus_roc_auc               | roc_auc -1 1
MCC                             | matthews_correlation
RMSE                            | root_mean_squared_error
F1Score                         | f1
macro F1                        | f1_macro
error_rate                      | accuracy -1 1
test_error_rate                 | accuracy -1 1
misclassification               | accuracy -1 1
neg_error_rate                  | accuracy 1 1
balanced_error_rate             | balanced_accuracy -1 1
mean_per_class_error            | balanced_accuracy -1 1
accuracy_percent                | accuracy .01
acc_pct                         | accuracy .01
Accuracy (%)                    | accuracy .01
error_rate_percent              | accuracy -.01 1
mean_absolute_percentage_error% | mean_absolute_percentage_error .01
fit_time                        | training_seconds
mean_fit_time                   | training_seconds
fit_time_mean                   | training_seconds
train_time                      | training_seconds
training time                   | training_seconds
TrainTime                       | training_seconds
traintime                       | training_seconds
training_time_ms                | training_seconds .001
train_seconds                   | training_seconds
training_seconds                | training_seconds
score_time                      | prediction_seconds
predict_time                    | prediction_seconds
inference_time_us               | prediction_seconds .000001
duration                        | runtime_seconds
elapsed                         | runtime_seconds
time                            | runtime_seconds
runtime_millis                  | runtime_seconds .001
duration_s                      | runtime_seconds
runtime_min                     | runtime_seconds 60
Runtime (hours)                 | runtime_seconds 3600
peak_memory_bytes               | peak_memory_bytes
memory_kb                       | peak_memory_bytes 1000
memory_mb                       | peak_memory_bytes 1000000
peakMemoryGB                    | peak_memory_bytes 1000000000
max_rss_MiB                     | peak_memory_bytes 1048576
max_error                       | max_error

openml: predictive_accuracy             | accuracy
openml: area_under_roc_curve            | roc_auc_ovr_weighted
openml: mean_weighted_area_under_roc_curve | roc_auc_ovr_weighted
openml: f_measure                       | f1_weighted
openml: mean_weighted_f_measure         | f1_weighted
openml: precision                       | precision_weighted
openml: mean_weighted_precision         | precision_weighted
openml: recall                          | recall_weighted
openml: weighted_recall                 | recall_weighted
openml: unweighted_recall               | balanced_accuracy
openml: kappa                           | cohen_kappa
openml: matthews_correlation_coefficient | matthews_correlation
openml: c_index                         | concordance_index
openml: mean_absolute_error             | mean_absolute_error
openml: root_mean_squared_error         | root_mean_squared_error
openml: relative_absolute_error         | relative_absolute_error
openml: root_relative_squared_error     | root_relative_squared_error
openml: correlation_coefficient         | pearson_correlation
openml: usercpu_time_millis             | runtime_seconds .001
openml: usercpu_time_millis_training    | training_seconds .001
openml: usercpu_time_millis_testing     | prediction_seconds .001
openml: wall_clock_time_millis          | runtime_seconds .001
openml: wall_clock_time_millis_training | training_seconds .001
openml: wall_clock_time_millis_testing  | prediction_seconds .001
openml: run_cpu_time                    | runtime_seconds
openml: build_cpu_time                  | training_seconds

amlb: acc               | accuracy
amlb: balacc            | balanced_accuracy
amlb: mean_pce          | balanced_accuracy -1 1
amlb: auc               | roc_auc
amlb: auc_ovr           | roc_auc_ovr_weighted
amlb: auc_ovo           | roc_auc_ovo_weighted
amlb: pr_auc            | average_precision
amlb: logloss           | log_loss
amlb: neg_logloss       | log_loss -1
amlb: rmse              | root_mean_squared_error
amlb: neg_rmse          | root_mean_squared_error -1
amlb: mae               | mean_absolute_error
amlb: neg_mae           | mean_absolute_error -1
amlb: mse               | mean_squared_error
amlb: msle              | mean_squared_log_error
amlb: rmsle             | root_mean_squared_log_error
amlb: r2                | r2
amlb: mape              | mean_absolute_percentage_error
amlb: neg_smape         | symmetric_mean_absolute_percentage_error -1
amlb: duration          | runtime_seconds
amlb: training_duration | training_seconds
amlb: predict_duration  | prediction_seconds

tabrepo: roc_auc           | roc_auc -1 1
tabrepo: accuracy          | accuracy -1 1
tabrepo: balanced_accuracy | balanced_accuracy -1 1
tabrepo: mcc               | matthews_correlation -1 1
tabrepo: r2                | r2 -1 1
tabrepo: log_loss          | log_loss
tabrepo: rmse              | root_mean_squared_error
tabrepo: root_mean_squared_error | root_mean_squared_error
tabrepo: time_train_s      | training_seconds
tabrepo: time_infer_s      | prediction_seconds

sklearn: neg_max_error                | max_error -1
sklearn: neg_brier_score              | brier_score -1
sklearn: brier_score_loss             | brier_score
sklearn: matthews_corrcoef            | matthews_correlation
sklearn: cohen_kappa_score            | cohen_kappa
sklearn: adjusted_rand_score          | adjusted_rand_index
sklearn: normalized_mutual_info_score | normalized_mutual_information
sklearn: silhouette_score             | silhouette
sklearn: zero_one_loss                | accuracy -1 1
"""

NOTHING = """
train_accuracy, training_log_loss, train/acc, accuracy (train), trainAccuracy, mean_train_score, std_test_accuracy,
mean_test_score, test_score, score, loss, val_loss, error, l1, l2, metric, mean_recall, mean_precision, f_measure,
correlation, correlation_coefficient, pr_auc, auc_pr, mape, smape, f1_samples, top_k_accuracy, recall@10, nrmse,
CV(RMSE), cv (rmse), log(rmse), sqrt(mse), 2*accuracy, 1/rmse, -accuracy, -rmse, neg_accuracy, negative_precision,
rmse_percent, log_loss_pct, one_minus_rmse, 1 - rmse, eval_runtime, test_time, eval_duration, cpu_time, memory, trains,
peak_memory, quadratic_weighted_kappa, quadratic_kappa, adjusted_r2, validation_0-logloss, specificity, accuracyα, _, %,
1 -, 1, neg, neg_, test_, mean, percent, one_minus, latency_ms, ms, mb, ,
openml: mean_recall, openml: jaccard, openml: mean_f_measure, openml: class_complexity, openml: os_information,
openml: build_memory, openml: kb_relative_information_score, openml: average_cost, openml: number_of_instances,
amlb: f1, amlb: result, amlb: max_pce, amlb: models_count, amlb: wape, amlb: nrmse, tabrepo: metric_error,
tabrepo: neg_log_loss, tabrepo: error_rate, sklearn: max_error, sklearn: jaccard_macro, sklearn: d2_tweedie_score,
https://w3id.org/metakg/measure/nothing, https://w3id.org/metakg/measure/ACC
"""


def split(name: str) -> tuple[str, str]:
    """(vocabulary, name)."""
    vocabulary, colon, rest = name.partition(": ")
    return (vocabulary, rest) if colon else ("", name)


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("name", "expected"), rows(READINGS))
def test_names_are_read(name: str, expected: str) -> None:
    vocabulary, called = split(name)
    reading = normalise(called, vocabulary)
    assert reading is not None
    key, *numbers = expected.split()
    factor, offset = [*map(float, numbers), *(1.0, 0.0)[len(numbers) :]]
    assert (reading.measure.key, reading.factor, reading.offset) == (key, pytest.approx(factor), offset)
    assert reading.value(0.25) == pytest.approx(0.25 * factor + offset)


@pytest.mark.parametrize("name", [each.strip() for each in NOTHING.replace("\n", " ").split(",")])
def test_what_is_ambiguous_or_something_else_is_not_read(name: str) -> None:
    vocabulary, called = split(name)
    assert normalise(called, vocabulary) is None


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
def test_own_keys_labels_and_iris_are_read(measure: Measure) -> None:
    for name in (measure.key, measure.key.upper(), measure.key.replace("_", "-"), measure.iri):
        reading = normalise(name)
        assert reading is not None
        assert (reading.measure, reading.value(0.5)) == (measure, 0.5)
    for vocabulary in VOCABULARIES:
        reading = normalise(measure.iri, vocabulary)
        assert reading is not None
        assert (reading.measure, reading.factor) == (measure, 1.0)


def test_an_unknown_vocabulary_is_an_error() -> None:
    with pytest.raises(QueryError, match=r"'opneml' of measures is unknown.*'openml'"):
        normalise("accuracy", "opneml")


def test_no_name_stands_for_two_measures() -> None:
    listed = [name for table in (NAMES, ERRORS, COSTS) for names in table.values() for name in names.split()]
    listed += [key.replace("_", "") for key in (*MEASURES, *ALIASES)]
    assert sorted(listed) == sorted(set(listed))
    for name in [*listed, *(name for table in VOCABULARIES.values() for name in table)]:
        assert name.isascii()
        assert name.isalnum()
        assert name == name.lower()


NOT_OURS = {
    # scikit-learn's scorers that are no measure here: other averages, other losses, scores of clusterings.
    "adjusted_mutual_info_score", "completeness_score", "d2_absolute_error_score", "d2_brier_score",
    "d2_log_loss_score", "d2_pinball_score", "d2_tweedie_score", "f1_samples", "fowlkes_mallows_score",
    "homogeneity_score", "jaccard_macro", "jaccard_micro", "jaccard_samples", "jaccard_weighted", "max_error",
    "mutual_info_score", "neg_mean_gamma_deviance", "neg_mean_poisson_deviance", "neg_negative_likelihood_ratio",
    "positive_likelihood_ratio", "precision_samples", "rand_score", "recall_samples", "top_k_accuracy",
    "v_measure_score",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(metrics.get_scorer_names()) - NOT_OURS))
def test_scorers_of_scikit_learn_are_turned_the_right_way(name: str) -> None:
    """A scorer's numbers grow as predictions get better: its reading must be of the same mind."""
    for called in (name, f"test_{name}", f"mean_test_{name}"):
        reading = normalise(called, "sklearn")
        assert reading is not None
        assert (reading.factor > 0) == (reading.measure.direction == "higher")


@pytest.mark.parametrize("name", sorted(NOT_OURS & set(metrics.get_scorer_names())))
def test_scorers_that_are_no_measure_here_are_not_read(name: str) -> None:
    assert normalise(name, "sklearn") is None


def test_the_numbers_are_those_of_the_functions_that_measures_are_called_by() -> None:
    """On one set of predictions: what a name reads as has the value that the measure's own function gives."""
    random = np.random.default_rng(0)
    truth, guess = random.integers(0, 3, 200), random.integers(0, 3, 200)
    accuracy = metrics.accuracy_score(truth, guess)
    balanced = metrics.balanced_accuracy_score(truth, guess)
    for name, raw, value in (
        ("zero_one_loss", metrics.zero_one_loss(truth, guess), accuracy),
        ("accuracy_percent", 100 * accuracy, accuracy),
        ("recall_macro", metrics.recall_score(truth, guess, average="macro"), balanced),
        ("balanced_error_rate", 1 - balanced, balanced),
        ("recall_weighted", metrics.recall_score(truth, guess, average="weighted"), accuracy),
        ("f1_micro", metrics.f1_score(truth, guess, average="micro"), accuracy),
    ):
        reading = normalise(name)
        assert reading is not None
        assert reading.value(raw) == pytest.approx(value), name


PARTS = st.sampled_from(
    [
        *(name for table in (NAMES, ERRORS, COSTS) for names in table.values() for name in names.split()),
        *(name for table in VOCABULARIES.values() for name in table),
        *MEASURES,
        *(
            "neg",
            "negative",
            "one",
            "minus",
            "1",
            "-",
            "test",
            "val",
            "valid",
            "eval",
            "cv",
            "mean",
            "train",
            "score",
        ),
        *("percent", "%", "ms", "s", "min", "mb", "MiB", "(", ")", "/", "^", "²"),
    ]
)
CALLED = st.one_of(
    st.text(), st.lists(PARTS, max_size=5).map("_".join), st.lists(PARTS, max_size=5).map(" ".join)
)


@given(CALLED, st.sampled_from(list(VOCABULARIES)))
def test_any_name_is_read_or_not_and_never_fails(name: str, vocabulary: str) -> None:
    reading = normalise(name, vocabulary)
    if reading is None:
        return
    assert reading.measure is MEASURES[reading.measure.key]
    assert math.isfinite(reading.offset)
    assert reading.factor != 0.0
    low, high = reading.value(0.25), reading.value(0.75)
    assert (low < high) == (reading.factor > 0)


@given(CALLED, st.sampled_from(list(VOCABULARIES)))
def test_what_was_measured_in_training_is_no_measure_of_performance(name: str, vocabulary: str) -> None:
    for prefix in ("train_", "training/", "Train "):
        reading = normalise(prefix + name, vocabulary)
        assert reading is None or reading.measure.key == "training_seconds"


@given(st.sampled_from([key for key in MEASURES if MEASURES[key].unit == ""]), st.sampled_from(["", "amlb"]))
def test_a_negated_loss_is_read_as_the_loss(key: str, vocabulary: str) -> None:
    plain, negated = normalise(key, vocabulary), normalise(f"neg_{key}", vocabulary)
    if plain is None or plain.measure.direction == "higher":
        assert negated is None
    else:
        assert negated is not None
        assert negated.value(-0.5) == plain.value(0.5)


def test_a_declared_measure() -> None:
    gini = declared("Normalised  Gini (β)", "higher", low=-1, high=1)
    assert gini == Measure("normalised_gini", "Normalised Gini (β)", "higher", -1.0, 1.0)
    assert gini.iri == iris.measure("normalised_gini")
    pinball = declared("pinball-loss @0.9", "lower", low=0, unit="EUR")
    assert (pinball.key, pinball.low, pinball.high, pinball.unit) == ("pinball_loss_0_9", 0.0, None, "EUR")
    own = {each.key: each for each in (gini, pinball)}
    assert measure_of("normalised_gini", own) is measure_of(gini.iri, own) is gini
    assert measure_of("accuracy", own) is MEASURES["accuracy"]
    assert measure_of("recall_macro") is MEASURES["balanced_accuracy"]
    with pytest.raises(QueryError, match="did you mean 'normalised_gini'"):
        measure_of("normalized_gini", own)


def test_a_known_measure_may_be_declared_as_it_is() -> None:
    for measure in MEASURES.values():
        stated = declared(measure.key, measure.direction, measure.low, measure.high, measure.unit)
        assert stated is declared(measure.key.replace("_", " ").title(), measure.direction) is measure
    assert declared("recall_macro", "higher") is MEASURES["balanced_accuracy"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("accuracy", "lower"), "known as 'accuracy', whose direction is higher, not lower"),
        (("Accuracy", "higher", 0, 100), "whose high is 1.0, not 100: .* another name"),
        (("r2", "higher", 0), "whose low is open, not 0"),
        (("runtime_seconds", "lower", 0, None, "ms"), "whose unit is s, not ms"),
        (("f1", "higher", 0, 1, "%"), "whose unit is none, not %"),
        (("recall_macro", "lower"), "known as 'balanced_accuracy'"),
        (("gini", "up"), "direction 'up' is unknown: say 'higher'"),
        (("gini", "higher", 1, 1), "low 1 is not below high 1"),
        (("gini", "higher", float("nan")), "bound nan is no finite number"),
        (("gini", "higher", 0, float("inf")), "leave an open side out"),
        (("42", "higher"), "has no letter from a to z"),
        (("", "higher"), "has no letter"),
        (("β", "higher"), "has no letter"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(arguments: tuple, reason: str) -> None:
    with pytest.raises(QueryError, match=reason):
        declared(*arguments)


@given(st.text())
def test_the_key_of_a_declared_measure_is_plain(name: str) -> None:
    measure = declared(f"{name} z", "higher")
    assert set(measure.key) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert measure_of(measure.key, {measure.key: measure}) is measure
