"""A machine in a loud hall: the hall is learned at rest, taken out while it runs, and known again after a restart."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.synthesis.streams import MachineSound
from gateway.processes.messages import PlantState
from gateway.stations.hall import Hall
from gateway.stations.machine import MachineStation
from gateway.stations.plan import MachinePlan

RATE, RPM = 8000, 1480.0
SECONDS = 90
WELL = MachineSound(seed=2, rate=RATE, rpm=RPM).block
PLAN = MachinePlan("PUMP-7", rpm=RPM, learn_s=10.0, diagnose_every_s=1.0, diagnose_over_s=3.0, learn_hall_s=20.0)


def heard_by_both(louder_from_s=SECONDS):
    """The hall alone, as the two microphones hear it; from some second on 12 dB louder."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.05, SECONDS * RATE)
    noise[louder_from_s * RATE :] *= 4
    way = np.zeros(300)
    way[[15, 60, 250]] = 1.0, -0.4, 0.2
    own = rng.normal(0, 0.002, (2, len(noise)))
    return (np.convolve(noise, way)[: len(noise)] + own[0]).astype(np.float32), (noise + own[1]).astype(np.float32)


MAIN, AMBIENT = heard_by_both(louder_from_s=60)


def ambient(start, stop):
    return AMBIENT[start:stop], ()


class Life:
    """One life of a station in that hall; the machine is added while it runs."""

    def __init__(self, clock, plan=PLAN, index=0):
        self.clock, self.index = clock, index
        self.station = MachineStation("pump-7", plan, RATE, clock, iter("abcdefgh").__next__, ambient)
        self.kept = None

    def hear(self, until_s, *, running):
        self.station.plant(PlantState("pump-7", self.clock.now(), running, RPM))
        while self.index < until_s * RATE:
            n = RATE // 10
            sound = MAIN[self.index : self.index + n] + (WELL(self.index, n) if running else np.float32(0))
            self.station.feed(sound, self.index)
            self.index += n
            self.clock.time += 0.1
            if self.station.due(self.clock.now()):
                last = self.station.report(self.clock.now(), self.clock.wall(), ())
                self.kept = last.kept or self.kept
        return last


def test_a_hall_that_grows_louder_is_no_change_of_the_machine_once_it_is_taken_out(clock):
    with_hall, without = Life(clock), Life(clock, MachinePlan(**{
        name: getattr(PLAN, name) for name in PLAN.__slots__ if name != "learn_hall_s"
    }))  # fmt: skip
    for one in (with_hall, without):
        one.hear(25, running=False)
        one.hear(55, running=True)
        one.last = one.hear(80, running=True)

    assert "dB of the whole at most" in with_hall.last.hall
    assert without.last.hall == ""
    assert abs(with_hall.last.level_over_baseline_db) < 2.0
    assert without.last.level_over_baseline_db > 6.0
    assert not with_hall.last.episodes
    assert [one.failure_mode for one in without.last.episodes] == ["abnormal sound"]


def test_before_the_hall_was_heard_nothing_is_said_and_people_read_why(clock):
    one = Life(clock)
    last = one.hear(10, running=True)
    assert last.diagnosis.reason == "0 of 20 s heard of the hall with the machine at rest"
    assert last.indicators == {}
    last = one.hear(20, running=False)
    assert "9 of 20 s" in last.hall or "10 of 20 s" in last.hall


def test_what_was_learned_of_the_hall_outlives_a_restart_and_maintenance_begins_anew(clock):
    first = Life(clock)
    first.hear(25, running=False)
    said = first.hear(45, running=True).hall

    second = Life(clock, index=first.index)
    assert second.station.recall(first.kept) == ""
    last = second.hear(50, running=True)
    assert (last.hall, last.baseline[:6]) == (said, "frozen")

    second.station.restart_baseline()
    assert "0 of 20 s" in second.hear(52, running=True).hall


def test_what_was_learned_with_the_hall_left_in_is_not_held_against_a_sound_without_it(clock):
    plain = MachinePlan("PUMP-7", rpm=RPM, learn_s=10.0)
    first = Life(clock, plain)
    first.hear(15, running=True)
    second = Life(clock)
    assert "with the hall left in" in second.station.recall(first.kept)

    learned = Life(clock)
    learned.hear(25, running=False)
    assert "without the hall" in Life(clock, plain).station.recall(learned.kept)


def take(hall, cuts, *, at_rest, first, last):
    edges = [first, *sorted(cuts), last]
    got = [hall.take(MAIN[a:b], a, at_rest=at_rest) for a, b in pairwise(edges)]
    return [(start, samples) for samples, start in got if len(samples)]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(20 * RATE, 26 * RATE), max_size=8))
def test_the_sound_without_the_hall_does_not_depend_on_how_the_stream_was_cut(cuts):
    outs = []
    for pieces in ([], cuts):
        hall = Hall(RATE, 10.0, ambient)
        take(hall, [], at_rest=True, first=0, last=20 * RATE)
        assert hall.learned
        out = take(hall, pieces, at_rest=False, first=20 * RATE, last=26 * RATE)
        starts = [start for start, _ in out]
        assert starts == [out[0][0] + sum(len(s) for _, s in out[:k]) for k in range(len(out))]
        outs.append((out[0][0], np.concatenate([samples for _, samples in out])))
    assert outs[0][0] == outs[1][0]
    assert np.array_equal(outs[0][1], outs[1][1])


@pytest.mark.parametrize(
    "kept",
    [
        None,
        {},
        {"taps": "?", "ahead": 1, "said": ""},
        {"taps": "", "ahead": 0, "said": ""},
        {"taps": "AAAAAA==", "ahead": 9, "said": ""},
        {"taps": 1, "ahead": 0, "said": ""},
    ],
)
def test_what_is_no_hall_is_not_taken_up(kept):
    hall = Hall(RATE, 10.0, ambient)
    assert not hall.recall(kept)
    assert not hall.learned


def test_a_gap_in_either_microphone_starts_the_filter_anew(clock):
    gone = {"now": False}
    hall = Hall(RATE, 10.0, lambda a, b: (AMBIENT[a:b], ((0, b - a),) if gone["now"] else ()))
    take(hall, [], at_rest=True, first=0, last=15 * RATE)
    gone["now"] = True
    assert take(hall, [], at_rest=False, first=15 * RATE, last=20 * RATE) == []
    gone["now"] = False
    ((start, _),) = take(hall, [], at_rest=False, first=20 * RATE, last=26 * RATE)
    assert start > 20 * RATE
    silent = Hall(RATE, 10.0, lambda a, b: None)
    assert len(silent.take(MAIN[:RATE], 0, at_rest=True)[0]) == 0
