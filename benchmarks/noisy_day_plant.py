"""The noisy plant: its stations, its rules, and what is heard there in a day of 400 raw episodes, 5 troubles planted."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from gateway.incidents.alerts import AlertRules
from gateway.incidents.routes import About, Route, Step
from gateway.incidents.sifting import Inhibit, Witness
from gateway.ledger.plan import AlertPlan, LedgerPlan, StationEntry
from gateway.processes.condition import ConditionReport, Diagnosis, EpisodeView
from gateway.processes.ledger_messages import PlantTags
from gateway.processes.sounds import SoundsReport

STEP_S = 10
DAY_S = 86_400
MICROPHONES = ("glass-1", "glass-2", "glass-3")
BEHIND = ("dryer", "packer", "press-air", "valve-island")


@dataclass(frozen=True)
class Raw:
    """One raw episode: from the second it is raised to the second it is cleared."""

    station: str
    mode: str
    severity: str
    begin: int
    end: int
    why: str  #: which part of the day it belongs to
    event: bool = False

    @property
    def id(self) -> str:
        return f"{self.station}-{self.mode}-{self.begin}"


def at(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 3600 + int(minute) * 60


def day(chance: random.Random) -> list[Raw]:
    """400 episodes; those whose `why` begins with "real" are the planted ones."""

    def flap(station: str, mode: str, many: int, begin: int, end: int, why: str, lasts: int = 40) -> list[Raw]:
        starts = sorted(chance.sample(range(begin, end - lasts - STEP_S, 2 * STEP_S), many))
        return [Raw(station, mode, "warning", s, s + chance.randint(STEP_S, lasts), why) for s in starts]

    found = flap("fan-3", "abnormal sound", 120, 0, DAY_S - 600, "chatter of a loose cover")
    for stop in ("05:30", "12:00", "19:30"):
        found += flap("conveyor", "abnormal sound", 20, at(stop) + 60, at(stop) + 1700, "the line stands")
    found += flap("press", "abnormal sound", 50, at("09:10"), at("10:50"), "maintenance window")
    found.append(Raw("compressor", "air leak", "critical", at("13:20"), at("16:00"), "real: air leak"))
    for station in BEHIND:
        found += flap(station, "abnormal sound", 15, at("13:25"), at("15:55"), "explained by the compressor")
    for number in range(5):  # five panes in 30 s, in three microphones each
        found += [
            Raw(
                m,
                "glass break",
                "critical",
                at("03:10") + 6 * number + i,
                at("03:11") + 10 * number,
                "real: glass at night",
                event=True,
            )
            for i, m in enumerate(MICROPHONES)
        ]
    found += [
        Raw(m, "glass break", "critical", at("15:40") + i, at("15:41"), "real: glass by day", event=True)
        for i, m in enumerate(MICROPHONES)
    ]
    bearing = flap("pump-7", "outer race", 40, at("06:40"), at("20:00"), "real: bearing", lasts=400)
    found += [
        Raw(r.station, r.mode, "critical" if r.begin > at("14:00") else r.severity, r.begin, r.end, r.why)
        for r in bearing
    ]
    found += [
        Raw("gearbox", "gear", "warning", at("22:30"), at("22:50"), "real: gear"),
        Raw("gearbox", "gear", "warning", at("22:55"), at("23:30"), "real: gear"),
    ]
    found += flap("pump-2", "cavitation", 400 - len(found), at("01:00"), at("23:00"), "throttled, says the valve")
    assert len(found) == 400, len(found)
    return found


def plan_of(folder: Path) -> LedgerPlan:
    machines = ("fan-3", "conveyor", "press", "compressor", *BEHIND, "pump-7", "gearbox", "pump-2")
    zones = dict.fromkeys(machines, "hall 1") | dict.fromkeys(MICROPHONES, "office wing") | {"gearbox": "hall 2"}
    critical = Route("critical", ("pager", "hook"), "critical", escalate=(Step(timedelta(minutes=15), ("mail",)),))
    board = Route("board", ("mail", "monitor"), confidence=0.4, about=About(zones=frozenset({"hall 1", "hall 2"})))
    guard = Route("guard", ("chat",), about=About(zones=frozenset({"office wing", "hall 1"})))
    rules = AlertRules((critical, board, guard), {"chat": frozenset({"office wing"})}, zones)
    alerts = AlertPlan(
        rules,
        ("pager", "mail", "monitor", "hook", "chat"),
        (
            Inhibit("conveyor stands", About(stations=frozenset({"conveyor"})), runs="runs"),
            Inhibit("no compressed air", About(stations=frozenset(BEHIND)), parent="compressor"),
        ),
        (
            Witness("valve opening", "valve", About(stations=frozenset({"pump-2"})), below=30.0, speaks="against"),
            Witness("bearing temperature", "temperature", About(stations=frozenset({"pump-7"})), above=70.0),
        ),
    )
    stations = tuple(StationEntry(m, asset=m.upper()) for m in machines)
    stations += tuple(StationEntry(m, sounds=True) for m in MICROPHONES)
    return LedgerPlan("Noisy plant", str(folder), stations=stations, alerts=alerts)


def heard(raw: list[Raw], second: int, wall: datetime, life: str = "", born: int = 0) -> list[object]:
    """Give what the workers report at this second: every active episode again, and what has just cleared.

    A sound event has another id in each life of its worker, and what was over when that life was `born` is forgotten;
    a machine's episode is taken up again after a restart.
    """
    messages: list[object] = []
    lately = [r for r in raw if r.begin <= second < r.end + 6 * STEP_S and not (r.event and r.end <= born)]
    for station in sorted({r.station for r in lately}):
        views = tuple(
            EpisodeView(
                f"{r.id}-{life}" if r.event else r.id,
                r.mode,
                r.severity,
                wall.isoformat(),
                second < r.end,
                f"{station.upper()}: {r.mode} indication, +8 dB; over normal",
            )
            for r in lately
            if r.station == station
        )
        if station in MICROPHONES:
            messages.append(SoundsReport(station, float(second), wall.isoformat(), ("glass break",), episodes=views))
        else:
            diagnosis = Diagnosis("undecided", None, "benchmark")
            messages.append(
                ConditionReport(
                    station, float(second), wall.isoformat(), True, None, {}, 8.0, "frozen", diagnosis, (), views
                )
            )
    return messages


def steps(raw: list[Raw], until: int) -> list[int]:
    """Give the seconds at which something may be heard, and each full minute."""
    busy = {s for r in raw for s in range(r.begin // STEP_S * STEP_S, r.end + 7 * STEP_S, STEP_S)}
    return sorted(s for s in busy | set(range(0, until, 60)) if s < until)


def plant_tags(second: int) -> PlantTags:
    stands = any(at(stop) <= second < at(stop) + 1800 for stop in ("05:30", "12:00", "19:30"))
    return PlantTags({"runs": not stands, "valve": 20.0, "temperature": 78.0})
