"""How much people are rung, and by what: the load of alarms against what one operator can take.

ISA-18.2-2016, 16.5 (after EEMUA 191): about one alarm in ten minutes is very likely acceptable, two are the most that
can be managed, more than ten in ten minutes are a flood; a few causes make most of the load, so the worst are named.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SLOT = timedelta(minutes=10)
ACCEPTABLE, FLOOD = 1, 10  #: alarms in ten minutes
RINGS = ("raised", "graver", "escalated")  #: acts that ring; an acknowledgement and an end do not


@dataclass(frozen=True, slots=True)
class Load:
    """How much one channel was rung. A channel stands for the people behind it: one operator, one shift."""

    channel: str
    rings: int
    mean_in_10_min: float
    most_in_10_min: int  #: in any ten minutes
    over: float  #: share of the ten-minute slots with more than is acceptable, 0..1
    floods: int  #: slots with more than ten

    @property
    def acceptable(self) -> bool:
        """Say whether the mean is one in ten minutes or fewer, without a flood."""
        return self.mean_in_10_min <= ACCEPTABLE and not self.floods


@dataclass(frozen=True, slots=True)
class Offender:
    """What rings, and how much of it was the same again."""

    station: str
    failure_mode: str
    rings: int
    incidents: int
    episodes: int  #: of those incidents; what a machine that flaps would have rung without grouping
    kept_back: int  #: episodes of this station that were only recorded
    share: float  #: of all rings, 0..1


def loads(db: sqlite3.Connection, since: datetime, until: datetime) -> list[Load]:
    """Measure every channel that was rung, the most rung first.

    Parameters
    ----------
    since, until
        Aware. Messages count when they were decided: an outage that delivers them late is no flood of the plant's.
    """
    times: dict[str, list[datetime]] = {}
    rows = db.execute(
        "SELECT channel, created_at FROM notices WHERE act IN (?,?,?) AND created_at >= ? AND created_at <= ?"
        " ORDER BY created_at",
        (*RINGS, since.isoformat(), until.isoformat()),
    )
    for channel, at in rows:
        times.setdefault(str(channel), []).append(datetime.fromisoformat(at))
    found = [_load(channel, rung, since, until) for channel, rung in times.items()]
    return sorted(found, key=lambda load: -load.rings)


def _load(channel: str, rung: Sequence[datetime], since: datetime, until: datetime) -> Load:
    slots = max(1, round((until - since) / SLOT))
    counted = [0] * slots
    for at in rung:
        counted[min(slots - 1, int((at - since) / SLOT))] += 1
    most = max(number + 1 - bisect_left(rung, at - SLOT) for number, at in enumerate(rung))
    over = sum(count > ACCEPTABLE for count in counted) / slots
    return Load(channel, len(rung), len(rung) / slots, most, over, sum(count > FLOOD for count in counted))


def offenders(db: sqlite3.Connection, since: datetime, most: int) -> list[Offender]:
    """Name what rings most, and then what would have without grouping."""
    rows = db.execute(
        "SELECT i.station, i.failure_mode, count(DISTINCT i.id),"
        " (SELECT count(*) FROM notices n JOIN incidents j ON j.id = n.incident WHERE j.station = i.station"
        "   AND j.failure_mode = i.failure_mode AND n.act IN (?,?,?) AND n.created_at >= ?) AS rings,"
        " (SELECT count(*) FROM episodes e JOIN incidents j ON j.id = e.incident WHERE j.station = i.station"
        "   AND j.failure_mode = i.failure_mode AND (j.raised_at >= ? OR j.ended_at IS NULL)) AS episodes,"
        " (SELECT count(*) FROM events v WHERE v.place = i.station AND v.kind IN ('episode-kept-back','window-heard')"
        "   AND v.wall >= ?)"
        " FROM incidents i WHERE i.raised_at >= ? OR i.ended_at IS NULL GROUP BY i.station, i.failure_mode"
        " ORDER BY rings DESC, episodes DESC LIMIT ?",
        (*RINGS, *[since.isoformat()] * 4, most),
    ).fetchall()
    total = sum(row[3] for row in rows)
    return [Offender(r[0], r[1], r[3], r[2], r[4], r[5], r[3] / total if total else 0.0) for r in rows]


def busiest(db: sqlite3.Connection, now: datetime) -> int:
    """Give how often the busiest channel was rung in the last ten minutes."""
    rows = db.execute(
        "SELECT count(*) AS rings FROM notices WHERE act IN (?,?,?) AND created_at > ? GROUP BY channel"
        " ORDER BY rings DESC LIMIT 1",
        (*RINGS, (now - SLOT).isoformat()),
    ).fetchone()
    return int(rows[0]) if rows else 0
