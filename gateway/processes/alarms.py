"""Which alarms stand, derived from the state of the gateway. An alarm needs somebody to act; else it is an event.

A rejected part is an event; "five of the last twenty rejected" is an alarm (ISA-18.2, section 3: alarm definition).
Each text says what is wrong, what follows and what to do.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from analytics.decision.verdict import Evaluation
from connectors.plc.port import Mode
from gateway.processes.budget import FLOOD, FLOOD_OVER, Budget
from gateway.processes.ledger_messages import EventRecord, IncidentView, LedgerReport
from gateway.processes.snapshot import AlarmView, PartView, StationView

MANY_OF = (5, 20)  #: so many NotOK of so many parts
LEDGER_SILENT_S = 10.0
STANDS_S = 5.0  #: an alarm that stands shorter rings nobody: links connect, workers start
AGAIN_S = 60.0  #: one that comes and goes is written down so often at most
LEVELS = {"high": "error", "medium": "warning", "low": "info"}  #: of the event of an alarm, by its priority

#: Every alarm a station may have, so that its tag exists before it is first raised.
STATION_ALARMS = (
    "MicrophoneFault",
    "WorkerDown",
    "PlcLinkDown",
    "NotReady",
    "MissedTriggers",
    "ManyNotOk",
    "ManyNotDecidable",
    "PlcHeartbeatStale",
    "SecondGateway",
    "MasterCheck",
    "RecipeDrifts",
    "MachineIndication",
    "SoundEvent",
)
GATEWAY_ALARMS = ("LedgerDown", "LedgerFault", "OrdersStuck", "MessagesDropped", "AlarmFlood")


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that should stand now."""

    station: str
    name: str
    text: str
    priority: str  #: low | medium | high


def standing(
    stations: tuple[StationView, ...],
    incidents: tuple[IncidentView, ...],
    ledger: LedgerReport | None,
    ledger_age_s: float,
    dropped: Mapping[str, int],
    links: Mapping[str, Mapping[str, str]],
) -> Iterator[Standing]:
    """Yield every alarm that the present state asks for; `links` are those the handshakes keep, by station and name."""
    for station in stations:
        yield from _of_station(station)
        for name, sentence in links.get(station.name, {}).items():
            if name in STATION_ALARMS:
                yield Standing(station.name, name, sentence, "medium" if name == "RecipeDrifts" else "high")
        yield from _of_incidents(station.name, incidents)
    if ledger_age_s > LEDGER_SILENT_S:
        text = (
            f"The ledger has been silent for {ledger_age_s:.0f} s: verdicts go on, nothing is stored; look at the disk"
        )
        yield Standing("", "LedgerDown", text, "medium")
    if ledger is not None:
        for fault in ledger.faults[:1]:
            yield Standing("", "LedgerFault", fault, "medium")
        if ledger.outbox_stuck:
            text = f"{ledger.outbox_stuck} orders cannot be made: see wheeltapper orders"
            yield Standing("", "OrdersStuck", text, "medium")
        if ledger.budget is not None and ledger.budget.flood:
            yield Standing("", "AlarmFlood", _flood(ledger.budget), "medium")
    if dropped:
        text = "messages were lost by full queues: " + ", ".join(f"{n} to {name}" for name, n in dropped.items())
        yield Standing("", "MessagesDropped", text, "low")


def _of_incidents(station: str, incidents: Sequence[IncidentView]) -> Iterator[Standing]:
    """Yield what is heard here now: of a machine, and of taught kinds of sound."""
    lasting = [one for one in incidents if one.station == station and one.cleared_at is None]
    for name, event in (("MachineIndication", False), ("SoundEvent", True)):
        if found := [one for one in lasting if one.event is event]:
            worst = "high" if any(one.severity == "critical" for one in found) else "medium"
            yield Standing(station, name, found[0].text, worst)


def _flood(budget: Budget) -> str:
    worst = ", ".join(f"{one.station} {one.what} ({one.rings} of the day)" for one in budget.worst[:3])
    return (
        f"{budget.rate:.3g} alarms in 10 min for each operator ({budget.channel}), and nobody can act on more than"
        f" {FLOOD}; shelve or mend what rings most: {worst}; over with fewer than {FLOOD_OVER}"
    )


def _of_station(station: StationView) -> Iterator[Standing]:
    name = station.name
    if not station.worker_alive:
        yield Standing(
            name, "WorkerDown", "Its judging process is down; every part is NotDecidable until it is back", "high"
        )
    elif station.ear is not None and station.ear.quality:
        yield Standing(name, "MicrophoneFault", station.ear.sentence, "high" if station.part else "medium")
    if station.part is not None:
        yield from _of_parts(name, station.part)


def _of_parts(name: str, part: PartView) -> Iterator[Standing]:
    if part.link != "up":
        yield Standing(name, "PlcLinkDown", f"No connection to the PLC: {part.link_sentence}", "high")
    elif not part.ready and not part.locked and not (part.plc is not None and part.plc.mode == Mode.TEACH):
        faults = "; ".join(r.fault for r in part.recipes.values() if r.fault) or "no recipe is loaded"
        yield Standing(name, "NotReady", f"Parts cannot be judged: {faults}", "medium")
    if part.counters.missed:
        text = f"{part.counters.missed} triggers were never seen; lengthen the distance of parts or shorten poll_ms"
        yield Standing(name, "MissedTriggers", text, "low")
    many, of = MANY_OF
    recent = part.chips[-of:]
    if recent.count(Evaluation.NOT_OK) >= many:
        text = (
            f"{recent.count(Evaluation.NOT_OK)} of the last {len(recent)} parts NotOK: look at the process and the ear"
        )
        yield Standing(name, "ManyNotOk", text, "medium")
    if recent.count(Evaluation.NOT_DECIDABLE) >= many:
        text = (
            f"{recent.count(Evaluation.NOT_DECIDABLE)} of the last {len(recent)} parts NotDecidable: see their reasons"
        )
        yield Standing(name, "ManyNotDecidable", text, "medium")


class AlarmBoard:
    """Remembers since when each alarm stands."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], str] = {}

    def views(self, now: Iterator[Standing], wall: str) -> tuple[AlarmView, ...]:
        """Every standing alarm with the moment it began; what no longer stands is forgotten."""
        alarms = {(s.station, s.name): s for s in now}
        self._since = {key: self._since.get(key, wall) for key in alarms}
        return tuple(
            AlarmView(s.station, s.name, True, self._since[key], s.text, s.priority) for key, s in alarms.items()
        )


class AlarmJournal:
    """Turns alarms that come into events, so that the load of them can be counted and looked up later."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], float] = {}  # since when each stands
        self._rung: dict[tuple[str, str], float] = {}  # when each was written down last

    def note(self, alarms: Sequence[AlarmView], now: float, wall: str) -> list[EventRecord]:
        """Give an event for each alarm that has just come; `now` in monotonic seconds."""
        standing = {(alarm.station, alarm.name): alarm for alarm in alarms}
        self._seen = {key: self._seen.get(key, now) for key in standing}
        fresh = [key for key, since in self._seen.items() if now - since >= STANDS_S and self._comes(key, now)]
        self._rung |= dict.fromkeys(fresh, now)
        return [_event(standing[key], wall) for key in fresh]

    def _comes(self, key: tuple[str, str], now: float) -> bool:
        rung = self._rung.get(key)
        return rung is None or (rung < self._seen[key] and now - rung >= AGAIN_S)


def _event(alarm: AlarmView, wall: str) -> EventRecord:
    sentence = f"{alarm.name}: {alarm.text}"  # its name first: gateway/store/alarm_load.py counts by it
    return EventRecord(wall, alarm.station or "gateway", "alarm-raised", sentence, LEVELS[alarm.priority])
