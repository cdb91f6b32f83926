"""The newest report of every kind, and the snapshot made from them."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib.metadata import version

from gateway.handshake.link import Link
from gateway.processes.alarms import AlarmBoard, AlarmJournal, standing
from gateway.processes.condition import ConditionReport
from gateway.processes.ledger_messages import EventRecord, LedgerReport
from gateway.processes.messages import EarReport
from gateway.processes.snapshot import ProcessView, Snapshot, StationView
from gateway.processes.sounds import SoundsReport


@dataclass(frozen=True, slots=True)
class StationFacts:
    """What main needs to know of a station."""

    name: str
    title: str
    worker: str
    asset: str = ""
    link: int | None = None  #: index of its part flow's link
    rpm_value: str = ""  #: names of the plain tags its machine flow listens to; empty = none
    running_value: str = ""
    covariate_values: Mapping[str, str] = field(default_factory=dict)  #: by the covariate's own name
    zone: str = ""  #: where it is, for people


class Newest:
    """What every station and the ledger said last.

    Parameters
    ----------
    line, boot_id
        Name of the line; drawn anew for each start of the gateway.
    stations
        In the order of the site file.
    now
        Monotonic seconds, from which the silence of a ledger that has said nothing yet is counted.
    """

    def __init__(self, line: str, boot_id: int, stations: Sequence[StationFacts], now: float) -> None:
        self._line, self._boot_id, self._stations = line, boot_id, stations
        self._ears: dict[str, EarReport] = {}
        self._conditions: dict[str, ConditionReport] = {}
        self._sounds: dict[str, SoundsReport] = {}
        self._ledger: LedgerReport | None = None
        self._ledger_at = now
        self._alarms, self._journal = AlarmBoard(), AlarmJournal()

    def ear(self, report: EarReport) -> None:
        """Take how a microphone is."""
        self._ears[report.station] = report

    def condition(self, report: ConditionReport) -> None:
        """Take the condition of a machine."""
        self._conditions[report.station] = report

    def sounds(self, report: SoundsReport) -> None:
        """Take what was heard of taught kinds of sound."""
        self._sounds[report.station] = replace(report, evidence=None)

    def ledger(self, report: LedgerReport, now: float) -> None:
        """Take how the ledger stands."""
        self._ledger, self._ledger_at = report, now

    def unheard(self, stations: Sequence[str]) -> None:
        """Forget the microphones of stations whose worker is gone: nobody knows how they are."""
        for name in stations:
            self._ears.pop(name, None)

    def self_test(self) -> Iterator[tuple[str, str, str]]:
        """Say how every microphone is, from what its worker reports all day: station, sentence, level of the event."""
        for facts in self._stations:
            ear = self._ears.get(facts.name)
            if ear is None:
                yield facts.name, "its microphone was not heard of: the worker is down", "error"
            else:
                level = "no level" if ear.level_db is None else f"{ear.level_db:.1f} dB re full scale"
                yield facts.name, f"{ear.sentence}; {level}", "warning" if ear.quality else "info"

    def snapshot(
        self,
        now: float,
        wall: datetime,
        processes: tuple[ProcessView, ...],
        dropped: Mapping[str, int],
        links: Sequence[Link],
    ) -> Snapshot:
        """Make the state of the whole gateway, now; `dropped` counts messages by process."""
        stations = self._views(processes, links)
        ledger = self._ledger
        incidents = ledger.incidents if ledger else ()
        handshakes = {name: found for link in links for name, found in link.alarms().items()}
        alarms = standing(stations, incidents, ledger, now - self._ledger_at, dropped, handshakes)
        return Snapshot(
            self._line,
            wall.isoformat(),
            now,
            self._boot_id,
            version("wheeltapper"),
            stations,
            incidents,
            self._alarms.views(alarms, wall.isoformat()),
            processes,
            ledger.outbox_waiting if ledger else 0,
            dropped,
            ledger.windows if ledger else (),
            ledger.budget if ledger else None,
            ledger.outbox_stuck if ledger else 0,
            os.getpid(),
        )

    def raised(self, snapshot: Snapshot) -> list[EventRecord]:
        """Give an event for each alarm that has come since the snapshot before."""
        return self._journal.note(snapshot.alarms, snapshot.at, snapshot.wall)

    def _views(self, processes: Sequence[ProcessView], links: Sequence[Link]) -> tuple[StationView, ...]:
        alive = {process.name for process in processes if process.alive}
        parts = {name: view for link in links for name, view in link.views().items()}
        return tuple(
            StationView(
                facts.name,
                facts.title,
                self._ears.get(facts.name),
                parts.get(facts.name),
                self._conditions.get(facts.name),
                facts.asset,
                facts.worker in alive,
                sounds=self._sounds.get(facts.name),
                zone=facts.zone,
            )
            for facts in self._stations
        )
