import numpy as np
import pytest

from analytics.quality.words import Quality
from gateway.audio.source import Chunk
from gateway.stations.ear import Ear
from gateway.stations.intake import Intake
from gateway.stations.plan import SourcePlan

RATE = 16_000


class Ramp:
    """Every sample is the time it was heard at, in ms; the second channel is its negative. Lost where told."""

    def __init__(self, plan, clock, drift=1.0, lost=()):
        self.rate, self.channels, self.ended = plan.rate, plan.channels, False
        self.clock, self.drift, self.lost = clock, drift, lost
        self.at = 0
        self.began = 0.0

    def open(self):
        self.began = self.clock.now()

    def chunks(self):
        stop = int((self.clock.now() - self.began) * self.rate * self.drift)
        start, self.at = self.at, stop
        ms = 1000 * (self.began + np.arange(start, stop) / self.rate / self.drift - 100)
        samples = np.stack([ms, -ms], axis=1)[:, : self.channels].astype(np.float32)
        heard = np.array([not any(a <= i < b for a, b in self.lost) for i in range(start, stop)], bool)
        for low, high in _runs(heard):
            yield Chunk(start + low, samples[low:high], self.clock.now())

    def place(self, part_id, index):
        return index

    def close(self):
        pass


def _runs(heard):
    edges = np.flatnonzero(np.diff(np.concatenate(([False], heard, [False])).astype(int)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def intake(clock, channels=1, **more):
    plan = SourcePlan("microphone", RATE, channels)
    return Intake(plan, clock, 4.0, lambda plan, clock: Ramp(plan, clock, **more))


def pass_time(clock, intakes, seconds):
    for _ in range(round(seconds / 0.01)):
        clock.time += 0.01
        for one in intakes:
            one.listen()


def test_the_ambient_microphone_of_the_same_device_is_cut_at_the_same_samples(clock):
    device = intake(clock, channels=2)
    ear = Ear("ring", device, 0, clock, ambient=(device, 1))
    device.listen()
    pass_time(clock, [device], 1.0)

    own, _ = ear.read(4000, 8000)
    ambient, gaps = ear.ambient(4000, 8000)

    assert gaps == ()
    assert np.array_equal(ambient, -own)


def test_the_ambient_microphone_of_another_device_is_cut_at_the_same_time(clock):
    device, other = intake(clock), intake(clock, drift=1.0001)
    device.listen()
    pass_time(clock, [device], 0.5)  # the other one is opened later, and its clock runs fast
    ear = Ear("ring", device, 0, clock, ambient=(other, 0))
    other.listen()
    pass_time(clock, [device, other], 2.0)

    own, _ = ear.read(24_000, 28_000)
    ambient, gaps = ear.ambient(24_000, 28_000)

    assert gaps == ()
    assert ambient == pytest.approx(own, abs=1.0)  # ms


def test_an_ear_without_an_ambient_microphone_has_none(clock):
    assert Ear("ring", intake(clock), 0, clock).ambient(0, 10) is None


def test_what_was_heard_is_walked_over_once_and_never_across_a_gap(clock):
    device = intake(clock, lost=((500, 600), (3000, 3001)))
    ear = Ear("ring", device, 0, clock)
    device.listen()
    walked, at = [], 0
    for _ in range(30):
        pass_time(clock, [device], 0.01)
        for start, samples in ear.since(at):
            walked.extend(range(start, start + len(samples)))
        at = ear.end

    wanted = [i for i in range(ear.end) if not (500 <= i < 600 or i == 3000)]
    assert walked == wanted


def test_a_report_comes_each_second_and_counts_what_was_lost(clock):
    device = intake(clock, lost=((20_000, 20_160),))
    ear = Ear("ring", device, 0, clock)
    device.listen()
    reports = []
    for _ in range(500):
        pass_time(clock, [device], 0.01)
        reports.append(ear.watch())

    said = [one for one in reports if one is not None]
    assert 4 <= len(said) <= 7
    assert (said[-1].gaps, said[-1].lost_samples) == (1, 160)
    assert said[-1].last_sample_age_s == pytest.approx(0.0, abs=0.011)


class Room:
    """Noise that is 6 dB louder from 20 s on."""

    def __init__(self, plan, clock):
        self.rate, self.channels, self.ended = plan.rate, plan.channels, False
        self.clock, self.at, self.began = clock, 0, 0.0
        self.rng = np.random.default_rng(0)

    def open(self):
        self.began = self.clock.now()

    def chunks(self):
        start, self.at = self.at, int((self.clock.now() - self.began) * self.rate)
        if self.at > start:
            level = 0.01 if start < 20 * self.rate else 0.02
            yield Chunk(start, self.rng.normal(0, level, (self.at - start, 1)).astype(np.float32), self.clock.now())

    def close(self):
        pass


def test_a_step_of_the_gain_is_reported_and_said(clock):
    device = Intake(SourcePlan("microphone", RATE, 1), clock, 4.0, Room)
    ear = Ear("ring", device, 0, clock)
    found = {}
    device.listen()
    for tenth in range(280):
        clock.time += 0.1
        device.listen()
        ear.watch()
        found.setdefault(ear.quality, tenth / 10)
    assert list(found) == [(), (Quality.GAIN_STEP,)]
    assert 20 < found[(Quality.GAIN_STEP,)] < 27
    assert "dB in all bands alike" in ear.sentence
