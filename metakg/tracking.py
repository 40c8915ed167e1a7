"""Recording runs into the graph while they go on: a block, a decorator, without a server and without failing.

>>> import tempfile, metakg
>>> kg = metakg.open(tempfile.mkdtemp() + "/store")
>>> with kg.run("my model", dataset="flowers", parameters={"C": 1.0}, project="demo") as run:
...     run["balanced_accuracy"] = 0.91
...     run.log(epoch=1, loss=0.3)
>>> kg.explain(run.iri).facts["pipelineTitle"]
'my model(C=1)'
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from metakg.opened import OpenedGraph
from metakg.tracked_run import Run, current_run

if TYPE_CHECKING:
    from kg.measures import Measure

__all__ = ["Tracking", "current_run", "run", "track"]

_LONGEST = 1_000


class Tracking(OpenedGraph):
    """Recording runs."""

    @property
    def declared_measures(self) -> Mapping[str, Measure]:
        """Measures that :meth:`measure` declared, by name."""
        return self._measures

    def run(self, pipeline: Any = None, **options: Any) -> Run:
        """A run, to be used as ``with kg.run(...) as run:``; it is logged at the end of the block.

        Parameters
        ----------
        pipeline
            A scikit-learn estimator, a :class:`kg.Pipeline`, or a name with ``parameters``; left out, the script.
        dataset
            What the run is measured on: a data frame or the path of a table (with ``target``), a pair ``(X, y)``,
            ``openml:31``, an IRI or a name. A table gets the IRI that :meth:`recommend` gives it.
        target
            Target column.
        task
            ``classification``, ``regression``, ...; found out from the estimator or the measures if left out.
        project
            Names the graph of the run; ``METAKG_PROJECT`` or the folder's name if left out.
        name
            For people.
        parameters
            Of a pipeline that is given by name; tags of any other.
        seed
            Left out, the ``random_state`` of the estimator.
        procedure
            How the scores were estimated: ``5-fold-cv``, ``holdout``, ``33-percent-holdout``, ``5x2-fold-cv``, ...
            Left out, they are comparable with no others.
        role
            What the dataset is to the run: ``train``, ``test``, ``support`` or ``query``.
        training_size
            Rows that were trained on.
        metafeatures
            Whether to describe a table by its simple meta-features.
        measures
            Declared for this run, such as ``{"gini": ("higher", -1, 1)}``.
        context
            Columns of the table ``contexts``, if the run is not of this process.
        """
        return Run(self, pipeline, **options)

    def track(self, function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """Decorate a function so that each call is a run; see :func:`track`."""
        return _tracking(lambda: self, function, options)

    def measure(
        self, name: str, direction: str, low: float | None = None, high: float | None = None, unit: str = ""
    ) -> None:
        """Declare a measure for all runs of this object: which direction is better, its range and unit.

        Raises
        ------
        QueryError
            As :func:`kg.measures.declared`.
        """
        from kg.measures import declared

        self._measures[name] = declared(name, direction, low, high, unit)


def run(pipeline: Any = None, **options: Any) -> Run:
    """A run in the default store (``METAKG_STORE`` or ``./metakg-store``); see :meth:`Tracking.run`."""
    return _default().run(pipeline, **options)


def track(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Decorate a function, or a coroutine function, so that each call is a run in the default store.

    Its arguments become parameters (numbers, text, and short lists of them), the numbers of a dictionary that it
    returns scores; an exception makes a failed run and is raised again. Without ``pipeline`` the function is one, by
    its name. The run itself is :func:`current_run` within. Options as of :meth:`Tracking.run`.

    Raises
    ------
    TypeError
        If there is no such option: when decorating, not when called.
    """
    return _tracking(_default, function, options)


def _default() -> Tracking:
    from metakg.graph import KnowledgeGraph

    return KnowledgeGraph()


def _tracking(
    graph: Callable[[], Tracking], function: Callable[..., Any] | None, options: Mapping[str, Any]
) -> Any:
    inspect.signature(Run).bind(None, **options)

    def begun(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Run:
        own = {
            **options,
            "parameters": {**_arguments(function, args, kwargs), **options.get("parameters", {})},
        }
        own.setdefault("pipeline", _name(function))
        own.setdefault("name", function.__qualname__)
        return Run(graph(), **own)

    def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def tracked(*args: Any, **kwargs: Any) -> Any:
            with begun(function, args, kwargs) as run:
                result = function(*args, **kwargs)
                run.score(_scores(result))
            return result

        @wraps(function)
        async def tracked_coroutine(*args: Any, **kwargs: Any) -> Any:
            with begun(function, args, kwargs) as run:
                result = await function(*args, **kwargs)
                run.score(_scores(result))
            return result

        return tracked_coroutine if inspect.iscoroutinefunction(function) else tracked

    return decorated if function is None else decorated(function)


def _name(function: Callable[..., Any]) -> str:
    from metakg.tracked_subject import program_name

    module = function.__module__
    return f"{program_name() if module == '__main__' else module}:{function.__qualname__}"


def _arguments(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments that can stand as parameters, defaults included."""
    try:
        bound = inspect.signature(function).bind(*args, **kwargs)
    except (TypeError, ValueError):  # the call itself will say what is wrong
        return {}
    bound.apply_defaults()
    found: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        found |= value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
    return {name: value for name, value in found.items() if _is_parameter(value)}


def _is_parameter(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) <= _LONGEST and all(map(_is_parameter, value))
    if isinstance(value, str):
        return len(value) <= _LONGEST
    return value is None or isinstance(value, bool | int | float) or _is_number(value)


def _is_number(value: Any) -> bool:
    """Whether it is a number of Python or numpy, or an array or tensor of one."""
    return (
        not isinstance(value, bool)
        and hasattr(value, "__float__")
        and getattr(value, "shape", ()) in ((), (1,))
    )


def _scores(result: Any) -> dict[str, Any]:
    if not isinstance(result, Mapping):
        return {}
    return {str(name): value for name, value in result.items() if _is_number(value)}
