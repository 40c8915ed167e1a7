"""A recommender in a folder: arrays as safetensors, the rest as JSON with the arrays' checksum. Nothing is
unpickled."""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from embeddings.performance import PerformanceModel
from kg.errors import ModelError
from kg.pipeline import Pipeline
from recommender.features import FeatureSpace
from recommender.forest import Forest
from recommender.gaussian import GaussianProcess
from recommender.intervals import Intervals
from recommender.performance import FORESTS, PerformanceEstimator
from recommender.portfolio import OFFSETS
from recommender.similarity import SimilarityModel

if TYPE_CHECKING:
    from recommender.model import RecommenderModel

Arrays = dict[str, NDArray[np.generic]]

ARRAYS_FILE = "recommender.safetensors"
RECORD_FILE = "recommender.json"
EMBEDDING_FOLDER = "embedding"
FORMAT = 1
_REMEDY = "train it again with `metakg embed`"


def save(model: "RecommenderModel", folder: Path) -> None:
    """Write a model; each file appears whole or not at all, the record last."""
    from safetensors.numpy import save as serialise

    folder.mkdir(parents=True, exist_ok=True)
    estimator = model.estimator
    parts: dict[str, Arrays] = {
        "space": estimator.space.arrays(),
        "scores": estimator.scores.arrays(),
        **{f"nearness{i}": process.arrays() for i, process in enumerate(estimator.nearness)},
        **{f"forest{i}": forest.arrays() for i, forest in enumerate(estimator.forests)},
        "own": {
            "features": estimator.features,
            "values": estimator.values,
            "blend": estimator.blend,
            "dataset_level": model.intervals.dataset_level,
            "pipeline_factor": model.intervals.pipeline_factor,
            "similarity": model.similarity.coefficients,
        },
    }
    if model.runtimes is not None:
        parts["runtimes"] = model.runtimes.arrays()
    data = serialise(
        {
            f"{part}.{name}": np.ascontiguousarray(array)
            for part, arrays in parts.items()
            for name, array in arrays.items()
        }
    )
    if estimator.embedding is not None:
        estimator.embedding.save(folder / EMBEDDING_FOLDER)
    record = {
        "format": FORMAT,
        "sha256": hashlib.sha256(data).hexdigest(),
        "datasets": list(model.datasets),
        "pipelines": [pipeline.canonical() for pipeline in model.pipelines],
        "features": list(estimator.space.names),
        "bounds": list(model.bounds),
        "multiplier": model.intervals.multiplier,
        "runtimes": model.runtimes is not None,
        "embedding": estimator.embedding is not None,
    }
    for name, content in ((ARRAYS_FILE, data), (RECORD_FILE, json.dumps(record, indent=1).encode())):
        partial = folder / (name + ".part")
        partial.write_bytes(content)
        partial.replace(folder / name)


def load(folder: Path) -> "RecommenderModel":
    """Read a model.

    Raises
    ------
    ModelError
        if it is missing, of another format, or damaged
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load as deserialise

    try:
        record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        data = (folder / ARRAYS_FILE).read_bytes()
    except OSError as error:
        raise ModelError(f"{folder}: no recommender can be read ({error.strerror}); {_REMEDY}") from error
    except ValueError as error:
        raise ModelError(f"{folder / RECORD_FILE} is damaged (not JSON); {_REMEDY}") from error
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ModelError(f"{folder / RECORD_FILE} is not a recommender of format {FORMAT}; {_REMEDY}")
    if record.get("sha256") != hashlib.sha256(data).hexdigest():
        raise ModelError(f"{folder / ARRAYS_FILE} is damaged (wrong checksum); {_REMEDY}")
    try:
        embedding = PerformanceModel.load(folder / EMBEDDING_FOLDER) if record["embedding"] else None
        return _assembled(record, deserialise(data), embedding)
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(f"{folder}: the recommender is damaged ({error}); {_REMEDY}") from error


def _assembled(record: dict, stored: Arrays, embedding: PerformanceModel | None) -> "RecommenderModel":
    from recommender.model import RecommenderModel

    def part(name: str) -> Arrays:
        return {
            key.removeprefix(f"{name}."): array for key, array in stored.items() if key.startswith(f"{name}.")
        }

    own = part("own")
    datasets = tuple(str(iri) for iri in record["datasets"])
    pipelines = tuple(Pipeline.from_canonical(text) for text in record["pipelines"])
    shape = (len(datasets), len(pipelines))
    if own["values"].shape != shape:
        raise ValueError("the scores do not fit the datasets and pipelines")
    estimator = PerformanceEstimator(
        space=FeatureSpace.from_arrays(record["features"], part("space")),
        features=own["features"],  # type: ignore[arg-type]
        values=own["values"],  # type: ignore[arg-type]
        scores=GaussianProcess.from_arrays(part("scores")),
        nearness=tuple(GaussianProcess.from_arrays(part(f"nearness{i}")) for i in range(len(OFFSETS))),
        forests=tuple(Forest.from_arrays(part(f"forest{i}")) for i in range(len(FORESTS))),
        blend=own["blend"],  # type: ignore[arg-type]
        embedding=embedding,
    )
    low, high = record["bounds"]
    return RecommenderModel(
        datasets=datasets,
        pipelines=pipelines,
        bounds=(float(low), float(high)),
        estimator=estimator,
        runtimes=GaussianProcess.from_arrays(part("runtimes")) if record["runtimes"] else None,
        intervals=Intervals(own["dataset_level"], own["pipeline_factor"], float(record["multiplier"])),  # type: ignore[arg-type]
        similarity=SimilarityModel(own["similarity"]),  # type: ignore[arg-type]
    )
