"""What servers do wrong: each is survived, or reported in one line that names the URL and the remedy."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from ingest import OpenmlSource, ingest
from ingest.openml_cache import Cache, cache_path
from ingest.openml_catalogue import chunks
from ingest.openml_client import Client, RefusedError
from ingest.openml_flows import parse_flow
from ingest.openml_listings import read_evaluations, read_setups
from ingest.openml_position import Checkpoint
from ingest.openml_xml import DamagedError
from kg import iris
from kg.embedded import EmbeddedStore
from kg.errors import SourceError
from kg.memory import MemoryStore
from kg.terms import IRI
from tests.ingest.openml_server import FLOWS, Evaluation, World, error_document, serving, synthetic_world

ACCURACY = "predictive_accuracy"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def server():
    with serving(synthetic_world(20)) as running:
        yield running


def client(server, **options):
    return Client(server.url, **{"pause": 0.0, "first_wait": 0.01, "timeout": 5.0, **options})


def source(server, patience=None, **options):
    options.setdefault("function", ACCURACY)
    return OpenmlSource(suite=99, server=server.url, client=patience or client(server), **options)


def runs(server, **options):
    with MemoryStore() as store:
        ingest(store, source(server, **options))
        (info,) = store.graphs()
        return info.counts["runs"]


@pytest.mark.parametrize("fault", ["504", "503", "500", "429", "429 0", "429 soon", "truncate", "drop"])
def test_what_passes_is_survived(server, fault):
    for pattern in ("study", "evaluation/list", "setup/list", "^flow/", "^task/", "^data/qualities"):
        server.fail(pattern, fault, times=2)
    assert runs(server) == 20
    assert not any(times for *_, times in server.faults)


def test_retry_after_is_waited_for(server):
    server.fail("study/99", "429 1")
    assert client(server).get("study/99", lambda text, _: "task_id" in text)
    assert server.times[1] - server.times[0] >= 1.0


def test_retry_after_may_be_a_time(server):
    at = datetime.now(UTC) + timedelta(seconds=2)
    server.fail("study/99", f"429 {format_datetime(at)}")
    client(server).get("study/99", lambda text, _: text)
    assert datetime.now(UTC) >= at - timedelta(seconds=1)


def test_a_server_that_wants_to_be_left_alone_for_long_is(server):
    server.fail("study/99", "429 86400", times=100)
    with pytest.raises(SourceError, match=r"study/99: the server asks to be left alone for 86,400 s"):
        runs(server)
    assert len(server.requests) == 1


@pytest.mark.parametrize("fault", ["504", "truncate", "drop", "<oml:other/>"])
def test_what_does_not_pass_is_an_error_that_names_the_url(server, fault):
    server.fail("evaluation/list", fault, times=100)
    with MemoryStore() as store:
        with pytest.raises(SourceError) as caught:
            ingest(store, source(server, client(server, attempts=3)))
        assert store.graphs() == []
    message = str(caught.value)
    assert f"{server.url}/evaluation/list/function/{ACCURACY}/limit/10000/offset/0" in message
    assert "attempts" in message
    assert "ingest again" in message
    assert "\n" not in message
    assert server.count("evaluation/list") == 3


def test_a_server_that_hangs_is_given_up(server):
    server.fail("study", "hang", times=100)
    with pytest.raises(SourceError, match="2 attempts"):
        ingest(MemoryStore(), source(server, client(server, timeout=0.2, attempts=2)))
    assert server.count("study") == 2


def test_a_server_that_is_not_there():
    source = OpenmlSource(
        suite=99,
        server="http://127.0.0.1:9/api",
        client=Client("http://127.0.0.1:9/api", pause=0, attempts=2, first_wait=0.01),
    )
    with pytest.raises(SourceError, match=r"http://127.0.0.1:9/api/study/99: no answer .* check the network"):
        ingest(MemoryStore(), source)


def test_requests_keep_their_distance(server):
    patient = client(server, pause=0.1)
    for _ in range(4):
        patient.get("study/99", lambda text, _: text)
    assert min(after - before for before, after in zip(server.times, server.times[1:], strict=False)) > 0.09


@pytest.mark.parametrize("pattern", ["evaluation/list", "setup/list", "^flow/", "^data/qualities"])
def test_entities_are_refused_at_once(server, pattern):
    server.fail(pattern, "entities", times=100)
    with MemoryStore() as store, pytest.raises(SourceError, match="declares a document type") as caught:
        ingest(store, source(server))
    assert re.search(pattern, str(caught.value).partition("/xml/")[2])
    assert server.faults[0][2] == 99


@pytest.mark.parametrize("code", [372, 542])
def test_nothing_there_is_said(server, code):
    """HTTP status 412, with the codes by which listings say that they are empty."""
    server.world.answer = lambda path, page: error_document(code, "No results")
    with MemoryStore() as store:
        with pytest.raises(SourceError, match=r"the server lists no evaluation.*nothing was written"):
            ingest(store, OpenmlSource(task=11, server=server.url, client=client(server)))
        assert store.graphs() == []


def test_what_the_server_refuses_is_said(server):
    server.world.answer = lambda path, page: error_document(541, "Filters with illegal values")
    with pytest.raises(RefusedError, match=r"task/11: OpenML refuses \(code 541: Filters with illegal"):
        ingest(MemoryStore(), OpenmlSource(task=11, server=server.url, client=client(server)))


def test_no_suite(server):
    with pytest.raises(RefusedError, match="study/7: OpenML refuses"):
        ingest(MemoryStore(), OpenmlSource(suite=7, server=server.url, client=client(server)))


def test_a_dataset_without_anything_has_the_name_of_the_listing(server):
    for path in ("data/61", "data/features/61", "data/qualities/61"):
        del server.world.documents[path]
    with MemoryStore() as store:
        ingest(store, source(server))
        rows = store.query(
            "SELECT ?title { $dataset <http://purl.org/dc/terms/title> ?title }",
            bindings={"dataset": IRI(iris.openml_dataset(61))},
        ).rows()
        assert list(rows) == [("iris",)]


def _left_out(server, **options):
    with MemoryStore() as store:
        report = ingest(store, source(server, **options))
        (info,) = store.graphs()
    assert info.counts["runs"] + sum(each.count for each in report.left_out if each.what == "runs") == 20
    assert report.read["runs"] == 20
    return {(item.what, item.why): item.count for item in report.left_out}


def test_runs_of_a_flow_that_cannot_be_had_are_left_out_once(server):
    del server.world.documents["flow/101"]
    count = sum(row.flow == 101 for row in server.world.evaluations[ACCURACY])
    why = "flow 101 cannot be had (code 181: Unknown thing - None)"
    assert _left_out(server, function=[ACCURACY, "f_measure"]) == {
        ("runs", why): count,
        ("evaluations", f"their run is left out: {why}"): 2 * count,
    }


def test_runs_of_a_task_that_cannot_be_had_are_left_out(server):
    del server.world.documents["task/11"]
    count = sum(row.task == 11 for row in server.world.evaluations[ACCURACY])
    assert _left_out(server)["runs", "task 11 cannot be had (code 151: Unknown thing - None)"] == count


def test_runs_of_a_setup_that_is_not_there_or_of_another_flow_are_left_out(server):
    gone, strange = sorted({row.setup for row in server.world.evaluations[ACCURACY]})[:2]
    del server.world.setups[gone]
    head, mark, parameters = server.world.setups[strange].partition("<oml:parameter>")
    parameters = parameters.replace("<oml:flow_id>", "<oml:flow_id>9")
    server.world.setups[strange] = head + mark + parameters
    left = _left_out(server)
    assert left["runs", "their setup is not there"] == sum(
        row.setup == gone for row in server.world.evaluations[ACCURACY]
    )
    assert any("makes no pipeline of flow" in why for what, why in left if what == "runs")


def test_a_row_without_an_id_names_its_place():
    row = Evaluation(1, 2, 3, 4, 5, "iris", 6, "0.5").xml(ACCURACY, False)
    rows = row + row.replace(">3<", "><")
    document = f'<oml:evaluations xmlns:oml="http://openml.org/openml">{rows}</oml:evaluations>'
    with pytest.raises(SourceError, match=r"page, row 1: <oml:setup_id> is '', which is no id"):
        read_evaluations(document, "page")


def test_parameters_of_a_setup_with_tags_count_once():
    world = World()
    world.add_setup(7, parse_flow((FLOWS / "single.xml").read_text()), {})
    once = f'<oml:setups xmlns:oml="http://openml.org/openml">{world.setups[7]}</oml:setups>'
    parameters = world.setups[7].partition("<oml:parameter>")[1:]
    twice = once.replace("</oml:setup>", "".join(parameters).replace("</oml:setup>", "") + "</oml:setup>", 1)
    assert read_setups(twice, "page") == read_setups(once, "page")


def test_lists_of_ids_fit_into_a_url():
    listed = list(chunks(list(range(10**9, 10**9 + 3_000)), 1_000))
    assert [each for part in listed for each in part] == list(range(10**9, 10**9 + 3_000))
    assert all(len(part) <= 1_000 and len(",".join(map(str, part))) < 6_100 for part in listed)


def test_documents_that_do_not_change_are_fetched_once(server, tmp_path):
    with EmbeddedStore(tmp_path / "store", create=True) as store:
        ingest(store, source(server))
        asked = len(server.requests)
        ingest(store, source(server, relist=True, function=[ACCURACY, "f_measure"]))
        assert all(re.match("study|evaluation/list", path) for path in server.requests[asked:])
        (name,) = (tmp_path / "store" / "openml").glob("*.sqlite")
        assert name == cache_path(tmp_path / "store", server.url)


def test_a_damaged_cache_or_checkpoint_is_anerror_document(tmp_path, server):
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(SourceError, match=re.escape(str(path))):
        Cache(path)
    checkpoint = Checkpoint(tmp_path, "graph")
    checkpoint.path.parent.mkdir()
    checkpoint.path.write_text('{"digest"')
    with pytest.raises(SourceError, match="remove it and ingest again"):
        checkpoint.load()


def test_the_key_goes_only_to_the_server_that_it_is_for(server):
    from openml import config

    before = config.apikey, config.server
    try:
        config.apikey = "0123456789abcdef"
        client(server).get("study/99", lambda text, _: text)
        assert (config.apikey, config.server) == ("0123456789abcdef", before[1])
        assert not any("0123456789abcdef" in line for line in server.lines)
        config.server = server.url
        client(server).get("study/99", lambda text, _: text)
        assert any("0123456789abcdef" in line for line in server.lines)
        for fault in ("504", "drop", "truncate", "<oml:x>", "hang"):
            server.faults.clear()
            server.fail("study", fault, times=100)
            with pytest.raises(SourceError) as caught:
                client(server, attempts=1, timeout=0.2).get("study/99", read_evaluations)
            assert "0123456789abcdef" not in str(caught.value)
        config.server = "http://127.0.0.1:9/api"
        with pytest.raises(SourceError) as caught:
            Client(config.server, pause=0, attempts=1).get("study/99", read_evaluations)
        assert "api_key=..." in str(caught.value)
        assert "0123456789abcdef" not in str(caught.value)
    finally:
        config.apikey, config.server = before


def test_the_package_is_left_as_it_was(server):
    import requests
    from openml import _api_calls, config

    before = (config.server, config.connection_n_retries, config.apikey, _api_calls.requests)
    server.fail("study", "504")
    client(server).get("study/99", lambda text, _: text)
    assert (config.server, config.connection_n_retries, config.apikey, _api_calls.requests) == before
    assert before[3] is requests


def test_damage_is_told_from_what_is_another_document():
    with pytest.raises(DamagedError):
        read_evaluations("<oml:evaluations><oml:eval", "page")
    with pytest.raises(SourceError, match="expected <oml:evaluations>") as caught:
        read_evaluations('<oml:run xmlns:oml="http://openml.org/openml"/>', "page")
    assert not isinstance(caught.value, DamagedError)
