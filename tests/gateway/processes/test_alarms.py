from dataclasses import replace
from itertools import pairwise

import pytest

from connectors.plc.port import Mode, PlcImage
from gateway.processes.alarms import (
    AGAIN_S,
    GATEWAY_ALARMS,
    STANDS_S,
    STATION_ALARMS,
    AlarmBoard,
    AlarmJournal,
    standing,
)
from gateway.processes.budget import Budget, Offender
from gateway.processes.ledger_messages import IncidentView, LedgerReport
from gateway.processes.messages import RecipeView
from gateway.processes.snapshot import AlarmView, Counters
from tests.gateway.serve.snapshots import SILENT, a_part_view, a_snapshot, an_ear

LEDGER = LedgerReport(1.0, (), 0, 0, (), {})


def names(snapshot, ledger=LEDGER, age=0.0, dropped=None, links=None, incidents=()):
    found = standing(snapshot.stations, incidents, ledger, age, dropped or {}, links or {})
    return {(alarm.station, alarm.name) for alarm in found}


def with_ring(**changes):
    return a_snapshot(a_part_view(**changes))


def changed(snapshot, **changes):
    ring, pump = snapshot.stations
    return replace(snapshot, stations=(replace(ring, **changes), pump))


def test_a_plant_that_works_has_no_alarm():
    assert names(a_snapshot()) == set()


@pytest.mark.parametrize(
    ("snapshot", "name"),
    [
        (changed(a_snapshot(), worker_alive=False), "WorkerDown"),
        (changed(a_snapshot(), ear=an_ear("ring", quality=SILENT)), "MicrophoneFault"),
        (with_ring(link="down"), "PlcLinkDown"),
        (with_ring(ready=False, recipes={1: RecipeView("a", 1, "", False, "", (), "no recipe at a")}), "NotReady"),
        (with_ring(counters=Counters(parts=9, missed=2)), "MissedTriggers"),
        (with_ring(chips=(2, 2, 1, 2, 2, 2)), "ManyNotOk"),
        (with_ring(chips=(3, 3, 1, 3, 3, 3)), "ManyNotDecidable"),
    ],
)
def test_each_trouble_of_a_station_is_its_own_alarm(snapshot, name):
    assert names(snapshot) == {("ring", name)}


def test_a_worker_that_is_down_is_one_alarm_and_not_two():
    both = changed(a_snapshot(), worker_alive=False, ear=an_ear("ring", quality=SILENT))
    assert names(both) == {("ring", "WorkerDown")}


def test_a_station_that_is_being_taught_is_not_called_not_ready():
    teaching = PlcImage(mode=Mode.TEACH)
    assert names(with_ring(ready=False, plc=teaching)) == set()


def test_five_rejects_long_ago_are_no_alarm():
    assert names(with_ring(chips=(2, 2, 2, 2, 2) + (1,) * 20)) == set()


def test_a_ledger_that_is_silent_or_in_trouble_is_told():
    assert names(a_snapshot(), ledger=None, age=11.0) == {("", "LedgerDown")}
    assert names(a_snapshot(), replace(LEDGER, faults=("disk full",))) == {("", "LedgerFault")}
    assert names(a_snapshot(), replace(LEDGER, outbox_stuck=1)) == {("", "OrdersStuck")}
    assert names(a_snapshot(), dropped={"ledger": 3}) == {("", "MessagesDropped")}


def test_an_open_incident_is_an_alarm_of_its_station_and_a_cleared_one_is_not():
    incident = IncidentView("I", "pump-7", "P", "outer race", "critical", "t", None, None, "outer race", "1001", "")
    assert names(a_snapshot(), incidents=(incident,)) == {("pump-7", "MachineIndication")}
    assert names(a_snapshot(), incidents=(replace(incident, cleared_at="t2"),)) == set()


def test_the_handshakes_own_alarms_are_shown_where_they_have_a_tag():
    links = {"ring": {"PlcHeartbeatStale": "stands still", "Unheard": "of"}}
    assert names(a_snapshot(), links=links) == {("ring", "PlcHeartbeatStale")}


def test_every_alarm_has_a_tag():
    every = with_ring(link="down", chips=(2,) * 5, counters=Counters(missed=1))
    for station, name in names(every, replace(LEDGER, faults=("x",)), age=11.0, dropped={"a": 1}):
        assert name in (STATION_ALARMS if station else GATEWAY_ALARMS)


def test_an_alarm_keeps_the_moment_it_began_until_it_ends():
    board, down = AlarmBoard(), with_ring(link="down")

    def since(snapshot, wall):
        alarms = board.views(standing(snapshot.stations, (), LEDGER, 0.0, {}, {}), wall)
        return [alarm.since for alarm in alarms]

    assert since(down, "12:00") == ["12:00"]
    assert since(down, "12:01") == ["12:00"]
    assert since(a_snapshot(), "12:02") == []
    assert since(down, "12:03") == ["12:03"]


def test_a_taught_sound_has_an_alarm_of_its_own_beside_that_of_the_machine():
    machine = IncidentView("I", "pump-7", "P", "outer race", "warning", "t", None, None, "outer race", "", "")
    glass = replace(machine, id="J", failure_mode="glass break", severity="critical", event=True, zone="hall 1")
    found = list(standing(a_snapshot().stations, (machine, glass), LEDGER, 0.0, {}, {}))
    assert [(one.name, one.priority) for one in found] == [("MachineIndication", "medium"), ("SoundEvent", "high")]
    assert names(a_snapshot(), incidents=(glass,)) == {("pump-7", "SoundEvent")}


def test_a_flood_of_alarms_is_an_alarm_that_names_what_rings_most():
    worst = Offender("pump-7", "outer race", 9, 1, 40, 0, 0.8)
    calm = Budget("12:00", 1, "pager", 11.0, False, worst=(worst,))
    assert names(a_snapshot(), replace(LEDGER, budget=calm)) == set()
    (alarm,) = standing((), (), replace(LEDGER, budget=replace(calm, flood=True)), 0.0, {}, {})
    assert (alarm.name, alarm.station) == ("AlarmFlood", "")
    assert "11 alarms in 10 min" in alarm.text
    assert "pump-7 outer race (9 of the day)" in alarm.text


class Journal:
    """A board of one alarm, looked at again and again."""

    def __init__(self):
        self.journal, self.events = AlarmJournal(), []

    def at(self, seconds, *, stands, priority="high"):
        alarm = AlarmView("ring", "PlcLinkDown", True, "t", "no connection", priority)
        self.events += self.journal.note((alarm,) if stands else (), seconds, f"at {seconds}")


def test_an_alarm_that_stands_is_written_down_once_with_its_name_first():
    line = Journal()
    for seconds in range(200):
        line.at(float(seconds), stands=True)
    (event,) = line.events
    assert (event.wall, event.where, event.kind, event.level) == ("at 5.0", "ring", "alarm-raised", "error")
    assert event.sentence == "PlcLinkDown: no connection"


def test_an_alarm_that_is_gone_at_once_rings_nobody():
    line = Journal()
    line.at(0.0, stands=True)
    line.at(STANDS_S - 0.1, stands=True)
    line.at(STANDS_S, stands=False)
    line.at(2 * STANDS_S, stands=True)
    assert line.events == []


def test_an_alarm_that_flaps_is_written_down_once_a_minute_at_most():
    line = Journal()
    for seconds in range(0, 600, 2):
        line.at(float(seconds), stands=seconds % 20 < 14)
    walls = [float(event.wall.removeprefix("at ")) for event in line.events]
    assert 8 <= len(walls) <= 10
    assert all(later - earlier >= AGAIN_S for earlier, later in pairwise(walls))


@pytest.mark.parametrize(("priority", "level"), [("high", "error"), ("medium", "warning"), ("low", "info")])
def test_the_event_of_an_alarm_is_as_loud_as_its_priority(priority, level):
    line = Journal()
    line.at(0.0, stands=True, priority=priority)
    line.at(STANDS_S, stands=True, priority=priority)
    assert [event.level for event in line.events] == [level]
