"""Logging what scikit-learn does by itself: fits, cross-validations and searches, each outermost one as a run.

>>> import metakg
>>> with metakg.autolog(metakg.open("experiments"), project="flowers"):
...     pass  # cross_val_score(estimator, X, y) would be a run now

Methods and functions of scikit-learn are wrapped where they are defined, and unwrapped again when it is disabled.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from metakg.tracked_run import Run, warn
from metakg.tracked_subject import estimator_task

if TYPE_CHECKING:
    from metakg.tracking import Tracking

__all__ = ["Autolog", "autolog"]

_OURS = ("kg", "ingest", "embeddings", "recommender", "metakg")
"""Packages whose own fits are not a person's experiments."""

_FUNCTIONS = ("cross_validate", "cross_val_score")

_inside: ContextVar[bool] = ContextVar("metakg_inside", default=False)
_changing = threading.RLock()


@dataclass(frozen=True)
class _Settings:
    """Where runs go; of this process only, so that workers which were forked from it log nothing."""

    kg: Tracking
    project: str | None
    process: int


_settings: _Settings | None = None


class Autolog:
    """What :func:`autolog` returns: as a context manager, it puts things back as they were before."""

    def __init__(self, before: _Settings | None) -> None:
        self._before = before

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _set(self._before)


def autolog(kg: Tracking | None = None, *, project: str | None = None, disable: bool = False) -> Autolog:
    """Log each outermost ``fit`` of a predictor, ``cross_validate``, ``cross_val_score`` and search from now on.

    What runs within one of these (the fits of a cross-validation, of a search, of a pipeline's steps, of an
    ensemble's members), in a worker process, or in metakg itself is not logged by itself; of a search each candidate
    is a run that is a part of the search's. Doing so again changes where to, and nothing else.

    Parameters
    ----------
    kg
        Where runs go; the default store if left out.
    project
        Names their graph; ``METAKG_PROJECT`` or the folder's name if left out.
    disable
        Stop, and put scikit-learn back as it was.
    """
    from metakg.graph import KnowledgeGraph

    before = _settings
    _set(None if disable else _Settings(kg or KnowledgeGraph(), project, os.getpid()))
    return Autolog(before)


def _set(settings: _Settings | None) -> None:
    global _settings
    with _changing:
        if settings is not None and _settings is None:
            _patch()
        elif settings is None and _settings is not None:
            _restore()
        _settings = settings


def _patch() -> None:
    import sklearn.model_selection._validation as validation
    from sklearn.base import BaseEstimator
    from sklearn.utils.parallel import _FuncWrapper

    for kind in _kinds(BaseEstimator):
        _wrap_fit(kind)

    @classmethod  # type: ignore[misc]
    def wrapping(cls: Any, **options: Any) -> None:
        super(BaseEstimator, cls).__init_subclass__(**options)
        _wrap_fit(cls)

    BaseEstimator.__init_subclass__ = wrapping
    for name in _FUNCTIONS:
        original = getattr(validation, name)
        _replace(original, _wrapped_function(original))
    _FuncWrapper.__call__ = _nested(_FuncWrapper.__call__)


def _restore() -> None:
    import sklearn.model_selection._validation as validation
    from sklearn.base import BaseEstimator
    from sklearn.utils.parallel import _FuncWrapper

    del BaseEstimator.__init_subclass__
    for kind in _kinds(BaseEstimator):
        original = getattr(vars(kind).get("fit"), "metakg_original", None)
        if original is not None:
            kind.fit = original
    for name in _FUNCTIONS:
        wrapper = getattr(validation, name)
        _replace(wrapper, wrapper.metakg_original)
    _FuncWrapper.__call__ = _FuncWrapper.__call__.metakg_original


def _kinds(base: type) -> Iterator[Any]:
    """A class and all that are derived from it."""
    seen: set[Any] = {base}
    left: list[Any] = [base]
    while left:
        kind = left.pop()
        yield kind
        fresh = [each for each in type.__subclasses__(kind) if each not in seen]
        seen.update(fresh)
        left += fresh


def _wrap_fit(kind: Any) -> None:
    original = vars(kind).get("fit")
    if not inspect.isfunction(original) or hasattr(original, "metakg_original"):
        return

    # It names nothing but what can be imported: a class of a script goes to worker processes by value.
    @functools.wraps(original)
    def fit(self: Any, *args: Any, **kwargs: Any) -> Any:
        return call_fit(original, self, args, kwargs)

    fit.metakg_original = original  # type: ignore[attr-defined]
    kind.fit = fit


def _wrapped_function(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def cross_validation(*args: Any, **kwargs: Any) -> Any:
        return call_cross_validation(original, args, kwargs)

    cross_validation.metakg_original = original  # type: ignore[attr-defined]
    return cross_validation


def _nested(original: Callable[..., Any]) -> Callable[..., Any]:
    """Work that scikit-learn hands to its workers is nested, in threads too."""

    @functools.wraps(original)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        with _hidden():
            return original(self, *args, **kwargs)

    call.metakg_original = original  # type: ignore[attr-defined]
    return call


def _replace(old: Any, new: Any) -> None:
    """Put a function in the place of another wherever a module has it, scripts that imported it included."""
    for module in list(sys.modules.values()):
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict):
            for name in [name for name, value in list(names.items()) if value is old]:
                names[name] = new


@contextlib.contextmanager
def _hidden() -> Iterator[None]:
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def _wanted() -> _Settings | None:
    """Settings, if the call that two frames up came from a person's code is an outermost one."""
    settings = _settings
    if settings is None or settings.process != os.getpid() or _inside.get():
        return None
    caller = sys._getframe(3).f_globals.get("__name__", "")
    return None if str(caller).partition(".")[0] in _OURS else settings


def call_fit(
    original: Callable[..., Any], estimator: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """Fit an estimator, as a run if it is an outermost one of a predictor."""
    settings = _wanted()
    with _hidden():
        if settings is None or not _predicts(estimator):
            return original(estimator, *args, **kwargs)
        given = [*args, *(kwargs[name] for name in ("X", "y") if name in kwargs)]
        data = (given[0], given[1] if len(given) > 1 else None) if given else None
        about: dict[str, Any] = {"dataset": data, "metafeatures": True, "role": "train"}
        with Run(settings.kg, estimator, project=settings.project, name=_name(estimator), **about) as run:
            result = original(estimator, *args, **kwargs)
            _noting(lambda: _after_fit(run, estimator))
        return result


def call_cross_validation(original: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Cross-validate, as a run if it is an outermost one."""
    settings = _wanted()
    with _hidden():
        if settings is None:
            return original(*args, **kwargs)
        try:
            given: Mapping[str, Any] = inspect.signature(original).bind(*args, **kwargs).arguments
        except TypeError:  # scikit-learn will say what is wrong
            return original(*args, **kwargs)
        estimator, data = given["estimator"], (given["X"], given.get("y"))
        about: dict[str, Any] = {
            "dataset": data,
            "metafeatures": True,
            "name": f"{original.__name__} of {_name(estimator)}",
        }
        with Run(settings.kg, estimator, project=settings.project, **about) as run:
            result = original(*args, **kwargs)
            _noting(lambda: _after_cross_validation(run, result, given))
        return result


def _noting(note: Callable[[], None]) -> None:
    try:
        note()
    except Exception as error:  # noqa: BLE001 - the training is done, and stays so
        warn(f"not all of the run could be logged: {type(error).__name__}: {error}")


def _predicts(estimator: Any) -> bool:
    try:
        return (
            estimator_task(estimator) is not None
            or hasattr(estimator, "predict")
            or hasattr(estimator, "fit_predict")
        )
    except Exception:  # noqa: BLE001 - a person's estimator
        return False


def _name(estimator: Any) -> str:
    return type(estimator).__name__


def _after_fit(run: Run, estimator: Any) -> None:

    from ingest.search_setting import is_search

    recording = run.recording
    if recording is None:
        return
    if is_search(estimator):
        from metakg.autologged_search import note_search

        note_search(run, estimator)
    else:
        recording.score("training_seconds", time.perf_counter() - recording.clock)


def _after_cross_validation(run: Run, result: Any, given: Mapping[str, Any]) -> None:
    from metakg.autologged_search import note_cross_validation

    note_cross_validation(run, result, given)
