"""MoH with a language model as the author: what it writes is used, and what it writes wrongly is survived."""

import json
import random

import pytest
from werkzeug import Response

import metakg
from methods.moh.bin_packing import BinPacking
from methods.moh.code import Code
from methods.moh.language import Author
from methods.moh.optimization import Search
from methods.moh.plan import Plan
from methods.moh.proposing import Optimizer
from methods.provider import Provider
from methods.sandbox import SandboxError

FILL = "def heuristic(item, room):\n    return item - room\n"
HOSTILE = {
    "file": "def heuristic(item, room):\n    return open('/etc/passwd').read()\n",
    "fork": "import os\ndef heuristic(item, room):\n    while True:\n        os.fork()\n",
    "network": "import socket\ndef heuristic(item, room):\n    socket.create_connection(('127.0.0.1', 80))\n",
    "loop": "def heuristic(item, room):\n    while True:\n        pass\n",
    "shape": "def heuristic(item, room):\n    return item[:2]\n",
    "syntax": "def heuristic(item, room)\n    return item\n",
    "nothing": "print('hello')",
}


class SmallPacking(BinPacking):
    """Quick to run."""

    training_sizes = (100, 200)
    training_count = 2


def answer(text):
    message = {"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]}
    return Response(json.dumps({**message, "usage": {"prompt_tokens": 7, "completion_tokens": 3}}))


@pytest.fixture
def model(httpserver):
    """A server that answers with the texts it is given, in order, and the last one from then on."""
    texts = []

    def reply(request):
        asked = request.get_json()["messages"][-1]["content"]
        given = [text for kind, text in texts if (kind == "plan") == ("JSON object" in asked)]
        for kind, text in texts:
            if text == given[0] and len(given) > 1:
                texts.remove((kind, text))
                break
        return given[0] if isinstance(given[0], Response) else answer(given[0])

    httpserver.expect_request("/v1/chat/completions").respond_with_handler(reply)
    provider = Provider(httpserver.url_for("/v1"), "model", None, timeout=10.0, retries=0)
    return provider, texts


@pytest.fixture
def kg(tmp_path):
    return metakg.open(tmp_path / "store")


def failed(kg):
    """Pipelines of the failed runs in the graph that are parts of another one, each with a reason."""
    kg.refresh()
    rows = kg.sparql(
        """
        PREFIX mls: <http://www.w3.org/ns/mls#>
        PREFIX mkg: <https://w3id.org/metakg/ontology#>
        PREFIX dcterms: <http://purl.org/dc/terms/>
        SELECT ?title ?message WHERE {
          ?run mls:executes ?pipeline ; mkg:status "failed" ; mkg:errorMessage ?message .
          ?pipeline dcterms:title ?title
        } ORDER BY ?title
        """
    ).rows()
    found = list(rows)
    assert all(message for _, message in found)
    return [title for title, _ in found]


def test_a_plan_and_a_heuristic_of_the_model_are_used(kg, model):
    provider, texts = model
    wanted = Plan(crossover=0.9, subtree=0.05, population=7)
    texts += [("plan", f"Sure: {wanted.to_json()}"), ("code", f"Here:\n```python\n{FILL}```")]
    problem = SmallPacking()
    with kg.run("search", dataset="items") as run:
        author = Author(provider, run, problem)
        search = Search(problem, 0, Plan(), 1500, iterations=2, proposals=1)
        search.propose, search.invent = author.propose, author.invent
        outcome = search.run()
    assert wanted in [optimizer.plan for optimizer in outcome.optimizers]
    assert author.tokens >= 40
    champion = next(one for one in search.champions(1000) if one.text.strip() == FILL.strip())
    for size in problem.training_sizes:
        instances = problem.instances("validation", size, 0)
        best_fit = [problem.gap(one, problem.by_hand("best_fit", one)) for one in instances]
        assert champion.gaps[size] == pytest.approx(sum(best_fit) / len(best_fit))


@pytest.mark.parametrize("text", ['{"population": 1e9}', "I cannot do that", '{"population": ', "[]"])
def test_a_plan_that_cannot_be_used_is_a_failed_run_and_the_search_proposes_itself(kg, model, text):
    provider, texts = model
    texts.append(("plan", text))
    with kg.run("search", dataset="items") as run:
        author = Author(provider, run, SmallPacking())
        plan, _ = author.propose(Plan(), [Optimizer(Plan(), 0)], {Plan().to_json()}, random.Random(0))
    assert plan != Plan()
    assert author.failures == 1
    assert failed(kg) == ["plan_by_model"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_is_a_failed_run_and_the_search_goes_on(kg, model, name, monkeypatch):
    monkeypatch.setattr("methods.moh.code.SECONDS", 1.0)
    provider, texts = model
    texts.append(("code", HOSTILE[name]))
    problem = SmallPacking()
    search = Search(problem, 0, Plan(), 1500, iterations=2, proposals=0)
    with kg.run("search", dataset="items") as run:
        author = Author(provider, run, problem)
        author.invent(search, Optimizer(Plan(), 0))
    assert author.failures == 1
    assert search.champions(10) == []
    assert failed(kg) == ["heuristic_by_model"]


def test_a_server_that_fails_or_refuses_is_survived(kg, model):
    provider, texts = model
    refusal = {"choices": [{"message": {"content": None, "refusal": "no"}, "finish_reason": "stop"}]}
    texts += [("plan", Response("down", status=500)), ("code", Response(json.dumps(refusal)))]
    problem = SmallPacking()
    with kg.run("search", dataset="items") as run:
        author = Author(provider, run, problem)
        author.propose(Plan(), [Optimizer(Plan(), 0)], set(), random.Random(0))
        author.invent(Search(problem, 0, Plan(), 1500), Optimizer(Plan(), 0))
    assert author.failures == 2
    assert failed(kg) == ["heuristic_by_model", "plan_by_model"]


def test_code_solves_every_problem_as_the_trees_do():
    from methods.moh.problems import problem_of

    for task, source, same in (
        ("tsp-constructive", "def heuristic(distance, **others):\n    return -distance\n", lambda q: -q[0]),
        ("cvrp", "def heuristic(between, **others):\n    return -between\n", lambda q: -q[0]),
        (
            "tsp",
            "def heuristic(distance, seeming, **others):\n    return seeming + distance\n",
            lambda q: q[1] + q[0],
        ),
    ):
        problem = problem_of(task)
        instances = problem.instances("evolution", problem.training_sizes[0], 0)[:1]
        costs = [problem.cost(instance, same) for instance in instances]
        assert Code(source).costs(task, [problem.packed(one) for one in instances]) == pytest.approx(costs)
    with pytest.raises(SandboxError):
        Code("import os\ndef heuristic(**q): return 1").costs("tsp", [])
