"""A whole worker on simulated sound and simulated time, and its plans."""

import numpy as np

from analytics.synthesis.parts import part_sound, part_truth
from analytics.synthesis.streams import Ambience
from gateway.audio.source import Chunk, SourceFault, SourceStuck
from gateway.processes.messages import (
    StartCapture,
    Stop,
)
from gateway.stations.plan import PartPlan, SourcePlan, StationPlan, WorkerPlan
from gateway.stations.worker import Worker, run_worker

RATE, SEED = 48_000, 7
CASTINGS = SourcePlan("simulated", RATE, sound="castings", seed=SEED)
T0 = 100.0  # the clock's first reading

good = [name for name in map(str, range(200)) if part_truth("castings", SEED, name).good]
cracked = [name for name in map(str, range(200)) if not part_truth("castings", SEED, name).good]


def part_plan(recipe, **more):
    return PartPlan(
        **{"mode": "shadow", "after_ms": 20.0, "length_ms": 300.0, "recipes": {1: str(recipe)}, "reject_rate": 1.0}
        | more
    )


def one_station(part, source=CASTINGS, **more):
    return WorkerPlan("w", (source,), (StationPlan("ring", 0, part=part, **more),))


def start(ticket, part_id, seen_at, part_type=1, station="ring", teach=False):
    return StartCapture(station, ticket, part_type, part_id, seen_at, teach)


def run(plan, wire, until_s, make=None):
    wire.at(T0 + until_s, Stop())
    if make is None:
        run_worker(plan, wire, wire.clock)
    else:
        Worker(plan, wire, wire.clock, make).run()
    return wire


def place(wire, ticket, part_id, at_s, **more):
    wire.at(T0 + at_s, start(ticket, part_id, T0 + at_s, **more))


def recorded(folder, **more):
    return SourcePlan("recording", RATE, path=str(folder), **more)


def casting(name):
    """As the hall hears it: a part recorded elsewhere would rightly be strange."""
    sound = part_sound("castings", SEED, name, RATE)
    samples = Ambience("castings", SEED, RATE).block(0, round(0.3 * RATE))
    part = sound.samples[sound.lead :][: len(samples)]
    samples[: len(part)] += part
    return samples


class Bench:
    """A source that does what a test wants of it: noise, but silent, stuck or gone from a time on."""

    def __init__(self, plan, clock):
        self.rate, self.channels, self.ended = plan.rate, plan.channels, False
        self.clock = clock
        self.began = 0.0
        self.at = 0
        self.wrong = {}  # what -> since when
        self.holes = []  # (first, past-the-last) indices never handed over
        self.opened = 0

    def open(self):
        self.began, self.at, self.opened = self.clock.now(), 0, self.opened + 1

    def since(self, what):
        return what in self.wrong and self.clock.now() >= self.wrong[what]

    def chunks(self):
        if self.since("stuck"):
            raise SourceStuck("microphone: the audio system does not answer")
        if self.since("gone") and self.opened == 1:
            raise SourceFault("microphone: no sound for 1.5 s")
        if self.since("quiet"):
            return
        stop = int((self.clock.now() - self.began) * self.rate)
        start, self.at = self.at, max(self.at, stop)
        for low, high in _outside(self.holes, start, stop):
            chance = np.random.default_rng(low)
            samples = (0.05 * chance.standard_normal((high - low, self.channels))).astype(np.float32)
            if self.since("silent"):
                samples[:] = 0
            if self.since("frozen"):
                samples[:] = 0.125
            yield Chunk(low, samples, self.clock.now())

    def place(self, part_id, index):
        return index

    def close(self):
        pass


def _outside(holes, start, stop):
    """Cut the span start..stop into what lies outside the holes."""
    for first, last in [*holes, (stop, stop)]:
        if start < min(first, stop):
            yield start, min(first, stop)
        start = max(start, min(last, stop))


def benched(recipe, bench, wire, until_s, **more):
    plan = one_station(part_plan(recipe, **more), SourcePlan("microphone", RATE))
    return run(plan, wire, until_s, lambda source, clock: bench)
