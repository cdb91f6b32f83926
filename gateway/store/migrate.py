"""Brings a database to the schema of this version, one numbered SQL file at a time."""

import sqlite3
from collections.abc import Mapping
from importlib.resources import files


def shipped() -> Mapping[int, str]:
    """Every migration of this version: number -> SQL. Numbers are 1, 2, 3, ... without a hole."""
    folder = files("gateway.store") / "migrations"
    scripts = {
        int(entry.name.removesuffix(".sql")): entry.read_text(encoding="utf-8")
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    }
    assert sorted(scripts) == list(range(1, len(scripts) + 1)), sorted(scripts)
    return scripts


def version_of(db: sqlite3.Connection) -> int:
    """Give the number of the last migration this database went through; 0 is an empty one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection, scripts: Mapping[int, str]) -> int:
    """Apply what is missing; each step is one transaction, so a power cut leaves the step before or the step after.

    Parameters
    ----------
    db
        In autocommit (``isolation_level=None``).
    scripts
        Number -> SQL, as `shipped` gives them.

    Returns
    -------
    int
        How many steps were applied.
    """
    have, want = version_of(db), max(scripts)
    assert have <= want, "the caller refuses a newer database"
    for number in range(have + 1, want + 1):
        # executescript ends an open transaction by itself, hence BEGIN inside the script.
        try:
            db.executescript(f"BEGIN IMMEDIATE;\n{scripts[number]}\nPRAGMA user_version = {number};\nCOMMIT;")
        except sqlite3.Error:
            if db.in_transaction:
                db.rollback()
            raise
    return want - have
