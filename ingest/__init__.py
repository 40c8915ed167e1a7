"""Sources of experiments: each reads what others recorded and yields batches (``kg.batch.Batch``) for the
graph.

A source is one module with a class that keeps the contract of :class:`Source`; :data:`source_resolver` finds
it by name, those of third parties by the entry point group ``metakg.sources``. The packaged data in
``ingest/data`` is made by ``python -m ingest.convert``. This package imports ``kg`` and is imported by
``metakg`` and what lies above.

>>> print(find_source("oboe").describe())
OBOE: 219 scikit-learn configurations cross-validated on 418 OpenML datasets (version 0.2.0, BSD-3-Clause)
"""

import inspect
import os
from typing import Any

from class_resolver import ClassResolver

from ingest.aslib import AslibSource
from ingest.autosklearn import AutoSklearnSource
from ingest.croissant import CroissantSource
from ingest.jsonl import JsonlSource
from ingest.lcdb import LcdbSource
from ingest.mlflow import MlflowSource
from ingest.oboe import OboeSource
from ingest.optuna import OptunaSource
from ingest.report import IngestReport, ingest
from ingest.result_table import TableSource
from ingest.sacred import SacredSource
from ingest.search import SearchSource
from ingest.source import LeftOut, Rejected, Source, Tally
from ingest.tensoroboe import TensorOboeSource
from ingest.wandb import WandbSource
from kg.errors import SourceError

__all__ = [
    "AslibSource",
    "AutoSklearnSource",
    "CroissantSource",
    "IngestReport",
    "JsonlSource",
    "LcdbSource",
    "LeftOut",
    "MlflowSource",
    "OboeSource",
    "OptunaSource",
    "Rejected",
    "SacredSource",
    "SearchSource",
    "Source",
    "TableSource",
    "Tally",
    "TensorOboeSource",
    "WandbSource",
    "find_source",
    "ingest",
    "source_for",
    "source_resolver",
]

source_resolver: ClassResolver[Source] = ClassResolver(
    [
        OboeSource,
        LcdbSource,
        TensorOboeSource,
        SearchSource,
        OptunaSource,
        AutoSklearnSource,
        AslibSource,
        CroissantSource,
        MlflowSource,
        WandbSource,
        SacredSource,
        JsonlSource,
        TableSource,
    ],
    base=Source,  # type: ignore[type-abstract]
)
"""Sources by name: our own and those of installed packages."""
source_resolver.register_entrypoint("metakg.sources")


def find_source(name: str, /, **options: Any) -> Source:
    """Source by name, constructed with the options (such as ``path``).

    Raises
    ------
    SourceError
        If there is no such source, or it takes no such option.
    """
    try:
        found = source_resolver.lookup(name)
    except (KeyError, ValueError) as error:
        raise SourceError(
            f"source {name!r} is unknown; known: {', '.join(sorted(source_resolver.options))}"
        ) from error
    known = inspect.signature(found).parameters
    for option in options:
        if option not in known:
            raise SourceError(f"source {found.name!r} takes no {option}: leave it out")
    return found(**options)


def source_for(subject: Any, /, **options: Any) -> Source:
    """Source of what is given: a path, or an object of a library, such as a search of scikit-learn.

    Raises
    ------
    SourceError
        If no source accepts it, or the one that does takes no such option.
    """
    for found in source_resolver.lookup_dict.values():
        if found.accepts(subject):
            known = inspect.signature(found).parameters
            for option in options:
                if option not in known:
                    raise SourceError(f"source {found.name!r} takes no {option}: leave it out")
            make: Any = found
            return make(subject, **options)
    kind = f"{type(subject).__module__}.{type(subject).__qualname__}"
    named = repr(str(subject)) if isinstance(subject, str | os.PathLike) else f"an object of type {kind}"
    raise SourceError(
        f"{named} is nothing that can be ingested: give the name of a source "
        f"({', '.join(sorted(source_resolver.options))}), a path or an object that one of them reads"
    )
