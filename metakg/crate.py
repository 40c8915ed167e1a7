"""A recommendation with its evidence as RO-Crate 1.1: a folder or a zip that is read without metakg."""

from __future__ import annotations

import csv
import io
import json
import platform
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import metakg
from kg import iris
from kg.errors import MetakgError, StoreError
from kg.export import writing
from metakg.crate_evidence import Evidence, gather
from metakg.crate_text import FILES, preview, readme
from metakg.evidence import MANIFEST

if TYPE_CHECKING:
    from kg.store import Store
    from metakg.recommendation import Recommendation

__all__ = ["Crate", "export_crate"]

_DATA = {"runs.csv", "runs.ttl", "evidence.csv", "neighbours.csv", "sources.csv"}
"""Files that are taken from the sources, and stand under their licences."""

_PACKAGES = (
    "metakg",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "pykeen",
    "polars",
    "pandas",
    "pyoxigraph",
    "rdflib",
)
"""Packages that a recommendation depends on."""


@dataclass(frozen=True)
class Crate:
    """What was written: where, its files without RO-Crate's own two, and the number of supporting runs."""

    path: Path
    files: tuple[str, ...]
    runs: int

    def __str__(self) -> str:
        return str(self.path)


def export_crate(store: Store, recommendation: Recommendation | str, target: str | Path) -> Crate:
    """Write a recommendation and its evidence.

    Parameters
    ----------
    store
        Graph that the recommendation was made from.
    recommendation
        The recommendation, or the IRI of one that is kept in the graph.
    target
        A folder that is not there yet or is empty, or a file that ends in ``.zip``.

    Raises
    ------
    QueryError
        If the graph does not know the recommendation.
    StoreError
        If the crate cannot be written; nothing of it is left then.
    MetakgError
        If the package ``rocrate`` is missing.
    """
    try:
        from rocrate.rocrate import ROCrate
    except ImportError as error:
        raise MetakgError("an RO-Crate needs the package rocrate: pip install rocrate") from error
    path = Path(target)
    packed = path.suffix.lower() == ".zip"
    if not packed and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise StoreError(f"{path} is there already: name a new folder, or a file that ends in .zip")
    evidence = gather(store, recommendation)
    crate = ROCrate(version="1.1")
    _describe(crate, evidence, _texts(evidence))
    with writing(path) as partial, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rocrate warns of entities that lie on the web
        if packed:
            crate.write_zip(partial)
        else:
            crate.write(partial)
    return Crate(path, tuple(FILES), evidence.run_count)


def _texts(evidence: Evidence) -> dict[str, str]:
    return {
        "README.md": readme(evidence),
        "recommendation.json": evidence.to_json() + "\n",
        "recommendation.ttl": evidence.recommendation_turtle,
        "runs.csv": evidence.runs.to_csv(),
        "runs.ttl": evidence.runs_turtle,
        "neighbours.csv": evidence.neighbours.to_csv(),
        "sources.csv": _sources_csv(evidence),
        "evidence.rq": evidence.query,
        "evidence.csv": evidence.answer.to_csv(),
        "environment.json": json.dumps(_environment(), indent=2) + "\n",
    }


def _sources_csv(evidence: Evidence) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    columns = ("iri", "source", "version", "title", "licence", "derived_from", "generated_at", "content_hash")
    writer.writerow(columns)
    writer.writerows([getattr(info, column) for column in columns] for info in evidence.sources)
    return out.getvalue()


def _environment() -> dict[str, Any]:
    """Versions, and nothing that tells whose machine it was."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "written_by": f"metakg {metakg.__version__}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": f"{platform.system()} {platform.machine()}",
        "packages": {**found, "metakg": metakg.__version__},
    }


def _describe(crate: Any, evidence: Evidence, texts: dict[str, str]) -> None:
    """Enter files, licences, sources and the two actions: that it was recommended, and that it was exported."""
    from rocrate.model.preview import Preview

    facts = evidence.recommendation.facts
    own = _licences(crate, [MANIFEST.licence])
    shared = _licences(crate, [info.licence for info in evidence.sources]) or own
    files = {
        name: crate.add_file(
            io.StringIO(texts[name]),
            name,
            properties={
                "name": name,
                "description": text,
                "encodingFormat": kind,
                "contentSize": str(len(texts[name].encode())),
                "license": shared if name in _DATA else own,
            },
        )
        for name, (kind, text) in FILES.items()
    }
    crate.add(Preview(crate, source=io.StringIO(preview(evidence))))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    made = str(facts.get("time") or now)
    root = crate.root_dataset
    root["name"] = f"Evidence of a recommendation: {facts['title']}"
    root["description"] = (
        f"Pipelines recommended by metakg, the {evidence.run_count} runs and the neighbours that speak for them, "
        "and the query that finds these runs again."
    )
    root["datePublished"] = made
    root["license"] = _once([*own, *shared])
    root["identifier"] = evidence.recommendation.iri
    tool = _entity(
        crate,
        iris.own("agent", "metakg"),
        "SoftwareApplication",
        name="metakg",
        softwareVersion=metakg.__version__,
        description="a knowledge graph of machine-learning experiments that recommends pipelines",
    )
    answered = [files[name] for name in ("recommendation.json", "recommendation.ttl")]
    crate.add_action(
        tool,
        "#recommend",
        object=[_table(crate, evidence), *_sources(crate, evidence)],
        result=answered,
        properties={"name": str(facts["title"]), "endTime": made},
    )
    crate.add_action(
        tool,
        "#export",
        object=answered,
        result=[file for file in files.values() if file not in answered],
        properties={"name": "export of the evidence", "endTime": now},
    )
    root["mentions"] = [crate.get("#recommend"), crate.get("#export")]


def _entity(crate: Any, iri: str, kind: str, **properties: Any) -> Any:
    from rocrate.model.contextentity import ContextEntity

    return crate.add(ContextEntity(crate, iri, properties={"@type": kind, **properties}))


def _table(crate: Any, evidence: Evidence) -> Any:
    """What it was recommended for: named, and not part of the crate."""
    facts = evidence.recommendation.facts
    name = str(facts["title"]).removeprefix("pipelines for ")
    return _entity(crate, str(facts["dataset"]), "CreativeWork", name=name, additionalType="table")


def _sources(crate: Any, evidence: Evidence) -> list[Any]:
    return [
        _entity(
            crate,
            info.iri,
            "CreativeWork",
            name=info.title,
            version=info.version,
            license=_licences(crate, [info.licence]),
            isBasedOn={"@id": info.derived_from},
            dateCreated=info.generated_at,
        )
        for info in evidence.sources
    ]


def _licences(crate: Any, names: Iterable[str]) -> list[Any]:
    """Entities of licences: SPDX's page of each that is one identifier, else a name only."""
    found = []
    for name in dict.fromkeys(names):
        single = re.fullmatch(r"[A-Za-z0-9.+-]+-[0-9][A-Za-z0-9.+-]*|MIT|ISC", name)
        key = re.sub(r"[^A-Za-z0-9.-]+", "-", name)
        iri = f"https://spdx.org/licenses/{name}" if single or name.startswith("BSD-") else f"#licence-{key}"
        found.append(crate.get(iri) or _entity(crate, iri, "CreativeWork", name=name))
    return found


def _once(entities: Sequence[Any]) -> list[Any]:
    return list({entity.id: entity for entity in entities}.values())
