"""Protocol O: recommending one of 219 pipelines on datasets that were never seen, 10-fold over OBOE's
datasets.

``python -m benchmarks.oboe --seeds 100-109`` prints, per method, the error of predicted scores and the regret
of the best of its first 1, 5 and 10 picks, mean ± standard deviation over seeds, and paired differences to
the full recommender. ``--features pmf`` uses the meta-features of pmf-automl (318 datasets); ``--features
shipped`` what the packaged sources and eight landmark runs tell (418 datasets; R² then leaves the landmark
pipelines out, since their scores are given).
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.oboe_data import Experiments, load
from benchmarks.oboe_methods import BASELINES, Outcome, recommenders

MEASURES = ("MSE", "R2", "regret@1", "regret@5", "regret@10", "coverage", "width")
REFERENCE = "ours"
#: two-sided 95 % quantiles of Student's t by degrees of freedom; 1.96 beyond
_STUDENT = (np.nan, 12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)

#: measure -> value, by method
Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Report:
    """Scores per seed, and the setting they belong to."""

    setting: dict[str, object]
    seeds: dict[int, Scores]


def run(
    seeds: Sequence[int],
    quick: bool = False,
    *,
    features: str = "pmf",
    metafeatures: Path = Path("../shared/data/pmf-automl/metafeatures.csv"),
    resume: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Run protocol O.

    Parameters
    ----------
    seeds : of the split into folds
    quick : only two of the ten folds
    features : `pmf` or `shipped`
    metafeatures : table for `pmf`, OpenML id in the first column
    resume : file that finished seeds are kept in and read from
    progress : told what is being done

    Raises
    ------
    TableError
        if the table of meta-features is missing
    """
    report = progress or (lambda _text: None)
    data = load(features, metafeatures)
    fingerprint = hashlib.sha256(data.values.tobytes() + data.features.tobytes()).hexdigest()[:16]
    setting: dict[str, object] = {
        "features": features,
        "quick": quick,
        "datasets": len(data.datasets),
        "pipelines": len(data.pipelines),
        "data": fingerprint,
    }
    done = _resumed(resume, setting)
    for seed in seeds:
        if seed not in done:
            done[seed] = _one_seed(data, seed, quick, report)
            if resume is not None:
                text = json.dumps(
                    {"setting": setting, "seeds": {str(s): v for s, v in done.items()}}, indent=1
                )
                resume.write_text(text)
    return Report(setting, {seed: done[seed] for seed in seeds})


def _resumed(resume: Path | None, setting: dict[str, object]) -> dict[int, Scores]:
    if resume is None or not resume.is_file():
        return {}
    stored = json.loads(resume.read_text())
    return {int(s): v for s, v in stored["seeds"].items()} if stored["setting"] == setting else {}


def _one_seed(data: Experiments, seed: int, quick: bool, report: Callable[[str], None]) -> Scores:
    from sklearn.model_selection import KFold

    outcomes: dict[str, list[tuple[NDArray[np.int64], Outcome]]] = {}
    folds = list(KFold(10, shuffle=True, random_state=seed).split(data.features))
    for f, (train, test) in enumerate(folds[: 2 if quick else None]):
        report(f"seed {seed}, fold {f + 1}/{2 if quick else 10}")
        found = {name: method(data, train, test) for name, method in BASELINES.items()}
        for name, outcome in (found | recommenders(data, train, test)).items():
            outcomes.setdefault(name, []).append((test, outcome))
    return {name: _scores(data, parts) for name, parts in outcomes.items()}


def _scores(data: Experiments, parts: list[tuple[NDArray[np.int64], Outcome]]) -> dict[str, float]:
    judged = np.setdiff1d(np.arange(len(data.pipelines)), data.landmarks)
    rows = np.concatenate([test for test, _ in parts])
    truth = data.values[rows]
    picks = np.concatenate([outcome.picks for _, outcome in parts])
    reached = np.take_along_axis(truth, picks, axis=1)
    scores = {
        f"regret@{k}": float((truth.max(axis=1) - reached[:, :k].max(axis=1)).mean()) for k in (1, 5, 10)
    }
    if all(outcome.mean is not None for _, outcome in parts):
        mean = np.concatenate([outcome.mean for _, outcome in parts if outcome.mean is not None])
        error = (truth - mean)[:, judged]
        variance = (truth[:, judged] - truth[:, judged].mean()) ** 2
        scores |= {"MSE": float((error**2).mean()), "R2": float(1 - (error**2).sum() / variance.sum())}
    if all(outcome.low is not None and outcome.high is not None for _, outcome in parts):
        low = np.concatenate([outcome.low for _, outcome in parts if outcome.low is not None])[:, judged]
        high = np.concatenate([outcome.high for _, outcome in parts if outcome.high is not None])[:, judged]
        inside = (truth[:, judged] >= low) & (truth[:, judged] <= high)
        scores |= {"coverage": float(inside.mean()), "width": float((high - low).mean())}
    return scores


def as_text(report: Report) -> str:
    """The table, then the paired differences to the full recommender with 95 % intervals over seeds."""
    seeds = list(report.seeds.values())
    methods = list(seeds[0])
    digits = {"R2": 3, "coverage": 3, "width": 3}
    setting = report.setting
    lines = [
        f"Protocol O, {setting['datasets']} datasets × {setting['pipelines']} pipelines, "
        f"features {setting['features']}, seeds {', '.join(map(str, report.seeds))}",
        f"{'':42s}" + "".join(f"{measure:>18s}" for measure in MEASURES),
    ]
    for method in methods:
        cells = []
        for measure in MEASURES:
            d = digits.get(measure, 5)
            values = [scores[method][measure] for scores in seeds if measure in scores[method]]
            cells.append(f"{np.mean(values):.{d}f} ± {np.std(values):.{d}f}" if values else "–")
        lines.append(f"{method:42s}" + "".join(f"{cell:>18s}" for cell in cells))
    if len(seeds) > 1:
        lines.append(
            f"\nPaired differences over seeds: method minus '{REFERENCE}', mean ± s.d. [95 % interval]"
        )
        for method in (m for m in methods if m != REFERENCE):
            cells = [
                _paired(seeds, method, measure) for measure in ("R2", "regret@1", "regret@5", "regret@10")
            ]
            lines.append(f"{method:42s}" + "  ".join(cell for cell in cells if cell))
    return "\n".join(lines)


def _paired(seeds: Sequence[Scores], method: str, measure: str) -> str:
    if measure not in seeds[0][method]:
        return ""
    differences = np.array([scores[method][measure] - scores[REFERENCE][measure] for scores in seeds])
    count = len(differences)
    quantile = _STUDENT[count - 1] if count <= len(_STUDENT) else 1.96
    deviation = differences.std(ddof=1)
    half = quantile * deviation / np.sqrt(count)
    middle = differences.mean()
    return f"{measure} {middle:+.5f} ± {deviation:.5f} [{middle - half:+.5f}, {middle + half:+.5f}]"


def parse_seeds(text: str) -> list[int]:
    """Seeds from text such as ``100-109`` or ``0,1,2``."""
    seeds: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        seeds.extend(range(int(first), int(last or first) + 1))
    return seeds


@click.command(help="Protocol O: pipelines for datasets that were never seen, on OBOE.")
@click.option("--seeds", default="0-1", show_default=True, help="Seeds of the splits, e.g. 100-109.")
@click.option("--quick", is_flag=True, help="Two folds per seed instead of ten.")
@click.option("--features", type=click.Choice(["pmf", "shipped"]), default="pmf", show_default=True)
@click.option(
    "--metafeatures",
    type=click.Path(path_type=Path),
    default=Path("../shared/data/pmf-automl/metafeatures.csv"),
    show_default=True,
    help="Meta-features of pmf-automl.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path),
    help="Write the scores there; finished seeds found there are not run again.",
)
def main(seeds: str, quick: bool, features: str, metafeatures: Path, json_file: Path | None) -> None:
    from kg.errors import MetakgError

    def progress(text: str) -> None:
        click.echo(text, err=True)

    try:
        report = run(
            parse_seeds(seeds),
            quick,
            features=features,
            metafeatures=metafeatures,
            resume=json_file,
            progress=progress,
        )
    except MetakgError as error:
        raise click.ClickException(str(error)) from error
    click.echo(as_text(report))


if __name__ == "__main__":
    main()
