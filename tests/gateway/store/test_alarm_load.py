"""How much people are rung, from messages and alarms in a store."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.processes.budget import FLOOD, FLOOD_OVER, PANEL, flooded
from gateway.processes.ledger_messages import EventRecord
from gateway.store.alarm_load import SLOT, busiest, loads, offenders
from gateway.store.database import Store
from gateway.store.records import add_event

BEGIN = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
HOURS_2 = BEGIN + timedelta(hours=2)
MINUTES = st.lists(st.integers(0, 119), min_size=1, max_size=60)


def ring(db, minutes, where="ring", name="PlcLinkDown"):
    for minute in minutes:
        wall = (BEGIN + timedelta(minutes=minute)).isoformat()
        add_event(db, EventRecord(wall, where, "alarm-raised", f"{name}: no connection", "error"))


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path, "now")
    yield store
    store.close()


@pytest.fixture(scope="module")
def one_store(tmp_path_factory):
    store = Store.open(tmp_path_factory.mktemp("data"), "now")
    yield store
    store.close()


def test_a_store_in_which_nothing_rang_has_no_load_and_no_offender(store):
    with store.reading() as db:
        assert loads(db, BEGIN, HOURS_2) == []
        assert offenders(db, BEGIN, 5) == []
        assert busiest(db, HOURS_2) == ("", 0)


def test_alarms_on_the_panel_are_counted_but_for_the_one_that_says_there_are_too_many(store):
    with store.commit() as db:
        ring(db, [0, 1, 61])
        ring(db, [2], "pump-7", "MachineIndication")
        ring(db, range(20), "gateway", "AlarmFlood")
    with store.reading() as db:
        (load,) = loads(db, BEGIN, HOURS_2)
        assert (load.channel, load.rings, load.most_in_10_min, load.over, load.floods) == (PANEL, 4, 3, 1 / 12, 0)
        assert [(one.station, one.what, one.rings) for one in offenders(db, BEGIN, 5)] == [
            ("ring", "PlcLinkDown", 3),
            ("pump-7", "MachineIndication", 1),
        ]
        assert busiest(db, BEGIN + timedelta(minutes=9)) == (PANEL, 3)


def test_two_operators_are_rung_half_as_much_each(store):
    with store.commit() as db:
        ring(db, [0] * 11 + [30, 31])
    with store.reading() as db:
        (alone,), (shared,) = loads(db, BEGIN, HOURS_2), loads(db, BEGIN, HOURS_2, 2)
    assert (alone.most_in_10_min, alone.floods, alone.over) == (11, 1, 2 / 12)
    assert (shared.most_in_10_min, shared.floods, shared.over) == (5.5, 0, 1 / 12)
    assert shared.mean_in_10_min == alone.mean_in_10_min / 2
    assert not alone.acceptable
    assert shared.acceptable


@given(minutes=MINUTES)
def test_the_most_in_ten_minutes_is_what_counting_by_hand_gives(one_store, minutes):
    with one_store.commit() as db:
        db.execute("DELETE FROM events")
        ring(db, minutes)
        (load,) = loads(db, BEGIN, HOURS_2)
    slot = SLOT / timedelta(minutes=1)
    assert load.most_in_10_min == max(sum(0 <= at - one <= slot for at in minutes) for one in minutes)
    assert load.rings == len(minutes)


@given(st.lists(st.floats(0, 30), max_size=50))
def test_a_flood_begins_over_ten_and_is_over_only_under_five(rates):
    flood = False
    for rate in rates:
        before, flood = flood, flooded(rate, before=flood)
        assert flood or rate <= FLOOD
        if before != flood:
            assert rate > FLOOD if flood else rate < FLOOD_OVER
