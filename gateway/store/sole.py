"""One gateway a store: two would each send the same orders and give the same codes twice."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.store.database import StoreError

FILE = "running.lock"


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Keep every other gateway out of this store until the block ends, or this process does, however it does.

    SQLite's own lock on an empty file of its own is used, since it is the same on Linux and Windows. A folder that
    cannot be written is no reason not to judge: the ledger says what is wrong with it, and nobody is kept out.

    Raises
    ------
    StoreError
        Another gateway runs on this store.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(folder / FILE, timeout=0.0, isolation_level=None)
    except (OSError, sqlite3.Error):
        yield
        return
    try:
        _take(lock, folder)
        yield
    finally:
        lock.close()


def _take(lock: sqlite3.Connection, folder: Path) -> None:
    try:
        lock.execute("PRAGMA journal_mode = MEMORY")  # nothing is written, so there is nothing to keep a journal of
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.Error as fault:
        if (getattr(fault, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_BUSY:
            raise StoreError(
                f"{folder}: another gateway runs on this store; wanted one alone: end the other, or give this one a "
                "[store] folder of its own"
            ) from None
