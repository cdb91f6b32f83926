"""The one writer's database."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.store.migrate import migrate, shipped, version_of
from gateway.store.salvage import move_aside, salvage

DATABASE = "wheeltapper.db"

# A reader of the front holds no lock in WAL mode; only a person's own tool on the file can, and five seconds outlast
# most of those. Longer waits are the ledger's to make: it holds the batch and tries again.
BUSY_MS = 5_000

# Checking every page reads the whole file: about 1 s for 256 MB on an industrial SSD. Above it, SQLite's own checks
# while reading must do; a damaged file is still noticed, only later.
CHECK_UP_TO_BYTES = 256 * 2**20

# SQLite's codes for a file that is damaged or is no database (sqlite.org/rescode.html): nothing can be written to it.
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

Connect = Callable[[str], sqlite3.Connection]


class StoreError(Exception):
    """The store cannot be used as it is; the message is one sentence for a person."""


def is_damage(error: sqlite3.Error) -> bool:
    """Tell a file that is broken from a full disk, a lock or a mistake of ours."""
    # The low byte is the primary code, the rest says where exactly.
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in DAMAGED


class Store:
    """SQLite in WAL mode, one connection, one transaction at a time.

    `synchronous = FULL`: what was committed outlives a power cut, which NORMAL does not promise in WAL mode
    (sqlite.org/pragma.html). At one commit per batch that is a few fsync a second.
    """

    def __init__(self, db: sqlite3.Connection, folder: Path, alarms: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.alarms = alarms  #: what a person must know of the opening: the file was damaged and moved aside, ...
        self._db = db
        self._lock = threading.RLock()

    @classmethod
    def open(cls, folder: Path, stamp: str, connect: Connect | None = None) -> "Store":
        """Open, check and migrate; a damaged file is moved aside and said, never silently replaced.

        Parameters
        ----------
        folder
            Made where it is missing.
        stamp
            Part of the name a damaged file is moved to: the wall time, only for people.
        connect
            How a path becomes a connection; for tests that make the disk fail.

        Raises
        ------
        StoreError
            The folder cannot be written, or the database is a newer version's.
        """
        path = folder / DATABASE
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{folder}: cannot be made ({error.strerror}); give [store] a folder we may write"
            ) from error
        connect = connect or _connect
        try:
            return cls(_ready(path, connect), folder)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise StoreError(f"{path}: {error}; is it open elsewhere, or the folder not ours to write?") from error
            aside = move_aside(path, stamp)
        fresh = _ready(path, connect)
        saved = salvage(aside, fresh)
        return cls(
            fresh,
            folder,
            (f"{path}: damaged, moved to {aside.name}; a new store was begun, {saved}; keep the old file",),
        )

    @contextmanager
    def commit(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of the block, or nothing of it. Safe from any thread.

        Raises
        ------
        sqlite3.Error
            Nothing was written. Full disk, lock and damage are told apart by `is_damage` and the error's code.
        """
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # Some errors (a full disk) have rolled back already.
                if self._db.in_transaction:
                    self._db.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """See what is committed, without another thread's transaction half done."""
        with self._lock:
            yield self._db

    def close(self) -> None:
        """Fold the log into the file and let go."""
        with self._lock:
            try:
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError:
                # A reader looks at it or the disk is full: the log stays beside the file and is read with it.
                pass
            finally:
                self._db.close()


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def _ready(path: Path, connect: Connect) -> sqlite3.Connection:
    db = connect(str(path))
    try:
        db.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        if path.stat().st_size <= CHECK_UP_TO_BYTES:
            _refuse_damage(db)
        _refuse_newer(db, path)
        _keep_older(db, path)
        migrate(db, shipped())
    except BaseException:
        db.close()
        raise
    return db


def _keep_older(db: sqlite3.Connection, path: Path) -> None:
    """Copy a store as its version left it, before it is brought to ours: only that version can go back to it."""
    have = version_of(db)
    kept = path.with_name(f"{path.name}.schema-{have}")
    if not 0 < have < max(shipped()) or kept.exists():
        return
    beside = kept.with_name(f".{kept.name}")
    beside.unlink(missing_ok=True)  # half of one, from before a power cut
    db.execute("VACUUM INTO ?", (str(beside),))
    beside.replace(kept)


def _refuse_damage(db: sqlite3.Connection) -> None:
    verdict = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def _refuse_newer(db: sqlite3.Connection, path: Path) -> None:
    have, know = version_of(db), max(shipped())
    if have > know:
        raise StoreError(
            f"{path}: written by a newer wheeltapper (schema {have}; this version knows up to {know}); "
            "start that version, or give [store] another folder"
        )
