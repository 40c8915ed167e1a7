"""A PyKEEN model whose score is the performance of a pipeline on a dataset.

A dataset's vector is computed from its meta-features, so a dataset that was never in the graph has one without
retraining; a pipeline's vector is the sum of its nodes' vectors, so a pipeline that was never run has one too.
Training needs PyKEEN (:mod:`embeddings.training`); a trained model is plain arrays, and loading, encoding and
predicting need numpy alone.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeddings.nodes import NodeVocabulary
from embeddings.scaling import FeatureScaler
from kg.errors import ModelError
from kg.pipeline import Pipeline

Floats = NDArray[np.float64]

ARRAYS_FILE = "performance.safetensors"
RECORD_FILE = "performance.json"
FORMAT = 1
_SCALER = "scaler."


@dataclass(frozen=True)
class Provenance:
    """What a model was trained from and how: written beside its arrays.

    Attributes
    ----------
    measure, procedure : IRIs of what is predicted
    store_version : version of the experience it was trained on
    datasets, pipelines : IRIs of the rows and columns of the training matrix
    feature_names : the columns that :meth:`PerformanceModel.encode` expects
    seed, epochs, dim, members : of the fit
    mean, deviation : of the training scores; the model's raw score is in these units
    losses : mean loss over members, by epoch
    pykeen_version : that trained it
    """

    measure: str
    procedure: str
    store_version: str
    datasets: tuple[str, ...]
    pipelines: tuple[str, ...]
    feature_names: tuple[str, ...]
    seed: int
    epochs: int
    dim: int
    members: int
    mean: float
    deviation: float
    losses: tuple[float, ...]
    pykeen_version: str


@dataclass(frozen=True)
class PerformanceModel:
    """Vectors of datasets and pipelines whose product is a predicted score.

    The mean of several members (fits from different seeds) is the product of their concatenated vectors, so an ensemble
    is one set of vectors of ``width = members · dim + 1`` coordinates, of which the last is a bias.

    Attributes
    ----------
    provenance : what it was trained from
    vocabulary : the nodes of its pipelines
    scaler : meta-features to encoder input
    weights : the members' arrays (:class:`embeddings.training.Weights`), stacked along the first axis
    """

    provenance: Provenance
    vocabulary: NodeVocabulary
    scaler: FeatureScaler
    weights: Mapping[str, Floats]

    @classmethod
    def fit(
        cls,
        features: NDArray[np.floating],
        values: NDArray[np.floating],
        pipelines: Sequence[Pipeline],
        *,
        datasets: Sequence[str] = (),
        feature_names: Sequence[str] = (),
        measure: str = "",
        procedure: str = "",
        store_version: str = "",
        families: Mapping[str, str] | None = None,
        dim: int = 16,
        epochs: int = 25,
        members: int = 2,
        seed: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> "PerformanceModel":
        """Train on a score matrix.

        Parameters
        ----------
        features : (n_datasets, n_features) meta-features, NaN where missing
        values : (n_datasets, n_pipelines) scores, NaN where nothing was measured
        pipelines : the columns of `values`
        datasets, feature_names : labels of rows and of feature columns; numbered when left out
        families : optional algorithm family per component, an additional node of its pipelines
        dim, epochs : size of a member's vectors, passes over the scores
        members : number of fits whose mean is the model
        seed : the same seed, data and machine give the same model
        progress : called as ``progress(done, total)`` after each epoch

        Raises
        ------
        ModelError
            if the shapes disagree or there are fewer than two datasets, two pipelines or two different scores
        """
        import pykeen.version

        from embeddings.network import TrainingOptions
        from embeddings.training import train
        from embeddings.triples import performance_triples

        features, values = np.asarray(features, dtype=float), np.asarray(values, dtype=float)
        _check_shapes(features, values, pipelines, datasets, feature_names)
        mean, deviation = float(np.nanmean(values)), float(np.nanstd(values))
        scaler = FeatureScaler.fit(features)
        vocabulary = NodeVocabulary.fit(pipelines, families=families)
        triples = performance_triples(
            (values - mean) / deviation,
            scaler.transform(features),
            pipelines,
            vocabulary,
            relation=measure or "performance",
            datasets=datasets or None,
        )
        options = replace(TrainingOptions(), dim=dim, epochs=epochs)
        done = 0

        def report() -> None:
            nonlocal done
            done += 1
            if progress is not None:
                progress(done, epochs * members)

        fits = [train(triples, options, seed=seed * members + i, report=report) for i in range(members)]
        weights = {
            name: np.stack([fit.arrays[name] for fit in fits]).astype(float) for name in fits[0].arrays
        }
        provenance = Provenance(
            measure=measure,
            procedure=procedure,
            store_version=store_version,
            datasets=tuple(datasets) or tuple(str(i) for i in range(len(values))),
            pipelines=tuple(pipeline.iri for pipeline in pipelines),
            feature_names=tuple(feature_names) or tuple(str(i) for i in range(features.shape[1])),
            seed=seed,
            epochs=epochs,
            dim=dim,
            members=members,
            mean=mean,
            deviation=deviation,
            losses=tuple(float(x) for x in np.mean([fit.losses for fit in fits], axis=0)),
            pykeen_version=pykeen.version.get_version(),
        )
        return cls(provenance, vocabulary, scaler, weights)

    @property
    def dataset_vectors(self) -> Floats:
        """(n_datasets, width) vectors of the training datasets, with what only their own runs tell."""
        return _joined(self.weights["datasets"])

    @property
    def pipeline_vectors(self) -> Floats:
        """(n_pipelines, width) vectors of the training pipelines."""
        return self._with_bias(_joined(self.weights["pipelines"]))

    def encode(self, features: NDArray[np.floating]) -> Floats:
        """Vectors (m, width) of any datasets from their meta-features (m, n_features), NaN where missing."""
        features = np.atleast_2d(np.asarray(features, dtype=float))
        if features.shape[1] != self.scaler.n_features:
            raise ModelError(
                f"the model expects {self.scaler.n_features} meta-features, got {features.shape[1]}; "
                f"give them in the order of its feature names"
            )
        inputs = self.scaler.transform(features)
        w = self.weights
        hidden = np.einsum("mi,khi->kmh", inputs, w["encoder_0"]) + w["encoder_0_bias"][:, None]
        output = np.einsum("kmh,kdh->kmd", _gelu(hidden), w["encoder_1"]) + w["encoder_1_bias"][:, None]
        return _joined(output)

    def encode_pipelines(self, pipelines: Sequence[Pipeline]) -> Floats:
        """Vectors (n, width) of any pipelines, summed over the nodes that training has met."""
        nodes = self.weights["nodes"]
        sums = np.zeros((len(nodes), len(pipelines), nodes.shape[2]))
        for j, ids in enumerate(self.vocabulary.encode(pipelines)):
            sums[:, j] = nodes[:, ids].sum(axis=1)
        return self._with_bias(_joined(sums))

    def score(self, datasets: Floats, pipelines: Floats) -> Floats:
        """Scores (m, n), in units of the measure, of dataset vectors (m, width) and pipeline vectors (n, width)."""
        raw = datasets[:, :-1] @ pipelines[:, :-1].T + datasets[:, -1:] + pipelines[:, -1]
        return self.provenance.mean + self.provenance.deviation * raw

    def predict(self, features: NDArray[np.floating]) -> Floats:
        """Scores (m, n_pipelines) of the training pipelines on datasets given by their meta-features."""
        return self.score(self.encode(features), self.pipeline_vectors)

    def predict_pipelines(self, features: NDArray[np.floating], pipelines: Sequence[Pipeline]) -> Floats:
        """Scores (m, n) of any pipelines, also ones never run, on datasets given by their meta-features."""
        return self.score(self.encode(features), self.encode_pipelines(pipelines))

    def save(self, folder: str | Path) -> None:
        """Write the arrays (safetensors) and the record (JSON, with the arrays' checksum) into `folder`."""
        from safetensors.numpy import save

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {**self.weights, **{_SCALER + k: v for k, v in self.scaler.arrays().items()}}
        data = save({name: np.ascontiguousarray(array) for name, array in arrays.items()})
        record = {
            "format": FORMAT,
            "sha256": hashlib.sha256(data).hexdigest(),
            "provenance": asdict(self.provenance),
            "vocabulary": self.vocabulary.to_json(),
        }
        text = json.dumps(record, indent=1, ensure_ascii=False).encode()
        for name, content in ((ARRAYS_FILE, data), (RECORD_FILE, text)):
            partial = folder / (name + ".part")
            partial.write_bytes(content)
            partial.replace(folder / name)

    @classmethod
    def load(cls, folder: str | Path) -> "PerformanceModel":
        """Read a saved model.

        Raises
        ------
        ModelError
            if it is missing, of another format, or damaged
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        folder = Path(folder)
        remedy = "train it again with `metakg embed`"
        try:
            record = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
            data = (folder / ARRAYS_FILE).read_bytes()
        except OSError as error:
            raise ModelError(
                f"{folder}: no performance model can be read ({error.strerror}); {remedy}"
            ) from error
        except ValueError as error:
            raise ModelError(f"{folder / RECORD_FILE} is damaged (not JSON); {remedy}") from error
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise ModelError(
                f"{folder / RECORD_FILE} is not a performance model of format {FORMAT}; {remedy}"
            )
        if record.get("sha256") != hashlib.sha256(data).hexdigest():
            raise ModelError(f"{folder / ARRAYS_FILE} is damaged (wrong checksum); {remedy}")
        try:
            arrays = load(data)
            scaler = FeatureScaler(**{f.name: arrays.pop(_SCALER + f.name) for f in fields(FeatureScaler)})
            stated: dict[str, Any] = record["provenance"]
            lists = {key: tuple(value) for key, value in stated.items() if isinstance(value, list)}
            provenance = Provenance(**{**stated, **lists})
            model = cls(provenance, NodeVocabulary.from_json(record["vocabulary"]), scaler, arrays)
            model._check()
        except (SafetensorError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"{folder}: the performance model is damaged ({error}); {remedy}") from error
        return model

    def _check(self) -> None:
        p, w = self.provenance, self.weights
        expected = {
            "datasets": (p.members, len(p.datasets), p.dim + 1),
            "pipelines": (p.members, len(p.pipelines), p.dim + 1),
            "nodes": (p.members, len(self.vocabulary.nodes), p.dim + 1),
            "bias": (p.members, 1),
        }
        for name, shape in expected.items():
            if w[name].shape != shape:
                raise ValueError(f"array {name} has shape {w[name].shape}, its record says {shape}")
        if len(p.feature_names) != self.scaler.n_features:
            raise ValueError(f"{len(p.feature_names)} feature names for {self.scaler.n_features} features")

    def _with_bias(self, vectors: Floats) -> Floats:
        vectors[:, -1] += self.weights["bias"].mean()
        return vectors


def _joined(vectors: Floats) -> Floats:
    """Members' vectors (k, n, dim + 1) side by side, (n, k · dim + 1), such that products become means over members."""
    k, n, width = vectors.shape
    coordinates = vectors[:, :, :-1].transpose(1, 0, 2).reshape(n, k * (width - 1)) / np.sqrt(k)
    return np.column_stack([coordinates, vectors[:, :, -1].mean(axis=0)])


def _gelu(x: Floats) -> Floats:
    """Gaussian error linear unit in the tanh form of Hendrycks and Gimpel (2016), as the encoder is trained with."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _check_shapes(
    features: NDArray[np.floating],
    values: NDArray[np.floating],
    pipelines: Sequence[Pipeline],
    datasets: Sequence[str],
    feature_names: Sequence[str],
) -> None:
    if values.ndim != 2 or features.ndim != 2 or len(features) != len(values):
        raise ModelError(
            f"features {features.shape} and scores {values.shape} must have one row per dataset each"
        )
    for name, given, expected in (
        ("pipelines", len(pipelines), values.shape[1]),
        ("datasets", len(datasets), len(values) if datasets else 0),
        ("feature names", len(feature_names), features.shape[1] if feature_names else 0),
    ):
        if given != expected:
            raise ModelError(f"{given} {name} were given for {expected} in the data; give one for each")
    scores = values[~np.isnan(values)]
    if min(values.shape) < 2 or not scores.size or scores.min() == scores.max():
        raise ModelError(
            "a performance model needs scores of at least two datasets and two pipelines, and not all alike; "
            "ingest more experiments"
        )
