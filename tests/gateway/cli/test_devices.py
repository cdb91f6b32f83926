"""The list of devices where there is none, and the meter's arithmetic; a real device is heard in gateway/audio."""

import json

import numpy as np
import pytest

from gateway.audio import portaudio
from gateway.audio.portaudio import Device
from gateway.audio.source import SourceFault
from gateway.cli import devices
from gateway.cli.app import main

CARD = Device(0, "Scarlett 18i8", "ALSA", 18, 48_000.0)


@pytest.fixture
def one_card(monkeypatch):
    monkeypatch.setattr(devices, "found_devices", lambda: [CARD])


def test_no_device_is_one_sentence_with_what_to_look_at(monkeypatch, capsys):
    monkeypatch.setattr(devices, "found_devices", list)

    code = main(["devices"])

    assert code == 1
    assert "no device that can hear was found; is one plugged in" in capsys.readouterr().err


def test_the_list_ends_with_the_line_for_the_site_file(one_card, capsys):
    code = main(["devices"])

    out = capsys.readouterr().out
    assert code == 0
    assert "Scarlett 18i8" in out
    assert 'source = { kind = "microphone", device = "Scarlett 18i8", channel = 1, rate = 48000 }' in out


def test_json_is_one_object_a_device_and_nothing_else(one_card, capsys):
    code = main(["devices", "--json"])

    assert code == 0
    assert json.loads(capsys.readouterr().out) == {
        "index": 0,
        "name": "Scarlett 18i8",
        "host_api": "ALSA",
        "channels": 18,
        "rate": 48000.0,
    }


def test_a_name_nobody_has_is_said(one_card, capsys):
    code = main(["devices", "--device", "Umik"])

    assert code == 1
    assert 'no device that can hear is called "Umik"' in capsys.readouterr().err


def test_without_portaudio_the_command_names_the_package(monkeypatch, capsys):
    def missing():
        raise SourceFault("microphone: PortAudio was not found; install libportaudio2")

    monkeypatch.setattr(portaudio, "load", missing)

    code = main(["devices"])

    assert code == 1
    assert capsys.readouterr().err == "microphone: PortAudio was not found; install libportaudio2\n"


def test_the_meter_shows_rms_of_each_channel_and_survives_nan():
    samples = np.stack([np.full(480, 0.1), np.zeros(480), np.full(480, np.nan)], axis=1).astype(np.float32)

    levels = devices._levels_db(samples)

    assert levels == pytest.approx([-20.0, -240.0, -240.0], abs=0.01)
