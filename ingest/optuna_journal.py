"""Optuna's journal (``JournalStorage`` in a file), read without Optuna: one JSON object a line, replayed in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.optuna_studies import DIRECTIONS, STATES, Study, Trial, moment, parsed, restored
from kg.errors import SourceError

__all__ = ["is_journal", "studies_of_journal"]

_FIRST_BYTES = 1 << 16
_WORDS = {1: "MINIMIZE", 2: "MAXIMIZE"}
_FINISHED = ("COMPLETE", "PRUNED", "FAIL")


def is_journal(path: Path) -> bool:
    """Whether the first line is an operation of Optuna's journal."""
    try:
        with path.open("rb") as stream:
            line = stream.read(_FIRST_BYTES).partition(b"\n")[0]
        first = parsed(line.decode())
    except (OSError, ValueError):
        return False
    return isinstance(first, dict) and {"op_code", "worker_id"} <= first.keys()


def studies_of_journal(path: Path) -> list[Study]:
    """All studies of a journal that were not deleted.

    A last line without its end is still being written, or was cut off, and does not count, as in Optuna.

    Raises
    ------
    SourceError
        If a line is no operation, or speaks of what no line before it made.
    """
    replay = _Replay()
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(_whole(stream), 1):
                try:
                    replay.apply(parsed(line.decode()))
                except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                    why = f"{error} is missing or unknown" if isinstance(error, KeyError) else error
                    raise SourceError(
                        f"{path}, line {number}: no operation of Optuna's journal ({why}): is the file whole?"
                    ) from error
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    return list(replay.studies.values())


def _whole(stream: Any) -> Iterator[bytes]:
    for line in stream:
        if line.endswith(b"\n"):
            yield line


@dataclass
class _Replay:
    """What the operations so far have made; trials are numbered over all studies, also those deleted."""

    studies: dict[int, Study] = field(default_factory=dict)
    trials: list[Trial] = field(default_factory=list)
    made: int = 0

    def apply(self, line: dict[str, Any]) -> None:
        code = line["op_code"]
        if code == 0:
            self._make_study(line)
        elif code in (1, 2, 3, 4):
            self._change_study(code, line["study_id"], line)
        elif code in (5, 6, 7, 8, 9):
            trial = self.trials[_index(line["trial_id"])]
            if trial.state not in _FINISHED:
                _change(trial, code, line)
        elif code != 10:  # 10 discards what was made in vain
            raise ValueError(f"operation {code!r} is unknown")

    def _make_study(self, line: Mapping[str, Any]) -> None:
        if any(study.name == line["study_name"] for study in self.studies.values()):
            return  # two processes made the same one, of which the first counts
        directions = [DIRECTIONS.get(_WORDS.get(number, ""), "") for number in line["directions"]]
        self.studies[self.made] = Study(str(line["study_name"]), directions)
        self.made += 1

    def _change_study(self, code: int, number: int, line: Mapping[str, Any]) -> None:
        if not 0 <= number < self.made:
            raise ValueError(f"there is no study {number}")
        study = self.studies.get(number)
        if study is None:
            return  # deleted meanwhile
        if code == 1:
            del self.studies[number]
        elif code == 2:
            study.attributes.update(line["user_attr"])
        elif code == 3:
            study.metric_names = line["system_attr"].get("study:metric_names", study.metric_names)
        else:
            trial = _trial(len(study.trials), line)
            study.trials.append(trial)
            self.trials.append(trial)


def _index(number: Any) -> int:
    if not isinstance(number, int) or number < 0:
        raise ValueError(f"there is no trial {number!r}")
    return number


def _trial(number: int, line: Mapping[str, Any]) -> Trial:
    """A new trial, or one that was added with all that is known of it."""
    trial = Trial(number)
    distributions = line.get("distributions") or {}
    for name, stored in (line.get("params") or {}).items():
        _set_parameter(trial, name, stored, distributions[name])
    trial.steps = {int(step): value for step, value in (line.get("intermediate_values") or {}).items()}
    trial.attributes = dict(line.get("user_attrs") or {})
    alone = line.get("value")
    _set_state(trial, line.get("state", 0), line, line.get("values") if alone is None else [alone])
    return trial


def _change(trial: Trial, code: int, line: Mapping[str, Any]) -> None:
    if code == 5:
        _set_parameter(trial, line["param_name"], line["param_value_internal"], line["distribution"])
    elif code == 6:
        _set_state(trial, line["state"], line, line["values"])
    elif code == 7:
        trial.steps[int(line["step"])] = line["intermediate_value"]
    elif code == 8:
        trial.attributes.update(line["user_attr"])


def _set_parameter(trial: Trial, name: str, stored: Any, distribution: Any) -> None:
    try:
        trial.parameters[name] = restored(stored, distribution)
    except ValueError as error:
        trial.wrong = f"parameter {name!r}: {error}"


def _set_state(trial: Trial, state: Any, line: Mapping[str, Any], values: Any) -> None:
    trial.state = STATES[_index(state)]
    trial.values = list(values or ()) if trial.state == "COMPLETE" else ()
    trial.started = moment(line.get("datetime_start")) or trial.started
    trial.ended = moment(line.get("datetime_complete")) or trial.ended
