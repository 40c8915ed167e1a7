"""The policy is updated in windows and at no other time."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from methods.metaclaw.scheduling import ActiveHours, Clock, Scheduler, State

NOON = datetime(2026, 1, 5, 12, 0)


@pytest.fixture
def clock():
    return Clock(NOON)


def test_it_waits_until_nobody_has_asked_for_half_an_hour(clock):
    scheduler = Scheduler(lambda: clock.now)
    clock.advance(NOON + timedelta(minutes=29))
    assert scheduler.poll(True) is State.IDLE_WAIT
    clock.advance(NOON + timedelta(minutes=30))
    assert scheduler.poll(True) is State.WINDOW_OPEN
    assert scheduler.poll(True) is State.UPDATING
    scheduler.step()
    assert scheduler.poll(False) is State.WINDOW_OPEN


@pytest.mark.parametrize(("hour", "reason"), [(22, ""), (23, "night"), (3, "night"), (6, "night"), (7, "")])
def test_the_night_is_a_window(hour, reason):
    now = [datetime(2026, 1, 5, hour, 59)]
    scheduler = Scheduler(lambda: now[0])
    scheduler.begin_request()
    scheduler.end_request()
    assert scheduler.reason() == reason


def test_an_entry_of_the_calendar_is_a_window(clock):
    scheduler = Scheduler(lambda: clock.now, [(NOON + timedelta(minutes=5), NOON + timedelta(minutes=20))])
    assert scheduler.reason() == ""
    clock.advance(NOON + timedelta(minutes=5))
    assert scheduler.reason() == "calendar"
    clock.advance(NOON + timedelta(minutes=20))
    assert scheduler.reason() == ""


def test_a_request_pauses_an_update_even_at_night():
    clock = Clock(datetime(2026, 1, 5, 23, 30))
    scheduler = Scheduler(lambda: clock.now)
    scheduler.poll(True)
    scheduler.poll(True)
    scheduler.step()
    seen = []
    poll = scheduler.poll
    scheduler.poll = lambda work: seen.append(scheduler.state) or poll(work)
    scheduler.begin_request()
    assert seen == [State.PAUSING]
    assert scheduler.state is State.IDLE_WAIT
    with pytest.raises(ActiveHours, match="no update at 23:30"):
        scheduler.step()
    assert [(w.reason, w.steps, w.paused) for w in scheduler.windows] == [("night", 1, True)]


def test_a_window_that_ends_pauses_an_update():
    clock = Clock(datetime(2026, 1, 6, 6, 58))
    scheduler = Scheduler(lambda: clock.now)
    scheduler.poll(True)
    scheduler.poll(True)
    scheduler.step()
    scheduler.begin_request()
    scheduler.end_request()
    clock.advance(datetime(2026, 1, 6, 7, 1))
    assert scheduler.poll(True) is State.IDLE_WAIT
    with pytest.raises(ActiveHours):
        scheduler.step()


def test_the_state_is_pausing_before_it_waits_again():
    clock = Clock(datetime(2026, 1, 6, 12, 0))
    scheduler = Scheduler(lambda: clock.now, [(clock.now, clock.now + timedelta(minutes=10))])
    states = [scheduler.poll(True) for _ in range(2)]
    scheduler.step()
    clock.advance(clock.now + timedelta(minutes=10))
    states += [scheduler.poll(True) for _ in range(2)]
    assert states == [State.WINDOW_OPEN, State.UPDATING, State.PAUSING, State.IDLE_WAIT]


def test_nothing_to_learn_from_is_no_update(clock):
    scheduler = Scheduler(lambda: clock.now)
    clock.advance(NOON + timedelta(hours=2))
    assert [scheduler.poll(False) for _ in range(3)] == [State.WINDOW_OPEN] * 3
    with pytest.raises(ActiveHours, match="window open"):
        scheduler.step()
