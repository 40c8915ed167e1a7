"""The demo: real experiments in, advice out, and the advice checked against runs that were kept out."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

import metakg
from kg import IRI

WDBC = "http://w3id.org/mlsea/openml/dataset/1510"
Demo = tuple[Path, subprocess.CompletedProcess[str]]


def test_it_counts_what_came_in_and_what_was_left_out(demo: Demo) -> None:
    _, done = demo
    assert done.returncode == 0, done.stderr
    assert "91,542 runs, 183,084 evaluations" in done.stdout
    assert "309,400 series" in done.stdout


def test_it_checks_its_own_advice(demo: Demo) -> None:
    checked = re.search(r"4\. the advice.*?best known", demo[1].stdout, re.DOTALL)
    assert checked
    rows = re.findall(
        r"^ \d .*?(0\.\d{4}) +(\d\.\d+)-(\d\.\d+) +(0\.\d{4}) +(yes|no)", checked[0], re.MULTILINE
    )
    assert len(rows) == 5
    for predicted, low, high, measured, inside in rows:
        assert float(low) <= float(predicted) <= float(high)
        assert (inside == "yes") == (float(low) - 5e-4 <= float(measured) <= float(high) + 5e-4)
    best, ours, regret = map(
        float, re.findall(r"best known of 219 .*?: (\S+) \(.*?: (\S+); regret (\S+)", demo[1].stdout)[0]
    )
    assert regret == pytest.approx(best - ours, abs=1.1e-4)
    assert regret < 0.03  # the global greedy portfolio's mean over datasets is .012 for five pipelines


def test_the_tables_own_runs_are_no_evidence(demo: Demo) -> None:
    folder, done = demo
    (iri,) = set(re.findall(r"evidence: (\S+)", done.stdout))
    with metakg.open(folder, read_only=True) as kg:
        used = kg.sparql(
            "PREFIX mkg: <https://w3id.org/metakg/ontology#> PREFIX prov: <http://www.w3.org/ns/prov#> "
            "PREFIX mls: <http://www.w3.org/ns/mls#> SELECT DISTINCT ?dataset { "
            "{ $answer mkg:recommends/mkg:supportedBy/mls:hasInput ?dataset } "
            "UNION { $answer prov:wasDerivedFrom ?dataset } ?dataset a mls:Dataset }",
            answer=IRI(iri),
        )
    datasets = {row[0] for row in used.rows()}
    assert datasets
    assert WDBC not in datasets


def test_what_it_says_to_type_next_works(demo: Demo, shell) -> None:
    folder, done = demo
    steps = re.findall(r"^  \S.*?  (?:\S*metakg) --store \S+ (.*)$", done.stdout, re.MULTILINE)
    assert len(steps) == 7
    for step in steps:
        words = shlex.split(step)
        if "my.csv" in words or words[0] == "ui":
            continue  # a file that the reader has, and a server: both are tested elsewhere
        status, out, errors = shell("--store", folder, *words)
        assert status == 0, errors
        assert out
