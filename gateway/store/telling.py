"""What the page asks of the store besides parts: a machine's past, an incident's story, shifts, the audit trail."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.decision.verdict import Evaluation

_JUDGED = ("judged", "late", "aborted", "overrun", "lost")  #: outcomes of production; not of teaching or master parts


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of a machine; dB over its normal, None where it was not judged."""

    wall: str
    level_db: float | None
    wear_db: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """The spectrum an incident was raised on."""

    wall: str
    incident: str
    title: str
    kind: str  #: envelope | sound
    band_hz: tuple[float, float]
    rpm: float | None
    lines: tuple[tuple[str, float], ...]
    frequency_hz: NDArray[np.float32]
    level: NDArray[np.float32]
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit trail."""

    id: int
    wall: str
    who: str
    via: str
    command: str
    target: str
    arguments: dict[str, str]
    accepted: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was sent, or waits to be."""

    wall: str
    to: str
    kind: str
    state: str
    why: str


@dataclass(slots=True)
class Counted:
    """Verdicts of one station in one span of time."""

    station: str
    verdicts: Counter[Evaluation] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)  #: of NotOK
    reasons: Counter[str] = field(default_factory=Counter)  #: of NotDecidable: quality words, or how it ended
    false_rejects: int = 0  #: NotOK that a person calls good
    confirmed: int = 0  #: NotOK that a person calls bad
    missed: int = 0  #: OK that a person calls bad

    @property
    def parts(self) -> int:
        """All of them."""
        return self.verdicts.total()


def minutes(db: sqlite3.Connection, station: str, since: str, most: int = 3000) -> list[Point]:
    """Give a machine's minutes since a wall time, oldest first."""
    rows = db.execute(
        "SELECT wall, level_mean_db, wear FROM conditions WHERE station = ? AND wall >= ? ORDER BY id DESC LIMIT ?",
        (station, since, most),
    ).fetchall()
    return [Point(wall, level, (json.loads(wear) or {}).get("over_db")) for wall, level, wear in reversed(rows)]


def hours(db: sqlite3.Connection, station: str, most: int = 24 * 60) -> list[Point]:
    """Give a machine's last hours, oldest first."""
    rows = db.execute("SELECT wall, record FROM hours WHERE station = ? ORDER BY id DESC LIMIT ?", (station, most))
    found = [(wall, json.loads(record)) for wall, record in rows]
    return [
        Point(
            wall,
            (record["level_over_baseline_db"] or {}).get("median"),
            (record["wear"] or {}).get("over_baseline_db"),
        )
        for wall, record in reversed(found)
    ]


def happened(db: sqlite3.Connection, place: str, kinds: Sequence[str], since: str, most: int = 200) -> list[Any]:
    """Give events of a place and of some kinds, oldest first: (wall, kind, sentence)."""
    marks = ",".join("?" * len(kinds))
    rows = db.execute(
        f"SELECT wall, kind, sentence FROM events WHERE place = ? AND kind IN ({marks}) AND wall >= ?"  # noqa: S608
        " ORDER BY id DESC LIMIT ?",
        (place, *kinds, since, most),
    ).fetchall()
    return rows[::-1]


def spectrum(db: sqlite3.Connection, station: str, incident: str = "") -> Spectrum | None:
    """Give the last spectrum of a station, or that of one incident."""
    chosen, values = ("AND incident = ?", (station, incident)) if incident else ("", (station,))
    row = db.execute(
        "SELECT wall, incident, title, kind, band_low_hz, band_high_hz, rpm, lines, frequency_hz, level, sha256"  # noqa: S608
        f" FROM spectra WHERE station = ? {chosen} ORDER BY id DESC LIMIT 1",
        values,
    ).fetchone()
    if row is None:
        return None
    lines = tuple((str(name), float(hz)) for name, hz in json.loads(row[7]))
    frequency, level = np.frombuffer(row[8], "<f4"), np.frombuffer(row[9], "<f4")
    wall, raised, title, kind, low, high, rpm = row[:7]
    return Spectrum(wall, raised, title, kind, (low, high), rpm, lines, frequency, level, row[10])


def story(db: sqlite3.Connection, incident: str) -> list[tuple[str, str, str, str]]:
    """Give what happened to an incident, oldest first: (wall, kind, level, sentence)."""
    return db.execute(
        "SELECT wall, kind, level, sentence FROM events WHERE incident = ? ORDER BY id LIMIT 500", (incident,)
    ).fetchall()


def sent(db: sqlite3.Connection, incident: str) -> list[Told]:
    """Give what was told of an incident to a CMMS and to people, oldest first."""
    rows = db.execute(
        "SELECT changed_at AS at, cmms, kind, state, why FROM outbox WHERE incident = ?"
        " UNION ALL SELECT changed_at, channel, act, state, why FROM notices WHERE incident = ? ORDER BY at LIMIT 200",
        (incident, incident),
    )
    return [Told(*row) for row in rows]


def audit(db: sqlite3.Connection, most: int, *, before: int = 0, target: str = "") -> list[Entry]:
    """Give the audit trail, newest first; `before` leaves out rows from that id on."""
    chosen, values = ("AND target = ?", (target,)) if target else ("", ())
    rows = db.execute(
        "SELECT id, wall, who, via, command, target, arguments, accepted, answer FROM audit"  # noqa: S608
        f" WHERE id < ? {chosen} ORDER BY id DESC LIMIT ?",
        (before or 2**62, *values, most),
    )
    return [
        Entry(number, wall, who, via, command, of, json.loads(arguments), bool(accepted), answer)
        for number, wall, who, via, command, of, arguments, accepted, answer in rows
    ]


def counted(db: sqlite3.Connection, since: str, until: str) -> list[Counted]:
    """Count the production of every station from one wall time up to another, by name."""
    found: dict[str, Counted] = {}
    marks = ",".join("?" * len(_JUDGED))
    rows = db.execute(
        "SELECT p.station, p.evaluation, p.defect, p.quality, p.outcome, p.reason,"  # noqa: S608
        " (SELECT l.said FROM labels l WHERE l.part = p.id ORDER BY l.id DESC LIMIT 1), count(*)"
        f" FROM parts p WHERE p.wall >= ? AND p.wall < ? AND p.outcome IN ({marks})"
        " GROUP BY 1, 2, 3, 4, 5, CASE WHEN p.evaluation = 3 THEN p.reason ELSE '' END, 7",
        (since, until, *_JUDGED),
    )
    for station, verdict, defect, quality, outcome, reason, said, count in rows:
        one = found.setdefault(station, Counted(station))
        evaluation = Evaluation(verdict)
        one.verdicts[evaluation] += count
        if evaluation is Evaluation.NOT_OK:
            one.defects[defect or "unknown defect"] += count
            one.false_rejects += count if said == "good" else 0
            one.confirmed += count if said == "bad" else 0
        elif evaluation is Evaluation.NOT_DECIDABLE:
            one.reasons[quality.split(" ")[0] or (outcome if outcome != "judged" else reason[:60])] += count
        elif said == "bad":
            one.missed += count
    return [found[name] for name in sorted(found)]
