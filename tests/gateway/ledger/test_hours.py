"""An hour of a machine: one documented record, made once, whatever the gateway dies of."""

import json
import re
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli.app import main
from gateway.ledger.body import Ledger
from gateway.ledger.hours import close_hours, record
from gateway.ledger.minutes import Minutes
from gateway.ledger.plan import LedgerPlan, StationEntry
from gateway.processes.condition import ConditionReport, Diagnosis, RemainingLife, WearView
from gateway.processes.ledger_messages import Command, KeptStates
from gateway.processes.messages import RestartBaseline, Stop
from gateway.store import records
from gateway.store.database import Store
from gateway.store.read import Reader
from gateway.store.records import ConditionMinute

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "condition-record.schema.json").read_text("utf-8"))
START = datetime(2026, 11, 24, 12, 58, tzinfo=UTC)
WEAR = WearView("warning", "rising", 4.2, RemainingLife(12.0, 40.0, 120.0), "level_db +4.2 dB over baseline, rising")
FULL = ConditionMinute(
    "2026-11-24T12:58:00+00:00", "pump-7", 60, 1.0, 1480.0, 3.9, 5.0, "outer race", "frozen 2026-11-18T08:00Z",
    ("gap",), {"level_db": -30.0}, "drive end", {"crackle": 7.5}, {"load": 80.0}, WEAR,
)  # fmt: skip
BARE = ConditionMinute(
    "2026-11-24T12:59:00+00:00", "pump-7", 60, None, None, None, None, "undecided", "learning 2 of 600 s", (), {}
)


def faults(found, schema, at="$"):
    """Whatever does not fit; the few words of JSON Schema that ours uses."""
    kinds = {"object": dict, "string": str, "integer": int, "number": (int, float), "null": type(None)}
    wanted = schema.get("type")
    if wanted is not None:
        names = [wanted] if isinstance(wanted, str) else wanted
        if isinstance(found, bool) or not any(isinstance(found, kinds[name]) for name in names):
            yield f"{at}: {found!r} is no {wanted}"
            return
    if "const" in schema and found != schema["const"]:
        yield f"{at}: {found!r} is not {schema['const']!r}"
    if "enum" in schema and found not in schema["enum"]:
        yield f"{at}: {found!r} is none of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], found):
        yield f"{at}: {found!r} does not fit {schema['pattern']}"
    if isinstance(found, int | float) and found < schema.get("minimum", found):
        yield f"{at}: {found} is below {schema['minimum']}"
    if isinstance(found, dict):
        yield from (f"{at}.{name}: missing" for name in schema.get("required", ()) if name not in found)
        for name, value in found.items():
            inner = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if inner is None:
                yield f"{at}.{name}: not documented"
            else:
                yield from faults(value, inner, f"{at}.{name}")


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path, "now")
    yield store
    store.close()


def hear(store, count, first=START, minute=FULL):
    for k in range(count):
        with store.commit() as db:
            records.add_condition(db, replace(minute, wall=(first + timedelta(minutes=k)).isoformat()))
            close_hours(db, "Casting line 2", "PUMP-7", "pump-7")


def hear_and_fail(store):
    with store.commit() as db:
        records.add_condition(db, replace(FULL, wall=(START + timedelta(hours=1)).isoformat()))
        close_hours(db, "Casting line 2", "PUMP-7", "pump-7")
        raise ZeroDivisionError


def hours(tmp_path):
    with Reader(tmp_path) as reader:
        return reader.hours(100)


@pytest.mark.parametrize("minutes", [[FULL], [BARE], [FULL, BARE], [BARE, FULL, FULL]])
def test_every_record_is_as_the_schema_says(minutes):
    found = record("Casting line 2", "PUMP-7", minutes)

    assert list(faults(json.loads(json.dumps(found, allow_nan=False)), SCHEMA)) == []


def test_an_hour_is_written_when_the_next_begins_and_holds_its_own_minutes_alone(store, tmp_path):
    hear(store, 2)
    assert hours(tmp_path) == []

    hear(store, 62, START + timedelta(minutes=2))

    first, second = hours(tmp_path)
    assert (first["from"], first["minutes"]) == ("2026-11-24T12:58:00+00:00", 2)
    assert (second["from"], second["last"], second["minutes"]) == (
        "2026-11-24T13:00:00+00:00",
        "2026-11-24T13:59:00+00:00",
        60,
    )
    assert second["wear"]["remaining_life_h"] == {"low": 12.0, "mid": 40.0, "high": 120.0}
    assert second["diagnosis"] == {"word": "outer race", "bearing": "drive end", "minutes": {"outer race": 60}}
    assert second["quality"] == {"gap": 60}


def test_a_stop_within_the_hour_loses_no_minute_of_it(tmp_path):
    for first in (0, 20):
        store = Store.open(tmp_path, "now")
        hear(store, 15, START + timedelta(minutes=10 + first))
        store.close()
    store = Store.open(tmp_path, "now")
    hear(store, 1, START + timedelta(hours=2))
    store.close()

    (one,) = hours(tmp_path)
    assert one["minutes"] == 30


def test_a_transaction_that_fails_makes_no_hour_and_the_next_try_makes_it_once(store, tmp_path):
    hear(store, 2)
    with pytest.raises(ZeroDivisionError):
        hear_and_fail(store)
    assert hours(tmp_path) == []

    hear(store, 3, START + timedelta(hours=1))

    assert [one["minutes"] for one in hours(tmp_path)] == [2, 2]


def test_a_clock_that_was_set_back_gives_a_second_record_of_the_hour(store, tmp_path):
    hear(store, 4)
    hear(store, 3, START)

    assert [one["from"][11:16] for one in hours(tmp_path)] == ["12:58", "13:00", "12:58"]


def test_a_store_from_before_hours_begins_with_the_last_ones(tmp_path):
    store = Store.open(tmp_path, "now")
    with store.commit() as db:
        for k in range(600):
            records.add_condition(db, replace(BARE, wall=(START + timedelta(minutes=k)).isoformat()))
        close_hours(db, "L", "PUMP-7", "pump-7")
    store.close()

    assert len(hours(tmp_path)) == 2


def a_report(clock, **changes):
    diagnosis = Diagnosis("none", None, "quiet", "", None, 1480.0)
    told = ConditionReport(
        "pump-7", clock.now(), clock.wall().isoformat(), True, 1480.0, {"level_db": -30.0}, 0.5, "frozen", diagnosis, ()
    )
    return replace(told, **changes)


def test_what_is_not_finite_never_reaches_a_record(clock):
    minutes = Minutes()
    broken = float("nan")
    minutes.add(a_report(clock, named={"a": broken, "b": None}, covariates={"c": float("inf")}, wear=WEAR))
    minutes.add(a_report(clock, named={"a": 2.0}, indicators={"level_db": broken}))

    (minute,) = minutes.rest()

    assert (minute.named, minute.covariates, minute.indicators) == ({"a": 2.0}, {}, {"level_db": -30.0})


# ---- through the ledger ---------------------------------------------------------------------------------------------


def a_life(folder, channel, clock, messages):
    """One life of a ledger that hears these and ends."""
    plan = LedgerPlan("Casting line 2", str(folder), stations=(StationEntry("pump-7", "Pump 7", "PUMP-7"),))
    channel.sent.clear()
    channel.incoming.extend((*messages, Stop()))
    with ExitStack() as stack:
        Ledger(plan, channel, clock, lambda name: None, stack).run()
    return [message for message in channel.sent if isinstance(message, KeptStates | RestartBaseline)]


def test_a_ledger_tells_at_its_start_what_stations_wanted_to_be_told_again(tmp_path, channel, clock):
    assert a_life(tmp_path, channel, clock, [a_report(clock, kept='{"a": 1}')]) == [KeptStates({})]
    told = a_life(tmp_path, channel, clock, [a_report(clock), a_report(clock, kept='{"a": 2}')])
    assert told == [KeptStates({"pump-7": '{"a": 1}'})]

    assert a_life(tmp_path, channel, clock, []) == [KeptStates({"pump-7": '{"a": 2}'})]


def test_after_maintenance_the_old_state_is_not_told_again(tmp_path, channel, clock):
    done = Command("maintenance-done", "pump-7", "anna", "terminal")
    a_life(tmp_path, channel, clock, [a_report(clock, kept='{"a": 1}')])
    assert a_life(tmp_path, channel, clock, [done])[1:] == [RestartBaseline("pump-7")]

    assert a_life(tmp_path, channel, clock, []) == [KeptStates({})]


def test_a_level_of_wear_that_changed_is_an_event(tmp_path, channel, clock):
    a_life(tmp_path, channel, clock, [a_report(clock, wear=replace(WEAR, level="normal")), a_report(clock, wear=WEAR)])

    with Reader(tmp_path) as reader:
        (event,) = [e for e in reader.events(10) if e.kind == "wear-changed"]
    assert event.level == "warning"
    assert event.sentence.startswith("wear: normal -> warning; level_db +4.2 dB")


# ---- on the terminal ------------------------------------------------------------------------------------------------


def test_conditions_shows_a_table_and_with_json_the_records(store, tmp_path, capsys):
    hear(store, 64)

    assert main(["conditions", "--store", str(tmp_path)]) == 0
    table = capsys.readouterr().out
    assert main(["conditions", "--store", str(tmp_path), "--json", "--last", "1", "--station", "pump-7"]) == 0
    (line,) = capsys.readouterr().out.splitlines()

    assert "outer race drive end" in table
    assert "12 to 120 h" in table
    assert list(faults(json.loads(line), SCHEMA)) == []
    assert main(["conditions", "--store", str(tmp_path), "--station", "ring"]) == 0
    assert "no full hour of a machine yet" in capsys.readouterr().out
