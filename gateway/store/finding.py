"""Parts looked for by whoever reads the page: by station, verdict and name, a screenful at a time."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.decision.verdict import Evaluation
from gateway.store.database import StoreError
from gateway.store.read import PART_COLUMNS, PartRow, part_row

#: Steps of SQLite's machine before a question is given up: about 10 s on a small board, so that one rare word among
#: millions of parts does not hold a reader for a minute.
_STEPS_MOST = 200_000_000
_LOOK_EVERY = 1_000_000
_SEQUENCE_MAX = 2**63 - 1  #: SQLite's integers end there


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which parts.

    Parameters
    ----------
    station, verdict
        None for any.
    name
        Part id or, where it is a number, also the sequence number; empty for any.
    before, after
        Row ids: older than the one, newer than the other; 0 for no bound.
    """

    station: str | None = None
    verdict: Evaluation | None = None
    name: str = ""
    before: int = 0
    after: int = 0


def find_parts(db: sqlite3.Connection, wanted: Wanted, most: int) -> list[PartRow]:
    """Give up to `most` parts, newest first; with `after` the oldest of the newer ones, so that pages join.

    Raises
    ------
    StoreError
        The question takes too long; a narrower one does not.
    """
    conditions, values = _conditions(wanted)
    order = "ASC" if wanted.after and not wanted.before else "DESC"
    sql = f"SELECT {PART_COLUMNS} FROM parts WHERE {' AND '.join(conditions)} ORDER BY id {order} LIMIT ?"  # noqa: S608
    rows = [part_row(row) for row in _patient(db, sql, (*values, most))]
    return rows if order == "DESC" else rows[::-1]


def neighbours(db: sqlite3.Connection, station: str, number: int) -> tuple[int | None, int | None]:
    """Give the row ids of the part before and the part after one at its station."""
    earlier = db.execute("SELECT max(id) FROM parts WHERE station = ? AND id < ?", (station, number)).fetchone()[0]
    later = db.execute("SELECT min(id) FROM parts WHERE station = ? AND id > ?", (station, number)).fetchone()[0]
    return earlier, later


def newest_of(db: sqlite3.Connection, station: str, sequence: int) -> int | None:
    """Give the row id of the newest part with this sequence number at a station; None where there is none.

    A PLC counts anew after a restart: the same number comes again.
    """
    sql = "SELECT max(id) FROM parts WHERE station = ? AND sequence = ?"
    found: int | None = db.execute(sql, (station, min(sequence, _SEQUENCE_MAX))).fetchone()[0]
    return found


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of the last parts of a station."""

    parts: int
    verdicts: Mapping[Evaluation, int]
    defects: Mapping[str, int]
    reasons: Mapping[str, int]  #: quality words of the parts that could not be decided


def tally(db: sqlite3.Connection, station: str, most: int) -> Tally:
    """Count the last `most` parts of a station; of its production, not those it was taught or checked with."""
    sql = (
        "SELECT evaluation, defect, quality, count(*) FROM (SELECT evaluation, defect, quality FROM parts"
        " WHERE station = ? AND outcome NOT IN ('taught', 'master') ORDER BY id DESC LIMIT ?) GROUP BY 1, 2, 3"
    )
    verdicts: Counter[Evaluation] = Counter()
    defects: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for evaluation, defect, quality, count in _patient(db, sql, (station, most)):
        verdicts[Evaluation(evaluation)] += count
        if defect:
            defects[defect] += count
        if evaluation == Evaluation.NOT_DECIDABLE:
            for word in quality.split():
                reasons[word] += count
    return Tally(sum(verdicts.values()), verdicts, defects, reasons)


def _conditions(wanted: Wanted) -> tuple[list[str], list[object]]:
    conditions, values = ["1"], list[object]()
    if wanted.station is not None:
        conditions.append("station = ?")
        values.append(wanted.station)
    if wanted.verdict is not None:
        conditions.append("evaluation = ?")
        values.append(int(wanted.verdict))
    if wanted.name.isascii() and wanted.name.isdecimal() and int(wanted.name) <= _SEQUENCE_MAX:
        conditions.append("(part_id = ? OR sequence = ?)")
        values += [wanted.name, int(wanted.name)]
    elif wanted.name:
        conditions.append("part_id = ?")
        values.append(wanted.name)
    for bound, sign in ((wanted.before, "<"), (wanted.after, ">")):
        if bound:
            conditions.append(f"id {sign} ?")
            values.append(min(bound, _SEQUENCE_MAX))
    return conditions, values


def _patient(db: sqlite3.Connection, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    looked = 0

    def look() -> int:
        nonlocal looked
        looked += _LOOK_EVERY
        return int(looked > _STEPS_MOST)

    db.set_progress_handler(look, _LOOK_EVERY)
    try:
        return db.execute(sql, values).fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        raise StoreError("this question looks through too many parts; name a station, or look at fewer") from error
    finally:
        db.set_progress_handler(None, 0)
