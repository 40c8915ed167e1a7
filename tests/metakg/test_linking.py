"""``metakg link`` and ``kg.link``: the same dataset from OpenML, a table and a results table, and nothing leaks."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import metakg
from embeddings.table import prepare
from ingest.records import DatasetRef, Record, Records
from ingest.source import Source, Tally
from kg import iris
from kg.batch import Batch, Manifest
from kg.errors import QueryError
from kg.identity_evidence import SHAPE
from kg.pipeline import Pipeline
from metakg.training import MEASURE, PROCEDURE

WDBC = iris.openml_dataset(1510)
NAMED = iris.named_dataset("wdbc (paper)")


class Paper(Source):
    """Results table (synthetic): some runs on datasets of a few names, by pipelines that OBOE has."""

    name, title = "paper", "Paper"

    def __init__(self, pipelines: list[Pipeline], *datasets: DatasetRef, score: float = 0.5) -> None:
        super().__init__()
        self._rows, self._score = [(dataset, each) for dataset in datasets for each in pipelines], score

    @property
    def manifest(self) -> Manifest:
        return Manifest("paper", "1", "Paper", "CC0-1.0", "https://example.org/paper")

    def read(self, tally: Tally):  # type: ignore[no-untyped-def]
        records = Records(self.manifest, tally)
        for number, (dataset, pipeline) in enumerate(self._rows):
            scores = {"one_vs_rest_balanced_accuracy": self._score + number / 1000}
            where = {"place": f"line {number}", "procedure": "5-fold-cv", "type": "classification"}
            records.add(Record(str(number), dataset, pipeline, scores, **where))  # type: ignore[arg-type]
        yield records.batch()


def reference(wdbc: Path) -> DatasetRef:
    """The table as whoever reads it knows it: by its content, with its counts."""
    table = prepare(pd.read_csv(wdbc), "diagnosis", None, name=wdbc.name)
    counts = dict(zip(SHAPE, (569, 31, 2, 357, 0), strict=True))
    return DatasetRef(wdbc.name, fingerprint=table.fingerprint, qualities=counts)


@pytest.fixture
def kg(own_store: Path):  # type: ignore[no-untyped-def]
    with metakg.open(own_store) as opened:
        yield opened


def pipelines(kg: metakg.KnowledgeGraph, count: int) -> list[Pipeline]:
    return list(kg.experience().pipeline_objects.values())[:count]


def test_a_dataset_from_openml_a_table_and_a_results_table_becomes_one(kg, wdbc):  # type: ignore[no-untyped-def]
    table = reference(wdbc)
    page = "https://www.openml.org/d/1510"
    named = DatasetRef("wdbc (paper)", landing_page=page, qualities=table.qualities)
    same_table = DatasetRef("Wdbc-Paper", fingerprint=table.fingerprint, qualities=table.qualities)
    before = kg.experience().best(WDBC, MEASURE, PROCEDURE, 1000).height
    report = kg.ingest(Paper(pipelines(kg, 4), named, same_table))
    # By its page at once, and then by name and shape, since the graph knows no other of that name.
    assert len(report.linked) == 2
    assert "2 pairs of datasets certainly one" in str(report)
    assert set(kg.names_of(1510)) == {WDBC, named.iri, same_table.iri}
    assert kg.names_of(same_table.iri)[0] == WDBC
    assert kg.experience().best(same_table.iri, MEASURE, PROCEDURE, 1000).height == before + 8
    assert kg.leaderboard(NAMED, top=1000).equals(kg.leaderboard(1510, top=1000))
    told = kg.explain(NAMED).to_dict()
    assert WDBC in told["also"]
    assert sum(row["runs"] for row in told["runs"]) == before + 8
    assert kg.ingest(Paper(pipelines(kg, 4), named, same_table)).linked == ()


def test_excluding_any_name_excludes_all(kg, wdbc):  # type: ignore[no-untyped-def]
    kg.ingest(Paper(pipelines(kg, 30), DatasetRef("wdbc (paper)"), score=0.9))
    kg.link(1510, NAMED, reason="the same 569 tumours")
    until = "2999-01-01"
    for name in (1510, NAMED):
        for when in (None, until):
            chosen = kg.selection([name], as_of=when)
            assert set(chosen.exclude_datasets) == {WDBC, NAMED}
        answer = kg.recommend(wdbc, "diagnosis", top=3, exclude_datasets=[name], store_evidence=False)
        assert WDBC not in {neighbour.dataset for neighbour in answer.neighbours}
        assert NAMED not in answer.provenance.query
        assert not [
            run for item in answer for run in item.support if "/1510/" in run.run or "/paper/" in run.run
        ]
    with_it = kg.recommend(wdbc, "diagnosis", top=3)
    assert WDBC in {neighbour.dataset for neighbour in with_it.neighbours}
    assert NAMED in with_it.provenance.query
    assert kg.similar(NAMED, top=3).to_dicts() == kg.similar(1510, top=3).to_dicts()
    assert {row["run"] for row in _support(kg, with_it)} >= {
        run.run for item in with_it for run in item.support
    }


def _support(kg, answer):  # type: ignore[no-untyped-def]
    result = kg.store.query(answer.provenance.query)
    return [dict(zip(result.variables, map(str, row), strict=True)) for row in result.rows()]


def test_the_command_lists_decides_and_takes_back(kg, shell, own_store):  # type: ignore[no-untyped-def]
    counts = dict(zip(SHAPE, (569, 31, 2, 357, 0), strict=True))
    kg.store.commit(next(Paper(pipelines(kg, 2), DatasetRef("tumours", qualities=counts)).batches()))
    words = ("--store", own_store, "link")
    tumours = "metakg:dataset/name/tumours"
    status, out, err = shell(*words, "--format", "json")
    assert (status, err) == (0, "")
    assert not [each for each in json.loads(out) if each["certain"]]
    status, out, err = shell(*words, 1510, tumours, "--reason", "both are the\nWisconsin tumours")
    assert (status, out) == (0, "")
    assert "openml:dataset/1510 = metakg:dataset/name/tumours (both are the Wisconsin tumours; by " in err
    status, out, _ = shell(*words, "--decided", "--format", "json")
    assert [each["relation"] for each in json.loads(out)] == ["same"]
    assert shell(*words, "--reject", tumours, 1510)[0] == 0
    assert json.loads(shell(*words, "--decided", "--format", "json")[1])[0]["relation"] == "different"
    assert "is a version of" in shell(*words, "--alternate", 1510, tumours)[2]
    status, _, err = shell(*words, "--undo", 1510, tumours)
    assert status == 0
    assert "taken back" in err
    assert json.loads(shell(*words, "--decided", "--format", "json")[1]) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((1510,), "a link is between two datasets, 1 given"),
        ((1510, 1510), "are one name"),
        ((1510, 999999), "'http://w3id.org/mlsea/openml/dataset/999999' is not in the graph"),
        (("--undo", 1510, 31), "nothing was decided about"),
        (("--reject",), "are about two datasets: name them"),
        (("--reject", "--undo", 1510, 31), "exclude one another"),
        (("--auto", 1510, 31), "--auto takes no datasets"),
        (("--auto", "--decided"), "do different things"),
        (("--review",), "asks on a terminal, and this is none"),
    ],
)
def test_wrong_words_are_told(small_store: Path, shell, words, said) -> None:  # type: ignore[no-untyped-def]
    status, out, err = shell("--store", small_store, "link", *words)
    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_pairs_are_reviewed_one_by_one(kg, own_store, monkeypatch):  # type: ignore[no-untyped-def]
    from click.testing import CliRunner

    from metakg.cli import link as module
    from metakg.cli.application import app

    # Four of OBOE get names of their own, and a second source knows them by these.
    datasets = kg.experience().datasets["dataset"].head(4).to_list()
    titles = dict(zip(datasets, ("alpha one", "beta two", "gamma three", "delta four"), strict=True))
    described = [DatasetRef(title, openml_id=iris.openml_id(each)) for each, title in titles.items()]
    kg.store.commit(next(Paper(pipelines(kg, 1), *described).batches()))
    own = Paper(pipelines(kg, 1), *(DatasetRef(title.upper()) for title in titles.values()))
    batch = next(own.batches())
    kg.store.commit(Batch(Manifest("b", "1", "b", "CC0-1.0", iris.BASE), **batch.tables()))
    before = kg.link_candidates()
    assert len([each for each in before if each.other.startswith(iris.own("dataset", "name/"))]) == 4
    # The runner's stdin is a pipe; that a pipe is refused is tested above.
    monkeypatch.setattr(module, "_is_terminal", lambda: True)
    done = CliRunner().invoke(app, ["--store", str(own_store), "link", "--review"], input="y\nv\nn\nq\n")
    assert done.exit_code == 0, done.output
    kg.refresh()
    assert sorted(link.relation for link in kg.links()) == ["alternate", "different", "same"]
    assert len(kg.link_candidates()) == len(before) - 3


def test_nothing_is_linked_without_datasets_of_the_graph(kg) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(QueryError, match="relation 'equal' is unknown; known: same, alternate, different"):
        kg.link(1510, 31, relation="equal")
    with pytest.raises(QueryError, match="not in the graph"):
        kg.link(1510, "metakg:dataset/name/nowhere")
    assert kg.links() == []
