"""The command ``doctor``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from metakg.cli.output import console, write
from metakg.cli.session import Session, pass_session

if TYPE_CHECKING:
    from metakg.doctor import Report

__all__ = ["doctor"]

MARKS = {"good": ("ok", "green"), "note": ("note", "yellow"), "fault": ("FAULT", "red")}


@click.command()
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
@pass_session
def doctor(session: Session, form: str) -> None:
    """Show what is installed, which store is used, what is wrong and how to mend it.

    The exit status is 1 if something has to be mended.
    """
    from metakg.doctor import examine

    with session.open(read_only=True) as kg:
        report = examine(kg)
    if form == "json":
        write(report.to_json())
    else:
        _print(report)
    if not report.healthy:
        raise click.exceptions.Exit(1)


def _print(report: Report) -> None:
    from rich.text import Text

    screen = console()
    width = max(len(finding.what) for finding in report.findings)
    for finding in report.findings:
        mark, colour = MARKS[finding.state]
        line = Text(f"{mark:<5} ", style=colour)
        line.append(f"{finding.what:<{width}}  {finding.found}", style="default")
        screen.print(line, soft_wrap=True)
        if finding.remedy and finding.state != "good":
            screen.print(Text(f"{'':<{width + 8}}mend: {finding.remedy}"), soft_wrap=True)
    screen.print("healthy" if report.healthy else "something has to be mended, see above")
