"""A tracked run as a program holds it: noting something of it never makes the program fail.

What cannot be noted as it was meant is a :class:`kg.errors.TrackingWarning`, at the line where it happened, and is
kept as a tag of the run. :mod:`ingest.tracking` is the strict part behind this one.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar, Token
from functools import wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from kg.errors import MetakgError, StoreError, TrackingWarning

if TYPE_CHECKING:
    from ingest.records import Records
    from ingest.tracking import Recording, Subject
    from kg.measures import Measure
    from metakg.opened import OpenedGraph

__all__ = ["RUN_VARIABLE", "Run", "current_run", "keep", "warn"]

RUN_VARIABLE = "METAKG_RUN"
"""Environment variable with the IRI of the run that a program is a part of."""

_OURS = os.path.join(os.path.dirname(__file__), "")  # noqa: PTH118, PTH120 - compared with names of code

_AXES = ("step", "epoch", "fold", "training_size")

_current: ContextVar[Run | None] = ContextVar("metakg_run", default=None)
_making = threading.Lock()

P = ParamSpec("P")
T = TypeVar("T")


def current_run() -> Run | None:
    """The innermost run that is going on here (in this thread or task), None if there is none."""
    return _current.get()


def warn(text: str) -> None:
    """Warn at the program's line, even where warnings are made errors: what is being tracked must not fail."""
    level, frame = 1, sys._getframe(0)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_OURS):
        level, frame = level + 1, frame.f_back
    try:
        warnings.warn(text, TrackingWarning, stacklevel=level)
    except TrackingWarning:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"metakg: {text}\n")


def keep(kg: OpenedGraph, folder: Path | None, records: Records) -> None:
    """Keep runs for the graph: in the store's inbox, or, for an endpoint, in the graph itself.

    Parameters
    ----------
    folder
        The store's, made if there is none; None for an endpoint.

    Raises
    ------
    StoreError
        If it cannot be kept.
    """
    if kg.read_only:
        raise StoreError(f"the store {kg.name} was opened to read only: open it without read_only to write")
    if folder is None:
        with _making:
            kg.store.log(records.batch())
        return
    from kg.inbox import Inbox

    if not (folder / "store.json").exists():
        from kg import open_store

        with _making:
            open_store(folder, create=True).close()
    Inbox(folder / "inbox").put_rows(records.manifest, records.rows())


def _never_failing(
    method: Callable[Concatenate[Run, P], None],
) -> Callable[Concatenate[Run, P], None]:
    @wraps(method)
    def lenient(self: Run, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever fails here, the training goes on
            warn(_said(error) if isinstance(error, MetakgError) else f"{method.__name__}: {_said(error)}")

    return lenient


def _said(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, MetakgError) and text else f"{type(error).__name__}: {text}"


class Run:
    """A run of a project; made by :meth:`metakg.KnowledgeGraph.run`, which says what the parameters are.

    A context manager: it begins with the block and is logged at its end; an exception makes it a failed run, and
    passes on. Several threads may write to it. Runs that begin within the block are parts of it, in the same thread or
    asyncio task; elsewhere use :meth:`child`, in other processes too: a run can be pickled, and its copy has children
    but notes nothing itself.

    Attributes
    ----------
    iri
        IRI of the run; empty before it has begun.
    logged
        Whether it has been kept for the graph.
    """

    def __init__(
        self,
        kg: OpenedGraph,
        pipeline: Any = None,
        *,
        dataset: Any = None,
        target: str | None = None,
        task: str | None = None,
        project: str | None = None,
        name: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        seed: int | None = None,
        procedure: str | None = None,
        role: str | None = None,
        training_size: int | None = None,
        metafeatures: bool = False,
        measures: Mapping[str, Measure | Sequence[Any]] | None = None,
        context: Mapping[str, str | None] | None = None,
        parent: Run | None = None,
    ) -> None:
        self._kg = kg
        self._given = {
            "pipeline": pipeline,
            "dataset": dataset,
            "target": target,
            "task": task,
            "project": project,
            "name": name,
            "parameters": parameters or {},
            "seed": seed,
            "procedure": procedure,
            "role": role,
            "training_size": training_size,
            "metafeatures": metafeatures,
            "measures": measures or {},
            "context": context,
        }
        self._parent = parent
        self._recording: Recording | None = None
        self._folder: Path | None = None
        self._token: Token[Run | None] | None = None
        self._process = os.getpid()
        self._ended = False
        self._handed: tuple[str, str, Subject | None] = ("", "", None)
        self._status: str | None = None
        self._reason: tuple[str, str] | None = None
        self.logged = False

    def __repr__(self) -> str:
        return f"<run {self.iri or 'that has not begun'}>"

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name not in ("_given", "_parent")}
        handed = (self.iri, self.project, self.subject)
        return {**state, "_given": {}, "_parent": None, "_recording": None, "_token": None, "_handed": handed}

    @property
    def iri(self) -> str:
        """IRI of the run; empty before it has begun."""
        return self._recording.iri if self._recording else self._handed[0]

    @property
    def recording(self) -> Recording | None:
        """The strict part, which raises what this one warns of; None before the run has begun, or if it could not."""
        return self._recording

    @property
    def project(self) -> str:
        """Name of the project; empty before the run has begun."""
        return self._recording.manifest.source if self._recording else self._handed[1]

    @property
    def subject(self) -> Subject | None:
        """What the run is about."""
        return self._recording.subject if self._recording else self._handed[2]

    def __enter__(self) -> Self:
        if self._recording is not None or self._ended:
            warn("this run has begun before: make one with kg.run(...) for each block")
            return self
        try:
            self._begin()
        except Exception as error:  # noqa: BLE001 - the training begins all the same
            warn(f"the run cannot be logged: {_said(error)}")
        self._token = _current.set(self)
        return self

    def _begin(self) -> None:
        from metakg.tracked_subject import begin

        kg = self._kg
        self._process = os.getpid()
        # What the program does later must not change where the run goes.
        self._folder = None if kg.remote else kg.location.absolute()
        parent = self._parent or _current.get()
        outer = os.environ.get(RUN_VARIABLE, "")
        about = (parent.iri, parent.project, parent.subject) if parent else (outer, "", None)
        declared = getattr(kg, "declared_measures", {})
        self._recording = begin(self._given, about, declared)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._token is not None:
            # Another context has no such token: a generator that was begun in one task and closed in another.
            with contextlib.suppress(ValueError):
                _current.reset(self._token)
            self._token = None
        if self._process != os.getpid() or self._ended:
            return  # a fork of the process that holds the run
        self._ended = True
        if self._recording is None:
            return
        try:
            self._recording.end(error, status=self._status if error is None else None, reason=self._reason)
            keep(self._kg, self._folder, self._recording.records())
            self.logged = True
        except Exception as failure:  # noqa: BLE001 - the training is over, and stays so
            warn(f"the run was not logged: {_said(failure)}")

    def _at_hand(self) -> Recording:
        if self._process != os.getpid() or (self._recording is None and self._handed[0]):
            raise StoreError(
                f"run {self.iri} is process {self._process}'s: in another one use `with run.child(...) as part:`"
            )
        if self._ended:
            raise StoreError(f"run {self.iri} has ended: do this within its `with` block")
        if self._recording is None:
            raise StoreError("the run has not begun: write `with kg.run(...) as run:`")
        return self._recording

    @_never_failing
    def __setitem__(self, name: str, value: Any) -> None:
        """Note the value of a measure, by any name that is known for it, or one that was declared."""
        recording = self._at_hand()
        try:
            recording.score(str(name), value)
        except MetakgError as error:
            recording.tag({str(name): value})
            warn(f"{error}; kept as a tag")

    def score(self, values: Mapping[str, Any]) -> None:
        """Note the values of several measures, as ``run[name] = value`` does."""
        for name, value in values.items():
            self[name] = value

    @_never_failing
    def measure(
        self, name: str, direction: str, low: float | None = None, high: float | None = None, unit: str = ""
    ) -> None:
        """Declare a measure for this run: the direction (higher, lower) that is better, its range and unit."""
        self._at_hand().measure(name, direction, low, high, unit)

    @_never_failing
    def log(
        self,
        values: Mapping[str, Any] | None = None,
        /,
        *,
        step: float | None = None,
        epoch: float | None = None,
        fold: float | None = None,
        training_size: float | None = None,
        **more: Any,
    ) -> None:
        """Note points of series: values by name, at a step (one more than the last if left out), epoch or fold."""
        recording = self._at_hand()
        given = dict(zip(_AXES, (step, epoch, fold, training_size), strict=True))
        axes = {axis: at for axis, at in given.items() if at is not None}
        for axis, at in (axes or {"step": recording.next_position("step")}).items():
            for name, value in {**(values or {}), **more}.items():
                try:
                    recording.point(axis, at, str(name), value)
                except MetakgError as error:
                    if str(name) not in recording.tags:  # the first of many is enough
                        recording.tag({str(name): f"{value} at {axis} {at}"})
                        warn(f"{error}; kept as a tag")

    def product(
        self,
        kind: str,
        title: str,
        text: str | None = None,
        *,
        derived_from: Sequence[str] = (),
        generation: int | None = None,
        properties: Mapping[str, str | float] | None = None,
    ) -> str:
        """Note something that the run made and that no file holds, such as a skill or an optimizer.

        Parameters
        ----------
        kind
            What it is.
        derived_from
            IRIs of the runs and products that it came from; empty ones are left out.
        generation
            How many times what it belongs to had been improved before.

        Returns
        -------
        iri
            Of the product; empty if it could not be noted.
        """
        try:
            return self._at_hand().products.add(
                kind,
                title,
                text,
                derived_from=[origin for origin in derived_from if origin],
                generation=generation,
                properties=properties,
            )
        except Exception as error:  # noqa: BLE001 - whatever fails here, the training goes on
            warn(_said(error))
            return ""

    @_never_failing
    def trial(
        self,
        method: Mapping[str, Any],
        *,
        arm: str,
        kind: str,
        benchmark: str,
        version: str,
        configuration: str,
    ) -> None:
        """Say that the run tries an arm of a method: the method itself, a baseline or an ablation (``kind``).

        Parameters
        ----------
        method
            As published: name, title, fidelity (``reimplementation`` or ``reconstruction``), and if known publication
            (IRI of its page), year and note.
        benchmark
            What the arms are compared on.
        version
            Of the implementation.
        configuration
            What was chosen and is the same for all arms: runs that differ in nothing but arm and seed are paired.
        """
        from ingest.trials import PublishedMethod, Trial

        published = PublishedMethod(**method)
        self._at_hand().trial = Trial(published, arm, kind, benchmark, version, configuration)

    @_never_failing
    def artefact(self, path: str | os.PathLike[str], name: str | None = None) -> None:
        """Note a file that the run made: its SHA-256, size, media type and place. It stays where it is."""
        recording = self._at_hand()
        try:
            recording.artefact(path, name)
        except MetakgError:
            recording.tag({f"artefact {name or Path(path).name}": os.fspath(path)})
            raise

    @_never_failing
    def tag(self, tags: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Note something as text."""
        self._at_hand().tag({**(tags or {}), **more})

    @_never_failing
    def params(self, parameters: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Note parameters: of a pipeline that was given by its name they are a part, else they are tags."""
        self._at_hand().parameters({**(parameters or {}), **more})

    @_never_failing
    def uses(
        self, dataset: Any, target: str | None = None, *, role: str = "train", name: str | None = None
    ) -> None:
        """Note a further dataset, and what the run uses it for: train, test, support or query."""
        from ingest.tracking_data import dataset_ref

        recording = self._at_hand()
        try:
            recording.uses(dataset_ref(dataset, target, name=name), role)
        except MetakgError:
            recording.tag({f"dataset {role}": name or type(dataset).__name__})
            raise

    @_never_failing
    def executes(self, pipeline: Any) -> None:
        """Say which pipeline it is, where that is known only now: an estimator, a Pipeline or a name."""
        from metakg.tracked_subject import pipeline_of_any

        self._at_hand().revise(pipeline=pipeline_of_any(pipeline))

    @_never_failing
    def prune(self) -> None:
        """Say that the run was stopped early because it did not promise enough."""
        self._at_hand()
        self._status = "pruned"

    @_never_failing
    def fail(self, error_type: str, message: str) -> None:
        """Say that the run failed, where no exception says so."""
        self._at_hand()
        self._reason = (error_type, message)

    def keep(self, records: Records) -> None:
        """Keep runs that are parts of this one.

        Raises
        ------
        StoreError
            If it cannot be kept.
        """
        keep(self._kg, self._folder, records)

    def child(self, pipeline: Any = None, **options: Any) -> Run:
        """A run that is a part of this one, for other threads and processes too; options as of ``kg.run``.

        It takes over what it does not say: project, pipeline, dataset, task and procedure.
        """
        return Run(self._kg, pipeline, parent=self, **options)
