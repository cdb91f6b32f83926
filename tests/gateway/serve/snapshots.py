"""Snapshots of a small plant, written out for the tests of the front."""

from dataclasses import replace

from analytics.decision.verdict import Evaluation, Verdict
from analytics.quality.words import Quality
from connectors.plc.port import GwImage, PlcImage
from gateway.processes.condition import ConditionReport, Diagnosis
from gateway.processes.messages import EarReport, RecipeView
from gateway.processes.snapshot import AlarmView, Counters, LastPart, PartView, Snapshot, StationView

WALL = "2026-11-24T12:00:00+00:00"
NOT_OK = Verdict(Evaluation.NOT_OK, 1.83, "crack", None, "rings 3.2 dB lower in 2.1-2.6 kHz")


def a_part_view(**changes):
    view = PartView(
        "active",
        "up",
        "connected",
        True,
        PlcImage(heartbeat=7, boot_id=3, mode=1, trig_seq=412, trig_head=412, part_type=1),
        GwImage(heartbeat=9, boot_id=77, state=1, result_seq=412, result_head=412, verdict=2),
        Counters(parts=412, ok=381, not_ok=31),
        LastPart(412, "C-0412", 1, WALL, NOT_OK, 2, 0, 431.5, "castings version 1 (ab12)"),
        {1: RecipeView("castings", 1, "ab12", True, "provisional", ("crack",))},
        (9.0, 14.0),
        (1, 1, 2),
    )
    return replace(view, **changes)


def an_ear(name, **changes):
    return replace(EarReport(name, 1.0, (), "good", -32.5, 0, 0, 0.01), **changes)


def a_condition(**changes):
    diagnosis = Diagnosis("outer race", "BPFO", "107.4 Hz = 3.58 x 29.95 Hz", "drive end", None, 1797.0)
    report = ConditionReport(
        "pump-7", 1.0, WALL, True, 1480.0, {"rms_db": -20.0}, 12.0, "frozen", diagnosis, (), (), None
    )
    return replace(report, **changes)


def a_snapshot(ring=None, pump=None, alarms=()):
    stations = (
        StationView("ring", "Ring test", an_ear("ring"), ring or a_part_view(), None, "", True),
        StationView("pump-7", "Pump 7", an_ear("pump-7"), None, pump or a_condition(), "PUMP-7", True),
    )
    return Snapshot("Casting line 2", WALL, 1.0, 77, "0.1.0", stations, alarms=tuple(alarms))


SILENT_ALARM = AlarmView("ring", "MicrophoneFault", True, WALL, "The microphone is silent", "high")
SILENT = (Quality.SILENT,)
