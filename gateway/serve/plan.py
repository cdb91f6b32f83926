"""What the front is told to do: the site file, translated once by wiring, frozen, no pydantic left."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServedStation:
    """What the front needs to know of a station to build its tags."""

    name: str
    parts: bool
    machine: bool
    sounds: bool = False


@dataclass(frozen=True, slots=True)
class OpcUaServerPlan:
    """What the server needs to know before it starts."""

    url: str
    security: str  #: None | Sign | SignAndEncrypt
    certificates: str
    line: str
    people: str = ""  #: folder of the store, where named people may acknowledge and shelve; empty = nobody may


@dataclass(frozen=True, slots=True)
class PagePlan:
    """Where the page is, and of what it speaks."""

    scheme: str  #: http | https
    host: str
    port: int
    line: str
    timezone: str
    store: str  #: folder of the store
    names: tuple[str, ...] = ()  #: hosts it goes by; empty = any
    certificate: str = ""  #: PEM files, for https
    key: str = ""
    shifts: tuple[str, ...] = ("06:00", "14:00", "22:00")  #: when each begins, HH:MM in the site's time
    metrics_open: bool = False  #: to anybody who reaches the page; else to this PC and to tokens


@dataclass(frozen=True, slots=True)
class FrontPlan:
    """What is served, and where; an empty address means not at all."""

    line: str
    stations: tuple[ServedStation, ...]
    opcua: OpcUaServerPlan | None = None
    modbus: str = ""  #: host:port
    commands: str = ""  #: folder where people at a terminal ask
    page: PagePlan | None = None
