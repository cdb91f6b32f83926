"""Which channels hear of an incident: the routes of the site file, by severity, place, kind, confidence and hour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from gateway.incidents.book import SEVERITIES

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Subject:
    """What routes look at of an incident."""

    station: str
    zone: str  #: empty where the site file gives none
    failure_mode: str
    severity: str
    confidence: float  #: 0.5 where nobody has a figure


@dataclass(frozen=True, slots=True)
class About:
    """Which incidents a rule means; what is empty leaves all in."""

    stations: frozenset[str] = frozenset()
    zones: frozenset[str] = frozenset()
    failure_modes: frozenset[str] = frozenset()

    def means(self, station: str, zone: str, failure_mode: str) -> bool:
        """Say whether it means this one."""
        return (
            (not self.stations or station in self.stations)
            and (not self.zones or zone in self.zones)
            and (not self.failure_modes or failure_mode in self.failure_modes)
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """A part of the day, past midnight where its end is before its beginning."""

    begin: time
    end: time
    days: frozenset[int] = frozenset()  #: 0 = Monday: days on which it begins; empty = every day

    def hold(self, local: datetime) -> bool:
        """Say whether it is now; the end is no longer in it."""
        at, day = local.time(), local.weekday()
        if self.begin < self.end:
            return self.begin <= at < self.end and self._on(day)
        # After midnight it is still the turn of the day before.
        return (at >= self.begin and self._on(day)) or (at < self.end and self._on((day - 1) % 7))

    def _on(self, day: int) -> bool:
        return not self.days or day in self.days


ALL_DAY = Hours(time(0), time(0))


@dataclass(frozen=True, slots=True)
class Step:
    """Who is told when nobody has acknowledged."""

    after: timedelta
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the site file."""

    name: str
    to: tuple[str, ...]
    severity: str = "warning"  #: and graver
    about: About = field(default_factory=About)
    hours: Hours = ALL_DAY
    confidence: float = 0.0  #: least
    escalate: tuple[Step, ...] = ()
    otherwise: bool = False  #: takes what no other route takes

    def takes(self, subject: Subject, local: datetime) -> bool:
        """Say whether it takes an incident at this hour."""
        return (
            SEVERITIES.index(subject.severity) >= SEVERITIES.index(self.severity)
            and self.about.means(subject.station, subject.zone, subject.failure_mode)
            and subject.confidence >= self.confidence
            and self.hours.hold(local)
        )


@dataclass(frozen=True, slots=True)
class Way:
    """Who hears of one incident, and who else after how long without an acknowledgement."""

    routes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()  #: the earliest first


def way_of(subject: Subject, routes: Sequence[Route], fences: Mapping[str, frozenset[str]], local: datetime) -> Way:
    """Find the way of an incident.

    Parameters
    ----------
    routes
        Every route that takes it counts; those marked `otherwise` only where no other does.
    fences
        Channel -> zones its people may hear of; a channel not in it hears of all.
    local
        Now, in the line's time.
    """
    taking = [route for route in routes if not route.otherwise and route.takes(subject, local)]
    taking = taking or [route for route in routes if route.otherwise and route.takes(subject, local)]

    def inside(names: Sequence[str]) -> tuple[str, ...]:
        allowed = [name for name in names if name not in fences or subject.zone in fences[name]]
        return tuple(dict.fromkeys(allowed))

    steps = [Step(step.after, inside(step.to)) for route in taking for step in route.escalate]
    return Way(
        tuple(route.name for route in taking),
        inside([name for route in taking for name in route.to]),
        tuple(sorted((step for step in steps if step.to), key=lambda step: step.after)),
    )
