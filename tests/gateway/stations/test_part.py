"""Properties of the part flow: whatever is lost and whenever it is triggered."""

from collections import Counter

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from analytics.synthesis.parts import part_truth
from gateway.audio.open import make_source
from gateway.audio.source import Chunk
from gateway.processes.messages import Abandon, Judged, Recording, StartCapture, Stop, Taught
from gateway.stations.plan import PartPlan, SourcePlan, StationPlan, WorkerPlan
from gateway.stations.worker import Worker

RATE, SEED, T0 = 48_000, 7, 100.0
PLAN = SourcePlan("simulated", RATE, sound="castings", seed=SEED)
GOOD = [name for name in map(str, range(60)) if part_truth("castings", SEED, name).good]
AROUND, AFTER, LENGTH = 4800, 960, 14_400


class Leaky:
    """A simulation that loses what lies in its holes."""

    def __init__(self, plan, clock, holes):
        self.rate, self.channels, self.ended = plan.rate, plan.channels, False
        self._inner = make_source(plan, clock)
        self._holes = holes
        self.open, self.place, self.close = self._inner.open, self._inner.place, self._inner.close

    def chunks(self):
        for chunk in self._inner.chunks():
            heard = np.ones(len(chunk.samples), bool)
            for first, last in self._holes:
                heard[max(0, first - chunk.start) : max(0, last - chunk.start)] = False
            edges = np.flatnonzero(np.diff(np.concatenate(([False], heard, [False])).astype(int)))
            for low, high in zip(edges[::2], edges[1::2], strict=True):
                yield Chunk(chunk.start + int(low), chunk.samples[low:high], chunk.clock)


def worker(recipe, wire, holes=()):
    part = PartPlan("shadow", 20.0, 300.0, {1: str(recipe)}, reject_rate=1.0)
    plan = WorkerPlan("w", (PLAN,), (StationPlan("ring", 0, part=part),))
    return Worker(plan, wire, wire.clock, lambda source, clock: Leaky(source, clock, holes))


def fresh(make_wire):
    wire = make_wire()
    wire.at(T0 + 3.0, Stop())
    return wire


holes = st.tuples(st.integers(20_000, 60_000), st.integers(1, 3000)).map(lambda hole: (hole[0], sum(hole)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lost=st.lists(holes, max_size=3), name=st.sampled_from(GOOD))
def test_a_part_is_judged_if_and_only_if_all_of_it_was_heard(recipe, make_wire, lost, name):
    wire = fresh(make_wire)
    wire.at(T0 + 0.6, StartCapture("ring", 1, 1, name, T0 + 0.6))

    worker(recipe, wire, lost).run()

    (one,) = wire.of(Judged)
    start = round(0.6 * RATE) + AFTER
    # The loop's steps are whole milliseconds, a sample's place is not: a hole that ends at the very edge may be either.
    touched = any(first < start + LENGTH - 2 and last > start + 2 for first, last in lost)
    near = any(first < start + LENGTH + 2 and last > start - 2 for first, last in lost)
    if touched:
        assert one.verdict.evaluation is Evaluation.NOT_DECIDABLE
        assert Quality.GAP in one.verdict.quality
    elif not near:
        assert one.verdict.evaluation is not Evaluation.NOT_DECIDABLE
        around = any(first < start + LENGTH + AROUND - 2 and last > start - AROUND + 2 for first, last in lost)
        assert around or one.verdict.quality == ()


steps = st.lists(
    st.tuples(st.floats(0.01, 0.5), st.booleans(), st.sampled_from(["", *GOOD[:5]]), st.booleans()),
    min_size=1,
    max_size=20,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_every_trigger_is_answered_once_unless_it_was_abandoned(recipe, make_wire, steps):
    wire, at = make_wire(), T0 + 0.5
    abandoned = set()
    for ticket, (wait, abandon, name, teach) in enumerate(steps):
        wire.at(at, StartCapture("ring", ticket, 1, name, at, teach))
        if abandon:
            abandoned.add(ticket)
            wire.at(at + wait / 2, Abandon("ring", ticket))
        at += wait
    wire.at(at + 2.0, Stop())

    worker(recipe, wire).run()

    answers = Counter(one.ticket for one in wire.said if isinstance(one, Judged | Taught))
    assert all(count == 1 for count in answers.values())
    assert set(range(len(steps))) - set(answers) <= abandoned
    recording = [one.ticket for one in wire.of(Recording)]
    assert recording == sorted(set(recording))
    for one in wire.of(Judged):
        if steps[one.ticket][2] == "":
            assert one.verdict.evaluation is Evaluation.NOT_DECIDABLE
