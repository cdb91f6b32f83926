"""What the stations of machines learned, held by main for a worker that begins anew."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from gateway.processes.condition import ConditionReport
from gateway.processes.kept import StationKept
from gateway.processes.ledger_messages import KeptStates
from gateway.processes.messages import Recall, RestartBaseline


class MachineMemory:
    """The newest of what each station wants to be told again after a restart.

    Parameters
    ----------
    to_worker
        Sends a message to the worker of a station; False where that worker is down.
    """

    def __init__(self, to_worker: Callable[[str, object], bool]) -> None:
        self._to_worker = to_worker
        self._kept: dict[str, str] = {}
        self._restarted: dict[str, RestartBaseline] = {}  # not yet answered by the station
        self._others: dict[tuple[str, str], StationKept] = {}  # of ears and drift

    def heard(self, report: ConditionReport) -> ConditionReport:
        """Keep what a report brought; gives the report without it, for everybody else."""
        if report.kept is None:
            return report
        self._kept[report.station] = report.kept
        self._restarted.pop(report.station, None)
        return replace(report, kept=None)

    def learned(self, kept: StationKept) -> None:
        """Hear what a station learned of its microphone or its parts."""
        self._others[kept.station, kept.kind] = kept

    def stored(self, states: KeptStates | StationKept) -> None:
        """Hear what the store has; what a station said itself since main started is newer."""
        if isinstance(states, StationKept):
            if (states.station, states.kind) not in self._others:
                self._others[states.station, states.kind] = states
                self._to_worker(states.station, states)
            return
        fresh = {name: kept for name, kept in states.states.items() if name not in self._kept}
        self._kept.update(fresh)
        self.back(fresh)

    def back(self, stations: Iterable[str]) -> None:
        """Tell stations what they wanted to be told: their worker has begun anew."""
        for name in stations:
            if name in self._kept:
                self._to_worker(name, Recall(name, self._kept[name]))
            if name in self._restarted:  # a person's word that the worker before may never have heard
                self._to_worker(name, self._restarted[name])
            for kept in [one for (station, _), one in self._others.items() if station == name]:
                self._to_worker(name, kept)

    def restart(self, asked: RestartBaseline) -> None:
        """Pass on that maintenance was done, until the station has answered."""
        self._restarted[asked.station] = asked
        self._to_worker(asked.station, asked)
