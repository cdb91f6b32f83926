"""A worker without a process: time that passes only when the loop waits, a wire to main, and one taught recipe."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analytics.signal.capture import Capture
from analytics.synthesis.parts import part_sound
from analytics.synthesis.streams import Ambience
from gateway.processes.messages import Stop
from models.recipe import write_recipe
from models.taught import TaughtPart, TeachSettings
from models.teach import learn
from tests.gateway.stations.one_worker import Bench, SourcePlan

RATE, SEED = 48_000, 7


class Clock:
    """Stands still until told."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time

    def wall(self):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)


class Wire:
    """Main's end of the channel: says what it was given to say at the time it was given, and keeps what it hears.

    Waiting makes the time pass, so a minute of a worker's life takes only as long as its sums. A function in its script
    is something that happens in the world: it is called, and not said.
    """

    def __init__(self, clock):
        self.clock = clock
        self.said = []
        self._script = []

    def at(self, time, message):
        self._script.append((time, len(self._script), message))
        self._script.sort()

    def send(self, message):
        self.said.append(message)
        return True

    def receive(self, timeout_s):
        until = self.clock.time + timeout_s
        if self._script and self._script[0][0] <= until:
            until = max(self.clock.time, self._script[0][0])
        self.clock.time = until
        due = [message for time, _, message in self._script if time <= until]
        del self._script[: len(due)]
        for happens in filter(callable, due):
            happens()
        return [message for message in due if not callable(message)]

    def of(self, kind, **wanted):
        fitting = [one for one in self.said if isinstance(one, kind)]
        return [one for one in fitting if all(getattr(one, key) == value for key, value in wanted.items())]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def wire(clock):
    wire = Wire(clock)
    wire.at(clock.time + 60.0, Stop())  # a test that forgets to end ends all the same
    return wire


@pytest.fixture
def make_wire():
    """For tests that need a new wire, and a new clock, for every example."""
    return lambda: Wire(Clock())


@pytest.fixture(scope="session")
def recipe(tmp_path_factory):
    """The folder of a recipe for simulated castings."""
    hall = Ambience("castings", SEED, RATE)
    around, length = RATE // 10, round(0.3 * RATE)

    def heard(k):
        sound = part_sound("castings", SEED, f"T{k}", RATE)
        samples = hall.block(k * RATE, length + 2 * around)
        part = sound.samples[sound.lead :][: length + around]
        samples[around : around + len(part)] += part
        return Capture(np.asarray(samples, np.float32), RATE, around, around + length)

    folder = tmp_path_factory.mktemp("recipes") / "casting"
    learned = learn([TaughtPart(f"T{k}", heard(k)) for k in range(24)], TeachSettings())
    write_recipe(folder, learned, "2026-01-01T00:00:00+00:00")
    return folder


@pytest.fixture
def bench(clock):
    return Bench(SourcePlan("microphone", RATE), clock)
