"""Sound made up by physics, with a truth somebody else knows."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analytics.synthesis.parts import part_sound
from analytics.synthesis.streams import Ambience, MachineSound
from gateway.audio.pace import Pace
from gateway.audio.source import Chunk, SourceFault
from gateway.processes.clock import Clock
from gateway.stations.plan import SourcePlan

BEHIND_S_MAX = 1.0  #: what was not fetched for longer is lost, as with a sound card; it bounds the work of one call
WAITING_MAX = 8  #: parts placed and not yet over; a station has one at a time
MACHINES = ("pump",)  #: heard all the time; everything else is heard part by part


class Simulated:
    """A hall with parts that come when their PartId does, or a machine that runs, on channel 0.

    The other channels hear the hall alone, each from its own place.

    Parameters
    ----------
    plan
        `sound` is castings, gearmotors or pump; `seed` says which.
    clock
        The gateway's clock, which paces the samples.
    """

    def __init__(self, plan: SourcePlan, clock: Clock) -> None:
        self.rate = plan.rate
        self.channels = plan.channels
        self.ended = False
        self._plan = plan
        self._clock = clock
        self._sounds: list[Ambience | MachineSound] = []
        self._placed: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._position = 0
        self._pace: Pace | None = None

    def open(self) -> None:
        """Set up the hall and start the sample clock. Raises `SourceFault` for a sound nobody simulates."""
        plan = self._plan
        try:
            main: Ambience | MachineSound = (
                MachineSound(plan.sound, plan.seed, plan.rate, plan.rpm, plan.fault_at_s)
                if plan.sound in MACHINES
                else Ambience(plan.sound, plan.seed, plan.rate)
            )
            # 7919, a prime: places of one hall must not meet the halls of neighbouring seeds.
            others = [Ambience(plan.sound, plan.seed + 7919 * c, plan.rate) for c in range(1, plan.channels)]
            if plan.sound not in MACHINES:
                part_sound(plan.sound, plan.seed, "", plan.rate)  # what cannot be made is said now, not with a part
        except ValueError as fault:
            raise SourceFault(f"simulated {plan.sound} at {plan.rate} samples a second: {fault}") from fault
        self._sounds = [main, *others]
        self._placed.clear()
        self._position = 0
        self._pace = Pace(self._clock, plan.rate, plan.pace)

    def chunks(self) -> Iterator[Chunk]:
        """Give the sound up to now."""
        if self._pace is None:
            return
        reached, clock = self._pace.reached()
        self._position = max(self._position, reached - round(BEHIND_S_MAX * self.rate))
        if reached <= self._position:
            return
        start, self._position = self._position, reached
        samples = np.empty((reached - start, self.channels), np.float32)
        for channel, sound in enumerate(self._sounds):
            samples[:, channel] = sound.block(start, reached - start)
        self._add_parts(samples[:, 0], start)
        yield Chunk(start, samples, clock)

    def place(self, part_id: str, index: int) -> int | None:
        """Let this part begin at `index`, or as soon after as its whole sound can still be heard."""
        if self._plan.sound in MACHINES:
            return index
        if not part_id or len(self._placed) >= WAITING_MAX:
            return None
        sound = part_sound(self._plan.sound, self._plan.seed, part_id, self.rate)
        start = max(index, self._position + sound.lead)
        self._placed.append((start - sound.lead, sound.samples))
        return start

    def close(self) -> None:
        """Stop the sample clock."""
        self._placed.clear()
        self._pace = None

    def _add_parts(self, out: NDArray[np.float32], start: int) -> None:
        stop = start + len(out)
        for begin, sound in self._placed:
            low, high = max(begin, start), min(begin + len(sound), stop)
            if low < high:
                out[low - start : high - start] += sound[low - begin : high - begin]
        while self._placed and self._placed[0][0] + len(self._placed[0][1]) <= stop:
            self._placed.popleft()
