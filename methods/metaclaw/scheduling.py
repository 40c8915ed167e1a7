"""When the policy may be updated: never while somebody works with the agent.

``IDLE_WAIT -> WINDOW_OPEN -> UPDATING -> PAUSING -> IDLE_WAIT``. A window is the night (23:00 to 7:00), half an hour
without a request, or an entry of the calendar; a request closes it at once. The clock is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

__all__ = ["ActiveHours", "Clock", "Scheduler", "State", "Window"]

IDLE = timedelta(minutes=30)
NIGHT, MORNING = 23, 7


class State(Enum):
    """Of the scheduler."""

    IDLE_WAIT = "idle wait"
    WINDOW_OPEN = "window open"
    UPDATING = "updating"
    PAUSING = "pausing"


class ActiveHours(RuntimeError):  # noqa: N818 - says what is the matter
    """Somebody wants to update the policy when no window is open."""


@dataclass
class Window:
    """A stretch of time in which updates were made.

    Attributes
    ----------
    reason
        ``night``, ``idle`` or ``calendar``.
    steps
        Updates that were made in it.
    paused
        Whether a request ended it before the work was done.
    """

    reason: str
    opened: datetime
    closed: datetime
    steps: int = 0
    paused: bool = False


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def advance(self, to: datetime) -> None:
        """Move on, never back."""
        self.now = max(self.now, to)


class Scheduler:
    """Decides when there is time to learn.

    Parameters
    ----------
    now
        Tells the time.
    calendar
        Begin and end of entries in which the person is away.

    Attributes
    ----------
    state
        As of the last `poll`.
    windows
        In which updates were made.
    """

    def __init__(
        self, now: Callable[[], datetime], calendar: Sequence[tuple[datetime, datetime]] = ()
    ) -> None:
        self._now = now
        self._calendar = tuple(calendar)
        self._last = now()
        self._busy = False
        self.state = State.IDLE_WAIT
        self.windows: list[Window] = []
        self._window: Window | None = None

    def begin_request(self) -> None:
        """Somebody asks: whatever is going on pauses."""
        self._busy = True
        self._last = self._now()
        if self.state is State.UPDATING:
            self.state = State.PAUSING
            if self._window:
                self._window.paused = True
        self.poll(False)

    def end_request(self) -> None:
        """The answer is given: time begins to be idle."""
        self._busy = False
        self._last = self._now()

    def reason(self) -> str:
        """Why a window is open now: ``night``, ``calendar`` or ``idle``; empty if none is."""
        now = self._now()
        if self._busy:
            return ""
        if now.hour >= NIGHT or now.hour < MORNING:
            return "night"
        if any(begin <= now < end for begin, end in self._calendar):
            return "calendar"
        return "idle" if now - self._last >= IDLE else ""

    def poll(self, work: bool) -> State:
        """Look at the clock and go on to the next state.

        Parameters
        ----------
        work
            Whether there is something to learn from.
        """
        reason = self.reason()
        if self.state is State.PAUSING:
            self._close()
        elif self.state is State.IDLE_WAIT:
            if reason:
                self.state = State.WINDOW_OPEN
                self._window = Window(reason, self._now(), self._now())
        elif not reason:
            if self.state is State.UPDATING:
                self.state = State.PAUSING
            else:
                self._close()
        else:
            self.state = State.UPDATING if work else State.WINDOW_OPEN
        return self.state

    def step(self) -> None:
        """Count an update.

        Raises
        ------
        ActiveHours
            If it is not the time for it.
        """
        if self.state is not State.UPDATING or not self.reason() or self._window is None:
            raise ActiveHours(
                f"no update at {self._now():%H:%M}: the scheduler's state is {self.state.value}"
            )
        self._window.steps += 1

    def _close(self) -> None:
        if self._window and self._window.steps:
            self._window.closed = self._now()
            self.windows.append(self._window)
        self._window, self.state = None, State.IDLE_WAIT
