"""Cut auto-sklearn's metadata down to its first runs: ``python make_cut.py auto-sklearn-0.15.0.tar.gz``."""

import csv
import io
import sys
import tarfile
from pathlib import Path

FOLDER = Path(__file__).parent
FILES = "auto-sklearn-0.15.0/autosklearn/metalearning/files"


def rows_of(text):
    """Head of an ARFF file, and its rows."""
    head, _, data = text.partition("@DATA\n")
    return head + "@DATA\n", [line for line in data.splitlines() if line.strip()]


def main(archive):
    """Write the cut beside this file."""
    with tarfile.open(archive) as tar:
        for scenario in sorted(path.name for path in FOLDER.iterdir() if path.is_dir()):
            texts = {
                name: tar.extractfile(f"{FILES}/{scenario}/{name}").read().decode()
                for name in (
                    "description.txt",
                    "algorithm_runs.arff",
                    "feature_values.arff",
                    "configurations.csv",
                )
            }
            count = len(rows_of((FOLDER / scenario / "algorithm_runs.arff").read_text())[1])
            head, runs = rows_of(texts["algorithm_runs.arff"])
            kept = list(csv.reader(runs[:count]))
            texts["algorithm_runs.arff"] = head + "\n".join(runs[:count]) + "\n"
            instances, algorithms = {row[0] for row in kept}, {row[2] for row in kept}
            head, features = rows_of(texts["feature_values.arff"])
            features = [line for line in features if next(csv.reader([line]))[0] in instances]
            texts["feature_values.arff"] = head + "\n".join(features) + "\n"
            first, *others = texts["configurations.csv"].splitlines()
            others = [line for line in others if next(csv.reader(io.StringIO(line)))[0] in algorithms]
            texts["configurations.csv"] = "\n".join([first, *others]) + "\n"
            for name, text in texts.items():
                (FOLDER / scenario / name).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
