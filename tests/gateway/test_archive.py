"""A gateway comes back from one file, byte for byte, and a file that was made to harm is refused before it does."""

import hashlib
import json
import os
import sqlite3
import stat
import zipfile
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import archive
from gateway.archive import ArchiveError, check_archive, restore_archive
from gateway.cli.app import main
from gateway.store.database import DATABASE, Store

SITE = """
[line]
name = "Line"
[plc.main]
kind = "opcua"
url = "opc.tcp://127.0.0.1:1"
user = "w"
password = "${PLC_PASSWORD}"
[[station]]
name = "ring"
source = { kind = "simulated", sound = "castings" }
[station.parts]
plc = "main"
tags = "nsu=urn:x;s=ring."
recipes = { 1 = "recipes/a" }
teach_parts = 20
"""


@pytest.fixture
def plant(tmp_path):
    home = tmp_path / "plant"
    for path, text in {
        "recipes/a/v1/card.json": "{}",
        "recipes/a/current": "1",
        "certificates/own/client.der": "public",
        "certificates/own/client.pem": "private",
        "data/people.json": '{"version": 1}',
        "data/evidence/x.flac": "sound",
    }.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    (home / "line.toml").write_text(SITE)
    return home


def backup(plant, file, *more):
    return main(["backup", str(file), "--site", str(plant / "line.toml"), *more])


def test_all_that_was_learned_comes_back_and_no_private_key_unless_asked(plant, tmp_path, capsys):
    store = Store.open(plant / "data", "now")  # and stays open: a backup does not wait for the gateway to end
    with store.commit() as db:
        db.execute("INSERT INTO facts VALUES ('here', '1')")

    assert backup(plant, tmp_path / "b.zip") == 0
    assert backup(plant, tmp_path / "s.zip", "--secrets", "--evidence") == 0
    store.close()
    assert "PLC_PASSWORD" in capsys.readouterr().err
    assert main(["restore", str(tmp_path / "b.zip"), "--to", str(tmp_path / "back")]) == 0
    assert main(["restore", str(tmp_path / "s.zip"), "--to", str(tmp_path / "whole")]) == 0

    back, whole = tmp_path / "back", tmp_path / "whole"
    assert (back / "recipes/a/v1/card.json").read_text() == "{}"
    assert (back / "line.toml").read_bytes() == (plant / "line.toml").read_bytes()
    assert (back / "certificates/own/client.der").exists()
    assert not (back / "certificates/own/client.pem").exists()
    assert not (back / "data/evidence").exists()
    assert (whole / "certificates/own/client.pem").read_text() == "private"
    assert (whole / "data/evidence/x.flac").read_text() == "sound"
    with closing(sqlite3.connect(back / "data" / DATABASE)) as db:
        assert db.execute("SELECT value FROM facts WHERE name = 'here'").fetchone() == ("1",)
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600
        assert stat.S_IMODE((whole / "certificates/own/client.pem").stat().st_mode) == 0o600


def test_nothing_is_ever_overwritten(plant, tmp_path, capsys):
    assert backup(plant, tmp_path / "b.zip") == 0
    assert backup(plant, tmp_path / "b.zip") == 1
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    assert main(["restore", str(tmp_path / "b.zip"), "--to", str(tmp_path / "full")]) == 1
    said = capsys.readouterr().err
    assert "never overwritten" in said
    assert "is not empty" in said


def test_a_dry_run_reads_every_byte_and_writes_none(plant, tmp_path):
    backup(plant, tmp_path / "b.zip")
    assert main(["restore", str(tmp_path / "b.zip"), "--to", str(tmp_path / "back"), "--dry-run"]) == 0
    assert not (tmp_path / "back").exists()


def made(file, files, *, entries=None, links=(), told=None):
    """An archive written by somebody else."""
    listed = entries or [
        {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files
    ]
    manifest = {"format": 1, "made": "now", "wheeltapper": "0", "site": "line.toml", "schema_version": None,
                "secrets": False, "missing": [], "files": listed} | (told or {})  # fmt: skip
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("manifest.json", json.dumps(manifest))
        for name, data in files:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if name in links:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            out.writestr(info, data)
    return file


@pytest.mark.parametrize(
    "name",
    [
        "../out",
        "/etc/passwd",
        "a/../../out",
        "C:/x",
        "a\\..\\x",
        "nul",
        "a/CON.txt",
        "a//b",
        "a./b",
        "x\n",
        "./a",
        "a:b",
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(name, tmp_path):
    file = made(tmp_path / "b.zip", [(name, b"x")])
    with pytest.raises(ArchiveError):
        restore_archive(file, tmp_path / "to")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.zip"]


def test_two_names_that_are_one_on_windows_are_refused(tmp_path):
    with pytest.raises(ArchiveError, match="twice"):
        check_archive(made(tmp_path / "b.zip", [("a", b"x"), ("A", b"y")]))


def test_a_link_is_refused(tmp_path):
    with pytest.raises(ArchiveError, match="link"):
        check_archive(made(tmp_path / "b.zip", [("a", b"/etc/passwd")], links=("a",)))


def test_a_file_that_is_not_listed_or_differs_is_refused(tmp_path):
    digest = hashlib.sha256(b"x").hexdigest()
    with pytest.raises(ArchiveError, match="not what its list says"):
        check_archive(made(tmp_path / "a.zip", [("a", b"x"), ("b", b"y")],
                           entries=[{"path": "a", "bytes": 1, "sha256": digest}]))  # fmt: skip
    with pytest.raises(ArchiveError, match="SHA-256 differs"):
        check_archive(made(tmp_path / "b.zip", [("a", b"y")], entries=[{"path": "a", "bytes": 1, "sha256": digest}]))


def test_a_bomb_is_refused_by_the_room_on_the_disk_before_a_byte_is_written(tmp_path, monkeypatch):
    file = made(tmp_path / "b.zip", [("zeros", bytes(30_000_000))])
    assert file.stat().st_size < 100_000
    usage = type("Usage", (), {"free": archive.SPARE_BYTES + 1_000_000})
    monkeypatch.setattr(archive.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ArchiveError, match="GB free"):
        restore_archive(file, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_a_store_of_a_newer_version_is_refused(tmp_path):
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        db.execute("PRAGMA user_version = 999")
    file = made(tmp_path / "b.zip", [(f"data/{DATABASE}", (tmp_path / "x.db").read_bytes())])
    with pytest.raises(ArchiveError, match="restore it with that version"):
        restore_archive(file, tmp_path / "to")
    assert not (tmp_path / "to").exists()


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 2000), at=st.integers(0, 2000), value=st.integers(0, 255))
def test_a_damaged_archive_is_one_sentence_or_the_very_same_files(tmp_path_factory, cut, at, value):
    folder = tmp_path_factory.mktemp("damaged")
    data = bytes(range(256)) * 4
    whole = bytearray(made(folder / "b.zip", [("a", data)]).read_bytes())
    whole[at % len(whole)] = value
    (folder / "b.zip").write_bytes(bytes(whole[: len(whole) - cut % 50]))
    try:
        restore_archive(folder / "b.zip", folder / "to")
    except ArchiveError:
        assert not (folder / "to").exists()
    else:
        assert (folder / "to" / "a").read_bytes() == data
