"""Every tag an HMI can read, once: name, type, range, unit, and how it is read off a snapshot.

The OPC UA server, the Modbus server and the printed tag list are all made from these tables, so that they cannot drift
apart. A reading that cannot be trusted is never a plain value: it says so by its status.
"""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.machine_tags import CONDITION, IDENTITY_MACHINE
from gateway.serve.part_tags import COUNTERS, HANDSHAKE, IDENTITY_PARTS, RESULT, STATION
from gateway.serve.sound_tags import SOUNDS
from gateway.serve.tag import Kind, Read, Reading, Status, Tag, known


def _ear(pick: Callable[[Any], Any]) -> Read:
    def read(_: Snapshot, station: StationView) -> Reading:
        if station.ear is None or not station.worker_alive:
            return Reading(None, Status.OFFLINE)
        return known(pick(station.ear))

    return read


QUALITY = (
    Tag("Quality", "EarGood", Kind.BOOL, _ear(lambda e: not e.quality), "The microphone may be trusted"),
    Tag("Quality", "Ear", Kind.TEXT, _ear(lambda e: e.sentence), "How the microphone is"),
    Tag("Quality", "LevelDb", Kind.FLOAT, _ear(lambda e: e.level_db), "RMS re full scale", "dB", -150, 0),
    Tag("Quality", "Gaps", Kind.UINT32, _ear(lambda e: e.gaps), "Holes in the sound since the source was opened"),
)

IDENTITY = (
    Tag("Identity", "Title", Kind.TEXT, lambda _, station: Reading(station.title), "Name for people"),
    Tag("Identity", "Zone", Kind.TEXT, lambda _, station: Reading(station.zone), "Where it is, for people"),
    Tag("Identity", "Version", Kind.TEXT, lambda snapshot, _: Reading(snapshot.version), "Of wheeltapper"),
)


def alarm_tags(name: str) -> tuple[Tag, ...]:
    """Four plain tags for one alarm; the station's view is the empty one for alarms of the whole gateway."""

    def found(snapshot: Snapshot, station: StationView) -> Any:  # noqa: ANN401
        return next((a for a in snapshot.alarms if a.station == station.name and a.name == name), None)

    def text(field: str) -> Read:
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
