import math

import pytest

from analytics.decision.verdict import not_decidable
from analytics.diagnosis.named import MODES
from analytics.quality.words import Quality
from gateway.processes.alarms import STATION_ALARMS
from gateway.processes.condition import Diagnosis, RemainingLife, WearView
from gateway.serve.front import station_tags
from gateway.serve.gateway_tags import gateway_tags
from gateway.serve.modbus import BLOCK, places, words
from gateway.serve.plan import ServedStation
from gateway.serve.tag import Kind, Reading, Status
from gateway.serve.tags import tags_of
from gateway.serve.units import UNECE, unit_id
from tests.gateway.serve.snapshots import SILENT, SILENT_ALARM, a_condition, a_part_view, a_snapshot

STATIONS = (ServedStation("ring", True, False), ServedStation("pump-7", False, True))
ALL = {f"{tag.folder}/{tag.name}": tag for tag in tags_of(parts=True, machine=True, alarms=STATION_ALARMS)}


def reading(path, snapshot, station="ring"):
    view = next(v for v in snapshot.stations if v.name == station)
    return ALL[path].read(snapshot, view)


def test_the_last_part_is_read_as_it_was_told():
    snapshot = a_snapshot()
    assert reading("Result/Verdict", snapshot) == Reading(2)
    assert reading("Result/Score", snapshot) == Reading(1.83)
    assert reading("Result/Defect", snapshot) == Reading("crack")
    assert reading("Counters/NotOk", snapshot) == Reading(31)


def test_a_score_that_is_not_there_is_bad_and_not_zero():
    last = a_part_view().last
    abstained = a_part_view(last=type(last)(1, "", 1, "", not_decidable("silent", Quality.SILENT), 0, 8, None, ""))
    assert reading("Result/Score", a_snapshot(abstained)).status is Status.BAD
    assert reading("Result/LatencyMs", a_snapshot(abstained)).status is Status.BAD


def test_what_the_plc_said_is_uncertain_while_the_link_is_down():
    assert reading("Handshake/TrigSeq", a_snapshot(a_part_view(link="down"))) == Reading(412, Status.UNCERTAIN)


def test_a_machine_is_uncertain_while_its_ear_is_not_good_or_it_stands_still():
    path = "Condition/LevelOverBaselineDb"
    assert reading(path, a_snapshot(), "pump-7") == Reading(12.0)
    assert reading(path, a_snapshot(pump=a_condition(quality=SILENT)), "pump-7").status is Status.UNCERTAIN
    assert reading(path, a_snapshot(pump=a_condition(running=False)), "pump-7").status is Status.UNCERTAIN


def test_remaining_life_is_three_numbers_in_hours_and_bad_without_a_trend():
    wear = WearView("alarm", "rising", 7.25, RemainingLife(12.0, 40.0, 2e5), "rising")
    worn = a_snapshot(pump=a_condition(wear=wear))
    lives = [reading(f"Condition/RemainingLife{end}H", worn, "pump-7") for end in ("Low", "Mid", "High")]
    assert lives == [Reading(12.0), Reading(40.0), Reading(100_000.0)]
    assert reading("Condition/Level", worn, "pump-7") == Reading(2)
    assert reading("Condition/Trend", worn, "pump-7") == Reading(2)
    assert reading("Condition/WearOverBaselineDb", worn, "pump-7") == Reading(7.25)

    steady = a_snapshot(pump=a_condition(wear=WearView("normal", "steady", 0.1, None, "no trend")))
    assert reading("Condition/RemainingLifeMidH", steady, "pump-7") == Reading(None, Status.BAD)
    assert reading("Condition/Trend", a_snapshot(), "pump-7") == Reading(None, Status.BAD)
    asleep = a_snapshot(pump=a_condition(wear=wear, running=False))
    assert reading("Condition/RemainingLifeLowH", asleep, "pump-7") == Reading(12.0, Status.UNCERTAIN)


@pytest.mark.parametrize("mode", MODES)
def test_every_failure_mode_a_site_file_may_name_has_a_number(mode):
    words = ALL["Condition/Diagnosis"].words
    seen = a_snapshot(pump=a_condition(diagnosis=Diagnosis(mode, None, "heard")))

    assert words[reading("Condition/Diagnosis", seen, "pump-7").value] == mode


def test_an_alarm_is_four_tags():
    snapshot = a_snapshot(alarms=[SILENT_ALARM])
    assert reading("Alarms/MicrophoneFault/Active", snapshot) == Reading(True)
    assert reading("Alarms/MicrophoneFault/Text", snapshot) == Reading("The microphone is silent")
    assert reading("Alarms/WorkerDown/Active", snapshot) == Reading(False)


def test_every_tag_has_a_reading_for_an_empty_station():
    from gateway.processes.snapshot import Snapshot, StationView

    empty = Snapshot("line", "2026-11-24T12:00:00+00:00", 0.0, 1, "0", (StationView("ring", "", None),))
    for tag in (*ALL.values(), *gateway_tags()):
        assert isinstance(tag.read(empty, empty.stations[0]), Reading)


def test_every_unit_has_its_unece_number():
    assert all(tag.unit in UNECE for tag in ALL.values() if tag.unit)
    assert unit_id("ms") == 4403766  # "C26", as OPC 10000-8 lists it


def test_registers_do_not_overlap_and_keep_to_their_block():
    found = list(places(station_tags(STATIONS)))
    taken = [address for place in found for address in range(place.address, place.address + place.width)]
    assert len(taken) == len(set(taken))
    blocks = {place.station: place.address // BLOCK for place in found}
    assert blocks == {"ring": 0, "pump-7": 1, "": 2}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Kind.FLOAT, Reading(3.25), (0x4050, 0x0000)),
        (Kind.UINT32, Reading(70000), (1, 4464)),
        (Kind.UINT16, Reading(412), (412,)),
        (Kind.BOOL, Reading(True), (1,)),
        (Kind.UINT16, Reading(412, Status.UNCERTAIN), (0xFFFF,)),
        (Kind.UINT32, Reading(None, Status.BAD), (0xFFFF, 0xFFFF)),
    ],
)
def test_a_reading_becomes_registers_and_an_untrusted_one_all_ones(kind, value, expected):
    assert words(kind, value) == expected


def test_an_untrusted_float_is_nan():
    import struct

    high, low = words(Kind.FLOAT, Reading(None, Status.BAD))
    assert math.isnan(struct.unpack(">f", struct.pack(">HH", high, low))[0])
