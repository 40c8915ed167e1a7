"""Conformance suite of methods: subclass :class:`MethodTestCase`, name the method, and run pytest.

>>> class TestMine(MethodTestCase):
...     method = "mine"
...     effort = 0.1
"""

from __future__ import annotations

import math
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

import metakg
from methods.comparison import compare
from methods.method import Method, Setting
from methods.registry import find_method
from methods.running import Plan, plan
from methods.text import described, verdict_text
from methods.verdict import finished, verdict

__all__ = ["MethodTestCase"]


class MethodTestCase:
    """What holds of every method.

    Attributes
    ----------
    method
        Name of the method.
    effort
        Of the runs; small, so that the suite is quick.
    arms
        Arms that are run, the method first; a baseline at least. Empty for all of the default task.
    settings
        Hyperparameters other than the defaults.
    """

    method: ClassVar[str]
    effort: ClassVar[float] = 0.05
    arms: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[Mapping[str, Setting]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls) -> Method:
        """The method."""
        return find_method(cls.method)

    @pytest.fixture(scope="class")
    @classmethod
    def planned(cls, subject: Method) -> Plan:
        """The default task with little effort."""
        settings: dict[str, Any] = dict(cls.settings)
        return plan(subject, budget_seconds=cls.effort * subject.nominal_seconds, **settings)

    @pytest.fixture(scope="class")
    @classmethod
    def graph(
        cls, planned: Plan, tmp_path_factory: pytest.TempPathFactory
    ) -> tuple[metakg.KnowledgeGraph, dict[tuple[str, int], Mapping[str, float]]]:
        """A graph that holds the arms with two seeds, and their scores as they were returned."""
        kg = metakg.open(tmp_path_factory.mktemp(cls.method) / "store")
        results = compare(kg, planned, [0, 1], arms=cls.arms)
        failed = [one.error for one in results if one.error]
        assert not failed, failed
        return kg, {(one.arm, one.seed): one.scores for one in results}

    def test_it_says_what_it_is(self, subject: Method) -> None:
        """Paper, arms, tasks and claims are complete and fit together."""
        assert re.fullmatch(r"[a-z][a-z0-9_]*", subject.name)
        assert re.fullmatch(r"\d{4}\.\d{4,5}", subject.paper.arxiv)
        assert subject.paper.title
        assert subject.note
        assert subject.version
        kinds = [arm.kind for arm in subject.arms]
        assert kinds[0] == "method"
        assert kinds.count("method") == 1
        assert "baseline" in kinds
        assert len({arm.name for arm in subject.arms}) == len(kinds)
        for task in subject.tasks:
            arms = {arm.name for arm in subject.arms_of(task)}
            assert subject.claims_of(task), f"nothing is claimed on {task.name}"
            assert subject.arms[0].name in arms
            for measure, (direction, low, high) in task.measures.items():
                assert direction in ("higher", "lower"), measure
                assert low is None or high is None or low < high
        tasks = {None, *(task.name for task in subject.tasks)}
        known = {arm.name for arm in subject.arms}
        for claim in subject.claims:
            assert {claim.arm, claim.other} <= known
            assert claim.task in tasks
        assert subject.paper.title in described(subject)

    def test_it_goes_into_other_processes(self, subject: Method) -> None:
        """A method can be pickled, since seeds run in processes of their own."""
        assert pickle.loads(pickle.dumps(subject)).name == self.method  # noqa: S301 - pickled here

    def test_the_graph_knows_the_runs(
        self,
        planned: Plan,
        graph: tuple[metakg.KnowledgeGraph, dict[tuple[str, int], Mapping[str, float]]],
    ) -> None:
        """Each arm and seed is a finished run with its scores, as they were returned."""
        kg, scores = graph
        assert finished(kg, planned) == set(scores)
        text = """PREFIX mkg: <https://w3id.org/metakg/ontology#> PREFIX mls: <http://www.w3.org/ns/mls#>
            SELECT ?arm ?seed ?measure ?value WHERE { ?run mkg:arm ?arm ; mkg:seed ?seed ; mls:hasOutput ?e .
            ?e mls:specifiedBy ?measure ; mls:hasValue ?value }"""
        found = {
            (str(arm), int(str(seed)), str(measure).rpartition("/")[2]): float(str(value))
            for arm, seed, measure, value in kg.sparql(text).rows()
        }
        for (arm, seed), values in scores.items():
            assert planned.task.measure in values
            for measure, value in values.items():
                assert math.isclose(found[arm, seed, measure], value, rel_tol=1e-9, abs_tol=1e-12)

    def test_the_same_seed_gives_the_same_scores(
        self,
        planned: Plan,
        graph: tuple[metakg.KnowledgeGraph, dict[tuple[str, int], Mapping[str, float]]],
        tmp_path: Path,
    ) -> None:
        """A run can be repeated."""
        _, scores = graph
        name = planned.method.arms[0].name
        (again,) = compare(metakg.open(tmp_path / "store"), planned, [1], arms=[name])
        assert again.error is None
        assert again.scores == scores[name, 1]

    def test_the_verdict_is_what_the_runs_say(
        self,
        planned: Plan,
        graph: tuple[metakg.KnowledgeGraph, dict[tuple[str, int], Mapping[str, float]]],
    ) -> None:
        """Differences are those of the runs, in the direction that is better; two seeds are too few for a claim."""
        kg, scores = graph
        task = planned.task
        said = verdict(kg, planned.method, task.name, planned.configuration)
        assert not said.holds
        sign = 1 if said.direction == "higher" else -1
        others = {arm for arm, _ in scores} - {planned.method.arms[0].name}
        compared = {one.other: one for one in said.comparisons if one.measure == task.measure}
        assert set(compared) == others
        for other, one in compared.items():
            differences = [
                sign * (scores[one.arm, seed][task.measure] - scores[other, seed][task.measure])
                for seed in (0, 1)
            ]
            assert one.seeds == (0, 1)
            assert math.isclose(one.mean, sum(differences) / 2, rel_tol=1e-6, abs_tol=1e-9)
            assert one.wins == sum(difference > 0 for difference in differences)
            assert one.low <= one.mean <= one.high
        assert "DOES NOT HOLD: 2 of at least 5 seeds" in verdict_text(said)
