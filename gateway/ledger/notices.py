"""The outbox to people: how far each telling is, and every message that must still reach a channel.

```
waiting -> sending -> done          the channel has it
   ^          |-----> rejected      it never will; that is said as an event
   '----------'                     not taken, or no answer: the same message again, with the same key
```

`sending` is committed before the first byte goes out. Found there after a death, it is sent again: unlike an order, a
message cannot be looked up, so it carries a key by which the other side drops what it has seen.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from connectors.notify.port import Act, Notice
from gateway.incidents.alerts import Alert


class State(StrEnum):
    """How far a message is."""

    WAITING = "waiting"
    SENDING = "sending"
    DONE = "done"
    REJECTED = "rejected"
    VOID = "void"  #: the channel has no word for it


@dataclass(frozen=True, slots=True)
class Item:
    """One message on its way."""

    id: int
    incident: str
    state: State
    attempts: int
    notice: Notice


def load(db: sqlite3.Connection, incidents: Iterable[str]) -> dict[str, Alert]:
    """Read how far the telling of these incidents is; one never told of is not in it."""
    found: dict[str, Alert] = {}
    for incident in incidents:
        row = db.execute(
            "SELECT round, severity, confidence, told_at, quiet_since, over_at, held FROM alerts WHERE incident = ?",
            (incident,),
        ).fetchone()
        if row is None:
            continue
        said = db.execute("SELECT channel, act FROM notices WHERE incident = ? AND round = ?", (incident, row[0]))
        found[incident] = Alert(
            incident,
            row[0],
            row[1],
            row[2],
            _time(row[3]),
            _time(row[4]),
            _time(row[5]),
            row[6],
            frozenset((str(channel), str(act)) for channel, act in said),
        )
    return found


def save(db: sqlite3.Connection, alert: Alert) -> None:
    """Write how far a telling is."""
    db.execute(
        "INSERT INTO alerts (incident, round, severity, confidence, told_at, quiet_since, over_at, held)"
        " VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (incident) DO UPDATE SET round = excluded.round,"
        " severity = excluded.severity, confidence = excluded.confidence, told_at = excluded.told_at,"
        " quiet_since = excluded.quiet_since, over_at = excluded.over_at, held = excluded.held",
        (
            alert.incident,
            alert.round,
            alert.severity,
            alert.confidence,
            _iso(alert.told_at),
            _iso(alert.quiet_since),
            _iso(alert.over_at),
            alert.held,
        ),
    )


def add(db: sqlite3.Connection, alert: Alert, channel: str, notice: Notice, wall: str) -> None:
    """Queue a message; the same one twice is queued once."""
    db.execute(
        "INSERT INTO notices (incident, round, channel, act, state, payload, urgent, attempts, why, created_at,"
        " changed_at) VALUES (?,?,?,?,'waiting',?,?,0,'',?,?) ON CONFLICT DO NOTHING",
        (
            alert.incident,
            alert.round,
            channel,
            notice.act,
            json.dumps(asdict(notice)),
            int(notice.severity == "critical"),
            wall,
            wall,
        ),
    )


def pending(db: sqlite3.Connection, channel: str, limit: int = 200) -> list[Item]:
    """Read what may go out now: of each incident the oldest, the gravest incidents first."""
    rows = db.execute(
        "SELECT id, incident, state, attempts, payload FROM notices n WHERE channel = ?"
        " AND state IN ('waiting','sending') AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.channel = n.channel"
        " AND o.incident = n.incident AND o.state IN ('waiting','sending') AND o.id < n.id)"
        " ORDER BY urgent DESC, id LIMIT ?",
        (channel, limit),
    )
    return [Item(r[0], r[1], State(r[2]), r[3], _notice(r[4])) for r in rows]


def standing(db: sqlite3.Connection, channel: str, limit: int = 500) -> list[Notice]:
    """Read what a channel that forgets must be told again: the last it was told of each incident that stands."""
    rows = db.execute(
        "SELECT n.payload FROM notices n JOIN alerts a ON a.incident = n.incident AND a.round = n.round"
        " WHERE n.channel = ? AND n.state = 'done' AND a.over_at IS NULL AND n.act IN ('raised','graver')"
        " AND NOT EXISTS (SELECT 1 FROM notices o WHERE o.channel = n.channel AND o.incident = n.incident"
        " AND o.round = n.round AND o.state = 'done' AND o.act IN ('raised','graver') AND o.id > n.id)"
        " ORDER BY n.id DESC LIMIT ?",
        (channel, limit),
    )
    return [_notice(row[0]) for row in rows]


def mark(db: sqlite3.Connection, item: Item, state: State, wall: str, *, why: str = "", attempts: int = 0) -> None:
    """Write how far a message is."""
    db.execute(
        "UPDATE notices SET state = ?, why = ?, attempts = ?, changed_at = ? WHERE id = ?",
        (state, why, attempts, wall, item.id),
    )


def waiting(db: sqlite3.Connection) -> int:
    """Count messages on their way."""
    row = db.execute("SELECT count(*) FROM notices WHERE state IN ('waiting','sending')").fetchone()
    return int(row[0])


def _notice(payload: str) -> Notice:
    found: Mapping[str, str] = json.loads(payload)
    return Notice(**{**found, "act": Act(found["act"])})  # type: ignore[arg-type]  # the rest is text


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
