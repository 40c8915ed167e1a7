"""One dataset under several names: found where it is certain, asked where it is not, and one in the columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import kg
import kg.projection
from ingest import find_source
from ingest.records import DatasetRef, Record, Records
from ingest.source import Tally
from kg import experience, iris, schema
from kg.batch import Batch, Manifest
from kg.identity import aliases
from kg.identity_candidates import Candidate, candidates, link_certain
from kg.identity_evidence import SHAPE, plain_name
from kg.identity_links import Link, forget, keep, links, said
from kg.pipeline import Pipeline, Step
from kg.questions import ask
from kg.selection import select

META_FEATURES = Path(__file__).resolve().parents[3] / "shared" / "data"
SVC = Pipeline((Step("estimator", "sklearn.svm.SVC"),))
IRIS = dict(zip(SHAPE, (150.0, 5.0, 3.0, 50.0, 0.0), strict=True))
CHURN = dict(zip(SHAPE, (5000.0, 21.0, 2.0, 4293.0, 0.0), strict=True))


def results(
    source: str, *datasets: DatasetRef, score: float = 0.9, tags: Mapping[str, str] | None = None
) -> Batch:
    """Results table (synthetic) with one run on each of the datasets."""
    about = Manifest(source, "1", source, "CC0-1.0", "https://example.org/results")
    records = Records(about, Tally())
    for number, dataset in enumerate(datasets):
        records.add(
            Record(
                str(number),
                dataset,
                SVC,
                {"accuracy": score},
                f"line {number + 1}",
                procedure="5-fold-cv",
                type="classification",
                tags=tags or {},
            )
        )
    return records.batch()


def store_with(*batches: Batch) -> kg.Store:
    store = kg.MemoryStore()
    for batch in batches:
        store.commit(batch)
    return store


def ids(found: list[Candidate], *, certain: bool | None = None) -> set[tuple[str, str]]:
    short = {iris.openml_dataset(number): str(number) for number in range(1, 100)}
    return {
        (short.get(each.dataset, each.dataset), short.get(each.other, each.other))
        for each in found
        if certain is None or each.certain == certain
    }


@pytest.fixture(scope="module")
def lcdb() -> Batch:
    """All datasets of LCDB with their names and qualities, without runs."""
    (whole,) = find_source("lcdb").batches()
    return Batch(whole.manifest, datasets=whole.datasets, qualities=whole.qualities)


def named_as(lcdb: Batch) -> dict[str, DatasetRef]:
    """The named datasets of LCDB with their counts, as a results table that knows names alone would have them."""
    titles = dict(lcdb.datasets.select("dataset", "title").iter_rows())
    counts: dict[str, dict[str, float]] = {}
    for dataset, name, value in lcdb.qualities.filter(pl.col("name").is_in(SHAPE)).iter_rows():
        counts.setdefault(dataset, {})[name] = value
    return {
        dataset: DatasetRef(f"{titles[dataset].upper()}.csv", qualities=known)
        for dataset, known in sorted(counts.items())
        if plain_name(titles[dataset])
    }


def test_named_tables_find_their_openml_datasets_or_are_asked_about(lcdb: Batch) -> None:
    """All 219 named OpenML datasets of LCDB: 177 have a name of their own, and find themselves and no other."""
    named = named_as(lcdb)
    assert len(named) == 219
    own = {dataset: reference.iri for dataset, reference in named.items()}
    alone = [dataset for dataset, name in own.items() if list(own.values()).count(name) == 1]
    assert len(alone) == 177
    first = {reference.iri: reference for reference in named.values()}
    with store_with(lcdb, results("paper", *first.values())) as store:
        made = candidates(store)
        certain = {(each.dataset, each.other) for each in made if each.certain}
        assert certain == {(dataset, own[dataset]) for dataset in alone}
        reviewed = {(each.dataset, each.other) for each in made if not each.certain}
        assert {(dataset, own[dataset]) for dataset in own} <= certain | reviewed


def test_where_the_right_one_is_missing_few_find_another_version(lcdb: Batch) -> None:
    """Of 219 names, each without its own dataset in the graph, two find another version of the same shape (adult)."""
    named = named_as(lcdb)
    versions: dict[str, list[str]] = {}
    for dataset, reference in named.items():
        versions.setdefault(reference.iri, []).append(dataset)
    wrong = set()
    for dataset in (each for shared in versions.values() if len(shared) > 1 for each in shared):
        others = pl.col("dataset") != dataset
        openml = Batch(
            lcdb.manifest, datasets=lcdb.datasets.filter(others), qualities=lcdb.qualities.filter(others)
        )
        with store_with(openml, results("paper", named[dataset])) as store:
            found = candidates(store, only_certain=True)
        wrong |= {(iris.openml_id(dataset), iris.openml_id(each.dataset)) for each in found}
    assert wrong == {(179, 1590), (1590, 179)}


@pytest.mark.parametrize(
    ("file", "key"), [("kgmetasp/metafeatures.csv", "openml_dataset_id"), ("pmf-automl/metafeatures.csv", "")]
)
def test_a_shape_alone_is_never_certain(file: str, key: str) -> None:
    """Of 171 and 553 OpenML datasets 4 and 28 pairs agree in all counts: a shape proposes, and does not decide."""
    path = META_FEATURES / file
    if not path.exists():
        pytest.skip(f"{path} is not there")
    table = pl.read_csv(path)
    if "MajorityClassSize" not in table.columns:
        share = pl.col("ClassProbabilityMax") * pl.col("NumberOfInstances")
        table = table.with_columns(MajorityClassSize=share.round())
    table = table.drop_nulls(list(SHAPE))
    openml = [
        DatasetRef(openml_id=int(row[key]), qualities={name: row[name] for name in SHAPE})
        for row in table.iter_rows(named=True)
    ]
    tables = [
        DatasetRef(fingerprint=f"{reference.openml_id:064x}"[::-1], qualities=reference.qualities)
        for reference in openml[::10]
    ]
    with store_with(results("openml", *openml), results("tables", *tables)) as store:
        found = candidates(store)
    assert not [each for each in found if each.certain]
    right = {
        (iris.openml_dataset(int(str(b.openml_id))), t.iri) for b, t in zip(openml[::10], tables, strict=True)
    }
    assert {(each.dataset, each.other) for each in found} >= right


def test_what_is_certain_is_found_and_says_why() -> None:
    digest = "ab" * 32
    openml = results(
        "openml", DatasetRef("iris", 61, qualities=IRIS), DatasetRef("wine", 87, qualities=CHURN)
    )
    paper = results(
        "paper",
        DatasetRef("Iris.csv", qualities=IRIS),
        DatasetRef("mystery", landing_page="https://www.openml.org/search?type=data&id=87"),
    )
    tagged = results("runs", DatasetRef("tagged"), tags={"openml_dataset_id": "61"})
    content = results("tables", DatasetRef("a.csv", fingerprint=digest))
    other = content.datasets.with_columns(dataset=pl.lit("https://example.org/a"), title=pl.lit("b"))
    with store_with(
        openml,
        paper,
        tagged,
        content,
        Batch(Manifest("far", "1", "far", "CC0-1.0", iris.BASE), datasets=other),
    ) as store:
        before = candidates(store)
        assert ids(before, certain=True) == {
            ("61", iris.named_dataset("Iris.csv")),
            ("87", iris.named_dataset("mystery")),
            ("61", iris.named_dataset("tagged")),
            ("https://example.org/a", iris.table_dataset(digest)),
        }
        assert ids(candidates(store, only_certain=True)) == ids(before, certain=True)
        made = link_certain(store)
        assert len(made) == 4
        assert all("; automatic, 20" in link.reason for link in links(store))
        for said_of in (
            "by its landing page",
            "by a tag of its runs",
            "SHA-256 abababababab",
            "both are called 'iris'",
        ):
            assert any(said_of in link.reason for link in made)
        assert link_certain(store) == []
        assert not candidates(store)
        assert aliases(store) == {
            iris.named_dataset("Iris.csv"): iris.openml_dataset(61),
            iris.named_dataset("tagged"): iris.openml_dataset(61),
            iris.named_dataset("mystery"): iris.openml_dataset(87),
            "https://example.org/a": iris.table_dataset(digest),  # in the graph for longer
        }


def test_two_openml_ids_two_contents_and_rejected_pairs_never_become_one_by_themselves() -> None:
    one, two = "11" * 32, "22" * 32
    with store_with(
        results("openml", DatasetRef("churn", 61, qualities=CHURN)),
        results("a", DatasetRef("churn", fingerprint=one, qualities=CHURN)),
        results("b", DatasetRef("churn!", fingerprint=two, qualities=CHURN)),
    ) as store:
        found = candidates(store)
        # Three of one name: nobody can say which two belong together.
        assert ids(found, certain=True) == set()
        assert len(found) == 3
    page = DatasetRef("x", landing_page="https://www.openml.org/d/62", qualities=CHURN)
    with store_with(
        results("openml", DatasetRef("churn", 61, qualities=CHURN), DatasetRef("y", 62))
    ) as store:
        store.commit(results("paper", page))
        assert ids(candidates(store), certain=True) == {("62", page.iri)}
        keep(store, [Link(iris.openml_dataset(61), page.iri, "same", said("a person says so"))])
        (asked,) = candidates(store)
        assert not asked.certain
        assert "openml:61 and openml:62 would become one" in asked.reason
        keep(store, [Link(page.iri, iris.openml_dataset(62), "different", said("looked at it"))])
        assert candidates(store) == []
        assert aliases(store) == {page.iri: iris.openml_dataset(61)}
        assert forget(store, iris.openml_dataset(62), page.iri).relation == "different"
        assert ids(candidates(store)) == {("62", page.iri)}


def test_versions_and_bare_names_are_for_review() -> None:
    binarised = {**IRIS, "NumberOfClasses": 2.0, "MajorityClassSize": 100.0}
    with store_with(
        results(
            "openml", DatasetRef("iris", 61, qualities=IRIS), DatasetRef("iris", 69, qualities=binarised)
        ),
        results("paper", DatasetRef("IRIS", qualities=IRIS), DatasetRef("train.csv", qualities=CHURN)),
        results("other", DatasetRef("x_train", qualities=CHURN)),
    ) as store:
        found = {(each.dataset, each.other): each for each in candidates(store)}
    named, openml = iris.named_dataset("IRIS"), [iris.openml_dataset(61), iris.openml_dataset(69)]
    assert not any(each.certain for each in found.values())
    assert found[openml[0], openml[1]].relation == "alternate"
    assert "NumberOfClasses (3, 2)" in found[openml[0], openml[1]].reason
    assert found[openml[0], named].score > found[openml[1], named].score
    assert "several datasets are called so" in found[openml[0], named].reason
    # Everybody has a train.csv: of these the shape alone speaks.
    (shaped,) = (each for pair, each in found.items() if named not in pair and openml[0] not in pair)
    assert "a name is not known" in shaped.reason


def linked(folder: Path) -> kg.Store:
    """Store with 20 datasets of OBOE, one of which a results table knows by name, with runs of the same pipelines."""
    store = kg.open_store(folder, create=True)
    (whole,) = find_source("oboe").batches()
    part = pl.col("dataset").is_in(whole.datasets["dataset"].sort().head(20).implode())
    runs = whole.runs.filter(part)
    batch = Batch(
        whole.manifest,
        datasets=whole.datasets.filter(part),
        qualities=whole.qualities.filter(part),
        tasks=whole.tasks.filter(part),
        pipelines=whole.pipelines,
        runs=runs,
        evaluations=whole.evaluations.join(runs, on="run", how="semi"),
    )
    store.commit(batch)
    return store


MEASURE, PROCEDURE = "one_vs_rest_balanced_accuracy", "5-fold-cv"


def paper_about(store: kg.Store, dataset: str) -> Batch:
    """Results (synthetic) by the name of a dataset: 200 of its runs a second time, a little worse."""
    name = iris.named_dataset("paper's table")
    found = experience.load(store).runs.filter(dataset=dataset, measure=iris.measure(MEASURE)).head(200)
    task = iris.task(iris.dataset_key(name), PROCEDURE)
    runs = found.select(
        run=pl.concat_str(pl.lit(iris.own("run", "paper/")), pl.row_index().cast(pl.String)),
        task=pl.lit(task),
        dataset=pl.lit(name),
        pipeline="pipeline",
        status=pl.lit("finished"),
    )
    return Batch(
        Manifest("paper", "1", "Paper", "CC0-1.0", "https://example.org/paper"),
        datasets=pl.DataFrame({"dataset": [name], "title": ["paper's table"]}),
        qualities=pl.DataFrame(
            {"dataset": [name] * 2, "name": ["NumberOfInstances", "NewQuality"], "value": [-1.0, 7.0]}
        ),
        tasks=pl.DataFrame(
            {
                "task": [task],
                "dataset": [name],
                "type": ["classification"],
                "procedure": [iris.procedure(PROCEDURE)],
            }
        ),
        pipelines=experience.load(store).pipelines,
        runs=runs,
        evaluations=runs.select("run", measure=pl.lit(iris.measure(MEASURE)), value=found["value"] * 0.99),
    )


@pytest.mark.parametrize("large", [False, True])
def test_linked_datasets_are_one_in_the_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    if large:
        monkeypatch.setattr(kg.projection, "_CHUNK_RUNS", 80)
    name = iris.named_dataset("paper's table")
    with linked(tmp_path / "store") as store:
        first = sorted(info["dataset"] for info in experience.load(store).datasets.to_dicts())[3]
        store.commit(paper_about(store, first))
        apart = experience.load(store)
        version = experience.experience_version(store)
        keep(store, [Link(first, name, "different", said("no"))])
        assert experience.experience_version(store) == version  # what changes nothing is no new experience
        keep(store, [Link(first, name, "same", said("yes"))])
        assert experience.experience_version(store) != version
        one = experience.load(store)
        assert (one.places is not None) == large
        assert apart.datasets.height == one.datasets.height + 1
        assert name not in one.runs["dataset"]
        assert (
            one.runs.filter(dataset=first).height
            == apart.runs.filter(pl.col("dataset").is_in([first, name])).height
        )
        # The paper's name is better than none, its new quality is taken over, the one that is known stays.
        titled = one.datasets.filter(dataset=first)["title"].item()
        assert titled == "paper's table"
        known = dict(one.qualities.filter(dataset=first).select("name", "value").iter_rows())
        before = dict(apart.qualities.filter(dataset=first).select("name", "value").iter_rows())
        assert known == {**before, "NewQuality": 7.0}
        for asked in (first, name):
            best = one.best(asked, MEASURE, PROCEDURE, 1000)
            assert best.height == 219 + 200
            assert set(best["graph"]) == {iris.graph("paper", "1"), iris.graph("oboe", "0.2.0")}
            assert_frame_equal(best, one.best(first, MEASURE, PROCEDURE, 1000))
        board = one.leaderboard(MEASURE, PROCEDURE, 1000)
        assert set(board["datasets"]) == {20}
        assert board["runs"].sum() == 20 * 219 + 200
        datasets, pipelines, values = one.matrix(MEASURE, PROCEDURE)
        means = dict(zip(pipelines, values.mean(axis=0), strict=True))
        assert dict(board.select("pipeline", "mean").iter_rows()) == pytest.approx(means)
        assert len(datasets) == 20
        for gone in (first, name):
            left = one.without_datasets([gone])
            assert not {first, name} & set(left.runs["dataset"])
            assert left.best(name, MEASURE, PROCEDURE).is_empty()
            assert set(left.leaderboard(MEASURE, PROCEDURE, 1000)["datasets"]) == {19}
        rows = [
            {row[5] for row in ask(store, "best-pipelines", dataset=d, limit=1000).rows()}
            for d in (first, name)
        ]
        assert rows[0] == rows[1]
        assert len(rows[0]) == 219 + 200
        assert name not in {
            str(row[0]) for row in ask(store, "datasets-like-it", dataset=first, limit=99).rows()
        }


def test_links_hold_whatever_the_time_that_is_asked_about(tmp_path: Path) -> None:
    name = iris.named_dataset("paper's table")
    with linked(tmp_path / "store") as store:
        first = sorted(experience.load(store).datasets["dataset"])[3]
        store.commit(paper_about(store, first))
        until = store.graphs()[-1].modified_at
        keep(store, [Link(first, name, "same", said("yes"))])
        monday = "2999-01-01"
        for when in (until, monday):
            chosen = select(store, as_of=when)
            assert iris.LINKS_GRAPH in chosen.graphs
            assert aliases(store, chosen) == {name: first}
            assert not chosen.dated
        assert aliases(store, select(store, exclude_sources=["links"])) == {}


def test_a_decision_can_be_changed_and_undone_and_leaves_nothing_behind() -> None:
    pair = [iris.openml_dataset(61), iris.named_dataset("iris")]
    with store_with(results("openml", DatasetRef("iris", 61)), results("paper", DatasetRef("Iris"))) as store:
        quads = len(store.dataset())
        assert [link.relation for link in keep(store, [Link(*pair, "same", said("yes"))])] == ["same"]
        assert keep(store, [Link(pair[1], pair[0], "same", said("again"))]) == []
        assert aliases(store) == {pair[1]: pair[0]}
        keep(store, [Link(*pair, "different", said("no"))])
        assert aliases(store) == {}
        assert [(link.dataset, link.other, link.relation) for link in links(store)] == [(*pair, "different")]
        assert "; by " in links(store)[0].reason
        forget(store, *pair)
        assert links(store) == []
        assert iris.LINKS_GRAPH not in {info.iri for info in store.graphs()}
        assert len(candidates(store)) == 1
        with pytest.raises(kg.errors.QueryError, match="nothing was decided about"):
            forget(store, *pair)
        assert len(store.dataset()) > quads  # the history grows
    assert schema.ALLOWED["relation"] == ("same", "alternate", "different")
