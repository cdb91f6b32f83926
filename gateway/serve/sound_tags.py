"""Tags of a station that listens for sound events."""

from collections.abc import Callable
from typing import Any

from gateway.processes.snapshot import Snapshot, StationView
from gateway.processes.sounds import KindHeard, SoundsReport
from gateway.serve.tag import Kind, Read, Reading, Status, Tag, known


def _sounds(pick: Callable[[SoundsReport], Any]) -> Read:
    """Of sound events: uncertain while its ear is not good, for then nobody listens."""

    def read(_: Snapshot, station: StationView) -> Reading:
        if station.sounds is None:
            return Reading(None, Status.OFFLINE)
        ear_good = station.ear is not None and not station.ear.quality
        heard = station.worker_alive and ear_good and not station.sounds.fault
        return known(pick(station.sounds), Status.GOOD if heard else Status.UNCERTAIN)

    return read


def _kind(pick: Callable[[KindHeard], Any], nothing: Any) -> Read:  # noqa: ANN401
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
