"""What is known of a method, its results and the verdict, as text for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

from methods.method import Claim, Method
from methods.verdict import Comparison, Judged, Verdict

__all__ = ["described", "results_text", "verdict_text"]

_WIDTH = 110
_PLOT = 24


def described(method: Method) -> str:
    """Paper, fidelity, tasks, arms, claims and hyperparameters of a method."""
    lines = [
        f"{method.name}: {method.paper.title} ({method.paper.year})",
        method.paper.url,
        "",
        f"{method.fidelity}, version {method.version}: {method.note}",
        "",
        "Tasks (the first is the default)",
    ]
    lines += [
        f"  {task.name}: {task.title}; judged by {task.measure}"
        + (f"; --data: {task.data}" if task.data else "")
        for task in method.tasks
    ]
    lines += ["", "Arms"]
    lines += [
        f"  {arm.name} ({arm.kind}{', only with --arm' if arm.optional else ''}): {arm.title}"
        for arm in method.arms
    ]
    lines += ["", "Claims"]
    lines += [f"  {_claim(claim)}" for claim in method.claims]
    lines += ["", "Hyperparameters"]
    lines += [f"  {name} = {value}" for name, value in method.hyperparameters.items()] or ["  none"]
    return "\n".join(lines)


def results_text(verdict: Verdict) -> str:
    """Arms side by side, and by how much the method is better than each other arm."""
    head = (
        f"{verdict.method} on {verdict.task} ({verdict.configuration}), mean ± standard deviation over seeds"
    )
    measures = list(dict.fromkeys(score.measure for score in verdict.scores))
    measures = [name for name in measures if name != "runtime_seconds"] + ["runtime_seconds"]
    by_arm: dict[str, dict[str, str]] = {}
    for score in verdict.scores:
        cell = f"{score.mean:.4g} ± {score.deviation:.2g}"
        by_arm.setdefault(f"{score.arm} ({score.kind})", {"seeds": str(score.seeds)})[score.measure] = cell
    rows = [
        (arm, cells["seeds"], *(cells.get(name, "") for name in measures)) for arm, cells in by_arm.items()
    ]
    return head + "\n" + _table(("arm", "seeds", *measures), rows) + _differences(verdict)


def verdict_text(verdict: Verdict) -> str:
    """Results, and which claims hold."""
    rows = [
        (
            _claim(judged.claim),
            judged.claim.measure or verdict.measure,
            *_numbers(judged.comparison),
            "holds" if judged.holds else f"DOES NOT HOLD: {judged.why}",
        )
        for judged in verdict.claims
    ]
    columns = ("claim", "measure", "difference", "95 % interval", "wins", "")
    code = ", ".join(verdict.code) or "unknown"
    foot = f"version {verdict.version} of {verdict.method}, code {code}\n"
    held = sum(judged.holds for judged in verdict.claims)
    return (
        results_text(verdict)
        + "\nClaims\n"
        + (_table(columns, rows) if rows else "none\n")
        + f"{held} of {len(verdict.claims)} claims hold; {_seeds(verdict.claims)}\n{foot}"
    )


def _differences(verdict: Verdict) -> str:
    """Paired differences, drawn; all that are in one measure share an axis."""
    if not verdict.comparisons:
        return ""
    text = ""
    for measure in dict.fromkeys(one.measure for one in verdict.comparisons):
        chosen = [one for one in verdict.comparisons if one.measure == measure]
        reach = max(max(abs(one.low), abs(one.high)) for one in chosen) or 1.0
        rows = [(f"{one.arm} against {one.other}", *_numbers(one), _drawn(one, reach)) for one in chosen]
        text += f"\n{measure}: how much better, paired over seeds\n"
        text += _table(
            (
                "",
                "difference",
                "95 % interval",
                "wins",
                f"worse {'·' * (_PLOT // 2 - 6)}|{'·' * (_PLOT // 2 - 7)} better",
            ),
            rows,
        )
    return text


def _numbers(one: Comparison | None) -> tuple[str, str, str]:
    if one is None:
        return ("", "", "")
    return (
        f"{one.mean:+.4g}",
        f"{one.low:+.4g} to {one.high:+.4g}",
        f"{one.wins} of {len(one.seeds)}",
    )


def _drawn(one: Comparison, reach: float) -> str:
    """The interval as a line with the mean as a dot; a bar marks no difference."""

    def at(value: float) -> int:
        return round((value / reach + 1) / 2 * (_PLOT - 1))

    cells = [" "] * _PLOT
    for place in range(at(one.low), at(one.high) + 1):
        cells[place] = "─"
    cells[at(0.0)] = "|"
    cells[at(one.mean)] = "●"
    return "".join(cells)


def _claim(claim: Claim) -> str:
    return str(claim) + (f" on {claim.task}" if claim.task else "")


def _seeds(claims: Iterable[Judged]) -> str:
    seeds = {one.comparison.seeds for one in claims if one.comparison}
    return "; ".join(f"seeds {', '.join(map(str, each))}" for each in sorted(seeds)) or "no seeds"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(column), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    Console(file=out, width=_WIDTH + 30, highlight=False).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
