"""Machines, and what listens for sound events, are fed between the parts: a verdict waits for none of them."""

from collections.abc import Callable

from gateway.processes.clock import Clock
from gateway.stations.ear import Ear
from gateway.stations.machine import MachineStation
from gateway.stations.sounds import SoundsStation

AT_ONCE_S = 0.05  #: sound handed over at once, at least: windows advance by as much
STEP_S = 0.03  #: a step of a diagnosis may take so long (measured, docs/audio.md); none is begun with a verdict so near
PATIENCE_S = 1.0  #: but each is fed at least so often: looks are a second apart or more


class _Fed:
    """One listener, and how far it was fed."""

    def __init__(self, name: str, station: MachineStation | SoundsStation, ear: Ear) -> None:
        self.name = name
        self._station = station
        self._ear = ear
        self._fed = 0

    def waiting_s(self) -> float:
        """Tell how much sound it has not been fed yet."""
        return (self._ear.end - self._fed) / self._ear.rate

    def feed(self) -> None:
        """Hand over what was heard."""
        for start, samples in self._ear.since(self._fed):
            self._station.feed(samples, start)
        self._fed = self._ear.end


class Feeding:
    """Whom to feed next: who waits longest, one a pass, and nobody just before a verdict.

    Parameters
    ----------
    clock
        The gateway's clock.
    due
        When the next verdict is due; None where none is.
    """

    def __init__(self, clock: Clock, due: Callable[[], float | None]) -> None:
        self._clock = clock
        self._due = due
        self._all: list[_Fed] = []

    def add(self, name: str, station: MachineStation | SoundsStation, ear: Ear) -> None:
        """Take a listener in."""
        self._all.append(_Fed(name, station, ear))

    def feed(self) -> str:
        """Feed the one that waits longest; gives its name, empty where nobody was fed."""
        one = max(self._all, key=_Fed.waiting_s, default=None)
        if one is None or one.waiting_s() < AT_ONCE_S:
            return ""
        due = self._due()
        if due is not None and due - self._clock.now() <= STEP_S and one.waiting_s() <= PATIENCE_S:
            return ""
        one.feed()
        return one.name
