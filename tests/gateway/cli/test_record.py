"""Parts are collected with their surroundings, and a useless one is refused while it can be repeated."""

import asyncio
import csv
import io
import itertools
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.signal.capture import Capture
from analytics.synthesis.parts import part_sound
from connectors.plc.port import GwImage
from connectors.simulated.plc_modbus import ModbusServingPlc
from connectors.simulated.plc_opcua import NAMESPACE, OpcUaServingPlc
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations
from gateway.audio.source import Chunk
from gateway.cli import record
from gateway.cli.app import main
from gateway.cli.record_quality import look
from gateway.cli.record_triggers import EnterTrigger, SoundTrigger
from gateway.store.sole import sole_user

RATE = 16_000
SITE = """
[line]
name = "L"
[plc.main]
kind = "modbus"
host = "127.0.0.1"
[[station]]
name = "ring"
source = {source}
[station.parts]
plc = "main"
block = 0
recipes = {{ 1 = "recipes/a" }}
teach_parts = 20
"""
OPCUA = """
kind = "opcua"
url = "{address}"
security = "None"
"""
SIMULATED = '{ kind = "simulated", sound = "castings", rate = 16000 }'


@pytest.fixture
def site(tmp_path):
    def write(source=SIMULATED):
        file = tmp_path / "line.toml"
        file.write_text(SITE.format(source=source))
        return str(file)

    return write


class Hall:
    """A source that gives quiet and, once a second, a casting; as fast as it is read."""

    rate, channels = RATE, 1

    def __init__(self, parts):
        self.ended = False
        rng = np.random.default_rng(3)
        self._sound = (1e-3 * rng.standard_normal(RATE * (parts + 3))).astype(np.float32)
        for number in range(parts):
            sound = part_sound("castings", 7, f"T{number}", RATE).samples
            self._sound[RATE * (2 + number) :][: len(sound)] += sound
        self._at = 0

    def open(self):
        pass

    def close(self):
        pass

    def place(self, part_id, index):
        return index

    def chunks(self):
        piece = self._sound[self._at : self._at + 1600]
        if len(piece):
            yield Chunk(self._at, piece[:, None], self._at / RATE)
        self._at += len(piece)
        self.ended = self._at >= len(self._sound)


@pytest.mark.parametrize(("ending", "subtype"), [("flac", "PCM_24"), ("wav", "FLOAT")])
def test_parts_are_told_by_their_sound_kept_with_surroundings_and_listed(ending, subtype, site, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "make_source", lambda plan, clock: Hall(3))
    monkeypatch.setattr(record.time, "sleep", lambda seconds: None)
    to = tmp_path / "rec"
    assert main(["record", "ring", "--site", site(), "--label", "crack", "--count", "3", "--to", str(to), "--trigger",
                 "sound", "--consent", "--format", ending]) == 0  # fmt: skip

    with (to / "parts.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    for row in rows:
        info = soundfile.info(to / row["file"])
        assert row["file"].startswith("defect/crack/")
        assert (info.samplerate, info.subtype) == (RATE, subtype)
        assert info.frames == round(0.5 * RATE)  # 300 ms, and 100 ms on either side


def test_too_few_parts_end_with_exit_code_1_and_keep_what_there_is(site, tmp_path, monkeypatch):
    monkeypatch.setattr(record, "make_source", lambda plan, clock: Hall(2))
    monkeypatch.setattr(record.time, "sleep", lambda seconds: None)
    given_up = main(["record", "ring", "--site", site(), "--label", "good", "--count", "5", "--to",
                     str(tmp_path / "rec"), "--trigger", "sound", "--consent"])  # fmt: skip
    assert given_up == 1
    assert len(list((tmp_path / "rec" / "good").iterdir())) == 2


def test_it_refuses_while_a_gateway_holds_the_device(site, tmp_path, capsys):
    file = site('{ kind = "microphone", device = "USB Audio" }')
    with sole_user(tmp_path / "data"):
        assert main(["record", "ring", "--site", file, "--label", "good", "--consent"]) == 1
    assert "holds the device" in capsys.readouterr().err


@pytest.mark.parametrize(("station", "label"), [("ping", "good"), ("ring", "../x"), ("ring", "")])
def test_a_wrong_station_or_label_is_the_command_lines_fault(station, label, site):
    assert main(["record", station, "--site", site(), "--label", label, "--consent"]) == 2


def part(scale=1.0, around=1e-3, gaps=()):
    rng = np.random.default_rng(1)
    sound = (around * rng.standard_normal(8000)).astype(np.float32)
    sound[1600:6400] += (scale * 0.1 * rng.standard_normal(4800)).astype(np.float32)
    return Capture(np.clip(sound, -1, 1), RATE, 1600, 6400, gaps)


def test_each_kind_of_useless_part_is_named():
    silent = Capture(np.zeros(8000, np.float32), RATE, 1600, 6400)
    assert look(part(), [], False).fault == ""
    assert "silent" in look(silent, [], False).fault
    assert "clipped" in look(part(scale=10), [], False).fault
    assert "lost" in look(part(gaps=((2000, 2100),)), [], False).fault
    assert "disturbed" in look(part(around=0.05), [-60.0] * 3, False).fault
    assert "stands out" in look(part(scale=0.0), [], False).fault
    assert "spoke" in look(part(), [], True).fault


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 47_999), max_size=8, unique=True))
def test_where_a_part_begins_does_not_depend_on_how_the_sound_was_cut(cuts):
    rng = np.random.default_rng(5)
    sound = (1e-3 * rng.standard_normal(48_000)).astype(np.float32)
    sound[32_000:34_000] += 0.3
    trigger = SoundTrigger(RATE, 0.5)
    edges = [0, *sorted(cuts), len(sound)]
    calls = [c for a, b in pairwise(edges) for c in trigger.heard(a, sound[a:b])]
    assert [call.index for call in calls] == [32_000]


def test_what_is_typed_before_enter_is_the_parts_id():
    trigger = EnterTrigger(io.StringIO("P1\n\n"), now=lambda: 1.0)
    calls = []
    while not trigger.ended:
        calls += trigger.heard(0, np.zeros(0, np.float32))
    assert [call.part_id for call in calls] == ["P1", ""]


class Line:
    """A simulated PLC on a real socket, in a loop of its own: a part arrives every 0.55 s, heard by nobody."""

    def __init__(self, kind):
        self.stations = PlcStations({"ring": PlcProgram(PlcSettings(quiet_s=0.1))})
        served = {"modbus": lambda: ModbusServingPlc(self.stations, {"ring": 0}), "opcua": self._opcua}
        self._plc = served[kind]()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.address = self._run(self._plc.start())
        self._arriving = asyncio.run_coroutine_threadsafe(self._arrive(), self._loop)

    def _opcua(self):
        return OpcUaServingPlc(self.stations)

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    async def _arrive(self):
        for number in itertools.count():
            await asyncio.sleep(0.55)
            self.stations.programs["ring"].arrive(f"T{number}", 1)

    def stop(self):
        self._arriving.cancel()
        self._run(self._plc.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.mark.parametrize("kind", ["modbus", pytest.param("opcua", marks=pytest.mark.slow)])
def test_parts_are_told_by_the_triggers_of_a_plc_and_nothing_is_written_to_it(kind, site, tmp_path):
    line = Line(kind)
    try:
        file = Path(site())
        host, _, port = line.address.rpartition(":")
        text = file.read_text()
        if kind == "modbus":
            text = text.replace(f'host = "{host}"', f'host = "{host}"\nport = {port}')
        else:
            text = text.replace('kind = "modbus"\nhost = "127.0.0.1"', OPCUA.format(address=line.address))
            text = text.replace("block = 0", f'tags = "nsu={NAMESPACE};s=ring."')
        file.write_text(text)
        to = tmp_path / "rec"
        assert main(["record", "ring", "--site", str(file), "--label", "good", "--count", "2", "--to", str(to),
                     "--trigger", "plc", "--consent"]) == 0  # fmt: skip
        untouched = line.stations.g["ring"] == GwImage()
    finally:
        line.stop()

    with (to / "parts.csv").open(encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    assert len(rows) == 2
    assert all(row["part_id"].startswith("T") for row in rows)
    assert len({row["part_id"] for row in rows}) == 2
    for row in rows:
        heard, _ = soundfile.read(to / row["file"])
        truth = part_sound("castings", 1, row["part_id"], RATE).samples
        alike = np.correlate(heard, truth, "valid") if len(truth) <= len(heard) else np.correlate(truth, heard, "valid")
        assert np.max(np.abs(alike)) / (np.linalg.norm(heard) * np.linalg.norm(truth)) > 0.5
    assert untouched


def test_a_plc_that_is_not_there_is_said_and_ends_it(site, tmp_path, capsys):
    file = Path(site())
    file.write_text(file.read_text().replace('host = "127.0.0.1"', 'host = "127.0.0.1"\nport = 1'))
    assert main(["record", "ring", "--site", str(file), "--label", "good", "--to", str(tmp_path / "rec"), "--trigger",
                 "plc", "--consent"]) == 1  # fmt: skip
    assert "plc.main" in capsys.readouterr().err


def test_of_an_array_every_channel_is_kept(site, tmp_path, monkeypatch, capsys):
    class Pair(Hall):
        channels = 2

        def chunks(self):
            for chunk in super().chunks():
                yield Chunk(chunk.start, np.repeat(chunk.samples, 2, axis=1), chunk.clock)

    monkeypatch.setattr(record, "make_source", lambda plan, clock: Pair(3))
    monkeypatch.setattr(record.time, "sleep", lambda seconds: None)
    file = Path(site('{ kind = "recording", path = "x", rate = 16000 }'))
    array = "[station.array]\nchannels = [1, 2]\ndelays_ms = [0, 0]\n[station.parts]"
    file.write_text(file.read_text().replace("[station.parts]", array))
    to = tmp_path / "rec"
    assert main(["record", "ring", "--site", str(file), "--label", "good", "--count", "1", "--to", str(to), "--trigger",
                 "sound", "--consent"]) == 0  # fmt: skip

    (path,) = (to / "good").iterdir()
    assert soundfile.info(path).channels == 2
    assert "--array 1:0,2:0" in capsys.readouterr().err
