"""Recordings and simulations in place of a microphone, against a clock that stands still until told."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.synthesis.parts import part_sound, part_truth
from analytics.synthesis.streams import Ambience, MachineSound
from gateway.audio.open import make_source
from gateway.audio.pace import HURRY_S
from gateway.audio.ring import Ring
from gateway.audio.source import SourceFault
from gateway.stations.plan import SourcePlan

RATE = 16_000


class Clock:
    def __init__(self, time=100.0):
        self.time = time

    def now(self):
        return self.time


def clip(value, n=800, channels=1):
    return np.full((n, channels), value, np.float32)


@pytest.fixture
def folder(tmp_path):
    """Three parts of 50 ms, each a constant, so that one sample tells which part it is."""
    for name, value in (("A1", 0.25), ("A2", 0.5), ("A3", 0.75)):
        soundfile.write(tmp_path / f"{name}.wav", clip(value), RATE, subtype="FLOAT")
    return tmp_path


def opened(plan, clock):
    source = make_source(plan, clock)
    source.open()
    return source


def heard(source, ring=None):
    ring = ring or Ring(10 * RATE, source.channels)
    for chunk in source.chunks():
        ring.write(chunk)
    return ring


def parts(folder, **more):
    return SourcePlan("recording", RATE, path=str(folder), **more)


# ---- recorded parts ---------------------------------------------------------------------------------------------


def test_a_clip_is_heard_where_its_part_is_placed_and_nothing_is_known_around_it(folder):
    clock = Clock()
    source = opened(parts(folder), clock)

    begins = source.place("A2", 1000)
    clock.time += 0.5
    samples, gaps = heard(source).read(0, 8000)

    assert begins == 1000
    assert gaps == ((0, 1000), (1800, 8000))
    assert (samples[1000:1800] == 0.5).all()


def test_an_unknown_part_is_a_gap_and_never_the_next_file(folder):
    clock = Clock()
    source = opened(parts(folder), clock)

    begins = source.place("B1", 1000)
    clock.time += 0.5
    _, gaps = heard(source).read(0, 8000)

    assert begins is None
    assert gaps == ((0, 8000),)


def test_a_part_placed_in_the_past_begins_with_the_next_sample_and_is_whole(folder):
    clock = Clock()
    source = opened(parts(folder), clock)
    clock.time += 0.125
    ring = heard(source)

    begins = source.place("A1", 1000)
    clock.time += 0.5
    samples, gaps = heard(source, ring).read(begins, begins + 800)

    assert begins == 2000
    assert gaps == ()
    assert (samples == 0.25).all()


def test_two_parts_placed_over_each_other_are_played_one_after_the_other(folder):
    clock = Clock()
    source = opened(parts(folder), clock)

    begins = [source.place(name, 100) for name in ("A1", "A3")]
    clock.time += 0.5
    samples, _ = heard(source).read(0, 2000)

    assert begins == [100, 900]
    assert (samples[100:900] == 0.25).all()
    assert (samples[900:1700] == 0.75).all()


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.floats(0.0001, 0.05), min_size=1, max_size=40))
def test_what_is_heard_does_not_depend_on_when_it_is_fetched(folder_of_one, steps):
    clock = Clock()
    source = opened(parts(folder_of_one), clock)
    source.place("A1", 700)
    ring = Ring(RATE, 1)
    for step in steps:
        clock.time += step
        heard(source, ring)
    clock.time = 100.5
    samples, gaps = heard(source, ring).read(0, 2000)

    assert gaps == ((0, 700), (1500, 2000))
    assert np.array_equal(samples[700:1500, 0], np.arange(800, dtype=np.float32) / 1024)


@pytest.fixture(scope="module")
def folder_of_one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    soundfile.write(folder / "A1.wav", np.arange(800, dtype=np.float32) / 1024, RATE, subtype="FLOAT")
    return folder


def test_ten_times_the_pace_is_ten_times_the_sound(folder):
    clock = Clock()
    source = opened(parts(folder, pace=10), clock)

    clock.time += 0.25

    assert heard(source).end == 2.5 * RATE


def test_sound_without_a_pace_comes_when_it_is_asked_for(folder):
    source = opened(parts(folder, pace=0), Clock())

    ring = heard(source)
    heard(source, ring)

    assert ring.end == 2 * HURRY_S * RATE


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ({"rate": 48_000}, r"A1\.wav: found 16000 samples a second; wanted 48000 .*; set rate = 16000"),
        ({"channels": 2}, r"A1\.wav: found 1 channel\(s\); wanted channel 2"),
    ],
)
def test_a_clip_that_does_not_fit_the_site_file_is_refused_in_one_sentence(folder, wanted, sentence):
    plan = SourcePlan("recording", **{"rate": RATE, "path": str(folder), **wanted})
    source = opened(plan, Clock())

    with pytest.raises(SourceFault, match=sentence):
        source.place("A1", 0)


def test_two_files_of_one_part_are_refused(folder):
    soundfile.write(folder / "A1.flac", clip(0.1), RATE)

    with pytest.raises(SourceFault, match="found PartId A1 twice"):
        opened(parts(folder), Clock())


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SourceFault, match="missing"):
        opened(parts(tmp_path / "missing"), Clock())


def test_a_clip_of_minutes_is_no_part(folder):
    soundfile.write(folder / "long.wav", np.zeros(61 * RATE, np.int16), RATE)
    source = opened(parts(folder), Clock())

    with pytest.raises(SourceFault, match="found 61 s of sound; wanted one part of at most 60 s"):
        source.place("long", 0)


# ---- a recorded stream ------------------------------------------------------------------------------------------


def test_a_stream_plays_its_files_in_order_without_a_hole_and_ends(folder):
    clock = Clock()
    source = opened(parts(folder, play="stream"), clock)

    clock.time += 1.0
    ring = heard(source)
    samples, gaps = ring.read(0, 2400)

    assert ring.end == 2400
    assert gaps == ()
    assert samples[::800, 0].tolist() == [0.25, 0.5, 0.75]
    assert source.ended
    assert source.place("anything", 77) == 77


def test_the_clock_of_a_stream_is_the_time_of_its_last_sample(folder):
    clock = Clock()
    source = opened(parts(folder, play="stream"), clock)
    clock.time += 0.1

    chunks = list(source.chunks())

    assert [one.clock for one in chunks] == pytest.approx([100.05, 100.1])


def test_a_file_of_another_rate_ends_the_stream_with_a_sentence(folder):
    soundfile.write(folder / "A2.wav", clip(0.1), 8000)
    clock = Clock()
    source = opened(parts(folder, play="stream"), clock)
    clock.time += 0.1

    with pytest.raises(SourceFault, match=r"A2\.wav: found 8000 samples a second"):
        list(source.chunks())


# ---- simulated sound --------------------------------------------------------------------------------------------


def simulated(sound, **more):
    return SourcePlan("simulated", RATE, sound=sound, seed=7, **more)


def test_a_simulated_part_lies_over_its_hall_at_the_sample_it_was_placed():
    clock = Clock()
    source = opened(simulated("castings"), clock)
    sound = part_sound("castings", 7, "T1", RATE)

    begins = source.place("T1", 2000)
    clock.time += 0.625
    samples, gaps = heard(source).read(0, 9600)

    hall = Ambience("castings", 7, RATE).block(0, 9600)
    added = samples[:, 0] - hall
    expected = np.zeros(9600, np.float32)
    expected[begins - sound.lead : begins - sound.lead + len(sound.samples)] = sound.samples
    assert gaps == ()
    assert begins == 2000
    assert added == pytest.approx(expected, abs=1e-6)


def test_a_simulated_part_waits_until_its_whole_sound_can_be_heard():
    clock, rate = Clock(), 48_000
    source = opened(replace(simulated("gearmotors"), rate=rate), clock)
    clock.time += 0.5
    ring = heard(source)
    disturbed = next(n for n in map(str, range(500)) if part_truth("gearmotors", 7, n).disturbance)
    lead = part_sound("gearmotors", 7, disturbed, rate).lead

    begins = source.place(disturbed, rate // 2)

    assert lead > 0
    assert begins == ring.end + lead


def test_a_simulated_machine_runs_on_by_itself():
    clock = Clock()
    source = opened(simulated("pump", rpm=1480.0, fault_at_s=0.1), clock)
    ring = Ring(RATE, 1)
    for _ in range(20):
        clock.time += 0.013
        heard(source, ring)

    samples, gaps = ring.read(0, ring.end)

    assert gaps == ()
    assert np.array_equal(samples[:, 0], MachineSound("pump", 7, RATE, 1480.0, 0.1).block(0, ring.end))


def test_the_second_channel_of_a_simulation_hears_the_hall_alone():
    clock = Clock()
    source = opened(simulated("castings", channels=2), clock)
    source.place("T1", 1000)
    clock.time += 0.5

    samples, _ = heard(source).read(0, 8000)

    assert np.abs(samples[:, 0]).max() > 5 * np.abs(samples[:, 1]).max() > 0


def test_what_was_not_fetched_for_long_is_lost_as_with_a_sound_card():
    clock = Clock()
    source = opened(simulated("castings"), clock)
    clock.time += 5.0

    ring = heard(source)

    assert ring.end == 5 * RATE
    assert ring.read(0, ring.end)[1] == ((0, 4 * RATE),)


@pytest.mark.parametrize("plan", [simulated("trombones"), SourcePlan("telepathy", RATE)])
def test_what_nobody_simulates_is_one_sentence(plan):
    with pytest.raises(SourceFault, match=r"found .*; wanted"):
        opened(plan, Clock())
