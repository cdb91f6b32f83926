"""What a station has learned outlives its worker; a person's word does too."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.synthesis.streams import MachineSound
from gateway.processes.kept import StationKept
from gateway.processes.ledger_messages import KeptStates
from gateway.processes.memory import MachineMemory
from gateway.processes.messages import PlantState, Recall, RestartBaseline
from gateway.stations.machine import MachineStation
from gateway.stations.plan import MachinePlan

RATE, RPM = 8000, 1480.0
PLAN = MachinePlan("PUMP-7", rpm=RPM, learn_s=10.0, diagnose_every_s=1.0, diagnose_over_s=3.0, wear_every_s=1.0)
WELL = MachineSound(seed=2, rate=RATE, rpm=RPM).block


def louder(start, n):
    return WELL(start, n) * np.float32(2.5)


class Life:
    """One life of a station's worker."""

    def __init__(self, clock, plan=PLAN, rate=RATE, first_id=0):
        ids = iter(range(first_id, 1000))
        self.clock = clock
        self.station = MachineStation("pump-7", plan, rate, clock, lambda: f"id{next(ids)}")
        self.index, self.kept, self.reports = 0, [], []

    def hear(self, sound, seconds):
        end = self.index + seconds * RATE
        while self.index < end:
            self.station.feed(sound(self.index, RATE // 10), self.index)
            self.index += RATE // 10
            self.clock.time += 0.1
            if self.station.due(self.clock.now()):
                self.reports.append(self.station.report(self.clock.now(), self.clock.wall(), ()))
                self.kept += [self.reports[-1].kept] if self.reports[-1].kept is not None else []
        return self.reports[-1]


def test_a_worker_that_begins_anew_knows_the_normal_and_the_episode_of_the_one_before(clock):
    first = Life(clock)
    first.hear(WELL, 12)
    last = first.hear(louder, 12)
    (episode,) = last.episodes
    assert episode.active

    second = Life(clock, first_id=500)
    assert second.station.recall(first.kept[-1]) == ""
    now = second.hear(louder, 2)

    assert now.baseline == last.baseline
    assert now.level_over_baseline_db == pytest.approx(8, abs=1)
    assert [e.id for e in now.episodes] == [episode.id]
    assert [(e.id, e.active) for e in second.hear(WELL, 10).episodes] == [(episode.id, False)]


def test_nothing_is_kept_while_nothing_was_learned_and_once_is_enough(clock):
    life = Life(clock, replace(PLAN, wear_every_s=3600.0))
    life.hear(WELL, 8)
    assert life.kept == []

    life.hear(WELL, 12)

    assert len(life.kept) == 1


def test_what_was_learned_in_this_life_is_not_overwritten(clock):
    other = Life(clock)
    other.hear(louder, 14)
    life = Life(clock)
    last = life.hear(WELL, 14)

    assert life.station.recall(other.kept[-1]) == ""
    assert abs(life.hear(WELL, 2).level_over_baseline_db) < 1
    assert last.baseline.startswith("frozen")


def test_maintenance_keeps_the_normal_of_before(clock):
    life = Life(clock)
    life.hear(WELL, 14)
    before = json.loads(life.kept[-1])["normal"]
    life.station.restart_baseline()
    life.hear(louder, 2)

    kept = json.loads(life.kept[-1])
    assert kept["normal"] is None
    assert kept["old"] == [before]
    again = Life(clock)
    again.station.recall(life.kept[-1])
    assert again.hear(louder, 2).baseline.startswith("learning")


def test_another_rate_is_said_and_learned_anew(clock):
    life = Life(clock)
    life.hear(WELL, 14)

    sentence = Life(clock, rate=16_000).station.recall(life.kept[-1])

    assert sentence == "it learned at 8000 samples a second and hears 16000 now; it is learned anew"


class Stopped:
    """A clock that stands, for examples that need one each."""

    time = 100.0

    def now(self):
        return self.time


BROKEN = {"version": 1, "rate": RATE, "normal": None, "wear": None, "episodes": [], "old": []}


@given(
    st.text()
    | st.dictionaries(st.text(), st.none() | st.integers() | st.text()).map(json.dumps)
    | st.fixed_dictionaries(
        {"version": st.just(1), "rate": st.just(RATE)},
        optional={
            "normal": st.dictionaries(st.sampled_from(["level_db", "rpm", "named_db", "frozen_at"]), st.text()),
            "episodes": st.lists(st.dictionaries(st.text(), st.text())) | st.text(),
            "old": st.text() | st.lists(st.integers()),
        },
    ).map(json.dumps)
)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_in_the_store_is_one_sentence(text):
    station = MachineStation("pump-7", PLAN, RATE, Stopped(), str)

    assert "\n" not in station.recall(text) != ""


@pytest.mark.parametrize(
    "broken",
    [
        {"normal": {"level_db": [1.0], "named_db": {}, "rpm": None, "frozen_at": "2026-03-01T00:00:00+00:00"}},
        {"normal": {"level_db": [1.0] * 7, "named_db": {}, "rpm": -1.0, "frozen_at": "2026-03-01T00:00:00+00:00"}},
        {
            "normal": {
                "level_db": [1.0] * 7,
                "named_db": {"a": "b"},
                "rpm": 1.0,
                "frozen_at": "2026-03-01T00:00:00+00:00",
            }
        },
        {"normal": {"level_db": [1.0] * 7, "named_db": {}, "rpm": 1.0, "frozen_at": "yesterday"}},
        {"normal": {"level_db": [1.0] * 7, "named_db": {}, "rpm": 1.0, "frozen_at": "2026-03-01T00:00:00"}},
        {"episodes": [{"bearing": "", "id": "x"}]},
    ],
)
def test_a_part_that_is_damaged_is_learned_anew(broken):
    station = MachineStation("pump-7", PLAN, RATE, Stopped(), str)

    assert "cannot be taken up again" in station.recall(json.dumps(BROKEN | broken))


# ---- main's half ----------------------------------------------------------------------------------------------------


@pytest.fixture
def told():
    return []


@pytest.fixture
def memory(told):
    return MachineMemory(lambda station, message: told.append(message) or True)


def a_report(clock, kept):
    life = Life(clock)
    return replace(life.hear(WELL, 2), kept=kept)


def test_main_tells_a_worker_that_is_back_and_nobody_else_what_was_kept(clock, memory, told):
    passed_on = memory.heard(a_report(clock, "{1}"))
    memory.heard(a_report(clock, None))
    assert passed_on.kept is None

    memory.back(["ring", "pump-7"])

    assert told == [Recall("pump-7", "{1}")]


def test_what_the_store_has_is_told_at_the_start_but_is_older_than_a_stations_own_word(clock, memory, told):
    memory.stored(KeptStates({"pump-7": "{old}"}))
    assert told == [Recall("pump-7", "{old}")]
    memory.heard(a_report(clock, "{new}"))

    memory.stored(KeptStates({"pump-7": "{old}"}))
    memory.back(["pump-7"])

    assert told[1:] == [Recall("pump-7", "{new}")]


def test_what_an_ear_learned_is_told_again_too_the_stations_own_word_before_the_stores(memory, told):
    old, new, drift = (
        StationKept("ring", kind, text) for kind, text in (("ear", "{1}"), ("ear", "{2}"), ("drift", "{}"))
    )
    memory.stored(old)
    assert told == [old]
    memory.learned(new)
    memory.stored(old)
    memory.learned(drift)
    memory.back(["pump-7"])
    assert told == [old]
    memory.back(["ring"])
    assert told[1:] == [new, drift]


def test_maintenance_that_the_dying_worker_may_not_have_heard_is_said_again(clock, memory, told):
    memory.heard(a_report(clock, "{worn}"))
    memory.restart(RestartBaseline("pump-7"))
    memory.back(["pump-7"])
    assert told == [RestartBaseline("pump-7"), Recall("pump-7", "{worn}"), RestartBaseline("pump-7")]

    memory.heard(a_report(clock, "{fresh}"))
    memory.back(["pump-7"])

    assert told[3:] == [Recall("pump-7", "{fresh}")]


# ---- wear as an episode ---------------------------------------------------------------------------------------------


def test_slow_wear_raises_one_episode_of_its_own_and_a_restart_does_not_repeat_it(clock):
    plan = replace(PLAN, level_warning_db=25.0, level_critical_db=30.0, wear_every_s=2.0, bearings=())
    life = Life(clock, plan)
    life.hear(WELL, 130)

    def rising(start, n):
        seconds = start / RATE - 130
        return WELL(start, n) * np.float32(10 ** (0.06 * max(seconds, 0) / 20))

    last = life.hear(rising, 150)

    (episode,) = [e for e in last.episodes if e.active]
    assert (episode.failure_mode, episode.severity) == ("wear", "warning")
    assert "dB over baseline, rising" in episode.text
    assert last.wear.level == "alarm"
    assert last.wear.life is not None
    again = Life(clock, plan, first_id=500)
    again.station.recall(life.kept[-1])
    now = again.hear(louder, 5)
    assert [e.id for e in now.episodes] == [episode.id]
    assert now.wear.level == "alarm"


def test_what_is_no_number_of_a_tag_is_not_known(clock):
    station = Life(clock, replace(PLAN, covariates=("load", "oil"))).station
    station.plant(PlantState("pump-7", 0.0, True, None, {"load": float("nan"), "oil": 40.0}))

    assert station.report(clock.now(), clock.wall(), ()).covariates == {"oil": 40.0}
