"""What the ledger is told to do: the site file, translated once by wiring, frozen, no pydantic left."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from gateway.incidents.alerts import AlertRules
from gateway.incidents.book import Policy
from gateway.incidents.sifting import Inhibit, Witness


@dataclass(frozen=True, slots=True)
class StationEntry:
    """What the ledger needs to know of a station."""

    name: str
    title: str = ""  #: for people; the name where empty
    asset: str = ""  #: the CMMS's asset number; empty where the station watches no machine
    cmms: str = ""  #: name of the `[cmms.*]` its orders go to; empty = no orders
    sounds: bool = False  #: it listens for sound events
    recipes: Mapping[int, str] = field(default_factory=dict)  #: PartType -> folder, where it judges parts


@dataclass(frozen=True, slots=True)
class Keep:
    """How long and how much is kept."""

    parts_days: float = 730.0
    conditions_days: float = 1826.0
    events_days: float = 1826.0  #: of events and of the audit trail
    evidence_bytes: int = 20_000_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """How orders reach a CMMS."""

    per_week: int = 10  #: automatic orders of the site; one per asset
    quiet_h: float = 24.0  #: heard again within it: the same trouble
    mute_h: float = 168.0  #: after a person cancelled an order
    # An answer that was lost is looked for twice before the same order is sent again. The second look waits longer
    # than a Maximo transaction may take, and both stay inside the 5 minutes in which Maximo refuses a repeated
    # transactionid.
    look_after_s: tuple[float, float] = (15.0, 60.0)
    retry_s: tuple[float, float] = (2.0, 300.0)  #: first and longest wait after "certainly not done"
    poll_s: float = 600.0  #: how often open orders are asked after
    pictures: bool = True
    failure_codes: Mapping[str, str] = field(default_factory=dict)  #: of a done order -> confirmed | false alarm


@dataclass(frozen=True, slots=True)
class AlertPlan:
    """What people are told, and by which channels."""

    rules: AlertRules = field(default_factory=AlertRules)
    channels: tuple[str, ...] = ()  #: names of the `[notify.*]`
    inhibits: tuple[Inhibit, ...] = ()
    witnesses: tuple[Witness, ...] = ()
    same_event: timedelta = timedelta(seconds=30)
    operators: int = 1  #: who share what a channel rings


@dataclass(frozen=True, slots=True)
class LedgerPlan:
    """Everything `run_ledger` needs besides its channel, clock and connectors."""

    line: str
    folder: str
    timezone: str = "UTC"  #: IANA name
    stations: tuple[StationEntry, ...] = ()
    sound: str = "never"  #: never | rejects | all: which sound may be written at all
    keep: Keep = field(default_factory=Keep)
    delivery: Delivery = field(default_factory=Delivery)
    page: str = ""  #: how people's devices reach the page; empty = messages and orders bear no link
    # HH:MM in the site's time: summary, retention, microphone self-test. Clocks go forward and back between 0 and 3 at
    # night: an hour after that comes once in every night.
    nightly_at: str = "04:30"
    speech: str = "drop"  #: drop | keep: sound with speech in it
    alerts: AlertPlan = field(default_factory=AlertPlan)
    models: str = ""  #: folder of embedding models, for proposals; empty for the user's own

    def entry(self, station: str) -> StationEntry | None:
        """Look a station up; None where the site file has none of this name."""
        return next((s for s in self.stations if s.name == station), None)

    def no_station(self, name: str) -> str:
        """Say that there is no station of this name, and which there are."""
        return f"no station {name!r}; wanted one of {', '.join(one.name for one in self.stations)}"

    def link(self, incident: str) -> str:
        """Give the address of an incident on the page; empty where there is none."""
        return f"{self.page}/incidents/{incident}" if self.page else ""

    @property
    def routed(self) -> Mapping[str, str]:
        """Station -> CMMS, for those whose orders go to one."""
        return {s.name: s.cmms for s in self.stations if s.cmms and s.asset}

    @property
    def cmms(self) -> tuple[str, ...]:
        """Every CMMS that is used."""
        return tuple(sorted(set(self.routed.values())))

    @property
    def policy(self) -> Policy:
        """What the rules of incidents go by."""
        return Policy(
            per_week=self.delivery.per_week,
            quiet=timedelta(hours=self.delivery.quiet_h),
            mute=timedelta(hours=self.delivery.mute_h),
            routed=self.routed,
            hears={s.name: self.alerts.rules.zones.get(s.name, "") for s in self.stations if s.sounds},
            same_event=self.alerts.same_event,
            event_over=self.alerts.rules.event_over,
        )
