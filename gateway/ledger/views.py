"""What the ledger shows of itself: incidents with the fate of their orders, and the outbox in two numbers."""

import sqlite3
from typing import Any

from gateway.incidents.book import Policy
from gateway.processes.ledger_messages import IncidentView, WindowView

OPEN_MAX = 100
ENDED_SHOWN = 20


def incidents(db: sqlite3.Connection, policy: Policy) -> tuple[IncidentView, ...]:
    """Every open incident and the last few that ended, newest first."""
    columns = (
        "i.id, i.station, i.asset, i.failure_mode, i.severity, i.raised_at, i.cleared_at, i.acknowledged_by, i.text,"
        " coalesce(o.fate, 'withheld'), coalesce(o.number, ''), coalesce(o.adopted, 0), coalesce(o.why, ''),"
        " coalesce(o.state, ''), i.shelved_until, i.shelved_by, i.ended_at, i.zone, i.number AS nr"
    )
    source = f"SELECT {columns} FROM incidents i LEFT JOIN order_status o ON o.incident = i.id"  # noqa: S608
    rows = db.execute(
        f"SELECT * FROM ({source} WHERE i.ended_at IS NULL ORDER BY i.number DESC LIMIT ?) UNION ALL"  # noqa: S608
        f" SELECT * FROM ({source} WHERE i.ended_at IS NOT NULL ORDER BY i.number DESC LIMIT ?) ORDER BY nr DESC",
        (OPEN_MAX, ENDED_SHOWN),
    )
    return tuple(_view(row, event=policy.event(row[1], row[3])) for row in rows)


def windows(db: sqlite3.Connection) -> tuple[WindowView, ...]:
    """Every station under maintenance."""
    rows = db.execute("SELECT station, who, since, until FROM windows ORDER BY until")
    return tuple(WindowView(*row) for row in rows)


def order_word(fate: str, number: str, *, adopted: bool, why: str) -> str:
    """Say how far an order got, in the word people read."""
    match fate:
        case "stands":
            return f"{number} (was open already)" if adopted else number
        case "queued":
            return f"queued ({why})" if why else "queued"
        case "unsettled":
            return f"unsettled ({why}); being looked up"
        case _:
            return f"none ({why})" if why else "none"


def _view(row: tuple[Any, ...], *, event: bool) -> IncidentView:
    word = order_word(row[9], row[10], adopted=bool(row[11]), why=row[12])
    values = (*row[:9], word, *row[13:18], event)
    return IncidentView(*values)
