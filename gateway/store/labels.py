"""Labels of parts, proposals of recipes and what maintenance found: rows, by the connection each is given."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_COLUMNS = "id, wall, part, station, part_id, said, class, who, via"
_PROPOSAL = "id, wall, station, part_type, who, based_on, version, sentence, figures"
_AT_ONCE = 500  #: variables of one question; SQLite takes 999 where it is old


@dataclass(frozen=True, slots=True)
class LabelRow:
    """What one person said of one part."""

    id: int
    wall: str
    part: int
    station: str
    part_id: str
    said: str  #: good | bad
    defect: str  #: class of a bad part; empty where it was not said
    who: str
    via: str


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """One attempt at the next version of a recipe; `version` is None where it was refused."""

    id: int
    wall: str
    station: str
    part_type: int
    who: str
    based_on: str
    version: int | None
    sentence: str
    figures: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PartKey:
    """What must be known of a part to label it."""

    id: int
    station: str
    part_id: str
    part_type: int


def part_key(db: sqlite3.Connection, number: int) -> PartKey | None:
    """Give a part by its row; None where there is none."""
    if not 0 < number < 2**63:
        return None
    row = db.execute("SELECT id, station, part_id, part_type FROM parts WHERE id = ?", (number,)).fetchone()
    return None if row is None else PartKey(*row)


def add_label(db: sqlite3.Connection, wall: str, part: PartKey, said: tuple[str, str], by: tuple[str, str]) -> int:
    """Write a label: `said` is good or bad and the class, `by` who and via what; gives its row id."""
    row = db.execute(
        "INSERT INTO labels (wall, part, station, part_id, said, class, who, via) VALUES (?,?,?,?,?,?,?,?)",
        (wall, part.id, part.station, part.part_id, *said, *by),
    )
    assert row.lastrowid is not None
    return row.lastrowid


def labels_of(db: sqlite3.Connection, part: int) -> list[LabelRow]:
    """Give every label of a part, oldest first: the last one counts."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM labels WHERE part = ? ORDER BY id", (part,))  # noqa: S608
    return [LabelRow(*row) for row in rows]


def labels_that_count(db: sqlite3.Connection, parts: Sequence[int]) -> dict[int, LabelRow]:
    """Give the last label of each of these parts that has one, by the part's row id."""
    found: dict[int, LabelRow] = {}
    for first in range(0, len(parts), _AT_ONCE):
        some = parts[first : first + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = db.execute(f"SELECT {_COLUMNS} FROM labels WHERE part IN ({marks}) ORDER BY id", some)  # noqa: S608
        found |= {label.part: label for label in (LabelRow(*row) for row in rows)}
    return found


def last_labels(db: sqlite3.Connection, last: int, station: str | None = None) -> list[LabelRow]:
    """Give the last labels, newest first."""
    chosen, values = ("1", ()) if station is None else ("station = ?", (station,))
    rows = db.execute(f"SELECT {_COLUMNS} FROM labels WHERE {chosen} ORDER BY id DESC LIMIT ?", (*values, last))  # noqa: S608
    return [LabelRow(*row) for row in rows]


def histories(db: sqlite3.Connection, station: str, part_type: int, most: int) -> dict[int, list[LabelRow]]:
    """Give all labels of the newest `most` labelled parts of a type, by the part's row id, parts in order of time."""
    columns = ", ".join(f"l.{one.strip()}" for one in _COLUMNS.split(","))
    rows = db.execute(
        f"SELECT {columns} FROM labels l JOIN (SELECT DISTINCT p.id FROM parts p JOIN labels k ON k.part = p.id"  # noqa: S608
        " WHERE p.station = ? AND p.part_type = ? ORDER BY p.id DESC LIMIT ?) chosen ON chosen.id = l.part"
        " ORDER BY l.part, l.id",
        (station, part_type, most),
    )
    found: dict[int, list[LabelRow]] = {}
    for row in rows:
        found.setdefault(row[2], []).append(LabelRow(*row))
    return found


def judged_between(db: sqlite3.Connection, station: str, part_type: int, first: int, last: int) -> int:
    """Count the parts of a type that were judged from one row to another."""
    sql = "SELECT count(*) FROM parts WHERE station = ? AND id BETWEEN ? AND ? AND part_type = ? AND score IS NOT NULL"
    return int(db.execute(sql, (station, first, last, part_type)).fetchone()[0])


def add_proposal(db: sqlite3.Connection, proposal: ProposalRow) -> None:
    """Write what came of a proposal; its id is given by the store."""
    db.execute(
        "INSERT INTO proposals (wall, station, part_type, who, based_on, version, sentence, figures)"
        " VALUES (?,?,?,?,?,?,?,?)",
        (
            proposal.wall,
            proposal.station,
            proposal.part_type,
            proposal.who,
            proposal.based_on,
            proposal.version,
            proposal.sentence,
            json.dumps(dict(proposal.figures), allow_nan=False),
        ),
    )


def proposals(db: sqlite3.Connection, last: int, station: str | None = None, after: int = 0) -> list[ProposalRow]:
    """Give the last proposals, newest first; `after` leaves out rows up to that id."""
    chosen, values = ("1", ()) if station is None else ("station = ?", (station,))
    sql = f"SELECT {_PROPOSAL} FROM proposals WHERE {chosen} AND id > ? ORDER BY id DESC LIMIT ?"  # noqa: S608
    rows = db.execute(sql, (*values, after, last))
    return [
        ProposalRow(**dict(zip(_PROPOSAL.split(", "), row, strict=True)) | {"figures": json.loads(row[-1])})
        for row in rows
    ]


def add_feedback(db: sqlite3.Connection, incident: str, wall: str, code: str, said: str) -> None:
    """Write what maintenance found; a corrected code takes the place of the first."""
    db.execute(
        "INSERT INTO feedback VALUES (?,?,?,?) ON CONFLICT (incident) DO UPDATE SET wall = excluded.wall,"
        " code = excluded.code, said = excluded.said",
        (incident, wall, code, said),
    )


def feedback(db: sqlite3.Connection, incidents: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Give (code, said) of each of these incidents that has any."""
    found: dict[str, tuple[str, str]] = {}
    for first in range(0, len(incidents), _AT_ONCE):
        some = incidents[first : first + _AT_ONCE]
        marks = ",".join("?" * len(some))
        rows = db.execute(f"SELECT incident, code, said FROM feedback WHERE incident IN ({marks})", some)  # noqa: S608
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found
