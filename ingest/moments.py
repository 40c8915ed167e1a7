"""Times as trackers write them, in UTC.

>>> moment(1_700_000_000_000).isoformat(), moment("2026-11-24T17:53:06").isoformat()
('2023-11-14T22:13:20+00:00', '2026-11-24T17:53:06+00:00')
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from kg.errors import SourceError

__all__ = ["moment"]

_START = datetime(1970, 1, 1, tzinfo=UTC)


def moment(said: Any) -> datetime | None:
    """Time of milliseconds since 1970, or of text by ISO 8601 (UTC if it does not say otherwise); None of nothing.

    Raises
    ------
    SourceError
        If it is neither.
    """
    if said is None or said == "":
        return None
    try:
        if isinstance(said, int | float) and not isinstance(said, bool):
            return _START + timedelta(milliseconds=said)
        found = datetime.fromisoformat(said)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise SourceError(f"{said!r} is no time: write 2026-11-24T17:53:06Z") from error
