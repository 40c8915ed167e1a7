"""The command ``link``."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from metakg.cli.output import plain_table, write
from metakg.cli.session import Session, pass_session
from metakg.explanation import iris_in_short

if TYPE_CHECKING:
    from kg.identity_candidates import Candidate
    from kg.identity_links import Link
    from metakg.graph import KnowledgeGraph

__all__ = ["link"]


@click.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET OTHER]")
@click.option("--auto", is_flag=True, help="Link what is certain.")
@click.option("--alternate", is_flag=True, help="One of the two is a version of the other.")
@click.option("--reject", is_flag=True, help="The two are different: never propose them again.")
@click.option("--undo", is_flag=True, help="Take back what was decided about the two.")
@click.option("--reason", metavar="TEXT", help="Why, to be kept with the decision.")
@click.option("--review", is_flag=True, help="Decide pair by pair, on a terminal.")
@click.option("--decided", is_flag=True, help="List what was decided.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@pass_session
def link(
    session: Session,
    datasets: tuple[str, ...],
    auto: bool,
    alternate: bool,
    reject: bool,
    undo: bool,
    reason: str | None,
    review: bool,
    decided: bool,
    form: str,
) -> None:
    """Say which datasets are one, and which are not.

    Without arguments, list pairs that may be one and that nobody has decided about. With two datasets (31, openml:31,
    metakg:dataset/... or an IRI), say that they are one, unless an option says otherwise.
    """
    _check(
        datasets, auto=auto, review=review, decided=decided, pair=alternate or reject or undo or bool(reason)
    )
    with session.open(read_only=not (datasets or auto or review)) as kg:
        if datasets:
            done = _decide(kg, datasets, alternate=alternate, reject=reject, undo=undo, reason=reason)
            session.say(done)
        elif auto:
            made = kg.link_certain()
            _show_links(made, form)
            session.say(f"linked {len(made):,} pairs of datasets that are certainly one")
        elif review:
            _review(session, kg)
        elif decided:
            _show_links(kg.links(), form)
        else:
            _show(session, kg.link_candidates(), form)


def _check(datasets: Sequence[str], *, auto: bool, review: bool, decided: bool, pair: bool) -> None:
    ways = [name for name, given in (("--auto", auto), ("--review", review), ("--decided", decided)) if given]
    if datasets and ways:
        raise click.UsageError(f"{ways[0]} takes no datasets: leave them out")
    if len(ways) > 1:
        raise click.UsageError(f"{' and '.join(ways)} do different things: give one of them")
    if len(datasets) not in (0, 2):
        raise click.UsageError(f"a link is between two datasets, {len(datasets)} given: name two")
    if pair and not datasets:
        raise click.UsageError("--alternate, --reject, --undo and --reason are about two datasets: name them")
    if review and not _is_terminal():
        raise click.UsageError(
            "--review asks on a terminal, and this is none: use `metakg link`, then `metakg link DATASET OTHER` or "
            "`metakg link --reject DATASET OTHER`"
        )


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _decide(
    kg: KnowledgeGraph,
    datasets: Sequence[str],
    *,
    alternate: bool,
    reject: bool,
    undo: bool,
    reason: str | None,
) -> str:
    one, other = datasets
    if alternate + reject + undo > 1:
        raise click.UsageError("--alternate, --reject and --undo exclude one another: give one of them")
    if undo:
        gone = kg.unlink(one, other)
        return f"taken back: {_told(gone)}"
    if alternate:
        return _told(
            kg.link(one, other, relation="alternate", reason=reason or "one is a version of the other")
        )
    if reject:
        return _told(kg.link(one, other, relation="different", reason=reason or "they are different"))
    return _told(kg.link(one, other, reason=reason or "they are one dataset"))


_SIGNS = {"same": "=", "alternate": "is a version of", "different": "is not"}


def _told(made: Link) -> str:
    one, other = iris_in_short(made.dataset), iris_in_short(made.other)
    return f"{one} {_SIGNS[made.relation]} {other} ({made.reason})"


def _show(session: Session, found: Sequence[Candidate], form: str) -> None:
    if form == "json":
        write(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
        return
    if not found:
        session.say("no two datasets look like one that nobody has decided about")
        return
    columns = ("dataset", "other", "titles", "proposed", "score", "because")
    plain_table(columns, [_row(each) for each in found], right=(4,))
    certain = sum(each.certain for each in found)
    session.say(
        f"{certain:,} certain: `metakg link --auto`; {len(found) - certain:,} to review: `metakg link --review`, "
        "or `metakg link DATASET OTHER`"
    )


def _row(each: Candidate) -> tuple[str, ...]:
    titles = dict.fromkeys(title for title in (each.title, each.other_title) if title)
    proposed = f"{each.relation}, certain" if each.certain else each.relation
    one, other = iris_in_short(each.dataset), iris_in_short(each.other)
    return one, other, " / ".join(titles), proposed, f"{each.score:.2f}", each.reason


def _show_links(made: Sequence[Link], form: str) -> None:
    if form == "json":
        write(json.dumps([asdict(each) for each in made], ensure_ascii=False, indent=2))
    elif made:
        rows = [
            (iris_in_short(each.dataset), iris_in_short(each.other), each.relation, each.reason)
            for each in made
        ]
        plain_table(("dataset", "other", "relation", "because"), rows)


def _review(session: Session, kg: KnowledgeGraph) -> None:
    """Ask about each pair: y one, v versions, n different, s skip, q quit; an answer counts at once."""
    asked = skipped = 0
    for each in kg.link_candidates():
        if each.dataset in kg.names_of(each.other):
            continue  # an answer before says so
        one, other, titles, _, _, because = _row(each)
        session.say(f"\n{one}  {other}  ({titles or 'no titles'})\n  {because}", important=True)
        answer = click.prompt(
            "one dataset (y), versions of one (v), different (n), skip (s), quit (q)",
            type=click.Choice(["y", "v", "n", "s", "q"]),
            default="s",
            show_choices=False,
            err=True,
        )
        if answer == "q":
            break
        if answer == "s":
            skipped += 1
            continue
        relation = {"y": "same", "v": "alternate", "n": "different"}[answer]
        kg.link(each.dataset, each.other, relation=relation, reason=each.reason)  # type: ignore[arg-type]
        asked += 1
    session.say(f"decided about {asked:,} pairs, skipped {skipped:,}")
