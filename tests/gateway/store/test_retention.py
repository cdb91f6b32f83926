"""Deleting by age, and never on the word of a clock that jumped."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from gateway.store.migrate import migrate, shipped
from gateway.store.retention import STEADY_S, delete_older, may_delete, start_watch

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
DAY = timedelta(days=1)


def a_store(days):
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db, shipped())
    db.executemany(
        "INSERT INTO events (wall, place, kind, level, sentence) VALUES (?, 'p', 'k', 'info', '')",
        [((NOW - age * DAY).isoformat(),) for age in days],
    )
    return db


def watched(start, seconds, *, seen=None, steps=()):
    """A watch after so many seconds, with steps of the wall clock: (after seconds, by seconds)."""
    watch, offset = start_watch(start, 0.0, seen), 0.0
    for at in range(0, int(seconds) + 1, 600):
        offset += sum(by for after, by in steps if at - 600 < after <= at)
        watch = watch.look(start + timedelta(seconds=at + offset), float(at))
    return watch


def test_a_steady_day_is_believed():
    assert may_delete(watched(NOW, STEADY_S, seen=NOW), NOW) == ""


def test_a_gateway_that_has_just_started_deletes_nothing():
    assert "the clock is watched" in may_delete(watched(NOW, 3600, seen=NOW), NOW)


@pytest.mark.parametrize("by", [-86400, -120, 120, 30 * 365 * 86400])
def test_a_clock_that_was_set_is_not_believed_for_a_day(by):
    watch = watched(NOW, 2 * STEADY_S, seen=NOW, steps=[(1.5 * STEADY_S, by)])
    assert "the clock was set" in may_delete(watch, None)


def test_slewing_by_ntp_is_no_step():
    watch = start_watch(NOW, 0.0, NOW)
    for at in range(600, int(STEADY_S) + 600, 600):
        watch = watch.look(NOW + timedelta(seconds=at * 1.0005), float(at))
    assert may_delete(watch, NOW) == ""


def test_a_record_from_the_future_stops_everything():
    watch = watched(NOW, STEADY_S, seen=NOW)
    assert "lies in the future" in may_delete(watch, NOW + 400 * DAY)


def test_starting_before_the_last_record_or_years_after_it_is_named():
    assert "before the last record" in may_delete(start_watch(NOW, 0.0, NOW + DAY), None)
    assert "400 days old" in may_delete(start_watch(NOW, 0.0, NOW - 400 * DAY), None)


def test_the_old_go_and_the_young_stay():
    db = a_store([800, 790, 10, 1])
    assert delete_older(db, "events", NOW - 730 * DAY) == 2
    assert db.execute("SELECT count(*) FROM events").fetchone() == (2,)


def test_a_row_written_while_the_clock_stood_wrong_waits_for_its_neighbours():
    db = a_store([10, 9, 9000, 8])  # the third was written by a PC that had just booted in 2002
    assert delete_older(db, "events", NOW - 730 * DAY) == 0


def test_if_every_row_is_too_old_none_is_deleted():
    db = a_store([9000, 8999])
    assert delete_older(db, "events", NOW - 730 * DAY) == 0


def test_one_night_never_takes_more_than_a_share():
    db = a_store([800] * 5000 + [1])
    assert delete_older(db, "events", NOW - 730 * DAY) == 1000
    assert delete_older(db, "events", NOW - 730 * DAY) == 1000


def test_an_empty_table_has_nothing_to_delete():
    assert delete_older(a_store([]), "events", NOW) == 0
