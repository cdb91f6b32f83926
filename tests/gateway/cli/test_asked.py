"""`wheeltapper acknowledge / order / maintenance-done` against a gateway, and against none."""

import json
import threading

import pytest

from gateway.cli import asked
from gateway.cli.app import main
from gateway.processes.clock import SystemClock
from gateway.processes.ledger_messages import CommandAnswer
from gateway.serve.spool import Spool
from gateway.store.database import Store

IDS = ("ABCDEFGHIJKLMNOP", "ABCDZZZZZZZZZZZZ", "QRSTUVWXYZ234567")


@pytest.fixture
def store(tmp_path):
    folder = tmp_path / "data"
    store = Store.open(folder, "now")
    with store.commit() as db:
        for number, name in enumerate(IDS):
            db.execute(
                "INSERT INTO incidents (id, number, station, asset, failure_mode, severity, text, raised_at, ended_why,"
                " acknowledged_by, acknowledged_at) VALUES (?, ?, 'pump-7', 'PUMP-7', 'outer race', 'warning', 'heard',"
                " '2026-11-24T12:00:00+00:00', '', ?, ?)",
                (name, number, "Ana" if number == 0 else None, "2026-11-24T13:14:15+00:00" if number == 0 else None),
            )
    store.close()
    return folder


class StandIn:
    """A gateway's folder, looked into by a thread that answers every command alike, or not at all."""

    def __init__(self, store, answer):
        self.spool, self.answer = Spool(store / "commands", SystemClock()), answer
        self.spool.turn([])
        self.taken = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        answers = []
        while not self._stop.wait(0.01):
            commands = self.spool.turn(answers).commands
            self.taken += commands
            answers = [
                CommandAnswer(c.name, c.target, c.who, self.answer, f"said of {c.target}", c.id)
                for c in commands
                if self.answer is not None
            ]

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)


def test_an_accepted_command_is_told_and_ends_well(store, capsys):
    with StandIn(store, True) as gateway:
        assert main(["acknowledge", "qrst", "--store", str(store), "--who", "Ana Lopez"]) == 0
    assert capsys.readouterr().out == "said of QRSTUVWXYZ234567\n"
    (command,) = gateway.taken
    assert (command.name, command.target, command.who, command.via) == (
        "acknowledge",
        "QRSTUVWXYZ234567",
        "Ana Lopez",
        "terminal",
    )
    assert list((store / "commands").iterdir()) == []


def test_a_refused_command_ends_with_1(store, capsys):
    with StandIn(store, False):
        assert main(["order", IDS[2], "--store", str(store)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "said of QRSTUVWXYZ234567" in said.err


@pytest.mark.parametrize(("accepted", "code"), [(True, 0), (False, 1)])
def test_a_machine_reads_one_object(store, capsys, accepted, code):
    with StandIn(store, accepted):
        assert main(["maintenance-done", "pump-7", "--store", str(store), "--who", "Ana", "--json"]) == code
    assert json.loads(capsys.readouterr().out) == {
        "name": "maintenance-done",
        "target": "pump-7",
        "who": "Ana",
        "accepted": accepted,
        "sentence": "said of pump-7",
    }


def test_where_no_gateway_ever_ran_it_is_said_at_once(store, capsys):
    assert main(["maintenance-done", "pump-7", "--store", str(store)]) == 1
    assert "is it running? wheeltapper run" in capsys.readouterr().err


def test_where_no_gateway_answers_the_command_is_withdrawn(store, capsys):
    Spool(store / "commands", SystemClock()).turn([])
    assert main(["maintenance-done", "pump-7", "--store", str(store), "--wait", "0.1"]) == 1
    said = capsys.readouterr()
    assert "waiting for the gateway" in said.err
    assert "withdrawn; is it running?" in said.err
    assert list((store / "commands").iterdir()) == []


def test_a_gateway_that_takes_it_and_says_nothing_is_told_apart(store, capsys):
    with StandIn(store, None):
        assert main(["maintenance-done", "pump-7", "--store", str(store), "--wait", "1"]) == 1
    assert "has taken the command and not answered" in capsys.readouterr().err


def test_an_answer_that_is_none_is_one_sentence(store, capsys, monkeypatch):
    token = "0" * 32
    monkeypatch.setattr(asked.asks, "new_token", lambda: token)
    Spool(store / "commands", SystemClock()).turn([])
    (store / "commands" / f"{token}.answer").write_bytes(b"{}")
    assert main(["maintenance-done", "pump-7", "--store", str(store)]) == 1
    assert "accepted: Field required" in capsys.readouterr().err


def test_ctrl_c_withdraws_the_command(store, monkeypatch):
    Spool(store / "commands", SystemClock()).turn([])

    def interrupted(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(asked.time, "sleep", interrupted)
    assert main(["maintenance-done", "pump-7", "--store", str(store)]) != 0
    assert list((store / "commands").iterdir()) == []


@pytest.mark.parametrize(
    ("beginning", "said"),
    [
        ("ABCD", "begins several ids, ABCDEFGHIJKLMNOP, ABCDZZZZZZZZZZZZ; give more of it"),
        ("ABC", "at least 4 characters"),
        ("", "at least 4 characters"),
        ("ZZZZ", "no incident's id begins so"),
        ("%%%%", "no incident's id begins so"),
    ],
)
def test_a_beginning_that_means_no_one_incident_asks_nobody(store, capsys, beginning, said):
    assert main(["acknowledge", beginning, "--store", str(store)]) == 1
    assert said in capsys.readouterr().err
    assert not (store / "commands").exists()


@pytest.mark.parametrize("who", ["Ana\nBen", "x" * 101, "   ", "\x1b[2J"])
def test_a_name_that_could_deceive_is_a_fault_of_the_command_line(store, who):
    assert main(["maintenance-done", "pump-7", "--store", str(store), "--who", who]) == 2


def test_who_lends_only_its_rights_is_not_who_asks(monkeypatch):
    monkeypatch.setenv("SUDO_USER", "ana")
    assert asked.user_name() == "ana"
    monkeypatch.delenv("SUDO_USER")
    monkeypatch.setenv("LOGNAME", "ben")
    assert asked.user_name() == "ben"


def test_orders_shows_the_id_to_ask_with_and_who_has_seen_it(store, capsys):
    assert main(["orders", "--store", str(store)]) == 0
    first, *rest = capsys.readouterr().out.splitlines()[1:]
    assert first.startswith("ABCDEFGH ")
    assert "Ana 2026-11-24 13:14" in first
    assert not any("Ana" in line for line in rest)
    assert main(["orders", "--store", str(store), "--json", "-n", "3"]) == 0
    row = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (row["incident"], row["acknowledged_by"]) == (IDS[0], "Ana")
    assert row["acknowledged_at"] == "2026-11-24T13:14:15+00:00"
