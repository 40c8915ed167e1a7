"""A configured pipeline and its canonical form: the same pipeline from two sources is one node.

>>> svc = Step("estimator", "sklearn.svm.SVC", {"kernel": "poly", "C": 2.0})
>>> pipeline = Pipeline((Step("scaler", "sklearn.preprocessing.StandardScaler"), svc))
>>> pipeline.title
'StandardScaler > SVC(C=2, kernel=poly)'
>>> Pipeline.from_canonical(pipeline.canonical()) == pipeline
True
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

from kg import iris
from kg.errors import PipelineError

__all__ = ["SLOTS", "Pipeline", "Scalar", "Step"]

Scalar = str | int | float | bool | None

SLOTS = ("numeric_imputer", "categorical_imputer", "encoder", "scaler", "reducer", "estimator")
"""Places of a pipeline's steps, in the order in which data passes through them."""

_PATH = re.compile(r"(?:[\w-]+\.)*[^\W\d][^./]*$")
"""Path of a class or of a flow: what stands behind the last dot is a name."""

_PREPARATION = frozenset({"numeric_imputer", "categorical_imputer", "encoder"})


def _scalar(component: str, name: str, value: object) -> Scalar:
    """One form for equal numbers (1.0 becomes 1); refuse what JSON cannot hold."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    raise PipelineError(
        f"parameter {name!r} of {component} has the value {value!r}: use text, a finite number, a boolean or null"
    )


@dataclass(frozen=True)
class Step:
    """One component in its slot, with the parameters that differ from the component's defaults.

    Raises
    ------
    PipelineError
        If the slot is unknown or a parameter is not a JSON scalar.
    """

    slot: str
    component: str
    parameters: Mapping[str, Scalar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.slot not in SLOTS:
            raise PipelineError(
                f"slot {self.slot!r} of {self.component} is unknown; known: {', '.join(SLOTS)}"
            )
        ordered = {
            name: _scalar(self.component, name, value) for name, value in sorted(self.parameters.items())
        }
        object.__setattr__(self, "parameters", MappingProxyType(ordered))

    def __hash__(self) -> int:
        return hash((self.slot, self.component, tuple(self.parameters.items())))

    def __reduce__(self) -> tuple[type[Step], tuple[str, str, dict[str, Scalar]]]:
        return (Step, (self.slot, self.component, dict(self.parameters)))

    @property
    def name(self) -> str:
        """Last part of the component's path; the whole of what is no path, such as ``clasp/2.1.3``."""
        return self.component.rpartition(".")[2] if _PATH.match(self.component) else self.component

    @property
    def title(self) -> str:
        """Short text for people: the component's name and its stated parameters."""
        if not self.parameters:
            return self.name
        return f"{self.name}({', '.join(f'{name}={value}' for name, value in self.parameters.items())})"


@dataclass(frozen=True)
class Pipeline:
    """Ordered steps; equal pipelines have equal canonical forms, keys and IRIs.

    Raises
    ------
    PipelineError
        If there is no step, or a slot is taken twice.
    """

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        slots = [step.slot for step in self.steps]
        if not slots or len(set(slots)) != len(slots):
            raise PipelineError(
                f"a pipeline needs at least one step and each slot at most once; it has {slots}"
            )
        ordered = tuple(sorted(self.steps, key=lambda step: SLOTS.index(step.slot)))
        object.__setattr__(self, "steps", ordered)

    def canonical(self) -> str:
        """JSON text with sorted keys and no spaces: what the key is a hash of."""
        steps = [
            {"slot": step.slot, "component": step.component, "parameters": dict(step.parameters)}
            for step in self.steps
        ]
        return json.dumps({"steps": steps}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_canonical(cls, text: str) -> Pipeline:
        """Read a canonical form back.

        Raises
        ------
        PipelineError
            If the text is not a pipeline's JSON.
        """
        try:
            steps = [
                Step(step["slot"], step["component"], step.get("parameters", {}))
                for step in json.loads(text)["steps"]
            ]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise PipelineError(
                f"not a pipeline in canonical form ({error}): expected "
                '{"steps":[{"slot":...,"component":...,"parameters":{...}}]}'
            ) from error
        return cls(tuple(steps))

    @cached_property
    def key(self) -> str:
        """First 16 hexadecimal digits of the SHA-256 of the canonical form."""
        return hashlib.sha256(self.canonical().encode()).hexdigest()[:16]

    @property
    def iri(self) -> str:
        """IRI of the pipeline's node."""
        return iris.own("pipeline", self.key)

    @property
    def estimator(self) -> Step:
        """The last step."""
        return self.steps[-1]

    @property
    def title(self) -> str:
        """Short text for people: the steps after imputation and encoding."""
        shown = [step for step in self.steps if step.slot not in _PREPARATION] or list(self.steps)
        return " > ".join(step.title for step in shown)
