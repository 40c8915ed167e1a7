"""A pipeline on an OpenML task: run on the task's own splits, and uploaded as a run with its flow.

OpenML takes predictions, not scores: it computes those itself, from what was predicted for each row of each fold of
the task. So the pipeline is built anew, from the allow-list, and run here on those splits; nothing that a graph or a
server says is evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kg.errors import PipelineError, PublishError
from kg.pipeline import Pipeline

if TYPE_CHECKING:
    from ingest.openml_connection import Connection

__all__ = [
    "Prepared",
    "Rerun",
    "TaskInfo",
    "existing",
    "prepare",
    "rerun",
    "task_of",
    "upload",
    "without_idle_imputer",
]

TAG = "metakg"

_CLASSIFICATION = 1


@dataclass(frozen=True)
class TaskInfo:
    """A task as its server describes it; ``procedure`` in OpenML's words, such as ``10 folds, 1 repeat``."""

    number: int
    dataset: int
    dataset_name: str
    target: str
    procedure: str
    n_classes: int
    task: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class Prepared:
    """A pipeline, built for a task.

    Attributes
    ----------
    flow_name
        As OpenML will show it.
    settings
        What is uploaded as the run's parameter settings: component and parameter → JSON text.
    flow_id
        Number of the flow on the server; 0 if it does not have it, None if it was not asked.
    """

    task: TaskInfo
    seed: int
    flow_name: str
    settings: Mapping[str, str]
    flow_id: int | None
    model: Any = field(repr=False, compare=False)


@dataclass(frozen=True)
class Rerun:
    """What came of running it: mean over the folds by measure, and the predictions, ready to be uploaded."""

    scores: Mapping[str, float]
    run: Any = field(repr=False, compare=False)


def task_of(connection: Connection, number: int) -> TaskInfo:
    """Fetch a task and its dataset's description.

    Raises
    ------
    PublishError
        If the server does not have it, or it is not classification with class labels.
    """
    import openml

    with connection.explaining(f"task {number}"):
        task: Any = openml.tasks.get_task(
            number, download_data=False, download_qualities=False, download_features_meta_data=True
        )
        if task.task_type_id.value != _CLASSIFICATION:
            raise PublishError(
                f"task {number} is {task.task_type}: only pipelines for supervised classification can be built"
            )
        dataset = task.get_dataset()
    if not task.class_labels:
        raise PublishError(f"task {number}: its target {task.target_name!r} has no list of classes")
    estimation = task.estimation_procedure
    folds, repeats = (estimation["parameters"].get(name) for name in ("number_folds", "number_repeats"))
    procedure = f"{folds} folds, {repeats} repeats" if folds and repeats else str(estimation["type"])
    return TaskInfo(
        number=number,
        dataset=int(task.dataset_id),
        dataset_name=str(dataset.name),
        target=str(task.target_name),
        procedure=procedure,
        n_classes=len(task.class_labels),
        task=task,
    )


def prepare(connection: Connection, pipeline: Pipeline, task: TaskInfo, seed: int) -> Prepared:
    """Fetch the task's data and build the pipeline for it; with a key, ask whether the server has the flow.

    Raises
    ------
    PublishError
        If the pipeline cannot be built, or the data cannot be fetched.
    """
    import openml
    from openml.extensions import get_extension_by_model
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    from embeddings.estimators import adaptations, build

    with connection.explaining(f"data of task {task.number}"):
        table, _ = task.task.get_X_and_y(dataset_format="dataframe")
        task.task.download_split()
    numeric = [name for name in table if is_numeric_dtype(table[name]) and not is_bool_dtype(table[name])]
    categorical = [name for name in table if name not in set(numeric)]
    kinds = {"numeric_imputer": numeric, "categorical_imputer": categorical}
    idle = [slot for slot, names in kinds.items() if names and not table[names].isna().any(axis=None)]
    try:
        model = build(
            without_idle_imputer(pipeline, idle) if numeric and categorical else pipeline,
            numeric=numeric,
            categorical=categorical,
            n_classes=task.n_classes,
            seed=seed,
            **adaptations(table, numeric=numeric, categorical=categorical),
        )
    except PipelineError as error:
        raise PublishError(f"the pipeline cannot be built: {error}") from error
    with connection.explaining("flow"):
        extension: Any = get_extension_by_model(model, raise_if_no_extension=True)
        try:
            flow = extension.model_to_flow(model)
        except ValueError as error:
            raise PublishError(
                f"the pipeline cannot be a flow of OpenML, which has each class once: {' '.join(str(error).split())}"
            ) from error
        found = openml.flows.flow_exists(flow.name, flow.external_version) if connection.key else None
    return Prepared(task, seed, flow.name, _settings(flow), None if found is None else int(found), model)


def without_idle_imputer(pipeline: Pipeline, idle: Sequence[str]) -> Pipeline:
    """The pipeline; where both imputers are of one class, without the first that has nothing to do.

    The package refuses a flow in which a class occurs twice, as in most pipelines for tables of numbers and text.
    """
    imputers = {step.slot: step for step in pipeline.steps if step.slot.endswith("_imputer")}
    dropped = [slot for slot in idle if slot in imputers][:1]
    if len({step.component for step in imputers.values()}) == len(imputers):
        return pipeline
    return Pipeline(tuple(step for step in pipeline.steps if step.slot not in dropped))


def _settings(flow: Any) -> dict[str, str]:
    own = {f"{flow.class_name or flow.name}.{name}": str(value) for name, value in flow.parameters.items()}
    for part in flow.components.values():
        if hasattr(part, "parameters"):
            own |= _settings(part)
    return own


def existing(connection: Connection, prepared: Prepared) -> int | None:
    """Number of a run of this flow with these settings, the seed among them, on this task; None if there is none.

    Raises
    ------
    PublishError
        If the server does not say.
    """
    import openml

    if not prepared.flow_id:
        return None
    with connection.explaining("earlier runs"):
        flow = openml.flows.get_flow(prepared.flow_id)
        flow.model = prepared.model
        setup = openml.setups.setup_exists(flow)
        numbers = openml.runs.run_exists(prepared.task.number, setup) if setup else set()
    return min(map(int, numbers), default=None)


def rerun(connection: Connection, prepared: Prepared) -> Rerun:
    """Run the pipeline on all splits of the task, here.

    Raises
    ------
    PublishError
        If it fails on a split.
    """
    import openml

    with connection.explaining("running the pipeline"):
        try:
            run: Any = openml.runs.run_model_on_task(
                prepared.model,
                prepared.task.task,
                avoid_duplicate_runs=False,
                seed=prepared.seed,
                upload_flow=False,
            )
        except (ValueError, TypeError, ArithmeticError, MemoryError) as error:
            reason = " ".join(str(error).split())[:300] or type(error).__name__
            raise PublishError(
                f"the pipeline fails on the splits of task {prepared.task.number}: {reason}"
            ) from error
        run.tags = [*(run.tags or ()), TAG]
        scores = {name: float(run.get_metric_fn(function).mean()) for name, function in _measures().items()}
    return Rerun(scores, run)


def _measures() -> dict[str, Callable[..., float]]:
    """By our keys: what can be told of predicted labels alone, without a choice of how to average."""
    from sklearn import metrics

    return {
        "accuracy": metrics.accuracy_score,
        "balanced_accuracy": metrics.balanced_accuracy_score,
        "cohen_kappa": metrics.cohen_kappa_score,
        "matthews_correlation": metrics.matthews_corrcoef,
        "f1_macro": _f1("macro"),
        "f1_weighted": _f1("weighted"),
    }


def _f1(average: str) -> Callable[..., float]:
    from sklearn.metrics import f1_score

    return lambda truth, predicted: float(f1_score(truth, predicted, average=average, zero_division=0))


def upload(connection: Connection, rerun: Rerun) -> int:
    """Publish the flow, if the server does not have it, and the run; returns the run's number.

    Raises
    ------
    PublishError
        If the server refuses it, or does not answer.
    """
    with connection.explaining("upload"):
        try:
            rerun.run.publish()
        except ValueError as error:  # the package's word for a flow of that name that is another one
            raise PublishError(f"upload: {' '.join(str(error).split())[:300]}") from error
    return int(rerun.run.run_id)
