"""A damaged database: moved aside whole, and what must not be forgotten read out of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

# In an order that keeps every reference true. Parts and conditions stay in the old file: they are history, these are
# promises: codes a PLC knows, orders that may stand in the CMMS already, a normal that was learned before the wear.
KEPT = ("defect_codes", "incidents", "episodes", "order_status", "outbox", "machine_states", "windows")


def move_aside(path: Path, stamp: str) -> Path:
    """Rename the database with its log, so that nothing of it is written over. Gives the new path."""
    safe = "".join(c for c in stamp if c.isalnum())
    aside = path.with_name(f"{path.name}.damaged-{safe}")
    tries = 1
    while aside.exists():
        tries += 1
        aside = path.with_name(f"{path.name}.damaged-{safe}-{tries}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def salvage(aside: Path, fresh: sqlite3.Connection) -> str:
    """Copy the promises of the damaged file into the fresh one, row by row as far as they can be read.

    Returns
    -------
    str
        Half a sentence for the alarm: how much was saved, and of what nothing could be read.
    """
    saved, unread = 0, []
    with closing(sqlite3.connect(f"{aside.resolve().as_uri()}?mode=ro", uri=True)) as old:
        for table in KEPT:
            try:
                saved += _copy(table, old, fresh)
            except sqlite3.Error:
                unread.append(table)
    lost = f", nothing of {', '.join(unread)}" if unread else ""
    return f"{saved} rows of orders, incidents and defect codes saved{lost}"


def _copy(table: str, old: sqlite3.Connection, fresh: sqlite3.Connection) -> int:
    count = 0
    rows = old.execute(f"SELECT * FROM {table}")  # noqa: S608, the names stand above
    names = [column[0] for column in rows.description]
    into = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
    while True:
        try:
            row = rows.fetchone()
        except sqlite3.DatabaseError:
            if count == 0:
                raise
            return count  # what lies behind the damage cannot be reached
        if row is None:
            return count
        count += fresh.execute(into, row).rowcount
