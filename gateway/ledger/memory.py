"""Incidents as rows: the book is read inside a transaction, changed by the pure rules, written back in the same one.

Nothing of it lives in memory between two transactions, so no failure can leave the two apart.
"""

import json
import sqlite3
from datetime import datetime, timedelta

from connectors.cmms.port import OrderState
from gateway.incidents.book import Book, Fate, Incident, OrderLink, Window
from gateway.incidents.rules import WEEK


def load(db: sqlite3.Connection, now: datetime) -> Book:
    """Read every incident that is open or held, and the orders that count for the week."""
    incidents: dict[str, Incident] = {}
    columns = (
        "id, station, asset, failure_mode, severity, text, raised_at, cleared_at, ended_at, ended_why, held_until,"
        " acknowledged_by, acknowledged_at, noted_at, shelved_until, shelved_by, zone"
    )
    for row in db.execute(
        f"SELECT {columns} FROM incidents WHERE ended_at IS NULL OR held_until IS NOT NULL ORDER BY number"  # noqa: S608
    ):
        episodes = {
            str(episode): bool(active)
            for episode, active in db.execute(
                "SELECT id, active FROM episodes WHERE incident = ? ORDER BY rowid", (row[0],)
            )
        }
        incidents[row[0]] = Incident(
            id=row[0],
            station=row[1],
            asset=row[2],
            failure_mode=row[3],
            severity=row[4],
            text=row[5],
            raised_at=datetime.fromisoformat(row[6]),
            episodes=episodes,
            cleared_at=_time(row[7]),
            ended_at=_time(row[8]),
            ended_why=row[9],
            held_until=_time(row[10]),
            acknowledged_by=row[11],
            acknowledged_at=_time(row[12]),
            noted_at=_time(row[13]),
            shelved_until=_time(row[14]),
            shelved_by=row[15],
            zone=row[16],
        )
    return Book(incidents, _links(db, now), windows(db))


def windows(db: sqlite3.Connection) -> dict[str, Window]:
    """Read the maintenance that is going on, by station."""
    rows = db.execute("SELECT station, who, since, until, noted FROM windows ORDER BY station")
    return {
        row[0]: Window(
            row[0], row[1], datetime.fromisoformat(row[2]), datetime.fromisoformat(row[3]), tuple(json.loads(row[4]))
        )
        for row in rows
    }


def save(db: sqlite3.Connection, before: Book, after: Book) -> None:
    """Write what the rules changed."""
    for incident in after.incidents.values():
        if before.incidents.get(incident.id) != incident:
            _put(db, incident)
    # Two passes: an episode may have moved from an incident that is let go to its heir.
    for gone in before.incidents.keys() - after.incidents.keys():
        db.execute("UPDATE incidents SET held_until = NULL WHERE id = ?", (gone,))
    for link in after.orders.values():
        if before.orders.get(link.incident) != link:
            _put_link(db, after.incidents[link.incident], link)
    if before.windows != after.windows:
        db.execute("DELETE FROM windows")
        db.executemany(
            "INSERT INTO windows (station, who, since, until, noted) VALUES (?,?,?,?,?)",
            [
                (one.station, one.who, one.since.isoformat(), one.until.isoformat(), json.dumps(one.noted))
                for one in after.windows.values()
            ],
        )


def seen_before(db: sqlite3.Connection, episode: str) -> bool:
    """Say whether an episode was ever reported, to incidents long forgotten included."""
    return db.execute("SELECT 1 FROM episodes WHERE id = ?", (episode,)).fetchone() is not None


def _links(db: sqlite3.Connection, now: datetime) -> dict[str, OrderLink]:
    rows = db.execute(
        "SELECT o.incident, i.asset, o.wanted_at, o.fate, o.cmms, o.why, o.number, o.adopted, o.state"
        " FROM order_status o JOIN incidents i ON i.id = o.incident"
        " WHERE i.ended_at IS NULL OR i.held_until IS NOT NULL OR o.wanted_at > ? ORDER BY i.number",
        ((now - WEEK - timedelta(days=1)).isoformat(),),
    )
    return {
        row[0]: OrderLink(
            incident=row[0],
            asset=row[1],
            wanted_at=datetime.fromisoformat(row[2]),
            fate=Fate(row[3]),
            cmms=row[4],
            why=row[5],
            number=row[6],
            adopted=bool(row[7]),
            state=OrderState(row[8]) if row[8] else None,
        )
        for row in rows
    }


def _put(db: sqlite3.Connection, incident: Incident) -> None:
    changing = (
        incident.severity,
        incident.text,
        _iso(incident.cleared_at),
        _iso(incident.ended_at),
        incident.ended_why,
        _iso(incident.held_until),
        incident.acknowledged_by,
        _iso(incident.acknowledged_at),
        _iso(incident.noted_at),
        _iso(incident.shelved_until),
        incident.shelved_by,
    )
    of = (incident.station, incident.asset, incident.failure_mode, incident.zone)
    fixed = (incident.id, *of, incident.raised_at.isoformat())
    known = db.execute(
        "UPDATE incidents SET severity = ?, text = ?, cleared_at = ?, ended_at = ?, ended_why = ?, held_until = ?,"
        " acknowledged_by = ?, acknowledged_at = ?, noted_at = ?, shelved_until = ?, shelved_by = ? WHERE id = ?",
        (*changing, incident.id),
    ).rowcount
    if not known:
        db.execute(
            "INSERT INTO incidents (severity, text, cleared_at, ended_at, ended_why, held_until, acknowledged_by,"
            " acknowledged_at, noted_at, shelved_until, shelved_by, id, station, asset, failure_mode, zone, raised_at,"
            " number)"
            " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?, (SELECT coalesce(max(number), 0) + 1 FROM incidents))",
            (*changing, *fixed),
        )
    db.executemany(
        "INSERT INTO episodes (id, incident, severity, active) VALUES (?,?,?,?) ON CONFLICT (id) DO UPDATE SET"
        " incident = excluded.incident, active = excluded.active",
        [(episode, incident.id, incident.severity, int(active)) for episode, active in incident.episodes.items()],
    )


def _put_link(db: sqlite3.Connection, incident: Incident, link: OrderLink) -> None:
    # Only the rules' decisions come this way (queued, withheld); what the CMMS says is written by its sender alone.
    assert link.fate in {Fate.QUEUED, Fate.WITHHELD}, link
    at = link.wanted_at.isoformat()
    db.execute(
        "INSERT INTO order_status (incident, cmms, fate, why, wanted_at, number, href, adopted, state, raw, memo,"
        " changed_at) VALUES (?, ?, ?, ?, ?, '', '', 0, '', '', '', ?) ON CONFLICT (incident) DO UPDATE SET"
        " cmms = excluded.cmms, fate = excluded.fate, why = excluded.why, wanted_at = excluded.wanted_at,"
        " changed_at = excluded.changed_at",
        (incident.id, link.cmms, link.fate, link.why, at, at),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
