"""The sound of events: which file holds what raised an incident, and its samples."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from gateway.store.kept import Sound, read_clip


@dataclass(frozen=True, slots=True)
class EventClip:
    """The sound of one incident, as it lies in the evidence folder."""

    incident: str
    wall: str
    kind: str
    clip: str
    sha256: str

    def sound(self, store: Path) -> Sound:
        """Read its samples; raises `NoSound` where they are gone."""
        return read_clip(store, self.clip, self.sha256)


def add_event_clip(db: sqlite3.Connection, clip: EventClip) -> None:
    """Write it down; the first one of an incident stays."""
    db.execute(
        "INSERT INTO event_clips (incident, wall, kind, clip, sha256) VALUES (?,?,?,?,?) ON CONFLICT DO NOTHING",
        (clip.incident, clip.wall, clip.kind, clip.clip, clip.sha256),
    )


def event_clip(db: sqlite3.Connection, incident: str) -> EventClip | None:
    """Give the clip of an incident; None where its sound was not kept."""
    row = db.execute(
        "SELECT incident, wall, kind, clip, sha256 FROM event_clips WHERE incident = ?", (incident,)
    ).fetchone()
    return None if row is None else EventClip(*row)
