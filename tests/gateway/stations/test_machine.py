"""The machine flow: a pump is heard, fails, and one episode says so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.diagnosis.bearings import lookup
from analytics.quality.words import Quality
from analytics.synthesis.streams import FaultOrders, MachineSound
from gateway.processes.messages import PlantState
from gateway.stations.machine import MachineStation
from gateway.stations.plan import BearingPlan, MachinePlan
from gateway.stations.raising import ABNORMAL

RATE = 16_000
RPM = 1480.0
CHUNK = 800


class FakeClock:
    seconds = 0.0

    def now(self):
        return self.seconds

    def wall(self):
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


def bearing(name="drive end", kind="6205"):
    o = lookup(kind)
    return BearingPlan(name, kind, o.elements, o.bpfo, o.bpfi, o.bsf, o.ftf)


PLAN = MachinePlan(
    "PUMP-7",
    (bearing(), bearing("far end", "6203")),
    learn_s=12.0,
    diagnose_every_s=1.5,
    diagnose_over_s=6.0,
    persist=(3, 4),
)


class Plant:
    """A machine beside a station; time passes only while it is heard."""

    def __init__(self, plan=PLAN, running=True, rpm=RPM):
        self.clock = FakeClock()
        ids = iter(range(100))
        self.station = MachineStation("pump-7", plan, RATE, self.clock, lambda: f"id{next(ids)}")
        self.index = 0
        self.reports = []
        self.ear = ()
        self.says(running, rpm)

    def says(self, running, rpm):
        self.station.plant(PlantState("pump-7", self.clock.seconds, running, rpm))

    def hear(self, sound, seconds, chunk=CHUNK):
        end = self.index + round(seconds * RATE)
        while self.index < end:
            n = min(chunk, end - self.index)
            self.station.feed(sound(self.index, n), self.index)
            self.index += n
            self.clock.seconds = self.index / RATE
            if self.station.due(self.clock.now()):
                self.reports.append(self.station.report(self.clock.now(), self.clock.wall(), self.ear))
        return self.reports[-1]

    @property
    def raised(self):
        """First report of every episode."""
        first = {}
        for report in self.reports:
            for episode in report.episodes:
                first.setdefault(episode.id, (report, episode))
        return list(first.values())


WELL = MachineSound(seed=2, rate=RATE, rpm=RPM).block
FAILING = MachineSound(seed=2, rate=RATE, rpm=RPM, fault_at_s=20.0).block


def louder(start, n):
    """The same pump, 8 dB louder and nothing else."""
    return WELL(start, n) * np.float32(2.5)


def test_a_failing_outer_race_raises_exactly_one_episode_with_its_evidence():
    plant = Plant()

    last = plant.hear(FAILING, 45)

    ((report, episode),) = plant.raised
    assert 20 < report.at < 38
    assert (episode.failure_mode, episode.severity, episode.active) == ("outer race", "warning", True)
    assert episode.text.startswith("PUMP-7 drive end bearing: outer race indication, +")
    assert "dB in 1" in episode.text
    assert "= 3.5" in episode.text
    assert (report.diagnosis.name, report.diagnosis.fault, report.diagnosis.bearing) == (
        "outer race",
        "BPFO",
        "drive end",
    )
    assert report.diagnosis.lines[0].fault == "BPFO"
    assert report.evidence is not None
    assert abs(report.evidence.frequency_hz[np.argmax(report.evidence.envelope)] / (3.585 * RPM / 60) - 1) < 0.02
    assert sum(one.evidence is not None for one in plant.reports) == 1
    assert [e.id for e in last.episodes] == [episode.id]
    assert last.level_over_baseline_db > 4
    before = [one.diagnosis.name for one in plant.reports if one.at < 20]
    assert set(before) <= {"undecided", "none"}
    assert "none" in before


def test_a_healthy_pump_is_learned_then_has_none_and_stays_at_its_level():
    plant = Plant()

    first = plant.hear(WELL, 3)
    assert first.baseline == "learning 3 of 12 s"
    assert first.level_over_baseline_db is None
    assert (first.diagnosis.name, first.diagnosis.reason) == ("undecided", "3 of 6 s heard without a gap")
    last = plant.hear(WELL, 27)

    assert last.baseline == "frozen 2026-03-01T00:00Z"
    assert abs(last.level_over_baseline_db) < 1
    assert last.diagnosis.name == "none"
    assert last.episodes == ()
    assert last.running is True
    assert 2.5 < last.indicators["kurtosis"] < 3.5


def test_however_the_stream_is_cut_the_same_is_said():
    def said(chunk):
        plant = Plant()
        plant.hear(FAILING, 33, chunk)
        return [(e.failure_mode, e.text) for _, e in plant.raised], plant.reports[-1].indicators

    assert said(160)[0] == said(1600)[0] == said(777)[0]
    assert said(160)[1] == said(1600)[1]


def test_a_louder_machine_without_a_fault_is_abnormal_sound_but_only_if_it_lasts():
    plant = Plant()
    plant.hear(WELL, 14)
    plant.hear(louder, 3)
    plant.hear(WELL, 12)
    assert plant.raised == []

    plant.hear(louder, 14)

    ((report, episode),) = plant.raised
    assert episode.failure_mode == ABNORMAL
    assert "+8 dB" in episode.text
    assert "no bearing fault" in episode.text
    assert report.diagnosis.name == "none"
    last = plant.hear(WELL, 14)
    assert [(e.id, e.active) for e in last.episodes] == [(episode.id, False)]


def test_twelve_decibels_are_critical_and_stay_so():
    plant = Plant(replace(PLAN, level_critical_db=7.0))
    plant.hear(WELL, 14)
    plant.hear(louder, 14)

    assert plant.raised[0][1].severity == "critical"


def test_while_the_machine_stands_nothing_is_diagnosed_learned_raised_or_cleared():
    plant = Plant(running=False)
    last = plant.hear(louder, 10)
    assert (last.diagnosis.name, last.diagnosis.reason) == ("undecided", "the machine stands still")
    assert last.baseline == "learning 0 of 12 s"
    assert last.level_over_baseline_db is None
    assert last.indicators == {}

    failing = MachineSound(seed=2, rate=RATE, rpm=RPM, fault_at_s=10.0).block
    plant.says(True, RPM)
    plant.hear(failing, 20)
    assert len(plant.raised) == 1
    plant.says(False, 0.0)
    last = plant.hear(lambda start, n: np.zeros(n, np.float32), 20)

    assert [e.active for e in last.episodes] == [True]
    assert last.rpm is None


@pytest.mark.parametrize("rpm", [None, 0.0, -5.0, float("nan"), float("inf"), 1e12])
def test_without_a_speed_a_shaft_can_have_the_diagnosis_is_undecided(rpm):
    plant = Plant(rpm=rpm)

    last = plant.hear(FAILING, 9)

    assert (last.diagnosis.name, last.diagnosis.reason) == ("undecided", "the shaft speed is not known")
    assert last.rpm is None


def test_a_blocked_ear_neither_raises_nor_clears_and_says_so():
    plant = Plant()
    plant.hear(FAILING, 35)
    plant.ear = (Quality.CLIPPED,)

    last = plant.hear(WELL, 20)

    assert last.diagnosis.reason == "the ear cannot be trusted: clipped"
    assert last.quality == (Quality.CLIPPED,)
    assert last.level_over_baseline_db is None
    assert [e.active for e in last.episodes] == [True]
    plant.ear = ()
    last = plant.hear(WELL, 16)
    assert [e.active for e in last.episodes] == [False]


def test_a_gap_begins_the_record_anew_and_a_record_is_never_made_of_two_halves():
    plant = Plant()
    for _ in range(5):
        plant.hear(WELL, 4)
        plant.index += 100

    assert {one.diagnosis.name for one in plant.reports} == {"undecided"}


def test_a_changed_speed_begins_the_record_anew_and_levels_are_not_compared_at_another_speed():
    plant = Plant()
    plant.hear(WELL, 20)
    plant.says(True, RPM * 1.001)
    assert plant.hear(WELL, 2).diagnosis.name == "none"

    plant.says(True, RPM * 0.8)
    last = plant.hear(WELL, 3)

    assert last.diagnosis.name == "undecided"
    assert last.level_over_baseline_db is None


def test_samples_that_are_not_finite_are_named_and_never_judged():
    plant = Plant()
    plant.hear(WELL, 14)
    broken = plant.hear(lambda start, n: np.full(n, np.nan, np.float32), 2)

    assert Quality.NOT_FINITE in broken.quality
    last = plant.hear(WELL, 10)
    assert last.quality == ()
    assert last.diagnosis.name == "none"


def test_maintenance_ends_the_episode_and_what_is_normal_is_learned_anew():
    plant = Plant()
    plant.hear(FAILING, 35)
    plant.station.restart_baseline()

    last = plant.hear(WELL, 15)

    assert [e.active for e in last.episodes] == [False]
    assert last.baseline == "frozen 2026-03-01T00:00Z"
    last = plant.hear(WELL, 35)
    assert last.episodes == ()


def test_a_fixed_speed_in_the_site_file_needs_no_tag():
    plant = Plant(replace(PLAN, rpm=RPM), running=None, rpm=None)

    plant.hear(FAILING, 35)

    assert [e.failure_mode for _, e in plant.raised] == ["outer race"]


def test_without_bearings_the_level_alone_is_watched():
    plant = Plant(replace(PLAN, bearings=()))
    plant.hear(WELL, 14)
    last = plant.hear(louder, 14)

    assert last.diagnosis.reason == "no bearing is named in the site file"
    assert [e.failure_mode for _, e in plant.raised] == [ABNORMAL]
    assert plant.raised[0][0].evidence is None


def test_a_record_of_too_few_turns_is_undecided():
    plant = Plant(replace(PLAN, diagnose_over_s=1.0), rpm=90.0)

    last = plant.hear(WELL, 5)

    assert last.diagnosis.reason == "2 turns in a record, 10 wanted"


def test_an_inner_race_is_told_from_an_outer_one():
    orders = FaultOrders(order=5.415)
    sound = MachineSound(seed=4, rate=RATE, rpm=RPM, fault_at_s=2.0, orders=orders).block
    plant = Plant()

    plant.hear(sound, 20)

    assert {e.failure_mode for _, e in plant.raised} == {"inner race"}
