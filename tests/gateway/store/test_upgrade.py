"""A store of the first version goes through every migration with its rows, and the way back is a file beside it."""

import sqlite3
from contextlib import closing

import pytest

from gateway.store.database import DATABASE, Store, StoreError
from gateway.store.migrate import migrate, shipped, version_of

TABLES = ("parts", "conditions", "events", "incidents", "episodes", "order_status", "outbox", "audit", "defect_codes",
          "facts")  # fmt: skip


def a_store_of(version, folder):
    """A store as that version left it, with one row in every table of the first version."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as db:
        migrate(db, {number: sql for number, sql in shipped().items() if number <= version})
        for table in TABLES:
            _fill(db, table)
    return folder


def _fill(db, table):
    columns = db.execute(f"PRAGMA table_info({table})").fetchall()
    kinds = {"INTEGER": 2, "REAL": 0.5, "BLOB": b"x"}
    values = [kinds.get(kind.upper(), "{}") for _, _, kind, *_ in columns]
    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)


def rows(path, table, columns="*"):
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute(f"SELECT {columns} FROM {table}")]


@pytest.mark.parametrize("version", range(1, max(shipped())))
def test_every_row_of_an_older_version_is_there_after_the_upgrade(version, tmp_path):
    folder = a_store_of(version, tmp_path / "data")
    before = {table: rows(folder / DATABASE, table) for table in TABLES}

    store = Store.open(folder, "now")
    with store.reading() as db:
        assert version_of(db) == max(shipped())
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()

    for table, old in before.items():
        new = rows(folder / DATABASE, table)
        assert [{key: row[key] for key in old[0]} for row in new] == old, table


def test_the_store_as_it_was_is_kept_once_and_is_the_way_back(tmp_path):
    folder = a_store_of(1, tmp_path / "data")
    before = rows(folder / DATABASE, "parts")
    Store.open(folder, "now").close()

    kept = folder / f"{DATABASE}.schema-1"
    assert rows(kept, "parts") == before
    with closing(sqlite3.connect(kept)) as db:
        assert version_of(db) == 1
    changed = kept.stat().st_mtime_ns
    Store.open(folder, "now").close()
    assert kept.stat().st_mtime_ns == changed

    kept.replace(folder / DATABASE)  # what docs/upgrade.md says; the older version opens it as it knows it
    Store.open(folder, "now").close()
    assert rows(folder / DATABASE, "parts", ", ".join(before[0])) == before


def test_an_older_version_refuses_the_upgraded_store_and_changes_nothing(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    Store.open(folder, "now").close()
    before = (folder / DATABASE).read_bytes()
    only_first = {1: shipped()[1]}
    monkeypatch.setattr("gateway.store.database.shipped", lambda: only_first)
    with pytest.raises(StoreError, match="newer wheeltapper"):
        Store.open(folder, "now")
    assert (folder / DATABASE).read_bytes() == before


def test_a_new_store_leaves_nothing_beside_it(tmp_path):
    Store.open(tmp_path, "now").close()
    assert [path.name for path in tmp_path.iterdir()] == [DATABASE]
