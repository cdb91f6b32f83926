"""The microphone without an audio system: gaps, bounds, and what is said when it cannot be had."""

import sys

import numpy as np
import pytest

from gateway.audio.microphone import BUFFER_S, OPEN_S, STALL_S, Microphone
from gateway.audio.portaudio import Device, find
from gateway.audio.source import SourceFault, SourceStuck
from gateway.stations.plan import SourcePlan

RATE = 48_000
PIECE = 960  # 20 ms
PLAN = SourcePlan("microphone", RATE, channels=2, device="bench")


# ---- without an audio system ---------------------------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time


class Flag:
    def __init__(self, input_overflow=False):
        self.input_overflow = input_overflow


def block(n, value=0.25):
    return np.full((n, 2), value, np.float32)


def test_an_overflow_is_a_gap_as_long_as_the_clock_says():
    clock = Clock()
    microphone = Microphone(PLAN, clock)

    microphone._callback(block(480), 480, None, Flag())
    clock.time += 0.1
    microphone._callback(block(480), 480, None, Flag(input_overflow=True))
    chunks = list(microphone.chunks())

    assert [(one.start, one.stop) for one in chunks] == [(0, 480), (4800, 5280)]


def test_an_overflow_the_clock_has_not_seen_still_is_a_gap():
    microphone = Microphone(PLAN, Clock())

    microphone._callback(block(480), 480, None, Flag())
    microphone._callback(block(480), 480, None, Flag(input_overflow=True))
    chunks = list(microphone.chunks())

    assert [(one.start, one.stop) for one in chunks] == [(0, 480), (481, 961)]


def test_a_loop_that_does_not_come_loses_sound_and_not_memory():
    microphone = Microphone(PLAN, Clock())
    for _ in range(1000):
        microphone._callback(block(480), 480, None, Flag())

    kept = list(microphone.chunks())
    microphone._callback(block(480), 480, None, Flag())
    later = list(microphone.chunks())

    assert sum(len(one.samples) for one in kept) <= BUFFER_S * RATE
    assert later[0].start == 1000 * 480


def test_the_callback_keeps_a_copy_since_portaudio_uses_its_buffer_again():
    microphone = Microphone(PLAN, Clock())
    buffer = block(480)

    microphone._callback(buffer, 480, None, Flag())
    buffer[:] = 9.0

    assert next(iter(microphone.chunks())).samples.max() == 0.25


def test_a_bug_in_the_callback_is_told_to_the_worker():
    microphone = Microphone(PLAN, Clock())

    with pytest.raises(TypeError):
        microphone._callback(None, 480, None, Flag())

    with pytest.raises(SourceFault, match="our own fault while listening"):
        list(microphone.chunks())


def test_an_audio_system_that_never_answers_ends_the_process():
    clock = Clock()
    microphone = Microphone(PLAN, clock)

    clock.time += OPEN_S + 0.1

    with pytest.raises(SourceStuck, match="must end to free it"):
        list(microphone.chunks())


def test_no_block_for_too_long_is_a_fault():
    clock = Clock()
    microphone = Microphone(PLAN, clock)
    microphone._started = clock.now()
    microphone._callback(block(480), 480, None, Flag())
    list(microphone.chunks())

    clock.time += STALL_S + 0.1

    with pytest.raises(SourceFault, match=r"no sound for 1\.5 s"):
        list(microphone.chunks())


def test_portaudio_that_is_missing_is_one_sentence_that_names_the_package(monkeypatch):
    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
    monkeypatch.setattr("sys.meta_path", [Missing(), *sys.meta_path])

    with pytest.raises(SourceFault, match="apt-get install libportaudio2"):
        Microphone(PLAN, Clock()).open()


DEVICES = [
    Device(0, "Scarlett 18i8 USB: Audio (hw:1,0)", "ALSA", 18, 48_000.0),
    Device(1, "Microphone (Realtek)", "MME", 2, 44_100.0),
    Device(2, "Microphone (Realtek) extra", "Windows WASAPI", 2, 48_000.0),
    Device(3, "pulse", "ALSA", 32, 44_100.0),
    Device(4, "pulse monitor", "ALSA", 2, 44_100.0),
]


@pytest.mark.parametrize(
    ("name", "host_api", "index"),
    [("scarlett", "", 0), ("Realtek", "WASAPI", 2), ("realtek", "mme", 1), ("pulse", "ALSA", 3)],
)
def test_a_device_is_found_by_part_of_its_name_and_host_api(name, host_api, index):
    assert find(DEVICES, name, host_api, 1).index == index


@pytest.mark.parametrize(
    ("name", "host_api", "channels", "sentence"),
    [
        ("Umik", "", 1, 'microphone "Umik": not found among: "Scarlett.*; "Microphone'),
        ("Realtek", "", 1, r'found several: "Microphone \(Realtek\)" \(MME, 2 channels\); .* set host_api'),
        ("scarlett", "WASAPI", 1, 'microphone "scarlett" of WASAPI: not found'),
        ("pulse monitor", "", 3, "wanted channel 3; set channel lower"),
    ],
)
def test_a_device_that_is_not_the_only_one_is_refused_with_what_there_is(name, host_api, channels, sentence):
    with pytest.raises(SourceFault, match=sentence):
        find(DEVICES, name, host_api, channels)


def test_without_any_device_the_sentence_says_so():
    with pytest.raises(SourceFault, match="no device that can hear"):
        find([], "Umik", "", 1)
