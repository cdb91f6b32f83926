"""The longest pass, and whom to feed between the parts."""

import numpy as np
import pytest

from gateway.processes.messages import LongestPass, Tick, WorkerNote
from gateway.stations.feeding import AT_ONCE_S, PATIENCE_S, STEP_S, Feeding
from gateway.stations.passes import AGAIN_S, Passes
from gateway.stations.plan import StationPlan, WorkerPlan
from gateway.stations.worker import REPORT_S
from tests.gateway.stations.one_worker import CASTINGS, T0, one_station, part_plan, run


@pytest.fixture
def passes(clock):
    return Passes(clock, lambda: clock.time / 10)


def passed(passes, clock, *steps, due=None):
    """Let one pass take its steps: (name, seconds)."""
    passes.begin(clock.time if due is None else due)
    for name, seconds in steps:
        clock.time += seconds
        passes.did(*name)
    passes.end()


def test_the_longest_pass_is_told_once_with_what_it_went_into(passes, clock):
    passed(passes, clock, (("hearing",), 0.01), (("judging at", "ring"), 0.03))
    passed(passes, clock, (("hearing",), 0.01), (("judging at", "ring"), 0.02))

    longest = passes.longest()

    assert (longest.took_s, longest.computed_s) == (pytest.approx(0.04), pytest.approx(0.004))
    assert (longest.step_s, longest.step) == (pytest.approx(0.03), "judging at ring")
    assert passes.longest() == LongestPass()
    assert passes.count == 2


def test_a_pass_that_began_late_waited_for_a_processor(passes, clock):
    due = clock.time
    clock.time += 0.3
    passed(passes, clock, (("hearing",), 0.01), due=due)

    longest = passes.longest()

    assert (longest.took_s, longest.step) == (pytest.approx(0.31), "waiting for a processor")


def test_a_pass_over_a_ticks_time_is_said_and_not_again_within_a_minute(passes, clock):
    short, long = LongestPass(0.2, 0.1, 0.1, "x"), LongestPass(0.31, 0.05, 0.2, "listening to pump")

    assert passes.note(short) == ""
    assert passes.note(long).startswith("a pass took 310 ms, 50 of them computing and 200 in listening to pump")
    assert passes.note(long) == ""
    clock.time += AGAIN_S
    assert passes.note(long) != ""


def test_a_worker_that_was_held_up_says_so_with_its_tick(recipe, wire):
    def hold_up():
        wire.clock.time += 0.8

    wire.at(T0 + 2.0, hold_up)
    run(one_station(part_plan(recipe)), wire, 4)

    (note,) = wire.of(WorkerNote)
    assert "waiting for a processor" in note.sentence
    longest = max((tick.longest for tick in wire.of(Tick)), key=lambda one: one.took_s)
    assert (longest.took_s, longest.step) == (pytest.approx(0.8, abs=0.03), "waiting for a processor")


class Heard:
    """An ear and a listener in one: what was heard, and how often it was handed over."""

    rate = 1000

    def __init__(self, end):
        self.end, self.fed = end, []

    def since(self, index):
        return [(index, self.end - index)]

    def feed(self, samples, start):
        self.fed.append((start, samples))


def test_one_a_pass_is_fed_and_that_is_who_waits_longest(clock):
    feeding, few, many = Feeding(clock, lambda: None), Heard(90), Heard(200)
    feeding.add("few", few, few)
    feeding.add("many", many, many)

    assert [feeding.feed() for _ in range(3)] == ["many", "few", ""]
    few.end = 90 + int(1000 * AT_ONCE_S)
    assert feeding.feed() == "few"
    assert few.fed == [(0, 90), (90, 50)]


def test_nobody_is_fed_just_before_a_verdict_until_patience_ends(clock):
    due = clock.time + STEP_S / 2
    feeding, one = Feeding(clock, lambda: due), Heard(100)
    feeding.add("one", one, one)

    assert feeding.feed() == ""
    one.end = int(1000 * PATIENCE_S) + 1
    assert feeding.feed() == "one"


def test_reports_that_take_long_leave_the_other_stations_to_the_next_pass(recipe, wire, monkeypatch):
    watched = []

    def slow(self):
        watched.append((self._station, wire.clock.time))
        wire.clock.time += 2 * REPORT_S

    monkeypatch.setattr("gateway.stations.worker.Ear.watch", slow)
    both = WorkerPlan("w", (CASTINGS,), (StationPlan("ring", 0, part=part_plan(recipe)), StationPlan("gear", 0)))
    run(both, wire, 2)

    assert [name for name, _ in watched[:4]] == ["ring", "gear", "ring", "gear"]
    assert min(np.diff([at for _, at in watched])) > 2 * REPORT_S
