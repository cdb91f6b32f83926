"""How long the passes of a worker's loop take, and what made the longest one long.

A worker's tick stands for a completed pass, and the heartbeat of its stations for its ticks: a long pass is a heartbeat
that pauses. Whether the worker computed for so long or waited for a processor is told apart, for the two are mended in
different places.
"""

import time
from collections.abc import Callable

from gateway.processes.clock import Clock
from gateway.processes.messages import LongestPass

PAUSE_S = 0.2  #: a tick is due so often
AGAIN_S = 60.0  #: between two notes; a machine with too much to do is no news
WAITING = "waiting for a processor"


class Passes:
    """Measures one pass after the other.

    Parameters
    ----------
    clock
        The gateway's clock.
    computed
        Seconds this thread has had a processor.
    """

    def __init__(self, clock: Clock, computed: Callable[[], float] = time.thread_time) -> None:
        self.count = 0  #: passes completed
        self._clock = clock
        self._computed = computed
        self._began = self._step_began = clock.now()
        self._computed_before = computed()
        self._step_s, self._step = 0.0, ""
        self._longest = LongestPass()
        self._note_at = clock.now()

    def begin(self, due: float) -> None:
        """Begin a pass that was due at a time: the wait before it was to end then, or a message ended it sooner."""
        now = self._clock.now()
        self._computed_before = self._computed()
        self._began = min(due, now)
        self._step_began = now
        self._step_s, self._step = now - self._began, WAITING

    def did(self, what: str, station: str = "") -> None:
        """Say what the time since the step before went into."""
        now = self._clock.now()
        took, self._step_began = now - self._step_began, now
        if took > self._step_s:
            self._step_s, self._step = took, f"{what} {station}".rstrip()

    def end(self) -> None:
        """Count a completed pass."""
        self.count += 1
        took = self._clock.now() - self._began
        if took > self._longest.took_s:
            computed = self._computed() - self._computed_before
            self._longest = LongestPass(took, computed, self._step_s, self._step)

    def longest(self) -> LongestPass:
        """Give the longest pass since this was asked before."""
        found, self._longest = self._longest, LongestPass()
        return found

    def note(self, longest: LongestPass) -> str:
        """Say what a person should know of a pass; empty where nothing, or not yet again."""
        now = self._clock.now()
        if longest.took_s <= PAUSE_S or now < self._note_at:
            return ""
        self._note_at = now + AGAIN_S
        return (
            f"a pass took {1000 * longest.took_s:.0f} ms, {1000 * longest.computed_s:.0f} of them computing and "
            f"{1000 * longest.step_s:.0f} in {longest.step}: the heartbeat of its stations paused"
        )
