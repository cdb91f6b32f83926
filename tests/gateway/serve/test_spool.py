"""The commands folder as the front looks into it."""

import os
import sys
from datetime import UTC, datetime

import pytest

from gateway.processes.ledger_messages import Command, CommandAnswer
from gateway.serve import asks, spool
from gateway.serve.asks import Ask, Reply
from gateway.serve.spool import Spool, SpoolFault

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ASK = Ask(name="acknowledge", target="ABCD", who="Ana")


class StillClock:
    def now(self):
        return 0.0

    def wall(self):
        return NOW


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "store" / "commands"


@pytest.fixture
def door(folder):
    door = Spool(folder, StillClock())
    assert door.turn([]).commands == []
    return door


def aged(path, seconds=1.0):
    at = NOW.timestamp() - seconds
    os.utime(path, (at, at), follow_symlinks=False)
    return path


def lay(folder, ask=ASK, seconds=1.0):
    token = asks.new_token()
    asks.write(folder, token, asks.ASK, ask)
    aged(folder / f"{token}.ask", seconds)
    return token


def reply_to(folder, token):
    return asks.read(folder / f"{token}.answer", Reply)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no modes")
def test_the_folder_is_made_for_its_owner_alone(folder, door):
    assert folder.stat().st_mode & 0o777 == 0o700


def test_what_was_asked_is_taken_once_and_its_answer_laid_beside_it(folder, door):
    token = lay(folder)

    (command,) = door.turn([]).commands
    assert command == Command("acknowledge", "ABCD", "Ana", "terminal", id=command.id)
    assert door.turn([CommandAnswer("acknowledge", "ABCD", "Ana", True, "done", command.id)]).commands == []
    assert reply_to(folder, token) == Reply(accepted=True, sentence="done")
    assert [path.name for path in folder.iterdir()] == [f"{token}.answer"]


@pytest.mark.parametrize("name", ["", "page:1", "spool:", "spool:../../x", "spool:" + "0" * 31, "0" * 32])
def test_an_answer_to_somebody_else_is_not_written(folder, door, name):
    door.turn([CommandAnswer("acknowledge", "ABCD", "Ana", True, "done", name)])
    assert list(folder.iterdir()) == []


def test_a_command_that_was_withdrawn_is_not_carried_out(folder, door, monkeypatch):
    token = lay(folder)

    def read_and_lose(path, kind):
        path.unlink()  # the asker gives up just now
        return ASK

    monkeypatch.setattr(spool.asks, "read", read_and_lose)
    looked = door.turn([])
    assert looked.commands == looked.refused == []
    assert not (folder / f"{token}.answer").exists()


@pytest.mark.parametrize("seconds", [61.0, 1e6, -61.0])
def test_a_command_nobody_waits_for_any_more_is_refused_and_removed(folder, door, seconds):
    token = lay(folder, seconds=seconds)

    looked = door.turn([])
    assert looked.commands == []
    assert len(looked.refused) == 1
    assert not reply_to(folder, token).accepted
    assert not (folder / f"{token}.ask").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"x" * 5000, b'{"version":1,"name":"reboot"}'])
def test_a_hostile_file_is_refused_and_removed_and_the_next_one_is_carried_out(folder, door, content):
    token = asks.new_token()
    aged_path = folder / f"{token}.ask"
    aged_path.write_bytes(content)
    aged(aged_path)
    lay(folder)

    looked = door.turn([])
    assert (len(looked.commands), len(looked.refused)) == (1, 1)
    assert not reply_to(folder, token).accepted
    assert not aged_path.exists()


def test_a_link_is_refused_and_what_it_points_to_is_left_alone(folder, door, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text(ASK.model_dump_json(), encoding="utf-8")
    link = folder / f"{asks.new_token()}.ask"
    try:
        link.symlink_to(elsewhere)
    except OSError:
        pytest.skip("this user may make no links")
    aged(link)

    assert door.turn([]).commands == []
    assert not link.is_symlink()
    assert elsewhere.exists()


def test_a_flood_is_taken_a_handful_at_a_look(folder, door):
    for _ in range(2 * spool.ASKS_MAX + 5):
        lay(folder)

    taken = [len(door.turn([]).commands) for _ in range(4)]
    assert taken == [spool.ASKS_MAX, spool.ASKS_MAX, 5, 0]


def test_what_nobody_fetched_is_removed_after_a_minute_and_folders_are_left_alone(folder, door):
    fresh, old = folder / f"{asks.new_token()}.answer", folder / f"{asks.new_token()}.answer"
    torn, foreign = folder / f"{asks.new_token()}.ask.part", folder / "notes.txt"
    for path in (fresh, old, torn, foreign):
        path.write_text("x", encoding="utf-8")
    for path in (old, torn, foreign):
        aged(path, 61)
    aged(fresh)
    (folder / "kept").mkdir()
    (folder / f"{asks.new_token()}.ask").mkdir()

    assert door.turn([]).commands == []
    assert {path for path in folder.iterdir() if path.is_file()} == {fresh}
    assert (folder / "kept").is_dir()


def test_an_answer_that_cannot_be_written_keeps_nobody_else_waiting(folder, door):
    token, other = asks.new_token(), asks.new_token()
    (folder / f"{token}.answer").mkdir()  # in the way
    door.turn([CommandAnswer("order", "A", "Ana", True, "yes", f"spool:{name}") for name in (token, other)])
    assert reply_to(folder, other).accepted


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no modes")
def test_a_folder_that_everybody_may_write_to_is_not_listened_to(folder, door):
    token = lay(folder)
    folder.chmod(0o777)
    with pytest.raises(SpoolFault, match="everybody may write"):
        door.turn([])
    assert (folder / f"{token}.ask").exists()
    folder.chmod(0o700)
    assert len(door.turn([]).commands) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no owners here")
def test_a_folder_of_another_user_is_not_listened_to(folder, door, monkeypatch):
    lay(folder)
    monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
    with pytest.raises(SpoolFault, match="another user"):
        door.turn([])


def test_a_file_or_a_link_in_the_folders_place_is_said(tmp_path):
    (tmp_path / "commands").write_text("", encoding="utf-8")
    with pytest.raises(SpoolFault):
        Spool(tmp_path / "commands", StillClock()).turn([])
    (tmp_path / "real").mkdir()
    try:
        (tmp_path / "link").symlink_to(tmp_path / "real")
    except OSError:
        return
    with pytest.raises(SpoolFault, match="no folder"):
        Spool(tmp_path / "link", StillClock()).turn([])


def test_a_folder_that_was_removed_is_made_again(folder, door):
    folder.rmdir()
    door.turn([])
    lay(folder)
    assert len(door.turn([]).commands) == 1


def test_a_file_that_cannot_be_removed_is_not_carried_out_and_said_once(folder, door, monkeypatch):
    token = lay(folder)
    said = []
    monkeypatch.setattr(spool.log, "warning", lambda sentence, **fields: said.append(fields["file"]))

    def held(path):
        raise PermissionError(13, "held open by another program")

    with monkeypatch.context() as held_open:
        held_open.setattr(spool.Path, "unlink", held)
        assert [door.turn([]).commands for _ in range(3)] == [[], [], []]
    assert said == [repr(f"{token}.ask")]
    assert len(door.turn([]).commands) == 1
