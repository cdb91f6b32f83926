"""What is remembered of incidents, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from connectors.cmms.port import OrderState
from gateway.incidents.advice import ADVICE

SEVERITIES = ("warning", "critical")  #: in rising order

#: What is found of machines. A kind of sound that was taught by one of these names would count as a machine's state.
OF_MACHINES = frozenset(ADVICE) | {"abnormal sound", "other"}


def worse(a: str, b: str) -> str:
    """Give the graver of two severities; a word nobody knows counts as a warning."""
    return max(a, b, key=lambda word: SEVERITIES.index(word) if word in SEVERITIES else 0)


class Fate(StrEnum):
    """How far the order of an incident got."""

    WITHHELD = "withheld"  #: none is to be made; `why` says the reason
    QUEUED = "queued"
    UNSETTLED = "unsettled"  #: sent, no answer read, being looked up
    STANDS = "stands"
    REJECTED = "rejected"  #: the CMMS will never take it; a person must act


@dataclass(frozen=True, slots=True)
class OrderLink:
    """The order of one incident."""

    incident: str
    asset: str
    wanted_at: datetime
    fate: Fate
    cmms: str = ""  #: where it goes; empty where it is withheld
    why: str = ""
    number: str = ""
    adopted: bool = False  #: a person's own order was there first
    state: OrderState | None = None

    @property
    def open(self) -> bool:
        """True while it is on its way or in somebody's hands; one that was deleted is in nobody's."""
        if self.fate is Fate.STANDS:
            return self.state is None or (self.state.open and self.state is not OrderState.UNKNOWN)
        return self.fate in {Fate.QUEUED, Fate.UNSETTLED}

    @property
    def over(self) -> bool:
        """True once a person has finished or cancelled it in the CMMS."""
        return self.fate is Fate.STANDS and self.state is not None and not self.state.open

    @property
    def counts(self) -> bool:
        """True where it uses up the weekly allowance: an order of ours that a person has had to read, or will."""
        return not self.adopted and self.fate in {Fate.QUEUED, Fate.UNSETTLED, Fate.STANDS}


@dataclass(frozen=True, slots=True)
class Incident:
    """Episodes that belong together: what a person or the CMMS hears of."""

    id: str
    station: str
    asset: str
    failure_mode: str
    severity: str
    text: str  #: of the episode that raised it last
    raised_at: datetime
    episodes: Mapping[str, bool]  #: episode id -> active
    cleared_at: datetime | None = None  #: since when no episode has been active
    ended_at: datetime | None = None
    ended_why: str = ""
    held_until: datetime | None = None  #: after its end: what is heard until then belongs to it still
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    noted_at: datetime | None = None  #: when its order was last told something
    shelved_until: datetime | None = None  #: it rings nobody and opens no order until then
    shelved_by: str = ""
    zone: str = ""  #: of the station that raised it; empty where the site file gives none

    @property
    def active(self) -> bool:
        """True while any of its episodes lasts."""
        return any(self.episodes.values())


@dataclass(frozen=True, slots=True)
class Policy:
    """What the site file says on telling people."""

    per_week: int = 10  #: automatic orders of the whole site
    per_asset_week: int = 1
    quiet: timedelta = timedelta(
        hours=24
    )  #: cleared this long = over; heard again this long after a repair = a new one
    mute: timedelta = timedelta(days=7)  #: after a person cancelled the order
    note_every: timedelta = timedelta(days=1)  #: notes on one order, unless the severity rises
    routed: Mapping[str, str] = field(default_factory=dict)  #: station -> CMMS; a station not in it makes no orders
    hears: Mapping[str, str] = field(default_factory=dict)  #: station that listens for sound events -> its zone
    same_event: timedelta = timedelta(seconds=30)  #: one kind of sound in one zone within it is one incident
    event_over: timedelta = timedelta(minutes=10)  #: a sound event is over so long after it was heard last

    def event(self, station: str, failure_mode: str) -> bool:
        """Say whether it is a sound event, which is over when it is not heard, and not the state of a machine."""
        return station in self.hears and failure_mode not in OF_MACHINES

    def quiet_of(self, incident: Incident) -> timedelta:
        """Give how long an incident must have been cleared to be over."""
        return self.event_over if self.event(incident.station, incident.failure_mode) else self.quiet


@dataclass(frozen=True, slots=True)
class Window:
    """Maintenance at a station: what is heard there meanwhile is nobody's alarm."""

    station: str
    who: str
    since: datetime
    until: datetime
    noted: tuple[str, ...] = ()  #: episodes that were heard and written down


@dataclass(frozen=True, slots=True)
class Book:
    """Every incident that is not over and forgotten, the orders of the last week, and the windows that are open."""

    incidents: Mapping[str, Incident] = field(default_factory=dict)
    orders: Mapping[str, OrderLink] = field(default_factory=dict)  #: by incident
    windows: Mapping[str, Window] = field(default_factory=dict)  #: by station

    def of_episode(self, episode: str) -> Incident | None:
        """Find the incident an episode belongs to."""
        return next((i for i in self.incidents.values() if episode in i.episodes), None)

    def open_on(self, asset: str, failure_mode: str) -> Incident | None:
        """Find the one open incident of an asset and failure mode."""
        for incident in self.incidents.values():
            if (incident.asset, incident.failure_mode) == (asset, failure_mode) and incident.ended_at is None:
                return incident
        return None

    def near(self, heard_zone: str, failure_mode: str, now: datetime, policy: "Policy") -> Incident | None:
        """Find the open incident of the same kind of sound that another microphone of the zone heard just now."""
        for incident in self.incidents.values():
            lately = incident.active or (
                incident.cleared_at is not None and now - incident.cleared_at <= policy.same_event
            )
            same = policy.hears.get(incident.station) == heard_zone and incident.failure_mode == failure_mode
            if heard_zone and same and lately and incident.ended_at is None:
                return incident
        return None

    def held_on(self, asset: str, failure_mode: str, now: datetime) -> Incident | None:
        """Find the latest ended incident that what is heard now still belongs to."""
        held = [
            i
            for i in self.incidents.values()
            if (i.asset, i.failure_mode) == (asset, failure_mode) and i.held_until is not None and i.held_until > now
        ]
        return max(held, key=lambda i: i.held_until or now, default=None)


class What(StrEnum):
    """Kinds of telling; each is also the kind of the event that is stored."""

    RAISED = "incident-raised"
    HEARD_AGAIN = "incident-heard-again"
    GRAVER = "incident-graver"
    CLEARED = "incident-cleared"
    ENDED = "incident-ended"
    ACKNOWLEDGED = "incident-acknowledged"
    ORDER = "order-wanted"
    WITHHELD = "order-withheld"
    NOTE = "order-note"  #: a line for the order's log
    SHELVED = "incident-shelved"
    UNSHELVED = "incident-unshelved"
    WINDOW = "window-opened"
    IN_WINDOW = "window-heard"
    WINDOW_OVER = "window-closed"


@dataclass(frozen=True, slots=True)
class Tell:
    """Something to be stored, shown or sent."""

    what: What
    incident: str  #: empty where it is about a station as a whole
    sentence: str
    station: str = ""  #: where there is no incident


Told = tuple[Book, tuple[Tell, ...]]  #: what every rule gives: the next book, and what is to be told
