"""Every tag an HMI can read, once: name, type, range, unit, and how it is read off a snapshot.

The OPC UA server, the Modbus server and the printed tag list are all made from these tables, so that they cannot drift
apart. A reading that cannot be trusted is never a plain value: it says so by its status.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from analytics.diagnosis.named import MODES as NAMED_MODES
from gateway.processes.condition import WearView
from gateway.processes.snapshot import Snapshot, StationView
from gateway.processes.sounds import KindHeard, SoundsReport


class Kind(Enum):
    """Type of a tag."""

    BOOL = "Boolean"
    UINT16 = "UInt16"
    UINT32 = "UInt32"
    FLOAT = "Float"
    TEXT = "String"
    WORDS = "UInt32 with EnumStrings"  #: one of `Tag.words` by its number


class Status(Enum):
    """Whether the value may be trusted."""

    GOOD = "good"
    UNCERTAIN = "uncertain"  #: the last that was known; not sure any more
    BAD = "bad"  #: there is none
    OFFLINE = "offline"  #: whoever would know it is not there


@dataclass(frozen=True, slots=True)
class Reading:
    """A value with its status; None only where it is not good."""

    value: bool | int | float | str | None
    status: Status = Status.GOOD

    def __post_init__(self) -> None:
        assert self.value is not None or self.status is not Status.GOOD


NOTHING = Reading(None, Status.BAD)


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a station.

    Parameters
    ----------
    folder, name
        Where it stands: ``<line>/<station>/<folder>/<name>``.
    read
        From the whole snapshot and the station's view.
    unit
        UCUM-like text with a UNECE code in `gateway.serve.units`; empty = none.
    low, high
        EURange, for analog tags.
    words
        EnumStrings, for `Kind.WORDS`.
    """

    folder: str
    name: str
    kind: Kind
    read: Callable[[Snapshot, StationView], Reading]
    text: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    words: tuple[str, ...] = ()


VERDICTS = ("Undefined", "OK", "NotOK", "NotDecidable")
STATES = ("Init", "Ready", "Busy", "Degraded", "Fault", "Locked out", "Bypass")
MODES = ("Observe", "Shadow", "Active")
LINKS = ("Down", "Connecting", "Up")
_LINK = {"down": 0, "connecting": 1, "up": 2}
DIAGNOSES = (
    *("none", "undecided", "outer race", "inner race", "rolling element", "cage", "gear"),
    *(mode for mode in NAMED_MODES if mode != "gear"),
)
LEVELS = ("normal", "warning", "alarm")
TRENDS = ("learning", "steady", "rising", "falling", "unknown")
LIFE_H_MAX = 100_000.0


def known(value: Any, status: Status = Status.GOOD) -> Reading:  # noqa: ANN401  any tag's value
    """Make a reading of a value that may be missing or not finite."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NOTHING
    return Reading(value, status)


def _link_status(station: StationView) -> Status:
    """Of what a PLC says: only as good as the connection."""
    return Status.GOOD if station.part is not None and station.part.link == "up" else Status.UNCERTAIN


def _p(name: str) -> Callable[[Snapshot, StationView], Reading]:
    def read(_: Snapshot, station: StationView) -> Reading:
        if station.part is None or station.part.plc is None:
            return Reading(None, Status.OFFLINE)
        return known(getattr(station.part.plc, name), _link_status(station))

    return read


def _g(name: str) -> Callable[[Snapshot, StationView], Reading]:
    def read(_: Snapshot, station: StationView) -> Reading:
        return known(getattr(station.part.gateway, name)) if station.part else NOTHING

    return read


def _last(pick: Callable[[Any], Any]) -> Callable[[Snapshot, StationView], Reading]:
    def read(_: Snapshot, station: StationView) -> Reading:
        if station.part is None or station.part.last is None:
            return NOTHING
        return known(pick(station.part.last))

    return read


def _part(pick: Callable[[Any], Any]) -> Callable[[Snapshot, StationView], Reading]:
    def read(_: Snapshot, station: StationView) -> Reading:
        return known(pick(station.part)) if station.part else NOTHING

    return read


def _counter(field: str) -> Callable[[Snapshot, StationView], Reading]:
    return _part(lambda part: getattr(part.counters, field))


def _ear(pick: Callable[[Any], Any]) -> Callable[[Snapshot, StationView], Reading]:
    def read(_: Snapshot, station: StationView) -> Reading:
        if station.ear is None or not station.worker_alive:
            return Reading(None, Status.OFFLINE)
        return known(pick(station.ear))

    return read


def _machine(pick: Callable[[Any], Any]) -> Callable[[Snapshot, StationView], Reading]:
    """Of a machine: uncertain while its ear is not good or it stands still, for then it is yesterday's number."""

    def read(_: Snapshot, station: StationView) -> Reading:
        if station.condition is None:
            return Reading(None, Status.OFFLINE)
        heard = station.worker_alive and not station.condition.quality and station.condition.running is not False
        return known(pick(station.condition), Status.GOOD if heard else Status.UNCERTAIN)

    return read


def _wear(pick: Callable[[WearView], Any]) -> Callable[[Snapshot, StationView], Reading]:
    return _machine(lambda condition: None if condition.wear is None else pick(condition.wear))


def _life(field: str) -> Callable[[Snapshot, StationView], Reading]:
    """Hours of remaining life; none, and so Bad, without a trend."""
    return _wear(lambda wear: None if wear.life is None else min(getattr(wear.life, field), LIFE_H_MAX))


def _word(words: tuple[str, ...], word: str) -> int | None:
    return words.index(word) if word in words else None


_HOURS = ("h", 0, LIFE_H_MAX)


def _percentile(of_all: Sequence[float], share: float) -> float | None:
    if not of_all:
        return None
    ordered = sorted(of_all)
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


HANDSHAKE = tuple(
    Tag("Handshake", name, Kind.UINT16, _p(field), f"As the PLC wrote it: {name}")
    for name, field in (
        ("PlcHeartbeat", "heartbeat"),
        ("PlcBootId", "boot_id"),
        ("Mode", "mode"),
        ("ResultAck", "result_ack"),
        ("AbortSeq", "abort_seq"),
        ("PartType", "part_type"),
        ("DeadlineMs", "deadline_ms"),
        ("TrigSeq", "trig_seq"),
    )
) + tuple(
    Tag("Handshake", name, Kind.UINT16, _g(field), f"As the gateway wrote it: {name}")
    for name, field in (
        ("GwHeartbeat", "heartbeat"),
        ("GwBootId", "boot_id"),
        ("TrigAck", "trig_ack"),
        ("ResultHead", "result_head"),
        ("ResultSeq", "result_seq"),
        ("QualityCode", "quality_code"),
        ("PassKey", "pass_key"),
        ("MapVersion", "map_version"),
    )
)

RESULT = (
    Tag(
        "Result", "Verdict", Kind.WORDS, _last(lambda p: int(p.verdict.evaluation)), "Of the last part", words=VERDICTS
    ),
    Tag("Result", "Score", Kind.FLOAT, _last(lambda p: p.verdict.score), "1.0 is the limit", "1", 0, 10),
    Tag("Result", "DefectCode", Kind.UINT16, _last(lambda p: p.defect_code), "0 none, 1 unknown, 2.. a taught class"),
    Tag("Result", "Defect", Kind.TEXT, _last(lambda p: p.verdict.defect or ""), "Name of the defect"),
    Tag("Result", "Confidence", Kind.FLOAT, _last(lambda p: p.verdict.confidence), "That the name is right", "1", 0, 1),
    Tag("Result", "Reason", Kind.TEXT, _last(lambda p: p.verdict.reason), "One sentence"),
    Tag("Result", "Quality", Kind.TEXT, _last(lambda p: ", ".join(p.verdict.quality) or "good"), "Of the part's sound"),
    Tag("Result", "PartId", Kind.TEXT, _last(lambda p: p.part_id), "Serial from the PLC"),
    Tag("Result", "PartType", Kind.UINT16, _last(lambda p: p.part_type), "Recipe or variant"),
    Tag("Result", "Sequence", Kind.UINT16, _last(lambda p: p.sequence), "TrigSeq of the part"),
    Tag("Result", "LatencyMs", Kind.FLOAT, _last(lambda p: p.latency_ms), "Trigger seen to result", "ms", 0, 65535),
    Tag("Result", "Recipe", Kind.TEXT, _last(lambda p: p.recipe), "Name, version and hash it was judged by"),
)

STATION = (
    Tag("Station", "Mode", Kind.WORDS, _part(lambda p: ("observe", "shadow", "active").index(p.mode)), "", words=MODES),
    Tag("Station", "State", Kind.WORDS, _g("state"), "GwState", words=STATES),
    Tag("Station", "Ready", Kind.BOOL, _part(lambda p: p.ready), "A part would be judged"),
    Tag("Station", "Link", Kind.WORDS, _part(lambda p: _LINK[p.link]), "To the PLC", words=LINKS),
    Tag("Station", "LatencyP50Ms", Kind.FLOAT, _part(lambda p: _percentile(p.latencies_ms, 0.5)), "", "ms", 0, 65535),
    Tag("Station", "LatencyP99Ms", Kind.FLOAT, _part(lambda p: _percentile(p.latencies_ms, 0.99)), "", "ms", 0, 65535),
)

COUNTERS = tuple(
    Tag("Counters", name, Kind.UINT32, _counter(field), text)
    for name, field, text in (
        ("Parts", "parts", "Parts since the gateway started"),
        ("Ok", "ok", "OK"),
        ("NotOk", "not_ok", "NotOK"),
        ("NotDecidable", "not_decidable", "NotDecidable"),
        ("Late", "late", "No verdict before the deadline"),
        ("Missed", "missed", "Triggers never seen"),
        ("Overrun", "overrun", "Triggered while the part before was still judged"),
        ("Aborted", "aborted", "Withdrawn by the PLC"),
        ("Lost", "lost", "Results that could not be written"),
        ("Taught", "taught", "Heard in Mode 3 to learn from; in no other number"),
    )
)

QUALITY = (
    Tag("Quality", "EarGood", Kind.BOOL, _ear(lambda e: not e.quality), "The microphone may be trusted"),
    Tag("Quality", "Ear", Kind.TEXT, _ear(lambda e: e.sentence), "How the microphone is"),
    Tag("Quality", "LevelDb", Kind.FLOAT, _ear(lambda e: e.level_db), "RMS re full scale", "dB", -150, 0),
    Tag("Quality", "Gaps", Kind.UINT32, _ear(lambda e: e.gaps), "Holes in the sound since the source was opened"),
)

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


def _sounds(pick: Callable[[SoundsReport], Any]) -> Callable[[Snapshot, StationView], Reading]:
    """Of sound events: uncertain while its ear is not good, for then nobody listens."""

    def read(_: Snapshot, station: StationView) -> Reading:
        if station.sounds is None:
            return Reading(None, Status.OFFLINE)
        ear_good = station.ear is not None and not station.ear.quality
        heard = station.worker_alive and ear_good and not station.sounds.fault
        return known(pick(station.sounds), Status.GOOD if heard else Status.UNCERTAIN)

    return read


def _kind(pick: Callable[[KindHeard], Any], nothing: Any) -> Callable[[Snapshot, StationView], Reading]:  # noqa: ANN401
    return _sounds(lambda sounds: nothing if sounds.heard is None else pick(sounds.heard))


SOUNDS = (
    Tag("Sounds", "Active", Kind.BOOL, _sounds(lambda s: any(e.active for e in s.episodes)), "A taught kind is heard"),
    Tag("Sounds", "Kind", Kind.TEXT, _kind(lambda h: h.kind, ""), "Heard last; empty where nothing was"),
    Tag("Sounds", "Since", Kind.TEXT, _kind(lambda h: h.since, ""), "First heard, ISO 8601, UTC"),
    Tag("Sounds", "Last", Kind.TEXT, _kind(lambda h: h.last, ""), "Heard last, ISO 8601, UTC"),
    Tag("Sounds", "Count", Kind.UINT32, _kind(lambda h: h.count, 0), "Times heard since then"),
    Tag(
        "Sounds", "Confidence", Kind.FLOAT, _kind(lambda h: h.confidence, None), "That it was no background", "1", 0, 1
    ),
    Tag("Sounds", "Taught", Kind.TEXT, _sounds(lambda s: ", ".join(s.kinds)), "Kinds it listens for"),
    Tag("Sounds", "Fault", Kind.TEXT, _sounds(lambda s: s.fault), "Why nothing can be told apart; empty while it can"),
)


def _diagnosis(name: str) -> int:
    return DIAGNOSES.index(name) if name in DIAGNOSES else DIAGNOSES.index("undecided")


def _recipe(pick: Callable[[Any], Any]) -> Callable[[Snapshot, StationView], Reading]:
    def read(_: Snapshot, station: StationView) -> Reading:
        if station.part is None:
            return NOTHING
        texts = [f"{kind}: {pick(recipe)}" for kind, recipe in sorted(station.part.recipes.items())]
        return known("; ".join(texts))

    return read


IDENTITY_PARTS = (
    Tag("Identity", "Recipes", Kind.TEXT, _recipe(lambda r: r.fault or f"{r.name} version {r.version}"), "By PartType"),
    Tag("Identity", "RecipeHashes", Kind.TEXT, _recipe(lambda r: r.hash), "By PartType"),
    Tag("Identity", "Promises", Kind.TEXT, _recipe(lambda r: r.promise), "What the limit promises, by PartType"),
)
IDENTITY = (
    Tag("Identity", "Title", Kind.TEXT, lambda _, station: Reading(station.title), "Name for people"),
    Tag("Identity", "Zone", Kind.TEXT, lambda _, station: Reading(station.zone), "Where it is, for people"),
    Tag("Identity", "Version", Kind.TEXT, lambda snapshot, _: Reading(snapshot.version), "Of wheeltapper"),
)
IDENTITY_MACHINE = (
    Tag("Identity", "Asset", Kind.TEXT, lambda _, station: Reading(station.asset), "Number in the CMMS"),
)


def alarm_tags(name: str) -> tuple[Tag, ...]:
    """Four plain tags for one alarm; the station's view is the empty one for alarms of the whole gateway."""

    def found(snapshot: Snapshot, station: StationView) -> Any:  # noqa: ANN401
        return next((a for a in snapshot.alarms if a.station == station.name and a.name == name), None)

    def text(field: str) -> Callable[[Snapshot, StationView], Reading]:
        return lambda snapshot, station: Reading(getattr(found(snapshot, station), field, ""))

    folder = f"Alarms/{name}"
    return (
        Tag(folder, "Active", Kind.BOOL, lambda s, v: Reading(found(s, v) is not None), "The alarm stands"),
        Tag(folder, "Since", Kind.TEXT, text("since"), "ISO 8601, UTC"),
        Tag(folder, "Text", Kind.TEXT, text("text"), "What is wrong and what to do"),
        Tag(folder, "Priority", Kind.TEXT, text("priority"), "low, medium or high"),
    )


def tags_of(*, parts: bool, machine: bool, alarms: Sequence[str], sounds: bool = False) -> tuple[Tag, ...]:
    """Give every tag of a station with these flows, in the order of the Modbus table; sounds last, so nothing moves."""
    found: tuple[Tag, ...] = IDENTITY + QUALITY
    if parts:
        found += HANDSHAKE + RESULT + STATION + COUNTERS + IDENTITY_PARTS
    if machine:
        found += CONDITION + IDENTITY_MACHINE
    return found + tuple(tag for alarm in alarms for tag in alarm_tags(alarm)) + (SOUNDS if sounds else ())
