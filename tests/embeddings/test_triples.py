import numpy as np
import pytest

from embeddings import triples
from embeddings.nodes import Node, NodeVocabulary
from kg import iris
from kg.errors import ModelError
from kg.experience import Experience
from kg.pipeline import Pipeline, Step

MEASURE = iris.measure("one_vs_rest_balanced_accuracy")
PROCEDURE = iris.procedure("5-fold-cv")


def knn(**parameters: object) -> Pipeline:
    step = Step("estimator", "sklearn.neighbors.KNeighborsClassifier", parameters)
    return Pipeline((Step("scaler", "sklearn.preprocessing.StandardScaler"), step))


@pytest.fixture(scope="module")
def built(oboe_experience: Experience) -> triples.PerformanceTriples:
    return triples.from_experience(oboe_experience, MEASURE, PROCEDURE)


def test_thermometer_nodes_are_shared_by_close_values() -> None:
    vocabulary = NodeVocabulary.fit([knn(n_neighbors=3), knn(n_neighbors=7), knn(n_neighbors=15, p=1), knn()])
    key = "sklearn.neighbors.KNeighborsClassifier.n_neighbors"
    limits = [node.label for node in vocabulary.nodes_of(knn(n_neighbors=9)) if node.kind == "at least"]
    assert limits == [f"{key}>=3", f"{key}>=7"]
    assert Node("default", key) in vocabulary.nodes_of(knn())
    assert Node("default", key) not in vocabulary.nodes_of(knn(n_neighbors=3))


def test_values_that_are_not_numbers_are_categories() -> None:
    vocabulary = NodeVocabulary.fit([knn(weights="distance"), knn(weights="uniform")])
    labels = [node.label for node in vocabulary.nodes_of(knn(weights="distance")) if node.kind == "value"]
    assert labels == ["sklearn.neighbors.KNeighborsClassifier.weights=distance"]
    booleans = NodeVocabulary.fit([knn(flag=True), knn(flag=False)])
    assert not any(node.kind == "at least" for node in booleans.nodes)


def test_a_parameter_that_mixes_text_and_numbers_keeps_both() -> None:
    vocabulary = NodeVocabulary.fit([knn(gamma="scale"), knn(gamma=0.5)])
    kinds = {node.kind for node in vocabulary.nodes if ".gamma" in node.label}
    assert kinds == {"value", "at least"}


def test_vocabulary_leaves_out_unknown_nodes_and_survives_json() -> None:
    vocabulary = NodeVocabulary.fit([knn(n_neighbors=3), knn()], families={knn().steps[-1].component: "lazy"})
    assert NodeVocabulary.from_json(vocabulary.to_json()) == vocabulary
    assert Node("family", "lazy") in vocabulary.nodes
    other = Pipeline((Step("estimator", "sklearn.naive_bayes.GaussianNB"),))
    assert vocabulary.encode([other]) == [[]]


def test_every_run_is_a_triple_with_its_value(
    oboe_experience: Experience, built: triples.PerformanceTriples
) -> None:
    datasets, pipelines, values = oboe_experience.matrix(MEASURE, PROCEDURE)
    ids = built.factory.entity_to_id
    measured = np.flatnonzero(~np.isnan(built.targets))
    assert len(measured) == np.isfinite(values).sum()
    by_pair = {
        (int(h), int(t)): y
        for (h, _, t), y in zip(built.factory.mapped_triples[measured], built.targets[measured], strict=True)
    }
    assert by_pair[ids[datasets[7]], ids[pipelines[5]]] == pytest.approx(values[7, 5], abs=1e-6)
    assert set(built.factory.mapped_triples[measured, 1].tolist()) == {0}


def test_structure_links_pipelines_to_nodes_and_tasks_to_datasets(
    oboe_experience: Experience, built: triples.PerformanceTriples
) -> None:
    _, columns, _ = oboe_experience.matrix(MEASURE, PROCEDURE)
    pipelines = [oboe_experience.pipeline_objects[iri] for iri in columns]
    assert built.pipeline_nodes() == NodeVocabulary.fit(pipelines).encode(pipelines)
    labels = built.factory.relation_to_id
    defined = built.factory.mapped_triples[:, 1] == labels[triples.DEFINED_ON]
    assert int(defined.sum()) == built.n_datasets


def test_literals_are_standardised_qualities_and_missing_ones_are_marked(
    oboe_experience: Experience, built: triples.PerformanceTriples
) -> None:
    _, names, _ = oboe_experience.quality_table()
    assert list(built.factory.literals_to_id) == names
    literals = built.factory.numeric_literals[: built.n_datasets]
    assert np.allclose(literals.mean(axis=0), 0, atol=1e-5)
    assert built.known[: built.n_datasets].all()
    assert not built.known[built.n_datasets :].any()
    holed = triples.standardised(np.array([[1.0, 5.0], [np.nan, 5.0], [3.0, np.inf]]))
    assert np.allclose(holed, [[-1, 0], [np.nan, 0], [1, np.nan]], equal_nan=True)


def test_keys_and_iris_name_the_same_triples(
    oboe_experience: Experience, built: triples.PerformanceTriples
) -> None:
    by_key = triples.from_experience(oboe_experience, "one_vs_rest_balanced_accuracy", "5-fold-cv")
    assert by_key.factory.entity_to_id == built.factory.entity_to_id
    assert by_key.factory.relation_to_id == built.factory.relation_to_id
    assert by_key.factory.mapped_triples.equal(built.factory.mapped_triples)


def test_what_was_not_measured_is_refused_with_what_was(oboe_experience: Experience) -> None:
    with pytest.raises(ModelError, match=f"measure/roc_auc under .*measured: .*{MEASURE} under {PROCEDURE}"):
        triples.from_experience(oboe_experience, "roc_auc", "5-fold-cv")


def test_best_keeps_the_best_share_of_each_dataset(built: triples.PerformanceTriples) -> None:
    plain = built.structure()
    best = built.structure(best=0.1)
    assert best.num_triples - plain.num_triples == built.n_datasets * 4  # a tenth of 32, rounded up
    kept = {(h, t) for h, r, t in best.mapped_triples.tolist() if r == 0}
    rows = np.flatnonzero(built.factory.mapped_triples[:, 0].numpy() == 3)
    rows = rows[~np.isnan(built.targets[rows])]
    top = rows[built.targets[rows].argmax()]
    assert (3, int(built.factory.mapped_triples[top, 2])) in kept


def test_a_stock_pykeen_model_trains_on_the_triples(built: triples.PerformanceTriples) -> None:
    from pykeen.models import DistMult
    from pykeen.training import SLCWATrainingLoop

    factory = built.structure(best=0.1)
    model = DistMult(triples_factory=factory, embedding_dim=8, random_seed=0)
    before = model.entity_representations[0](indices=None).detach().clone()
    loop = SLCWATrainingLoop(model=model, triples_factory=factory)
    losses = loop.train(factory, num_epochs=3, batch_size=256, use_tqdm=False)
    assert losses is not None
    assert losses[-1] < losses[0]
    assert not np.allclose(before, model.entity_representations[0](indices=None).detach())


def test_a_stock_literal_model_reads_the_numeric_literals(built: triples.PerformanceTriples) -> None:
    from pykeen.models import DistMultLiteral
    from pykeen.training import SLCWATrainingLoop

    factory = built.structure(best=0.1)
    model = DistMultLiteral(triples_factory=factory, embedding_dim=8, random_seed=0)
    losses = SLCWATrainingLoop(model=model, triples_factory=factory).train(
        factory, num_epochs=1, batch_size=256, use_tqdm=False
    )
    assert losses is not None
    assert np.isfinite(losses[0])
