"""The microphone through a real audio system without hardware: PulseAudio reads a pipe that ALSA gives a name.

A writer fills the pipe in real time; when it stops, callbacks cease and nothing else happens: the commonest face of
unplugging.
"""

import itertools
import json
import os
import shutil
import signal
import subprocess
import threading
import time

import numpy as np
import pytest

from gateway.audio import portaudio
from gateway.audio.microphone import Microphone
from gateway.audio.source import SourceFault, SourceStuck
from gateway.cli.app import main
from gateway.processes.clock import SystemClock
from gateway.stations.plan import SourcePlan

RATE = 48_000
PIECE = 960  # 20 ms
PLAN = SourcePlan("microphone", RATE, channels=2, device="bench")

SERVER = ["pulseaudio", "-n", "--exit-idle-time=-1", "--disallow-exit=no", "--daemonize=no"]
SERVER += ["-L", "module-native-protocol-unix"]


def library():
    try:
        return portaudio.load()
    except SourceFault as fault:
        pytest.skip(str(fault))


class Plant:
    """A sound server with one microphone, and a writer that speaks into it: 1 kHz left, 3 kHz right."""

    def __init__(self, folder):
        self.fifo = folder / "microphone.fifo"
        self.server = subprocess.Popen(
            [*SERVER, "-L", f"module-pipe-source {self._source()}"],
            stderr=subprocess.DEVNULL,
        )
        self._quiet = threading.Event()
        self._writer = None
        waited_until(lambda: self._pactl("list", "short", "sources") is not None)

    def _source(self):
        return f"source_name=bench file={self.fifo} format=s16le rate={RATE} channels=2"

    @staticmethod
    def _pactl(*words):
        done = subprocess.run(["pactl", *words], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else None

    def unload(self):
        self._pactl("unload-module", "module-pipe-source")

    def load(self):
        self.fifo.unlink(missing_ok=True)  # with an old pipe in its way the module takes the server down
        self._pactl("load-module", "module-pipe-source", *self._source().split())

    def speak(self):
        self._quiet.clear()
        self._writer = threading.Thread(target=self._write)
        self._writer.start()

    def be_quiet(self):
        self._quiet.set()
        if self._writer is not None:
            self._writer.join()

    def _write(self):
        pipe = os.open(self.fifo, os.O_WRONLY)
        began, n = time.monotonic(), 0
        while not self._quiet.wait(max(0.0, began + n / RATE - time.monotonic())):
            t = np.arange(n, n + PIECE)[:, None] / RATE
            tone = 0.5 * np.sin(2 * np.pi * np.array([1000, 3000]) * t)
            try:
                os.write(pipe, (tone * 32767).astype("<i2").tobytes())
            except BrokenPipeError:
                break
            n += PIECE
        os.close(pipe)

    def end(self):
        self.server.kill()  # first, since a pipe that nobody reads holds its writer
        self.server.wait()
        self.be_quiet()


@pytest.fixture
def plant(tmp_path, monkeypatch):
    if not all(shutil.which(name) for name in ("pulseaudio", "pactl")):
        pytest.skip("pulseaudio is not installed: the microphone is not tested through a real audio system")
    library()
    for name in ("run", "home"):
        (tmp_path / name).mkdir(mode=0o700)
    names = tmp_path / "asound.conf"
    names.write_text(
        "</usr/share/alsa/alsa.conf>\n"
        'pcm.bench { type pulse device "bench" hint { show on description "bench microphone" } }\n'
    )
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(names))
    monkeypatch.delenv("PULSE_SERVER", raising=False)
    plant = Plant(tmp_path)
    yield plant
    plant.end()


def waited_until(reached, within_s=10.0):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if (found := reached()) is not None and found is not False:
            return found
        time.sleep(0.005)  # polling a real audio system
    raise AssertionError("did not happen")


def heard(microphone, samples):
    """Chunks until so many samples came."""
    chunks = []

    def enough():
        chunks.extend(microphone.chunks())
        return sum(len(one.samples) for one in chunks) >= samples

    waited_until(enough)
    return chunks


def lost(microphone):
    """The fault that ends the stream."""

    def gone():
        try:
            for _ in microphone.chunks():
                pass
        except SourceFault as fault:
            return fault
        return None

    return waited_until(gone)


def pitch(samples):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return spectrum.argmax() * RATE / len(samples)


@pytest.fixture
def microphone():
    """A microphone that is closed whatever happens."""
    made = []

    def make():
        made.append(Microphone(PLAN, SystemClock()))
        made[-1].open()
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_tone_arrives_with_its_frequency_on_its_channel_and_without_a_gap(plant, microphone):
    plant.speak()

    chunks = heard(microphone(), RATE // 2)

    samples = np.concatenate([one.samples for one in chunks])[-RATE // 4 :]
    assert [pitch(samples[:, 0]), pitch(samples[:, 1])] == pytest.approx([1000, 3000], abs=5)
    assert samples.std(axis=0) == pytest.approx([0.354, 0.354], abs=0.01)
    assert all(a.stop == b.start for a, b in itertools.pairwise(chunks))
    assert chunks[0].start == 0


def test_a_microphone_that_falls_quiet_is_missed_and_found_again(plant, microphone):
    plant.speak()
    first = microphone()
    heard(first, RATE // 10)

    plant.be_quiet()
    fault = lost(first)
    first.close()
    plant.speak()
    again = heard(microphone(), RATE // 10)

    assert 'microphone "bench": no sound for 1.5 s' in str(fault)
    assert again


def test_a_source_that_is_taken_away_and_brought_back_is_heard_again_in_the_same_process(plant, microphone):
    plant.speak()
    first = microphone()
    heard(first, RATE // 10)

    plant.be_quiet()
    plant.unload()
    lost(first)
    first.close()
    refused = lost(microphone())  # nothing there: an error in words, or nothing heard
    plant.load()
    plant.speak()
    again = heard(microphone(), RATE // 10)

    assert 'microphone "bench"' in str(refused)
    assert again


def test_a_killed_sound_server_is_noticed(plant, microphone, capfd):
    plant.speak()
    one = microphone()
    heard(one, RATE // 10)

    plant.end()
    fault = lost(one)

    assert "the audio system ended the stream" in str(fault)
    capfd.readouterr()  # PortAudio's own lines on stderr


def test_a_frozen_sound_server_is_noticed_and_ends_in_a_word_to_leave_the_process(plant, microphone, monkeypatch):
    monkeypatch.setattr(portaudio, "TURN_S", 0.2)
    plant.speak()
    first = microphone()
    heard(first, RATE // 10)

    plant.server.send_signal(signal.SIGSTOP)
    fault = lost(first)
    first.close()  # hangs inside, and does not keep us
    stuck = lost(microphone())
    plant.server.send_signal(signal.SIGCONT)
    first._attendant.join(5)

    assert "no sound for 1.5 s" in str(fault)
    assert isinstance(stuck, SourceStuck)
    assert "this process must end to free it" in str(stuck)
    assert not first._attendant.is_alive()


def test_the_level_meter_shows_what_a_device_hears(plant, capsys):
    plant.speak()

    code = main(["devices", "--device", "bench", "--meter", "0.6", "--json"])

    found = json.loads(capsys.readouterr().out)
    assert code == 0
    assert found["name"] == "bench"
    assert max(found["levels_db"]) == pytest.approx(-9.0, abs=3.5)  # spread over the 32 channels a sound server claims


def test_the_level_meter_writes_its_last_state_once_where_nothing_can_be_redrawn(plant, capsys, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    plant.speak()

    code = main(["devices", "--device", "bench", "--meter", "0.6"])

    out = capsys.readouterr().out
    assert code == 0
    assert out.count("dB re full scale") == 1
    assert "#####" in out
    assert "\x1b" not in out
