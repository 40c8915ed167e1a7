"""A run on its way to OpenML: what the graph knows of it, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from metakg.explanation import iris_in_short

if TYPE_CHECKING:
    from ingest.openml_upload import Prepared, TaskInfo
    from kg.pipeline import Pipeline

__all__ = ["Candidate", "Publication"]


@dataclass(frozen=True)
class Candidate:
    """A run that somebody wants to be published, as far as the graph knows it.

    Attributes
    ----------
    task
        Number of the OpenML task to run it on; None if it cannot be published.
    scores
        What was logged, by measure, and by which ``procedure``.
    refusal
        Why it cannot be published.
    published
        IRI of the run that was published of it before.
    """

    run: str
    title: str = ""
    pipeline: Pipeline | None = None
    dataset: int | None = None
    dataset_name: str | None = None
    task: int | None = None
    seed: int = 0
    procedure: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    refusal: str | None = None
    published: str | None = None

    @property
    def open(self) -> bool:
        """Whether there is something to be done."""
        return self.refusal is None and self.published is None


@dataclass(frozen=True)
class Publication:
    """What became of a candidate.

    Attributes
    ----------
    state
        ``published`` now; ``known`` (published before, or OpenML has the very run); ``ready`` (of a dry run);
        ``refused``, for the reason in ``why``.
    published
        IRI of the run at OpenML.
    official
        Mean over the folds of the official splits, by measure.
    """

    candidate: Candidate
    state: Literal["published", "known", "ready", "refused"]
    why: str = ""
    published: str | None = None
    task: TaskInfo | None = None
    prepared: Prepared | None = None
    official: Mapping[str, float] = field(default_factory=dict)

    def to_text(self) -> str:
        """Lines for people."""
        about = self.candidate
        ending = {
            "published": f"published as {self.published}",
            "known": f"published already: {self.published}",
            "ready": "can be published",
            "refused": f"not published: {self.why}",
        }
        lines = [f"{iris_in_short(about.run)}: {ending[self.state]}"]
        facts: list[tuple[str, str]] = [("pipeline", about.title)] if about.title else []
        if self.task:
            facts.append(
                (
                    "task",
                    f"{self.task.number} ({self.task.dataset_name}, {self.task.target}; {self.task.procedure})",
                )
            )
        if self.prepared:
            known = {None: "", 0: " (new)"}.get(self.prepared.flow_id, f" (flow {self.prepared.flow_id})")
            facts.append(("flow", f"{self.prepared.flow_name}{known}"))
            if self.state == "ready":
                facts += [("setting", f"{name} = {value}") for name, value in self.prepared.settings.items()]
        if self.official:
            facts += [("score", text) for text in self._scores()]
        return "\n".join([*lines, *(f"  {name:<9} {text}" for name, text in facts)])

    def _scores(self) -> Iterator[str]:
        logged, by = self.candidate.scores, self.candidate.procedure
        for name, value in self.official.items():
            if name in logged:
                yield f"{name}: {logged[name]:.4f} logged ({by}), {value:.4f} on the official splits"
        rest = [name for name in logged if name not in self.official]
        if rest:
            yield f"not computed on the official splits: {', '.join(rest)}"
        if not set(logged) & set(self.official):
            yield f"accuracy: {self.official['accuracy']:.4f} on the official splits"
