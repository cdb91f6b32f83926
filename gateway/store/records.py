"""How each record becomes a row. Every function writes inside the transaction it is given."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gateway.processes.condition import RemainingLife, WearView
from gateway.processes.kept import StationKept
from gateway.processes.ledger_messages import Command, EventRecord, PartRecord
from gateway.processes.messages import PartNumbers

FIRST_CODE = 2  # 0 is "no defect", 1 "unknown defect"


def add_part(db: sqlite3.Connection, record: PartRecord) -> int:
    """Write a part; gives its row id."""
    told, true = record.told, record.true
    row = db.execute(
        "INSERT INTO parts (wall, station, mode, plc_mode, sequence, part_id, part_type, evaluation, score, defect,"
        " confidence, reason, quality, detectors, true_evaluation, true_score, true_defect, defect_code, quality_code,"
        " written, latency_ms, judge_ms, answer_ms, recipe, outcome, cut, front_end, features, embedding)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            record.wall,
            record.station,
            record.mode,
            record.plc_mode,
            record.sequence,
            record.part_id,
            record.part_type,
            int(told.evaluation),
            told.score,
            told.defect,
            told.confidence,
            told.reason,
            " ".join(told.quality),
            json.dumps(dict(told.detectors)),
            None if true is None else int(true.evaluation),
            None if true is None else true.score,
            None if true is None else true.defect,
            record.defect_code,
            record.quality_code,
            int(record.written),
            record.latency_ms,
            record.judge_ms,
            record.answer_ms,
            record.recipe,
            record.outcome,
            *_numbers(record.numbers),
        ),
    )
    assert row.lastrowid is not None
    return row.lastrowid


def _numbers(numbers: PartNumbers | None) -> tuple[str, str, bytes | None, bytes | None]:
    if numbers is None:
        return "", "", None, None
    return numbers.cut, numbers.front_end, _float32(numbers.features), _float32(numbers.embedding)


def _float32(values: NDArray[np.float32] | None) -> bytes | None:
    return None if values is None else values.astype("<f4").tobytes()


def sound_sha256(sound: NDArray[np.float32]) -> str:
    """Hash samples as they are, little-endian: what is replayed must be what was judged."""
    return hashlib.sha256(np.ascontiguousarray(sound, "<f4").tobytes()).hexdigest()


def set_clip(db: sqlite3.Connection, part: int, name: str, sha256: str) -> None:
    """Say that the sound of a part lies in the evidence folder, and the hash of its samples."""
    db.execute("UPDATE parts SET clip = ?, clip_sha256 = ? WHERE id = ?", (name, sha256, part))


@dataclass(frozen=True, slots=True)
class ConditionMinute:
    """One minute of a machine, summarised."""

    wall: str
    station: str
    reports: int
    running: float | None
    rpm: float | None
    level_mean_db: float | None
    level_max_db: float | None
    diagnosis: str
    baseline: str
    quality: tuple[str, ...]
    indicators: Mapping[str, float]
    bearing: str = ""
    named: Mapping[str, float] = field(default_factory=dict)  #: dB over normal
    covariates: Mapping[str, float] = field(default_factory=dict)
    wear: WearView | None = None  #: the minute's last


def add_condition(db: sqlite3.Connection, minute: ConditionMinute) -> None:
    """Write a minute of a machine."""
    db.execute(
        "INSERT INTO conditions (wall, station, reports, running, rpm, level_mean_db, level_max_db, diagnosis,"
        " baseline, quality, indicators, bearing, named, covariates, wear)"
        " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            minute.wall,
            minute.station,
            minute.reports,
            minute.running,
            minute.rpm,
            minute.level_mean_db,
            minute.level_max_db,
            minute.diagnosis,
            minute.baseline,
            " ".join(minute.quality),
            json.dumps(dict(minute.indicators)),
            minute.bearing,
            json.dumps(dict(minute.named)),
            json.dumps(dict(minute.covariates)),
            json.dumps(None if minute.wear is None else asdict(minute.wear)),
        ),
    )


# An hour of minutes, and one more: after an update of a store without hours its years of minutes are not read at once.
_MINUTES_MOST = 130


def minutes_since_hour(db: sqlite3.Connection, station: str) -> list[tuple[int, ConditionMinute]]:
    """Give the minutes of a machine that are in no hour yet, oldest first, with their row ids."""
    rows = db.execute(
        "SELECT id, wall, station, reports, running, rpm, level_mean_db, level_max_db, diagnosis, baseline, quality,"
        " indicators, bearing, named, covariates, wear FROM conditions WHERE station = ?"
        " AND id > (SELECT coalesce(max(last_minute), 0) FROM hours WHERE station = ?) ORDER BY id DESC LIMIT ?",
        (station, station, _MINUTES_MOST),
    ).fetchall()
    return [(row[0], _minute(row[1:])) for row in reversed(rows)]


def _minute(row: tuple[Any, ...]) -> ConditionMinute:
    values = list(row)
    values[9] = tuple(row[9].split())
    for place in (10, 12, 13, 14):
        values[place] = json.loads(row[place])
    if values[14] is not None:
        life = values[14]["life"]
        values[14] = WearView(**{**values[14], "life": None if life is None else RemainingLife(**life)})
    return ConditionMinute(*values)


def add_hour(db: sqlite3.Connection, wall: str, station: str, last_minute: int, record: Mapping[str, Any]) -> None:
    """Write an hour of a machine, up to and with a row of conditions."""
    db.execute(
        "INSERT INTO hours (wall, station, last_minute, record) VALUES (?,?,?,?)",
        (wall, station, last_minute, json.dumps(dict(record), allow_nan=False)),
    )


def set_machine_state(db: sqlite3.Connection, wall: str, station: str, kept: str) -> None:
    """Remember what a machine's station wants to be told again after a restart."""
    db.execute(
        "INSERT INTO machine_states VALUES (?,?,?) ON CONFLICT (station) DO UPDATE SET wall = excluded.wall,"
        " kept = excluded.kept",
        (station, wall, kept),
    )


def forget_machine_state(db: sqlite3.Connection, station: str) -> None:
    """Forget it: maintenance was done, and the station's own answer may never come."""
    db.execute("DELETE FROM machine_states WHERE station = ?", (station,))


def machine_states(db: sqlite3.Connection) -> dict[str, str]:
    """Recall it, for every station."""
    return {str(station): str(kept) for station, kept in db.execute("SELECT station, kept FROM machine_states")}


def set_station_state(db: sqlite3.Connection, wall: str, kept: StationKept) -> None:
    """Remember what a station learned of its microphone or its parts, in place of what it gave before."""
    db.execute(
        "INSERT INTO station_states VALUES (?,?,?,?) ON CONFLICT (station, kind) DO UPDATE SET wall = excluded.wall,"
        " kept = excluded.kept",
        (kept.station, kept.kind, wall, kept.text),
    )


def station_states(db: sqlite3.Connection) -> list[StationKept]:
    """Recall it, for every station."""
    return [StationKept(*row) for row in db.execute("SELECT station, kind, kept FROM station_states")]


def add_event(db: sqlite3.Connection, event: EventRecord, incident: str = "") -> None:
    """Write an event, and which incident it belongs to."""
    db.execute(
        "INSERT INTO events (wall, place, kind, level, sentence, incident) VALUES (?,?,?,?,?,?)",
        (event.wall, event.where, event.kind, event.level, event.sentence, incident),
    )


def add_audit(db: sqlite3.Connection, wall: str, command: Command, *, accepted: bool, answer: str) -> None:
    """Write what a person asked for, and what came of it."""
    db.execute(
        "INSERT INTO audit (wall, who, via, command, target, arguments, accepted, answer) VALUES (?,?,?,?,?,?,?,?)",
        (
            wall,
            command.who,
            command.via,
            command.name,
            command.target,
            json.dumps(dict(command.arguments)),
            int(accepted),
            answer,
        ),
    )


def defect_codes(db: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Every code ever given: station -> name -> code."""
    codes: dict[str, dict[str, int]] = {}
    for station, name, code in db.execute("SELECT station, name, code FROM defect_codes ORDER BY station, code"):
        codes.setdefault(station, {})[name] = code
    return codes


def give_codes(db: sqlite3.Connection, station: str, names: Iterable[str]) -> dict[str, int]:
    """Codes of every name this station ever had, new names included: the highest ever given plus one."""
    have = defect_codes(db).get(station, {})
    for name in names:
        if name not in have:
            have[name] = max(have.values(), default=FIRST_CODE - 1) + 1
            db.execute("INSERT INTO defect_codes VALUES (?,?,?)", (station, name, have[name]))
    return have


def fact(db: sqlite3.Connection, name: str) -> str | None:
    """Recall a single value."""
    row = db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def set_fact(db: sqlite3.Connection, name: str, value: str) -> None:
    """Remember a single value."""
    db.execute("INSERT INTO facts VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value))
