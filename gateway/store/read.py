"""What the terminal and the front may see of the store: read-only, never more rows than asked for."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from analytics.decision.verdict import Evaluation
from gateway.store.database import DATABASE, StoreError
from gateway.store.migrate import shipped, version_of

ROWS_MAX = 100_000
PART_COLUMNS = (
    "id, wall, station, mode, sequence, part_id, part_type, evaluation, score, defect, confidence, reason, quality,"
    " detectors, true_evaluation, true_score, defect_code, quality_code, written, latency_ms, judge_ms, answer_ms,"
    " recipe, outcome, clip"
)


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part as it was told and as it was."""

    id: int
    wall: str
    station: str
    mode: str
    sequence: int
    part_id: str
    part_type: int
    evaluation: Evaluation
    score: float | None
    defect: str | None
    confidence: float | None
    reason: str
    quality: tuple[str, ...]
    detectors: dict[str, float]
    true_evaluation: Evaluation | None
    true_score: float | None
    defect_code: int
    quality_code: int
    written: bool
    latency_ms: float | None
    judge_ms: float | None
    answer_ms: float | None  #: capture complete to result answered
    recipe: str
    outcome: str
    clip: str | None


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened."""

    id: int
    wall: str
    where: str
    kind: str
    level: str
    sentence: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An incident and what became of its order."""

    incident: str
    station: str
    asset: str
    failure_mode: str
    severity: str
    text: str
    raised_at: str
    cleared_at: str | None
    ended_at: str | None
    acknowledged_by: str | None
    acknowledged_at: str | None
    fate: str  #: withheld | queued | unsettled | stands | rejected
    why: str
    number: str
    adopted: bool
    state: str
    raw: str
    memo: str
    zone: str = ""  #: where it was heard, for people


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """One minute of a machine."""

    id: int
    wall: str
    station: str
    running: float | None
    rpm: float | None
    level_mean_db: float | None
    level_max_db: float | None
    diagnosis: str
    baseline: str
    quality: tuple[str, ...]
    indicators: dict[str, float]


class Reader:
    """A read-only connection (``mode=ro``): it can neither write nor keep the writer waiting.

    Raises
    ------
    StoreError
        There is no store in this folder, or another version's.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / DATABASE
        if not path.is_file():
            raise StoreError(
                f"{path}: no store here; a gateway writes one: wheeltapper run SITE.toml, or name it: --store"
            )
        try:
            self._db = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=5.0
            )
            have, want = version_of(self._db), max(shipped())
        except sqlite3.Error as error:
            raise StoreError(f"{path}: cannot be read ({error}); is it a wheeltapper store?") from error
        if have != want:
            self._db.close()
            raise StoreError(
                f"{path}: schema {have}, this version reads {want}; "
                + ("start the gateway once, it migrates" if have < want else "use the version that wrote it")
            )

    @property
    def db(self) -> sqlite3.Connection:
        """The connection, for questions that have a file of their own."""
        return self._db

    def parts(self, last: int, *, station: str | None = None, after: int = 0) -> list[PartRow]:
        """Give the last parts, oldest first; `after` leaves out rows up to that id."""
        # Two conditions rather than one with an OR: only so the station's own index is used.
        chosen, values = ("id > ?", (after,)) if station is None else ("id > ? AND station = ?", (after, station))
        rows = self._last(f"SELECT {PART_COLUMNS} FROM parts WHERE {chosen} ORDER BY id DESC LIMIT ?", values, last)  # noqa: S608
        return [part_row(row) for row in rows]

    def events(self, last: int, *, after: int = 0) -> list[EventRow]:
        """Give the last events, oldest first."""
        sql = "SELECT id, wall, place, kind, level, sentence FROM events WHERE id > ? ORDER BY id DESC LIMIT ?"
        return [EventRow(*row) for row in self._last(sql, (after,), last)]

    def orders(self, last: int) -> list[OrderRow]:
        """Give the last incidents with what became of their orders, oldest first."""
        rows = self._last(
            "SELECT i.id, i.station, i.asset, i.failure_mode, i.severity, i.text, i.raised_at, i.cleared_at,"
            " i.ended_at, i.acknowledged_by, i.acknowledged_at,"
            " coalesce(o.fate, 'withheld'), coalesce(o.why, ''), coalesce(o.number, ''),"
            " coalesce(o.adopted, 0), coalesce(o.state, ''), coalesce(o.raw, ''), coalesce(o.memo, ''),"
            " i.zone"
            " FROM incidents i LEFT JOIN order_status o ON o.incident = i.id ORDER BY i.number DESC LIMIT ?",
            (),
            last,
        )
        return [_order(row) for row in rows]

    def incidents_like(self, beginning: str, last: int) -> list[str]:
        """Give the ids of incidents that begin like this, the oldest of the last ones first."""
        sql = "SELECT id FROM incidents WHERE substr(id, 1, ?) = ? ORDER BY number DESC LIMIT ?"
        return [row[0] for row in self._last(sql, (len(beginning), beginning), last)]

    def conditions(self, last: int, station: str) -> list[ConditionRow]:
        """Give the last minutes of a machine, oldest first."""
        rows = self._last(
            "SELECT id, wall, station, running, rpm, level_mean_db, level_max_db, diagnosis, baseline, quality,"
            " indicators FROM conditions WHERE station = ? ORDER BY id DESC LIMIT ?",
            (station,),
            last,
        )
        return [_condition(row) for row in rows]

    def hours(self, last: int, station: str | None = None) -> list[dict[str, Any]]:
        """Give the last hours of machines as their records (docs/condition-record.md), oldest first."""
        chosen, values = ("1", ()) if station is None else ("station = ?", (station,))
        rows = self._last(f"SELECT record FROM hours WHERE {chosen} ORDER BY id DESC LIMIT ?", values, last)  # noqa: S608
        return [json.loads(row[0]) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _last(self, sql: str, values: tuple[object, ...], last: int) -> Sequence[tuple[Any, ...]]:
        rows = self._db.execute(sql, (*values, max(0, min(last, ROWS_MAX)))).fetchall()
        return list(reversed(rows))


def part_row(row: Sequence[Any]) -> PartRow:
    """Make a part of a row of `PART_COLUMNS`."""
    values = list(row)
    values[7] = Evaluation(row[7])
    values[12] = tuple(row[12].split())
    values[13] = json.loads(row[13])
    values[14] = None if row[14] is None else Evaluation(row[14])
    values[18] = bool(row[18])
    return PartRow(*values)


def _order(row: tuple[Any, ...]) -> OrderRow:
    values = list(row)
    values[14] = bool(row[14])
    return OrderRow(*values)


def _condition(row: tuple[Any, ...]) -> ConditionRow:
    values = list(row)
    values[9] = tuple(row[9].split())
    values[10] = json.loads(row[10])
    return ConditionRow(*values)
