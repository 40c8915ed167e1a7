"""Terms that the graph is written in: namespaces, the reused terms, and our own."""

from __future__ import annotations

__all__ = ["MKG", "OWN_TERMS", "PREFIXES"]

MLS = "http://www.w3.org/ns/mls#"
MKG = "https://w3id.org/metakg/ontology#"
DCTERMS = "http://purl.org/dc/terms/"
DCAT = "http://www.w3.org/ns/dcat#"
PROV = "http://www.w3.org/ns/prov#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
MLSO = "http://w3id.org/mlso/"
SCHEMA = "https://schema.org/"

PREFIXES = {
    "mls": MLS,
    "mlso": MLSO,
    "mkg": MKG,
    "measure": "https://w3id.org/metakg/measure/",
    "procedure": "https://w3id.org/metakg/procedure/",
    "openml": "http://w3id.org/mlsea/openml/",
    "dcterms": DCTERMS,
    "dcat": DCAT,
    "prov": PROV,
    "rdf": RDF,
    "rdfs": RDFS,
    "owl": OWL,
    "skos": SKOS,
    "xsd": XSD,
    "schema": SCHEMA,
}
"""Prefixes that shipped questions and printed Turtle use."""

OWN_TERMS = (
    # pipelines
    "Pipeline",
    "Step",
    "hasStep",
    "slot",
    "position",
    "component",
    "canonical",
    # tasks and runs
    "procedure",
    "taskType",
    "status",
    "errorMessage",
    "trainingSize",
    "seed",
    "contentHash",
    "role",
    "errorType",
    "script",
    "commit",
    "host",
    "platform",
    "pythonVersion",
    "packages",
    "user",
    "Tag",
    "tag",
    "Artefact",
    "sha256",
    "location",
    "Series",
    "derivedPipeline",
    "qualityName",
    "hasSeries",
    "axis",
    "Method",
    "fidelity",
    "method",
    "arm",
    "armKind",
    "benchmark",
    "methodVersion",
    "configuration",
    "Product",
    "productKind",
    "generation",
    "Link",
    "linked",
    "relation",
    "direction",
    "minimum",
    "maximum",
    "unit",
    # manifest and history
    "storeVersion",
    "unfinished",
    "bulk",
    "batchHash",
    "Commit",
    "action",
    "graph",
    "quadCount",
    "kind",
    "sourceName",
    "sourceVersion",
    "datasetCount",
    "qualityCount",
    "taskCount",
    "pipelineCount",
    "runCount",
    "evaluationCount",
    "measureCount",
    "contextCount",
    "tagCount",
    "artefactCount",
    "usageCount",
    "distributionCount",
    "linkCount",
    "methodCount",
    "trialCount",
    "productCount",
    "derivationCount",
    "propertyCount",
    "seriesPointCount",
    # recommendations
    "Recommendation",
    "RecommendedPipeline",
    "recommends",
    "rank",
    "predictedValue",
    "intervalLow",
    "intervalHigh",
    "expectedRuntime",
    "supportedBy",
    "hasNeighbour",
    "Neighbour",
    "similarity",
    "reproducedBy",
    # quarantine
    "Quarantine",
    "QuarantinedUnit",
    "keepsBack",
    "holds",
    "reason",
    "report",
    "statements",
    "waitsFor",
    "originalGraph",
    "excludedSource",
    "asOf",
)
"""Local names of our own terms; ``ontology/metakg.ttl`` defines each."""


def own_term(name: str) -> str:
    """IRI of one of our own terms.

    Raises
    ------
    KeyError
        If the vocabulary does not have it.
    """
    if name not in OWN_TERMS:
        raise KeyError(name)
    return MKG + name
