"""A few answers become a file that passes `check`, with the PLC's tags found by looking."""

import asyncio
import threading

import pytest

from config.load import load
from connectors.plc.opcua_find import places_among
from connectors.plc.opcua_tags import G_TAGS, P_TAGS
from connectors.simulated.plc_opcua import OpcUaServingPlc
from connectors.simulated.plc_program import PlcProgram
from connectors.simulated.plc_stations import PlcStations
from gateway.cli.app import main


def answers(tmp_path, text):
    file = tmp_path / "answers.toml"
    file.write_text(text)
    return str(file)


@pytest.fixture
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
