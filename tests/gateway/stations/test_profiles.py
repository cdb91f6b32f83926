"""The example site files of other machines: each raises its own failure mode on simulated truth, and no other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from analytics.synthesis.machines import KINDS, machine_sound
from gateway.audio.files import read_recording
from gateway.stations.machine import MachineStation
from gateway.wiring.build import load_site
from gateway.wiring.stations import machine_plan

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "config" / "examples" / "machines"
LEAKS = ROOT.parent / "shared" / "data" / "water_leak"
FILES = {
    "imbalance": "fan",
    "blade pass": "fan",
    "cavitation": "pump",
    "gear": "gear",
    "belt slip": "belt",
    "electrical hum": "transformer",
    "air leak": "air-leak",
    "water leak": "water-pipe",
    "structure": "structure",
}
SPAN_S = 5.0  # of a record, where the profile itself does not need longer ones


class FakeClock:
    seconds = 0.0

    def now(self):
        return self.seconds

    def wall(self):
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


def profile(file):
    (station,) = load_site(EXAMPLES / f"{file}.toml").station
    plan = machine_plan(station.machine)
    span = 120.0 if file == "structure" else SPAN_S
    # As in the file, only the times are a test's: a plant has ten minutes, or an hour.
    quick = replace(plan, learn_s=5 * span, diagnose_every_s=span, diagnose_over_s=span)
    return quick, station.source.rate, span


class Heard:
    """A station that hears one sound after the other."""

    def __init__(self, plan, rate):
        self.clock = FakeClock()
        ids = iter(range(100))
        self.station = MachineStation("m", plan, rate, self.clock, lambda: f"id{next(ids)}")
        self.rate, self.index, self.reports = rate, 0, []

    def hear(self, sound, gain=1.0):
        for first in range(0, len(sound), self.rate // 2):
            piece = (gain * sound[first : first + self.rate // 2]).astype(np.float32)
            self.station.feed(piece, self.index)
            self.index += len(piece)
            self.clock.seconds = self.index / self.rate
            if self.station.due(self.clock.now()):
                self.reports.append(self.station.report(self.clock.now(), self.clock.wall(), ()))
        return self.reports[-1]

    @property
    def modes(self):
        return {episode.failure_mode for report in self.reports for episode in report.episodes}


def looks(plan):
    """Records until a raised episode is certain: as many as may be needed of the last."""
    return plan.persist[1] + 1


def sound(kind, span, count, rate, *, faulty, seed):
    return machine_sound(kind, faulty=faulty, seed=seed, seconds=span * count, rate=rate)


@pytest.mark.parametrize("kind", KINDS)
def test_a_simulated_fault_raises_its_own_episode_and_the_healthy_machine_none(kind):
    plan, rate, span = profile(FILES[kind])
    heard = Heard(plan, rate)

    heard.hear(sound(kind, span, 7, rate, faulty=False, seed=1))
    well = heard.hear(sound(kind, span, 7, rate, faulty=False, seed=2))
    assert heard.modes == set()
    assert all(abs(over) < 5 for over in well.named.values() if over is not None)

    last = heard.hear(sound(kind, span, looks(plan) + 1, rate, faulty=True, seed=3))

    assert heard.modes == {kind}
    (episode,) = last.episodes
    assert f"{kind} indication, " in episode.text
    assert last.diagnosis.name == kind
    (picture,) = [report.evidence for report in heard.reports if report.evidence is not None]
    assert len(picture.frequency_hz) == len(picture.envelope) <= 2000


def test_a_hiss_that_does_not_pulse_with_the_vanes_is_no_cavitation():
    plan, rate, span = profile("pump")
    heard = Heard(plan, rate)
    heard.hear(sound("cavitation", span, 7, rate, faulty=False, seed=1))
    hiss = np.random.default_rng(5).standard_normal(round(span * 7 * rate)).astype(np.float32)

    last = heard.hear(sound("cavitation", span, 7, rate, faulty=False, seed=2) + 0.01 * np.diff(hiss, prepend=0))

    assert last.named["crackle"] > 6
    assert "cavitation" not in heard.modes


def test_a_louder_hall_is_no_line():
    plan, rate, span = profile("fan")
    heard = Heard(plan, rate)
    well = sound("imbalance", span, 7, rate, faulty=False, seed=1)
    heard.hear(well)
    noise = np.random.default_rng(5).standard_normal(len(well)).astype(np.float32)

    heard.hear(well + 0.1 * noise)

    assert heard.modes <= {"abnormal sound"}


def test_what_is_far_from_the_learned_speed_is_not_compared():
    plan, rate, span = profile("fan")
    heard = Heard(replace(plan, rpm=None), rate)
    heard.station.plant(said(1480.0))
    heard.hear(sound("imbalance", span, 7, rate, faulty=False, seed=1))
    heard.station.plant(said(1000.0))

    last = heard.hear(machine_sound("imbalance", faulty=True, seed=2, seconds=30, rate=rate, rpm=1000.0))

    assert heard.modes == set()
    assert last.named == {"line of one turn": None, "blade pass lines": None}
    heard.station.plant(replace(said(1000.0), running=False))
    assert heard.hear(np.zeros(2 * rate, np.float32)).named == {}


def said(rpm):
    from gateway.processes.messages import PlantState

    return PlantState("m", 0.0, True, rpm)


@pytest.mark.skipif(not LEAKS.is_dir(), reason="the hydrophone recordings are not beside this checkout")
def test_a_real_pipe_without_a_leak_raises_none():
    plan, rate, _ = profile("water-pipe")
    plan = replace(plan, learn_s=10.0, diagnose_over_s=2.0, diagnose_every_s=2.0)
    recording = read_recording(LEAKS / "no-leak.flac")
    assert recording.rate == rate
    heard = Heard(plan, rate)

    heard.hear(recording.samples[:, 0])

    assert heard.reports[-1].baseline.startswith("frozen")
    assert heard.modes == set()
