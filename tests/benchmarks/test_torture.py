"""The torture of the embedded store in its short form; ``metakg bench torture`` is the long one."""

from __future__ import annotations

from pathlib import Path

from benchmarks.torture import torture


def test_what_was_acknowledged_survives_kills(tmp_path: Path) -> None:
    outcome = torture(tmp_path, kills=40, pause=(0.02, 0.25))
    assert outcome.faults == []
    assert outcome.kills == 40
    assert outcome.acknowledged > 50
    assert outcome.versions > 3
    assert outcome.reads > 10
