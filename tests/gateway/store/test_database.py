"""The database: migrated step by step, never silently replaced, never half-written."""

import sqlite3

import pytest

from gateway.processes.ledger_messages import EventRecord
from gateway.store import records
from gateway.store.database import DATABASE, Store, StoreError
from gateway.store.migrate import migrate, shipped, version_of
from gateway.store.read import Reader

STEPS = {1: "CREATE TABLE a (x);", 2: "ALTER TABLE a ADD COLUMN y;", 3: "CREATE TABLE b (z); INSERT INTO b VALUES (7);"}


def fresh():
    return sqlite3.connect(":memory:", isolation_level=None)


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_a_database_of_any_version_becomes_the_newest(start):
    db = fresh()
    if start:
        migrate(db, {n: STEPS[n] for n in range(1, start + 1)})
    assert migrate(db, STEPS) == 3 - start
    assert version_of(db) == 3
    assert db.execute("SELECT z FROM b").fetchall() == [(7,)]


def test_a_step_that_fails_leaves_the_step_before():
    db = fresh()
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, {**STEPS, 3: "CREATE TABLE b (z); CREATE TABLE b (z);"})

    assert version_of(db) == 2
    assert db.execute("SELECT name FROM sqlite_master WHERE name = 'b'").fetchall() == []
    assert migrate(db, STEPS) == 1


def test_every_shipped_version_can_be_opened_by_this_one(tmp_path):
    scripts = shipped()
    for version in scripts:
        folder = tmp_path / str(version)
        folder.mkdir()
        db = sqlite3.connect(folder / DATABASE, isolation_level=None)
        migrate(db, {n: scripts[n] for n in range(1, version + 1)})
        db.close()
        Store.open(folder, "now").close()
        Reader(folder).close()


def test_a_newer_database_is_refused_and_left_alone(tmp_path):
    Store.open(tmp_path, "now").close()
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute("PRAGMA user_version = 99")
    db.close()

    with pytest.raises(StoreError, match="written by a newer wheeltapper"):
        Store.open(tmp_path, "now")
    with pytest.raises(StoreError, match="use the version that wrote it"):
        Reader(tmp_path)


def test_what_was_committed_can_be_read_while_the_writer_goes_on(tmp_path):
    store = Store.open(tmp_path, "now")
    event = EventRecord("2026-11-24T12:00:00+00:00", "plc", "link-lost", "no answer")
    with Reader(tmp_path) as reader, store.commit() as db:
        records.add_event(db, event)
        assert reader.events(9) == [], "not committed yet"
    with Reader(tmp_path) as reader:
        assert [e.sentence for e in reader.events(9)] == ["no answer"]
    store.close()


def test_a_failed_transaction_leaves_nothing(tmp_path):
    store = Store.open(tmp_path, "now")

    def half():
        with store.commit() as db:
            records.set_fact(db, "a", "1")
            db.execute("INSERT INTO defect_codes VALUES ('ring', 'crack', 1)")

    with pytest.raises(sqlite3.IntegrityError):
        half()
    with store.reading() as db:
        assert records.fact(db, "a") is None
    store.close()


@pytest.mark.parametrize("damage", ["not a database at all" * 100, ""])
def test_a_file_that_is_no_database_is_moved_aside_and_said(tmp_path, damage):
    (tmp_path / DATABASE).write_text(damage)
    store = Store.open(tmp_path, "2026-11-24T12:00:00+00:00")

    if damage:
        assert (tmp_path / f"{DATABASE}.damaged-20261124T1200000000").read_text() == damage
        (alarm,) = store.alarms
        assert "damaged, moved to" in alarm
    else:
        assert store.alarms == ()  # an empty file is a database nobody has written to
    store.close()


def test_codes_and_orders_are_saved_out_of_a_damaged_file(tmp_path):
    store = Store.open(tmp_path, "now")
    with store.commit() as db:
        assert records.give_codes(db, "ring", ["crack", "chill"]) == {"crack": 2, "chill": 3}
        for _ in range(2000):
            db.execute(
                "INSERT INTO events (wall, place, kind, level, sentence) VALUES ('w', 'p', 'k', 'info', ?)",
                ("x" * 500,),
            )
    store.close()
    path = tmp_path / DATABASE
    content = bytearray(path.read_bytes())
    # Pages deep in the events; codes lie in an early page.
    for at in range(len(content) - 40 * 4096, len(content) - 20 * 4096):
        content[at] = 0xA5
    path.write_bytes(content)

    store = Store.open(tmp_path, "now")

    assert len(store.alarms) == 1
    with store.commit() as db:
        assert records.give_codes(db, "ring", ["blowhole"]) == {"crack": 2, "chill": 3, "blowhole": 4}
    store.close()


def test_damage_after_damage_keeps_every_file(tmp_path):
    for _ in range(3):
        (tmp_path / DATABASE).write_text("rubbish" * 200)
        Store.open(tmp_path, "now").close()
    assert len(list(tmp_path.glob("*.damaged-*"))) == 3


def test_a_folder_we_may_not_write_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be made"):
        Store.open(tmp_path / "file" / "data", "now")


def test_a_reader_says_what_to_do_where_there_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="no store here"):
        Reader(tmp_path)
    (tmp_path / DATABASE).write_text("rubbish" * 200)
    with pytest.raises(StoreError, match="cannot be read"):
        Reader(tmp_path)
