"""Tags of a station that watches a machine: condition, diagnosis, wear, remaining life."""

from collections.abc import Callable
from typing import Any

from analytics.diagnosis.named import MODES as NAMED_MODES
from gateway.processes.condition import WearView
from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.tag import Kind, Read, Reading, Status, Tag, known

DIAGNOSES = (
    *("none", "undecided", "outer race", "inner race", "rolling element", "cage", "gear"),
    *(mode for mode in NAMED_MODES if mode != "gear"),
)
LEVELS = ("normal", "warning", "alarm")
TRENDS = ("learning", "steady", "rising", "falling", "unknown")
LIFE_H_MAX = 100_000.0
_HOURS = ("h", 0, LIFE_H_MAX)


def _machine(pick: Callable[[Any], Any]) -> Read:
    """Of a machine: uncertain while its ear is not good or it stands still, for then it is yesterday's number."""

    def read(_: Snapshot, station: StationView) -> Reading:
        if station.condition is None:
            return Reading(None, Status.OFFLINE)
        heard = station.worker_alive and not station.condition.quality and station.condition.running is not False
        return known(pick(station.condition), Status.GOOD if heard else Status.UNCERTAIN)

    return read


def _wear(pick: Callable[[WearView], Any]) -> Read:
    return _machine(lambda condition: None if condition.wear is None else pick(condition.wear))


def _life(field: str) -> Read:
    """Hours of remaining life; none, and so Bad, without a trend."""
    return _wear(lambda wear: None if wear.life is None else min(getattr(wear.life, field), LIFE_H_MAX))


def _word(words: tuple[str, ...], word: str) -> int | None:
    return words.index(word) if word in words else None


def _diagnosis(name: str) -> int:
    return DIAGNOSES.index(name) if name in DIAGNOSES else DIAGNOSES.index("undecided")


CONDITION = (
    Tag("Condition", "Running", Kind.BOOL, _machine(lambda c: c.running), "As the plant says"),
    Tag("Condition", "SpeedRpm", Kind.FLOAT, _machine(lambda c: c.rpm), "Shaft speed", "r/min", 0, 30000),
    Tag(
        "Condition", "LevelOverBaselineDb", Kind.FLOAT, _machine(lambda c: c.level_over_baseline_db), "", "dB", -20, 60
    ),
    Tag("Condition", "Baseline", Kind.TEXT, _machine(lambda c: c.baseline), "Learning, or since when it is frozen"),
    Tag(
        "Condition",
        "Diagnosis",
        Kind.WORDS,
        _machine(lambda c: _diagnosis(c.diagnosis.name)),
        "Indication",
        words=DIAGNOSES,
    ),
    Tag("Condition", "Bearing", Kind.TEXT, _machine(lambda c: c.diagnosis.bearing), "Which one"),
    Tag("Condition", "Reason", Kind.TEXT, _machine(lambda c: c.diagnosis.reason), "One sentence"),
    Tag("Condition", "Confidence", Kind.FLOAT, _machine(lambda c: c.diagnosis.confidence), "", "1", 0, 1),
    Tag("Condition", "Level", Kind.WORDS, _wear(lambda w: _word(LEVELS, w.level)), "Of wear", words=LEVELS),
    Tag("Condition", "Trend", Kind.WORDS, _wear(lambda w: _word(TRENDS, w.trend)), "Of wear", words=TRENDS),
    Tag(
        *("Condition", "WearOverBaselineDb", Kind.FLOAT, _wear(lambda w: w.over_db)),
        *("What load, speed and temperature explain taken off", "dB", -20, 60),
    ),
    *(
        Tag("Condition", f"RemainingLife{end}H", Kind.FLOAT, _life(field), f"{text}; none without a trend", *_HOURS)
        for end, field, text in (
            ("Low", "low_h", "Lower end of the interval, running hours"),
            ("Mid", "mid_h", "Middle of the interval, running hours"),
            ("High", "high_h", "Upper end of the interval, running hours"),
        )
    ),
)

IDENTITY_MACHINE = (
    Tag("Identity", "Asset", Kind.TEXT, lambda _, station: Reading(station.asset), "Number in the CMMS"),
)
