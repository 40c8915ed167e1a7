"""The terms: each of ours is documented, each reused one exists where it comes from, and the code uses no other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rdflib import OWL, RDF, RDFS, SH, SKOS, Graph, URIRef

import ontology
from kg import mlsea, vocabulary
from kg.measures import MEASURES
from kg.pipeline import SLOTS
from ontology import NAMESPACE

MLSO_FOLDER = Path(__file__).parents[2].parent / "shared" / "data" / "mlso"
MLSO = "http://w3id.org/mlso/"
MLS = "http://www.w3.org/ns/mls#"
OURS = URIRef("https://w3id.org/metakg/ontology")
MEASURE = "https://w3id.org/metakg/measure/"


@pytest.fixture(scope="module")
def terms() -> Graph:
    return ontology.load()


def iris_below(graph: Graph, namespace: str) -> set[str]:
    return {str(term) for triple in graph for term in triple if str(term).startswith(namespace)}


def described(graph: Graph) -> list[URIRef]:
    """Everything below our namespaces that the files describe, schemes and single concepts included."""
    own = {s for s in graph.subjects() if str(s).startswith("https://w3id.org/metakg/") and s != OURS}
    return sorted(URIRef(str(s)) for s in own)


def test_every_own_term_is_documented(terms: Graph) -> None:
    undocumented = [
        (term, missing)
        for term in described(terms)
        for missing, properties in {
            "label": (RDFS.label,),
            "comment": (RDFS.comment, SKOS.definition),
            "isDefinedBy": (RDFS.isDefinedBy,),
        }.items()
        if not any((term, each, None) in terms for each in properties)
    ]
    assert undocumented == []
    assert len(described(terms)) > 80


def test_every_own_term_that_is_used_is_defined(terms: Graph) -> None:
    used = iris_below(terms, NAMESPACE) | iris_below(ontology.shapes(), NAMESPACE)
    context = ontology.context()["@context"]
    values = [
        value["@id"] if isinstance(value, dict) else value for value in context.values() if value != 1.1
    ]
    used |= {NAMESPACE + value.removeprefix("mkg:") for value in values if value.startswith("mkg:")}
    used.discard(NAMESPACE)
    assert {term for term in used if (URIRef(term), RDF.type, None) not in terms} == set()


def test_terms_of_the_code_are_defined(terms: Graph) -> None:
    missing = [
        name for name in vocabulary.OWN_TERMS if (URIRef(NAMESPACE + name), RDF.type, None) not in terms
    ]
    assert missing == []
    assert vocabulary.MKG == NAMESPACE


def test_header(terms: Graph) -> None:
    assert (OURS, OWL.imports, URIRef("http://w3id.org/mlso")) in terms
    assert terms.value(OURS, OWL.versionInfo) is not None
    assert terms.value(OURS, URIRef("http://purl.org/dc/terms/license")) is not None


def test_reused_terms_are_in_mlso(terms: Graph) -> None:
    if not MLSO_FOLDER.is_dir():
        pytest.skip(f"the MLSO files are not at {MLSO_FOLDER}")
    published = Graph()
    for file in MLSO_FOLDER.glob("*.ttl"):
        published.parse(file)
    known = {str(subject) for subject in published.subjects()}
    everywhere = terms + ontology.shapes()
    reused = iris_below(everywhere, MLSO) | iris_below(everywhere, MLS)
    assert len([term for term in reused if term.startswith(MLSO + "vocab/ml_algorithm/")]) >= 15
    assert reused - known == set()


def test_reused_terms_name_their_vocabulary(terms: Graph) -> None:
    reused = {s for s in terms.subjects(RDF.type) if not str(s).startswith("https://w3id.org/metakg/")}
    assert {term for term in reused if (term, RDFS.isDefinedBy, None) not in terms} == set()
    for term in reused:
        vocabulary_of_term = str(terms.value(term, RDFS.isDefinedBy))
        assert str(term).startswith(vocabulary_of_term), term


def test_measures_agree_with_the_code(terms: Graph) -> None:
    scheme = URIRef("https://w3id.org/metakg/measure")
    keys = {str(terms.value(s, SKOS.notation)) for s in terms.subjects(SKOS.inScheme, scheme)}
    assert keys == set(MEASURES)
    for key, measure in MEASURES.items():
        concept = URIRef(MEASURE + key)
        assert str(concept) == measure.iri
        assert str(terms.value(concept, URIRef(NAMESPACE + "direction"))) == measure.direction
        for bound, name in ((measure.low, "minimum"), (measure.high, "maximum")):
            stated = terms.value(concept, URIRef(NAMESPACE + name))
            assert (None if stated is None else float(str(stated))) == bound, (key, name)


def test_slots_are_in_the_order_of_the_code(terms: Graph) -> None:
    scheme = URIRef("https://w3id.org/metakg/slot")
    position = URIRef(NAMESPACE + "position")
    slots = sorted(terms.subjects(SKOS.inScheme, scheme), key=lambda s: int(str(terms.value(s, position))))
    assert tuple(str(terms.value(s, SKOS.notation)) for s in slots) == SLOTS


def test_context_and_shapes_know_every_measure() -> None:
    context, shapes = ontology.context()["@context"], ontology.shapes()
    for key, measure in MEASURES.items():
        assert context[key]["@id"] == f"measure:{key}"
        assert (None, SH.path, URIRef(measure.iri)) in shapes


def test_context_expands_a_run(terms: Graph) -> None:
    document = {
        **ontology.context(),
        "id": "https://w3id.org/metakg/run/oboe/31/88d8fc3b9da9c5a1",
        "type": "Run",
        "achieves": {
            "id": "https://w3id.org/metakg/task/openml-31/5-fold-cv",
            "type": "Task",
            "definedOn": "openml:dataset/31",
            "taskType": "classification",
        },
        "balanced_accuracy": 0.67,
        "trainingSize": 800,
    }
    graph = Graph().parse(data=json.dumps(document), format="json-ld")
    answer = graph.query(
        """
        PREFIX mls: <http://www.w3.org/ns/mls#> PREFIX mkg: <https://w3id.org/metakg/ontology#>
        PREFIX measure: <https://w3id.org/metakg/measure/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
        ASK {
          ?run a mls:Run ; mls:achieves ?task ; measure:balanced_accuracy ?value ; mkg:trainingSize 800 .
          ?task a mls:Task ; mkg:taskType "classification" ;
                mls:definedOn <http://w3id.org/mlsea/openml/dataset/31> .
          FILTER(datatype(?value) = xsd:double)
        }
        """
    )
    assert answer.askAnswer
    assert {str(p) for p in graph.predicates()} <= {str(s) for s in terms.subjects()} | {str(RDF.type)}


@pytest.mark.parametrize("key", MEASURES)
def test_a_measure_is_described_as_the_code_knows_it(terms: Graph, key: str) -> None:
    concept, measure = URIRef(MEASURE + key), MEASURES[key]
    assert str(terms.value(concept, SKOS.prefLabel)) == measure.label
    for text in (terms.value(concept, RDFS.comment), terms.value(concept, SKOS.definition)):
        assert str(text)[0].isupper()
        assert str(text).endswith(".")
    kind = terms.value(concept, URIRef(MLSO + "hasEvaluationMeasureType"))
    if measure.unit:  # MLSO's are in milliseconds, or of another moment: no query may take one for the other
        assert key not in mlsea.MEASURE_TYPES
    else:
        expected = mlsea.MEASURE_TYPES.get(key)
        assert (None if kind is None else str(kind)) == (expected and expected.replace("#", "/"))


@pytest.mark.parametrize("key", MEASURES)
def test_the_shapes_hold_a_measure_to_its_range(key: str) -> None:
    shapes, measure = ontology.shapes(), MEASURES[key]
    (shape,) = shapes.subjects(SH.path, URIRef(measure.iri))
    assert (URIRef("https://w3id.org/metakg/shapes#Run"), SH.property, shape) in shapes
    for bound, name in ((measure.low, SH.minInclusive), (measure.high, SH.maxInclusive)):
        stated = shapes.value(shape, name)
        assert (None if stated is None else float(str(stated))) == bound
