"""Measures how much people are rung, and by what, from what the store holds.

Two kinds of rings are counted, each with its own channel: messages to people (`notices`), and alarms that came to the
panel (events of the kind `alarm-raised`). The alarm that says there are too many of them is in neither.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.processes.budget import ACCEPTABLE, FLOOD, PANEL, Load, Offender

SLOT = timedelta(minutes=10)
RINGS = ("raised", "graver", "escalated")  #: acts that ring; an acknowledgement and an end do not

# An alarm's sentence begins with its name and a colon (gateway/processes/alarms.py).
_ALARMS = "kind = 'alarm-raised' AND sentence NOT LIKE 'AlarmFlood:%'"


def loads(db: sqlite3.Connection, since: datetime, until: datetime, operators: int = 1) -> list[Load]:
    """Measure every channel that was rung, the most rung first.

    Parameters
    ----------
    since, until
        Aware. Messages count when they were decided: an outage that delivers them late is no flood of the plant's.
    operators
        How many share what a channel rings.
    """
    times: dict[str, list[datetime]] = {}
    for channel, at in _rung(db, since, until):
        times.setdefault(channel, []).append(at)
    found = [_load(channel, rung, (since, until), operators) for channel, rung in times.items()]
    return sorted(found, key=lambda load: -load.rings)


def busiest(db: sqlite3.Connection, now: datetime) -> tuple[str, int]:
    """Name the busiest channel of the last ten minutes, and how often it was rung; ("", 0) where none was."""
    counts: dict[str, int] = {}
    for channel, _ in _rung(db, now - SLOT, now):
        counts[channel] = counts.get(channel, 0) + 1
    return max(counts.items(), key=lambda one: one[1], default=("", 0))


def offenders(db: sqlite3.Connection, since: datetime, most: int) -> list[Offender]:
    """Name what rings most, and then what would have without grouping."""
    rows = [*_incidents(db, since.isoformat()), *_alarms(db, since.isoformat())]
    rows.sort(key=lambda row: (row[2], row[4]), reverse=True)
    total = sum(row[2] for row in rows)
    return [Offender(*row, row[2] / total if total else 0.0) for row in rows[:most]]


def _rung(db: sqlite3.Connection, since: datetime, until: datetime) -> list[tuple[str, datetime]]:
    """Give every ring, the oldest first."""
    span = (since.isoformat(), until.isoformat())
    rows = db.execute(
        "SELECT channel, created_at AS at FROM notices WHERE act IN (?,?,?) AND created_at >= ? AND created_at <= ?"  # noqa: S608
        f" UNION ALL SELECT ?, wall FROM events WHERE {_ALARMS} AND wall >= ? AND wall <= ? ORDER BY at",
        (*RINGS, *span, PANEL, *span),
    )
    return [(str(channel), datetime.fromisoformat(at)) for channel, at in rows]


def _load(channel: str, rung: Sequence[datetime], span: tuple[datetime, datetime], operators: int) -> Load:
    since, until = span
    slots = max(1, round((until - since) / SLOT))
    counted = [0] * slots
    for at in rung:
        counted[min(slots - 1, int((at - since) / SLOT))] += 1
    most = max(number + 1 - bisect_left(rung, at - SLOT) for number, at in enumerate(rung))
    return Load(
        channel,
        len(rung),
        len(rung) / slots / operators,
        most / operators,
        sum(count > ACCEPTABLE * operators for count in counted) / slots,
        sum(count > FLOOD * operators for count in counted),
    )


def _incidents(db: sqlite3.Connection, since: str) -> list[tuple[str, str, int, int, int, int]]:
    return db.execute(
        "SELECT i.station, i.failure_mode,"
        " (SELECT count(*) FROM notices n JOIN incidents j ON j.id = n.incident WHERE j.station = i.station"
        "   AND j.failure_mode = i.failure_mode AND n.act IN (?,?,?) AND n.created_at >= ?),"
        " count(DISTINCT i.id),"
        " (SELECT count(*) FROM episodes e JOIN incidents j ON j.id = e.incident WHERE j.station = i.station"
        "   AND j.failure_mode = i.failure_mode AND (j.raised_at >= ? OR j.ended_at IS NULL)),"
        " (SELECT count(*) FROM events v WHERE v.place = i.station AND v.kind IN ('episode-kept-back','window-heard')"
        "   AND v.wall >= ?)"
        " FROM incidents i WHERE i.raised_at >= ? OR i.ended_at IS NULL GROUP BY i.station, i.failure_mode",
        (*RINGS, *[since] * 4),
    ).fetchall()


def _alarms(db: sqlite3.Connection, since: str) -> list[tuple[str, str, int, int, int, int]]:
    return db.execute(
        "SELECT place, substr(sentence, 1, instr(sentence, ':') - 1) AS name, count(*), 0, 0, 0 FROM events"  # noqa: S608
        f" WHERE {_ALARMS} AND wall >= ? GROUP BY place, name",
        (since,),
    ).fetchall()
