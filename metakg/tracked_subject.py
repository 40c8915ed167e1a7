"""What a tracked run is about, made of what a program gives; what cannot be read is replaced, with a warning."""

from __future__ import annotations

import operator
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import iris, schema
from kg.errors import MetakgError

if TYPE_CHECKING:
    from ingest.records import DatasetRef
    from ingest.tracking import Recording, Subject
    from kg.measures import Measure
    from kg.pipeline import Pipeline

__all__ = ["begin", "estimator_task", "pipeline_of_any", "program_name"]

_LIMIT = 2**63


def begin(
    given: Mapping[str, Any], outer: tuple[str, str, Subject | None], measures: Mapping[str, Measure]
) -> Recording:
    """Begin to record a run.

    Parameters
    ----------
    given
        Parameters of :class:`metakg.tracked_run.Run`.
    outer
        IRI, project and subject of the run that it is a part of; empty where there is none.
    measures
        That were declared for all runs.
    """
    from ingest.records import UNKNOWN_PROCEDURE
    from ingest.tracking import Recording, project_name
    from ingest.tracking_context import of_this_process

    parent, project, around = outer
    tags: dict[str, Any] = {}
    about = project_name(given["project"] or project or None)
    pipeline = _pipeline(given, around, tags)
    dataset, inherited = _dataset(given, around, about, tags)
    own = given["target"], _task(given, tags)
    target, kind = (own[0] or around.target, own[1] or around.type) if around and inherited else own
    procedure = given["procedure"] or (around.procedure if around else UNKNOWN_PROCEDURE)
    if parent and not parent.startswith(iris.own("run", "")):
        _warn(f"METAKG_RUN is {parent!r}, which is no run's IRI: unset it", tags, "METAKG_RUN", parent)
        parent = ""
    recording = Recording(
        about,
        pipeline,
        dataset,
        target=target,
        type=kind,
        procedure=str(procedure).strip() or UNKNOWN_PROCEDURE,
        name=given["name"],
        seed=_seed(given, tags),
        role=_one_of("role", given["role"], tags),
        training_size=_whole("training_size", given["training_size"], tags),
        parent=parent or None,
        context=given["context"] if given["context"] is not None else of_this_process(),
        measures={**measures, **_measures(given["measures"], tags)},
    )
    try:
        recording.parameters(given["parameters"])
    except Exception as error:  # noqa: BLE001 - a parameter may be anything
        _warn(f"the parameters cannot be read ({error})", tags, "parameters", given["parameters"])
    recording.tag(tags)
    return recording


def pipeline_of_any(pipeline: Any) -> Pipeline | str:
    """A pipeline of an estimator; pipelines and names as they are.

    Raises
    ------
    SourceError
        If it is none of these.
    """
    from ingest.sklearn_objects import pipeline_of
    from kg.pipeline import Pipeline

    return pipeline if isinstance(pipeline, Pipeline | str) else pipeline_of(pipeline)


def program_name() -> str:
    """What runs, for people: the script's name, or python where there is none."""
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(script).stem if script else "python"


def _warn(text: str, tags: dict[str, Any], name: str, value: Any) -> None:
    from metakg.tracked_run import warn

    tags[name] = value
    warn(f"{text}; kept as a tag")


def _pipeline(given: Mapping[str, Any], around: Subject | None, tags: dict[str, Any]) -> Pipeline | str:
    pipeline = given["pipeline"]
    if pipeline is None or (isinstance(pipeline, str) and not pipeline.strip()):
        return around.pipeline if around else program_name()
    try:
        return pipeline_of_any(pipeline)
    except Exception as error:  # noqa: BLE001 - an estimator is a person's code
        name = f"{type(pipeline).__module__}.{type(pipeline).__qualname__}"
        _warn(f"the pipeline cannot be read ({error})", tags, "pipeline", name)
        return name


def _dataset(
    given: Mapping[str, Any], around: Subject | None, project: str, tags: dict[str, Any]
) -> tuple[DatasetRef, bool]:
    """The dataset, and whether it is the outer run's."""
    from ingest.records import DatasetRef
    from ingest.tracking_data import dataset_ref

    nameless = DatasetRef(f"{project} (dataset not stated)")
    if given["dataset"] is None:
        return (around.dataset, True) if around else (nameless, False)
    try:
        return dataset_ref(given["dataset"], given["target"], metafeatures=given["metafeatures"]), False
    except Exception as error:  # noqa: BLE001 - data is a person's, and so is its class
        _warn(f"the dataset cannot be named ({error})", tags, "dataset", type(given["dataset"]).__name__)
        return nameless, False


def _task(given: Mapping[str, Any], tags: dict[str, Any]) -> str | None:
    found = _one_of("type", given["task"], tags)
    return found or estimator_task(given["pipeline"])


def estimator_task(estimator: Any) -> str | None:
    """Type of the task that a scikit-learn estimator is for, None if that cannot be told."""
    if not hasattr(estimator, "get_params") or "sklearn" not in sys.modules:
        return None
    from sklearn import base

    kinds = {
        "classification": base.is_classifier,
        "regression": base.is_regressor,
        "clustering": base.is_clusterer,
        "anomaly_detection": base.is_outlier_detector,
    }
    try:
        return next((kind for kind, holds in kinds.items() if holds(estimator)), None)
    except Exception:  # noqa: BLE001 - an estimator's tags are a person's code
        return None


def _one_of(column: str, value: str | None, tags: dict[str, Any]) -> str | None:
    if value is None or value in schema.ALLOWED[column]:
        return value
    what = "task" if column == "type" else column
    _warn(f"{what} {value!r} is unknown; known: {', '.join(schema.ALLOWED[column])}", tags, what, value)
    return None


def _seed(given: Mapping[str, Any], tags: dict[str, Any]) -> int | None:
    seed, pipeline = given["seed"], given["pipeline"]
    if seed is None and hasattr(pipeline, "get_params"):
        from ingest.sklearn_objects import seed_of

        try:
            return seed_of(pipeline)
        except MetakgError:  # told when the pipeline was read
            return None
    return _whole("seed", seed, tags)


def _whole(name: str, value: Any, tags: dict[str, Any]) -> int | None:
    try:
        number = None if value is None else operator.index(value)
    except TypeError:
        number = _LIMIT
    low = 1 if name == "training_size" else -_LIMIT
    if number is None or low <= number < _LIMIT:
        return number
    _warn(f"{name} {value!r} is no whole number of 64 bits from {low}", tags, name, value)
    return None


def _measures(given: Mapping[str, Any], tags: dict[str, Any]) -> dict[str, Measure]:
    from kg.measures import Measure, declared

    found = {}
    for name, said in given.items():
        try:
            found[name] = said if isinstance(said, Measure) else declared(name, *said)
        except (MetakgError, TypeError) as error:
            _warn(f"measure {name!r} cannot be declared ({error})", tags, f"measure {name}", said)
    return found
