"""Tags of a station that judges parts: handshake, last result, state, counters, recipes."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.tag import NOTHING, Kind, Read, Reading, Status, Tag, known

VERDICTS = ("Undefined", "OK", "NotOK", "NotDecidable")
STATES = ("Init", "Ready", "Busy", "Degraded", "Fault", "Locked out", "Bypass")
MODES = ("Observe", "Shadow", "Active")
LINKS = ("Down", "Connecting", "Up")
_LINK = {"down": 0, "connecting": 1, "up": 2}


def _link_status(station: StationView) -> Status:
    """Of what a PLC says: only as good as the connection."""
    return Status.GOOD if station.part is not None and station.part.link == "up" else Status.UNCERTAIN


def _p(name: str) -> Read:
    def read(_: Snapshot, station: StationView) -> Reading:
        if station.part is None or station.part.plc is None:
            return Reading(None, Status.OFFLINE)
        return known(getattr(station.part.plc, name), _link_status(station))

    return read


def _g(name: str) -> Read:
    def read(_: Snapshot, station: StationView) -> Reading:
        return known(getattr(station.part.gateway, name)) if station.part else NOTHING

    return read


def _last(pick: Callable[[Any], Any]) -> Read:
    def read(_: Snapshot, station: StationView) -> Reading:
        if station.part is None or station.part.last is None:
            return NOTHING
        return known(pick(station.part.last))

    return read


def _part(pick: Callable[[Any], Any]) -> Read:
    def read(_: Snapshot, station: StationView) -> Reading:
        return known(pick(station.part)) if station.part else NOTHING

    return read


def _counter(field: str) -> Read:
    return _part(lambda part: getattr(part.counters, field))


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


def _recipe(pick: Callable[[Any], Any]) -> Read:
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
