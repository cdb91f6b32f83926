"""The outbox: what must still reach a CMMS, written in the commit that decides it.

An order's states. Whatever happens to the process, the row says how much is certain:

```
waiting -> sending -> done                 the order stands
   ^          |-----> rejected             it never will; a person must act
   |          |-----> waiting              certainly not done: tried again
   |          `-----> unknown              no answer was read
   |                    |---> done         a look-up found it
   `--------------------'                  two look-ups did not: sent again with the same key
```

`sending` is committed before the first byte goes out. There is one sender per CMMS, so an item that it *finds* in
`sending` was left there by a death or a failed commit: it is treated as `unknown`.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from connectors.cmms.port import DELETED, Order, OrderState, OrderStatus, Ref
from gateway.incidents.book import Fate


class Kind(StrEnum):
    """What is to be delivered."""

    ORDER = "order"
    PICTURE = "picture"
    NOTE = "note"


class State(StrEnum):
    """How far an item is."""

    DRAWING = "drawing"  #: a picture that is not yet made
    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    DONE = "done"
    REJECTED = "rejected"
    VOID = "void"  #: given up; the order stands without it, and that was said


OPEN = (State.WAITING, State.SENDING, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to deliver."""

    id: int
    incident: str
    kind: Kind
    state: State
    payload: Mapping[str, Any]
    attempts: int
    looked: int

    def order(self) -> Order:
        """Give the order as it was decided."""
        return Order(**self.payload)


def add_order(db: sqlite3.Connection, order: Order, cmms: str, wall: str) -> None:
    """Queue an order; an incident whose order was rejected or withheld gets it queued anew with the new text."""
    _add(db, order.key, cmms, Kind.ORDER, asdict(order), urgent=order.severity == "critical", wall=wall)


def add_drawing(db: sqlite3.Connection, incident: str, cmms: str, wall: str) -> int:
    """Announce a picture that is being made; gives the item's id."""
    return _add(db, incident, cmms, Kind.PICTURE, {}, wall=wall, state=State.DRAWING)


def add_note(db: sqlite3.Connection, incident: str, cmms: str, text: str, wall: str) -> None:
    """Queue a line for an order's log; lines that wait behind an outage become one note."""
    waiting = db.execute(
        "SELECT id, payload FROM outbox WHERE incident = ? AND kind = ? AND state = ? ORDER BY id LIMIT 1",
        (incident, Kind.NOTE, State.WAITING),
    ).fetchone()
    if waiting is None:
        _add(db, incident, cmms, Kind.NOTE, {"text": text}, wall=wall)
        return
    joined = json.loads(waiting[1])["text"] + "\n" + text
    db.execute(
        "UPDATE outbox SET payload = ?, changed_at = ? WHERE id = ?",
        # The newest lines are kept where an outage outlasts a note's room.
        (json.dumps({"text": joined[-NOTE_MAX:]}), wall, waiting[0]),
    )


NOTE_MAX = 4_000  #: characters; a worklog's long description takes 32,000, a reader does not


def _add(
    db: sqlite3.Connection,
    incident: str,
    cmms: str,
    kind: Kind,
    payload: Mapping[str, Any],
    *,
    wall: str,
    state: State = State.WAITING,
    urgent: bool = False,
) -> int:
    row = db.execute(
        "INSERT INTO outbox (incident, cmms, kind, state, payload, urgent, attempts, looked, why, created_at,"
        " changed_at) VALUES (?,?,?,?,?,?,0,0,'',?,?) ON CONFLICT (incident) WHERE kind = 'order' DO UPDATE SET"
        # An order that may stand is never made waiting by a second wish: only a look-up may say that it does not.
        " state = CASE WHEN state = 'rejected' THEN 'waiting' ELSE state END,"
        " payload = CASE WHEN state = 'rejected' THEN excluded.payload ELSE payload END",
        (incident, cmms, kind, state, json.dumps(dict(payload)), int(urgent), wall, wall),
    )
    assert row.lastrowid is not None
    return row.lastrowid


def pending(db: sqlite3.Connection, cmms: str, limit: int = 200) -> list[Item]:
    """Read what may be delivered now: orders first, gravest and oldest first; the rest only once its order stands.

    What was not begun waits while its incident is shelved or its station under maintenance.
    """
    rows = db.execute(
        "SELECT b.id, b.incident, b.kind, b.state, b.payload, b.attempts, b.looked FROM outbox b"
        " LEFT JOIN order_status o ON o.incident = b.incident"
        " JOIN incidents i ON i.id = b.incident"
        " WHERE b.cmms = ? AND b.state IN (?,?,?) AND (b.kind = 'order' OR o.fate = 'stands')"
        " AND (b.state != 'waiting' OR i.shelved_until IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM windows w WHERE w.station = i.station))"
        " ORDER BY (b.kind = 'order') DESC, b.urgent DESC, b.id LIMIT ?",
        (cmms, *OPEN, limit),
    )
    return [Item(r[0], r[1], Kind(r[2]), State(r[3]), json.loads(r[4]), r[5], r[6]) for r in rows]


def mark(
    db: sqlite3.Connection, item: Item, state: State, wall: str, *, why: str = "", attempts: int = 0, looked: int = 0
) -> None:
    """Write how far an item is."""
    db.execute(
        "UPDATE outbox SET state = ?, why = ?, attempts = ?, looked = ?, changed_at = ? WHERE id = ?",
        (state, why, attempts, looked, wall, item.id),
    )


def drawn(db: sqlite3.Connection, item: int, file: str, title: str, wall: str) -> None:
    """Say that a picture is made: it may be sent."""
    db.execute(
        "UPDATE outbox SET state = ?, payload = ?, changed_at = ? WHERE id = ? AND state = ?",
        (State.WAITING, json.dumps({"file": file, "title": title}), wall, item, State.DRAWING),
    )


def give_up_drawing(db: sqlite3.Connection, item: int, why: str, wall: str) -> None:
    """Say that a picture will not come: the order stands without it."""
    db.execute(
        "UPDATE outbox SET state = ?, why = ?, changed_at = ? WHERE id = ? AND state = ?",
        (State.VOID, why, wall, item, State.DRAWING),
    )


def undrawn(db: sqlite3.Connection) -> list[int]:
    """Find pictures a former process was making when it ended."""
    return [int(row[0]) for row in db.execute("SELECT id FROM outbox WHERE state = ?", (State.DRAWING,))]


def settle_order(
    db: sqlite3.Connection, incident: str, fate: Fate, wall: str, *, ref: Ref | None = None, why: str = ""
) -> None:
    """Write how far the order of an incident got."""
    db.execute(
        "UPDATE order_status SET fate = ?, why = ?, number = ?, href = ?, changed_at = ? WHERE incident = ?",
        (fate, why, ref.number if ref else "", ref.href if ref else "", wall, incident),
    )


def adopt(db: sqlite3.Connection, incident: str) -> None:
    """Say that the order is a person's own, or of an incident before."""
    db.execute("UPDATE order_status SET adopted = 1 WHERE incident = ?", (incident,))


def ref_of(db: sqlite3.Connection, incident: str) -> Ref:
    """Say where the order of an incident stands."""
    number, href, adopted = db.execute(
        "SELECT number, href, adopted FROM order_status WHERE incident = ?", (incident,)
    ).fetchone()
    return Ref(number, href, "" if adopted else incident)


def to_follow(db: sqlite3.Connection, cmms: str) -> list[tuple[str, Ref, str, str]]:
    """List orders that stand, are not over, and are not gone: (incident, ref, state, memo)."""
    rows = db.execute(
        "SELECT incident, number, href, adopted, state, memo FROM order_status WHERE cmms = ? AND fate = 'stands'"
        " AND state NOT IN (?,?,?) AND NOT (state = ? AND raw = ?) ORDER BY incident LIMIT 1000",
        (cmms, OrderState.DONE, OrderState.CLOSED, OrderState.CANCELLED, OrderState.UNKNOWN, DELETED),
    )
    return [(r[0], Ref(r[1], r[2], "" if r[3] else r[0]), r[4], r[5]) for r in rows]


def follow(db: sqlite3.Connection, incident: str, status: OrderStatus, wall: str) -> None:
    """Write what the CMMS says of an order."""
    db.execute(
        "UPDATE order_status SET state = ?, raw = ?, memo = ?, changed_at = ? WHERE incident = ?",
        (status.state, status.raw, status.memo, wall, incident),
    )


def counts(db: sqlite3.Connection) -> tuple[int, int]:
    """Count items on their way, and items that need a person (rejected)."""
    waiting, stuck = db.execute(
        "SELECT coalesce(sum(state IN ('drawing','waiting','sending','unknown')), 0),"
        " coalesce(sum(state = 'rejected'), 0) FROM outbox WHERE state NOT IN ('done','void')"
    ).fetchone()
    return int(waiting), int(stuck)
