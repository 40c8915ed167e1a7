"""What a knowledge graph is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from kg.errors import QueryError
from kg.terms import IRI, Value

if TYPE_CHECKING:
    import networkx as nx
    import polars as pl

    from kg.communities import Communities
    from kg.query_process import QueryProcesses
    from kg.questions import Question
    from kg.result import Result
    from metakg.explanation import Explanation

from metakg.advising import Advising

__all__ = ["Questioning"]


class Questioning(Advising):
    """SPARQL, shipped questions, explanations and networks."""

    def sparql(
        self,
        query: str,
        *,
        max_rows: int | None = None,
        timeout_seconds: float | None = None,
        allow_services: Sequence[str] = (),
        **bindings: Value,
    ) -> Result:
        """Answer of a SPARQL query that reads; ``bindings`` are values of its variables.

        Parameters
        ----------
        query
            Text of the query.
        max_rows
            At most so many rows are read; ``Result.truncated`` tells whether there were more.
        timeout_seconds
            Answer in a process of its own, which is ended after that time (``math.inf`` for never) or when it needs
            too much memory: for the text of people whom one cannot ask. A server keeps to its own limits.
        allow_services
            Hosts (``HOST`` or ``HOST:PORT``) that ``SERVICE <http://HOST/...>`` may call.

        Raises
        ------
        QueryError
            If the query does not parse, would write, would reach the network, or takes too long.
        """
        if timeout_seconds is None and not allow_services:
            return self.store.query(query, bindings=bindings, limit=max_rows)
        return self._query_processes().query(
            query,
            bindings=bindings,
            limit=max_rows,
            timeout_seconds=math.inf if timeout_seconds is None else timeout_seconds,
            allowed_services=allow_services,
        )

    def series(self, run: str) -> pl.DataFrame:
        """Values of a run along an axis: learning curves, losses by epoch, scores by fold.

        Returns
        -------
        points
            Columns name (key of a measure, or what the source calls it), axis, position and value, ordered; no row
            if the run has none.

        Raises
        ------
        QueryError
                If the graph does not know the run.
        """
        known = "ASK { ?run a <http://www.w3.org/ns/mls#Run> }"
        if not self.store.query(known, bindings={"run": IRI(run)}).answer:
            raise QueryError(
                f"the graph knows no run {run}: `metakg explain` of a dataset or pipeline lists some"
            )
        return self.store.series([run]).drop("run")

    def _query_processes(self) -> QueryProcesses:
        from kg.query_process import QueryProcesses

        with self._lock:
            if self._kept_processes is None:
                self._kept_processes = QueryProcesses(self.store)
            return self._kept_processes

    def ask(self, question: str, **parameters: Value) -> Result:
        """Answer of a shipped question; ``kg.questions.names()`` lists them.

        Raises
        ------
        QueryError
            If there is no such question or parameter.
        """
        from kg import questions

        return questions.ask(self.store, question, **parameters)

    def questions(self) -> list[Question]:
        """Shipped questions, with their parameters and their SPARQL."""
        from kg import questions

        return [questions.load(name) for name in questions.names()]

    def question_text(self, question: str, **parameters: Value) -> str:
        """SPARQL of a shipped question with its parameters in it, to be read, changed and asked.

        Raises
        ------
        QueryError
            If there is no such question or parameter, or a value is not in the graph.
        """
        from kg import questions

        return questions.phrase(self.store, question, **parameters)

    def explain(self, thing: str) -> Explanation:
        """What the graph knows about a recommendation, run, dataset, pipeline, method or product.

        Raises
        ------
        QueryError
            If the graph does not know it.
        """
        from metakg.explanation import explain

        return explain(self.store, thing)

    def network(self, thing: str | int, *, hops: int = 1, max_nodes: int = 200) -> nx.MultiDiGraph:
        """Surroundings of a thing as a networkx graph; see :func:`kg.network.neighbourhood`.

        Raises
        ------
        QueryError
            If the graph does not know the thing.
        """
        from kg import network
        from metakg.explanation import whole_iri

        return network.neighbourhood(self.store, whole_iri(thing), hops=hops, max_nodes=max_nodes)

    def paths(
        self, start: str | int, end: str | int, *, count: int = 3, max_nodes: int = 20_000
    ) -> nx.MultiDiGraph:
        """How two things are connected, as a networkx graph; see :func:`kg.paths.paths`.

        Raises
        ------
        QueryError
            If the graph does not know one of them, or both are the same.
        """
        from kg import paths
        from metakg.explanation import whole_iri

        return paths.paths(self.store, whole_iri(start), whole_iri(end), count=count, max_nodes=max_nodes)

    def communities(
        self,
        of: Literal["datasets", "pipelines"] = "datasets",
        *,
        measure: str | None = None,
        procedure: str | None = None,
        max_nodes: int = 1000,
        seed: int = 0,
    ) -> Communities:
        """Datasets on which pipelines rank alike, or pipelines that rank alike; see :mod:`kg.communities`.

        Parameters
        ----------
        of
            What is grouped.
        measure, procedure
            Keys or IRIs; those that recommendations rest on if left out.
        max_nodes
            Things to group at most.
        seed
            Of the Louvain method.

        Raises
        ------
        QueryError
            If nothing was measured so.
        """
        from kg.communities import communities
        from kg.declarations import declared_measures
        from kg.measures import measure_of
        from metakg.training import MEASURE, PROCEDURE

        return communities(
            self.experience(),
            measure_of(measure, declared_measures(self.store)).iri if measure else MEASURE,
            procedure or PROCEDURE,
            of=of,
            max_nodes=max_nodes,
            seed=seed,
        )
