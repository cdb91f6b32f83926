"""What the wall clock starts, and what is done by night."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.ledger.jobs import Job, schedule
from gateway.ledger.keeping import LAST_SEEN, Keeper
from gateway.ledger.plan import Keep, LedgerPlan
from gateway.store.database import Store
from gateway.store.records import fact
from gateway.store.retention import STEADY_S


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path, "now")
    yield store
    store.close()


def a_plan(folder="x", **changes):
    return LedgerPlan("L", str(folder), timezone="Europe/Berlin", keep=Keep(parts_days=10, events_days=10), **changes)


def test_each_job_only_says_that_it_is_due():
    due = []
    scheduler = schedule(a_plan(), due.append)

    assert {job.id for job in scheduler.get_jobs()} == set(Job)
    for job in scheduler.get_jobs():
        job.func(*job.args)
    assert sorted(due) == sorted(Job)


def test_nightly_jobs_run_at_the_sites_hour_once_even_in_the_night_the_clock_goes_back():
    scheduler = schedule(a_plan(), lambda job: None)
    trigger = next(job.trigger for job in scheduler.get_jobs() if job.id == Job.SUMMARY)
    before = datetime(2026, 10, 24, 12, 0, tzinfo=UTC)
    fires = []
    last = None
    for _ in range(3):
        last = trigger.get_next_fire_time(last, before if last is None else last + timedelta(seconds=1))
        fires.append(last)

    assert [fire.strftime("%d %H:%M") for fire in fires] == ["25 04:30", "26 04:30", "27 04:30"]


def fill(store, clock, ages):
    with store.commit() as db:
        for age in ages:
            wall = (clock.wall() - timedelta(days=age)).isoformat()
            db.execute("INSERT INTO events (wall, place, kind, level, sentence) VALUES (?,'p','k','info','')", (wall,))


def steady_day(keeper, clock):
    for _ in range(int(STEADY_S / 600) + 1):
        clock.pass_(600)
        keeper.look()


def test_what_is_too_old_goes_after_a_steady_day(store, clock):
    fill(store, clock, [30, 20, 1])
    keeper = Keeper(a_plan(), store, clock)
    assert keeper.delete_old() == {}, "a clock that is not yet believed"

    steady_day(keeper, clock)
    assert keeper.delete_old()["events"] == 2
    assert keeper.delete_old() == {}, "once a day"


def test_after_a_jump_nothing_goes_and_it_is_said_once(store, clock):
    fill(store, clock, [30, 20, 1])
    keeper = Keeper(a_plan(), store, clock)
    steady_day(keeper, clock)
    clock.date += timedelta(days=365 * 30)
    keeper.look()
    keeper.look()

    assert keeper.delete_old() == {}
    with store.reading() as db:
        assert db.execute("SELECT count(*) FROM events WHERE kind = 'clock-set'").fetchone() == (1,)


def test_a_pc_that_is_switched_off_every_night_has_its_turn_too(store, clock):
    fill(store, clock, [30, 20, 1])
    for _ in range(4):
        keeper = Keeper(a_plan(), store, clock)
        for _ in range(8 * 6):
            clock.pass_(600)
            keeper.look()
        clock.pass_(16 * 3600)
        clock.seconds = 50.0  # the monotonic clock begins anew with the machine

    assert keeper.delete_old()["events"] == 2


def test_the_last_wall_time_outlives_the_process(store, clock):
    keeper = Keeper(a_plan(), store, clock)
    steady_day(keeper, clock)
    with store.reading() as db:
        assert fact(db, LAST_SEEN) == clock.wall().isoformat()

    clock.date -= timedelta(days=3)
    assert "before the last record" in Keeper(a_plan(), store, clock).watch.jumped


def test_the_night_sums_up_the_day_in_one_event(store, clock):
    fill(store, clock, [0.5, 0.5])
    Keeper(a_plan(), store, clock).summarise(timedelta(days=1))

    with store.reading() as db:
        (sentence,) = db.execute("SELECT sentence FROM events WHERE kind = 'summary'").fetchone()
    assert sentence == (
        "24 h: 0 parts, 0 NotOK, 0 NotDecidable, 0 late; 0 incidents raised, 0 open; 0 errors, 0 warnings"
    )
