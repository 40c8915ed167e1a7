import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from embeddings.performance import ARRAYS_FILE, RECORD_FILE, PerformanceModel
from embeddings.scaling import FeatureScaler
from kg.errors import ModelError
from kg.experience import Experience
from kg.pipeline import Pipeline

HELD_OUT = 20
N_LANDMARKS = 4


class Slice:
    """Landmark scores and sizes as features, the other pipelines as targets, the last datasets held out."""

    def __init__(self, experience: Experience) -> None:
        self.datasets, columns, values = experience.matrix("one_vs_rest_balanced_accuracy", "5-fold-cv")
        with_qualities, _, qualities = experience.quality_table()
        assert with_qualities == self.datasets
        step = len(columns) // N_LANDMARKS
        landmarks = list(range(0, len(columns), step))[:N_LANDMARKS]
        others = [j for j in range(len(columns)) if j not in landmarks]
        self.features = np.hstack([values[:, landmarks], qualities])
        self.values = values[:, others]
        self.pipelines: list[Pipeline] = [experience.pipeline_objects[columns[j]] for j in others]
        self.train = np.arange(len(values) - HELD_OUT)
        self.test = np.arange(len(values) - HELD_OUT, len(values))

    def fit(self, columns: slice = slice(None), **options: object) -> PerformanceModel:
        settings = {"epochs": 20, "members": 2, "dim": 8, **options}
        return PerformanceModel.fit(
            self.features[self.train],
            self.values[self.train][:, columns],
            self.pipelines[columns],
            datasets=[self.datasets[i] for i in self.train],
            measure="one_vs_rest_balanced_accuracy",
            store_version="7",
            **settings,  # type: ignore[arg-type]
        )


@pytest.fixture(scope="module")
def data(oboe_experience: Experience) -> Slice:
    return Slice(oboe_experience)


@pytest.fixture(scope="module")
def model(data: Slice) -> PerformanceModel:
    return data.fit()


def mse(predicted: np.ndarray, measured: np.ndarray) -> float:
    return float(((predicted - measured) ** 2).mean())


def test_unseen_datasets_are_predicted_better_than_by_the_mean(data: Slice, model: PerformanceModel) -> None:
    measured = data.values[data.test]
    of_mean = mse(data.values[data.train].mean(axis=0), measured)
    assert mse(model.predict(data.features[data.test]), measured) < of_mean / 2


def test_unseen_pipelines_are_predicted_better_than_by_the_mean(data: Slice) -> None:
    rng = np.random.default_rng(3)
    order = rng.permutation(len(data.pipelines))
    seen, unseen = order[6:], order[:6]
    model = PerformanceModel.fit(
        data.features[data.train],
        data.values[np.ix_(data.train, seen)],
        [data.pipelines[j] for j in seen],
        epochs=20,
        members=1,
    )
    new = [data.pipelines[j] for j in unseen]
    mean = data.values[np.ix_(data.train, seen)].mean()
    measured = data.values[np.ix_(data.test, unseen)]
    assert mse(model.predict_pipelines(data.features[data.test], new), measured) < mse(mean, measured)
    of_known_datasets = model.score(model.dataset_vectors, model.encode_pipelines(new))
    measured = data.values[np.ix_(data.train, unseen)]
    assert mse(of_known_datasets, measured) < 0.6 * mse(mean, measured)


def test_vectors_reproduce_the_prediction_and_have_the_stated_width(
    data: Slice, model: PerformanceModel
) -> None:
    width = model.provenance.members * model.provenance.dim + 1
    vectors = model.encode(data.features[data.test])
    assert vectors.shape == (HELD_OUT, width)
    assert model.dataset_vectors.shape == (len(data.train), width)
    assert model.pipeline_vectors.shape == (len(data.pipelines), width)
    assert np.allclose(
        model.score(vectors, model.pipeline_vectors), model.predict(data.features[data.test]), atol=1e-12
    )


def test_reading_vectors_does_not_change_them(model: PerformanceModel) -> None:
    assert np.array_equal(model.pipeline_vectors, model.pipeline_vectors)


def test_vectors_of_seen_datasets_hold_what_their_runs_tell(data: Slice, model: PerformanceModel) -> None:
    seen = data.values[data.train]
    with_free_part = model.score(model.dataset_vectors, model.pipeline_vectors)
    assert mse(with_free_part, seen) < mse(model.predict(data.features[data.train]), seen)


def test_numpy_computes_what_the_trained_torch_network_computes(data: Slice) -> None:
    import torch

    from embeddings.network import TrainingOptions, build_network
    from embeddings.nodes import NodeVocabulary
    from embeddings.training import fit_network, read_weights
    from embeddings.triples import performance_triples

    features, values = data.features[data.train], data.values[data.train]
    scaler, vocabulary = FeatureScaler.fit(features), NodeVocabulary.fit(data.pipelines)
    triples = performance_triples(
        (values - values.mean()) / values.std(), scaler.transform(features), data.pipelines, vocabulary
    )
    options = TrainingOptions(dim=8, epochs=3)
    network = build_network(triples, options, seed=0)
    fit_network(network, triples, options)
    arrays = {name: array[None].astype(float) for name, array in read_weights(network, triples).items()}
    base = data.fit(members=1)
    model = PerformanceModel(base.provenance, vocabulary, scaler, arrays)

    network.model.eval()
    unseen = data.features[data.test]
    with torch.no_grad():
        inputs = torch.tensor(scaler.transform(unseen), dtype=torch.float32)
        heads = network.encoder(inputs)
        entities = network.entities(indices=None)
        tails = entities[triples.n_datasets : triples.n_datasets + triples.n_pipelines]
        relation = network.relation(indices=None)[0]
        expected = network.interaction(heads[:, None], relation, tails[None]).numpy()
        known = network.model.score_hrt(triples.factory.mapped_triples[:50]).numpy()[:, 0]
    assert np.allclose(model.encode(unseen), heads, atol=1e-4)
    p = model.provenance
    assert np.allclose((model.predict(unseen) - p.mean) / p.deviation, expected, atol=1e-4)
    mine = (model.score(model.dataset_vectors, model.pipeline_vectors) - p.mean) / p.deviation
    pairs = triples.factory.mapped_triples[:50].numpy()
    assert np.allclose(mine[pairs[:, 0], pairs[:, 2] - triples.n_datasets], known, atol=1e-4)


def test_same_seed_same_model_other_seed_other_model(data: Slice) -> None:
    small = slice(0, 8)
    first, again, other = (data.fit(small, epochs=3, members=1, seed=seed) for seed in (1, 1, 2))
    for name, array in first.weights.items():
        assert np.array_equal(array, again.weights[name]), name
    assert first.provenance == again.provenance
    assert not np.allclose(first.pipeline_vectors, other.pipeline_vectors)


def test_training_leaves_torch_as_it_was(data: Slice) -> None:
    import torch

    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    threads = torch.get_num_threads()
    data.fit(slice(0, 8), epochs=1, members=1)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


def test_saved_and_loaded_model_predicts_identically(
    data: Slice, model: PerformanceModel, tmp_path: Path
) -> None:
    model.save(tmp_path / "models")
    loaded = PerformanceModel.load(tmp_path / "models")
    unseen = data.features[data.test]
    assert np.array_equal(loaded.predict(unseen), model.predict(unseen))
    assert np.array_equal(
        loaded.predict_pipelines(unseen, data.pipelines), model.predict_pipelines(unseen, data.pipelines)
    )
    assert loaded.provenance == model.provenance
    assert loaded.vocabulary == model.vocabulary
    assert loaded.provenance.store_version == "7"
    assert loaded.provenance.losses[-1] < loaded.provenance.losses[0]
    assert sorted(path.name for path in (tmp_path / "models").iterdir()) == [RECORD_FILE, ARRAYS_FILE]


def remove_all(folder: Path) -> None:
    (folder / RECORD_FILE).unlink()
    (folder / ARRAYS_FILE).unlink()


def flip_a_byte(folder: Path) -> None:
    data = bytearray((folder / ARRAYS_FILE).read_bytes())
    data[-5] ^= 1
    (folder / ARRAYS_FILE).write_bytes(bytes(data))


def cut_the_arrays(folder: Path) -> None:
    data = (folder / ARRAYS_FILE).read_bytes()
    (folder / ARRAYS_FILE).write_bytes(data[: len(data) // 2])


def cut_the_record(folder: Path) -> None:
    data = (folder / RECORD_FILE).read_bytes()
    (folder / RECORD_FILE).write_bytes(data[: len(data) // 2])


def garble_the_record(folder: Path) -> None:
    (folder / RECORD_FILE).write_bytes(b"\xff\xfe\x00")


def change_record(folder: Path, section: str, key: str, value: object) -> None:
    record = json.loads((folder / RECORD_FILE).read_text())
    (record[section] if section else record)[key] = value
    (folder / RECORD_FILE).write_text(json.dumps(record))


@pytest.mark.parametrize(
    "damage",
    [
        remove_all,
        flip_a_byte,
        cut_the_arrays,
        cut_the_record,
        garble_the_record,
        lambda folder: (folder / ARRAYS_FILE).unlink(),
        lambda folder: (folder / RECORD_FILE).write_text("[]"),
        lambda folder: change_record(folder, "", "format", 99),
        lambda folder: change_record(folder, "provenance", "dim", 5),
        lambda folder: change_record(folder, "provenance", "pipelines", ["a"]),
        lambda folder: change_record(folder, "provenance", "feature_names", ["a"]),
        lambda folder: change_record(folder, "provenance", "surprise", 1),
        lambda folder: change_record(folder, "vocabulary", "nodes", [["component"]]),
        lambda folder: change_record(folder, "", "vocabulary", None),
        lambda folder: change_record(folder, "", "provenance", "text"),
    ],
)
def test_a_damaged_model_is_refused_with_the_place_and_the_remedy(
    model: PerformanceModel, tmp_path: Path, damage
) -> None:
    model.save(tmp_path)
    damage(tmp_path)
    with pytest.raises(ModelError) as caught:
        PerformanceModel.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "metakg embed" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_infinite_features_are_imputed_from_training(data: Slice) -> None:
    rng = np.random.default_rng(0)
    features = np.where(rng.random(data.features.shape) < 0.2, np.nan, data.features)
    features[:, -1] = np.nan
    features[3, 0] = np.inf
    model = PerformanceModel.fit(
        features[data.train], data.values[data.train], data.pipelines, epochs=20, members=1
    )
    predicted = model.predict(features[data.test])
    assert np.isfinite(predicted).all()
    measured = data.values[data.test]
    assert mse(predicted, measured) < mse(data.values[data.train].mean(axis=0), measured)
    nothing_known = model.predict(np.full((1, features.shape[1]), np.nan))
    assert np.isfinite(nothing_known).all()
    assert np.array_equal(model.predict(np.full((1, features.shape[1]), -np.inf)), nothing_known), (
        "infinite counts as missing"
    )


def test_sparse_scores_are_learnt_from(data: Slice) -> None:
    rng = np.random.default_rng(1)
    values = np.where(rng.random(data.values.shape) < 0.15, data.values, np.nan)[data.train]
    model = PerformanceModel.fit(data.features[data.train], values, data.pipelines, epochs=20, members=1)
    measured = data.values[data.test]
    assert mse(model.predict(data.features[data.test]), measured) < mse(np.nanmean(values), measured) / 2


def test_scaler_is_bounded_and_ignores_test_rows(data: Slice) -> None:
    scaler = FeatureScaler.fit(data.features[data.train])
    wild = data.features[data.test] * 1e6
    together = scaler.transform(np.vstack([data.features[data.test], wild]))
    assert np.allclose(together[:HELD_OUT], scaler.transform(data.features[data.test]), atol=1e-12)
    assert np.abs(together).max() < 50


def test_progress_counts_epochs_of_all_members(data: Slice) -> None:
    seen: list[tuple[int, int]] = []
    data.fit(slice(0, 8), epochs=2, members=2, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_what_cannot_be_learnt_from_is_refused(data: Slice, model: PerformanceModel) -> None:
    features, values = data.features[:5], data.values[:5, :3]
    pipelines = data.pipelines[:3]
    with pytest.raises(ModelError, match="one row per dataset"):
        PerformanceModel.fit(features[:4], values, pipelines)
    with pytest.raises(ModelError, match="2 pipelines were given for 3"):
        PerformanceModel.fit(features, values, pipelines[:2])
    with pytest.raises(ModelError, match="1 feature names were given"):
        PerformanceModel.fit(features, values, pipelines, feature_names=["a"])
    with pytest.raises(ModelError, match="not all alike"):
        PerformanceModel.fit(features, np.full_like(values, 0.5), pipelines)
    with pytest.raises(ModelError, match="not all alike"):
        PerformanceModel.fit(features, np.full_like(values, np.nan), pipelines)
    with pytest.raises(ModelError, match="expects 6 meta-features, got 2"):
        model.encode(np.zeros((1, 2)))


def test_loading_and_predicting_import_neither_torch_nor_pykeen(
    model: PerformanceModel, tmp_path: Path
) -> None:
    model.save(tmp_path)
    code = (
        "import sys, numpy as np\n"
        "from embeddings.performance import PerformanceModel\n"
        "m = PerformanceModel.load(sys.argv[1])\n"
        "m.predict(np.zeros((1, len(m.provenance.feature_names))))\n"
        "heavy = {'torch', 'pykeen', 'pandas', 'sklearn', 'scipy', 'polars'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_few_scores_and_few_epochs_are_enough_to_train(data: Slice, epochs: int) -> None:
    few = data.fit(slice(0, 2), epochs=epochs, members=1)
    assert np.isfinite(few.predict(data.features[data.test])).all()
