"""A few answers become a file that passes `check`, with the PLC's tags found by looking."""

import asyncio
import os
import select
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from config.load import load
from connectors.plc.opcua_find import places_among
from connectors.plc.opcua_tags import G_TAGS, P_TAGS
from connectors.simulated.plc_opcua import OpcUaServingPlc
from connectors.simulated.plc_program import PlcProgram
from connectors.simulated.plc_stations import PlcStations
from gateway.cli.app import main

ROOT = Path(__file__).parents[3]


def answers(tmp_path, text):
    file = tmp_path / "answers.toml"
    file.write_text(text)
    return str(file)


@pytest.fixture(scope="module")
def plc():
    """A simulated PLC with one station in a thread of its own, as `main` runs a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    server = OpcUaServingPlc(PlcStations({"ring": PlcProgram()}))
    yield asyncio.run_coroutine_threadsafe(server.start(), loop).result(20)
    asyncio.run_coroutine_threadsafe(server.stop(), loop).result(20)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_the_tags_are_found_in_the_plc_and_the_file_passes_check(plc, tmp_path, capsys):
    told = answers(tmp_path, f'line = "L \\"2\\""\nstation = "ring"\naddress = "{plc}"\nsecurity = "None"\n')
    file = tmp_path / "line.toml"
    assert main(["new", str(file), "--answers", told]) == 0, capsys.readouterr()
    site = load(file)
    assert site.line.name == 'L "2"'
    assert site.station[0].mode == "observe"
    assert site.station[0].parts.tags.endswith("ring.")
    main(["check", str(file), "--connect"])
    assert "FAULT" not in capsys.readouterr().out


def test_a_machine_needs_no_plc(tmp_path):
    file = tmp_path / "line.toml"
    assert (
        main(["new", str(file), "--answers", answers(tmp_path, 'hears = "machine"\nasset = "P-1"\nrpm = 1480\n')]) == 0
    )
    assert load(file).station[0].machine.rpm == 1480


def test_a_file_that_is_there_is_never_overwritten(tmp_path, capsys):
    file = tmp_path / "line.toml"
    file.write_text("mine")
    assert main(["new", str(file), "--answers", answers(tmp_path, 'hears = "machine"\nasset = "P"\n')]) == 1
    assert file.read_text() == "mine"
    assert "never overwritten" in capsys.readouterr().err


@pytest.mark.parametrize("text", ['helps = "parts"', "not toml", 'hears = "machine"\nasset = ""', 'hears = "birds"'])
def test_wrong_answers_leave_no_file(text, tmp_path):
    assert main(["new", str(tmp_path / "line.toml"), "--answers", answers(tmp_path, text)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["answers.toml"]


def test_a_place_that_lacks_a_tag_is_named_with_it():
    whole = [f"nsu=urn:x;s=a.{name}" for name in (*P_TAGS, *G_TAGS)]
    part = [f"nsu=urn:x;s=b.{name}" for name in (*P_TAGS, *G_TAGS) if name != "Verdict"]
    first, second = places_among([*part, *whole, "nsu=urn:x;s=other"])
    assert (first.prefix, first.missing) == ("nsu=urn:x;s=a.", ())
    assert (second.prefix, second.missing) == ("nsu=urn:x;s=b.", ("Verdict",))


class Terminal:
    """The command at a real terminal: waits for each question, types the answer, reads what is shown."""

    def __init__(self, *words):
        pty = pytest.importorskip("pty")
        ours, theirs = pty.openpty()
        self._master = ours
        self._process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli.app", *words], cwd=ROOT, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def asked(self, question, answer):
        """Wait until it is asked, then type the answer."""
        self._read_until(question)
        os.write(self._master, f"{answer}\n".encode())

    def leave(self, question):
        """Wait until it is asked, then end the input: Ctrl-D."""
        self._read_until(question)
        os.write(self._master, b"\x04")

    def ended(self):
        """Read to the end; the exit code."""
        self._read_until(None)
        os.close(self._master)
        return self._process.wait(20)

    def _read_until(self, wanted):
        begun = len(self.shown)
        while wanted is None or wanted not in self.shown[begun:]:
            ready, _, _ = select.select([self._master], [], [], 30.0)
            assert ready, f"never asked {wanted!r}; shown {self.shown!r}"
            try:
                piece = os.read(self._master, 4096)
            except OSError:  # Linux says so at the end of a terminal
                piece = b""
            if not piece:
                assert wanted is None, f"never asked {wanted!r}; shown {self.shown!r}"
                return
            self.shown += piece.decode()


def test_at_a_terminal_each_question_is_asked_a_wrong_answer_again_and_the_tags_are_found(plc, tmp_path):
    terminal = Terminal("new", str(tmp_path / "line.toml"))
    terminal.asked("What do people call the line?", "Line 2")
    terminal.asked("Time zone", "Berlin")
    terminal.asked("found 'Berlin'; wanted a name", "Europe/Berlin")
    terminal.asked("Short name of the station", "ring test")
    terminal.asked("found 'ring test'; wanted text like", "ring")
    terminal.asked("What does it hear?", "birds")
    terminal.asked("wanted one of parts, machine", "")
    terminal.asked("How does the PLC speak?", "opcua")
    terminal.asked("Address of its OPC UA server", plc)
    terminal.asked("Security", "None")
    terminal.asked("PartType of the first product", "7")
    terminal.asked("A page on this PC", "n")
    assert terminal.ended() == 0, terminal.shown

    site = load(tmp_path / "line.toml")
    (station,) = site.station
    assert (site.line.name, site.line.timezone, site.serve.page) == ("Line 2", "Europe/Berlin", "")
    assert (station.name, station.mode, list(station.parts.recipes)) == ("ring", "observe", [7])
    assert station.parts.tags.endswith("ring.")
    assert "taken: " in terminal.shown
    assert "written and checked" in terminal.shown


def test_a_terminal_that_is_left_in_the_middle_leaves_no_file(tmp_path):
    terminal = Terminal("new", str(tmp_path / "line.toml"))
    terminal.asked("What do people call the line?", "Line 2")
    terminal.leave("Time zone")
    assert terminal.ended() != 0
    assert "Traceback" not in terminal.shown
    assert list(tmp_path.iterdir()) == []
