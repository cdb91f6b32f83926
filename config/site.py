"""The site file as a schema: what a plant engineer may write, each key with its bounds and a sentence.

`config.load` turns a TOML file into a `Site` or into a list of all its faults.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from config.alerts import Alerts, Inhibit, Notify, Route, Witness
from config.array import Array
from config.cmms import Cmms
from config.sounds import Sounds
from config.table import Name, Table
from config.tag import Tag
from config.values import Duration, OptionalPath, Secret, Size


def _timezone(name: str) -> str:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f'found {name!r}; wanted a name such as "Europe/Berlin" or "UTC"') from None
    return name


def _clock_time(text: str) -> str:
    if re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", text) is None:
        raise ValueError(f'found {text!r}; wanted a time of day as "06:00"')
    return text


class Line(Table):
    """The line this gateway listens to."""

    name: str = Field(min_length=1, max_length=60, description="What people call the line.")
    timezone: Annotated[str, AfterValidator(_timezone)] = Field("UTC", description="Time zone of people and orders.")
    shifts: tuple[Annotated[str, AfterValidator(_clock_time)], ...] = Field(
        ("06:00", "14:00", "22:00"), min_length=1, max_length=8, description="When each shift begins, HH:MM."
    )


class Keep(Table):
    """How long and how much is kept."""

    parts: Duration = Field(2 * 31557600.0, description="Age of the oldest part kept.")
    conditions: Duration = Field(5 * 31557600.0, description="Age of the oldest machine condition kept.")
    evidence: Size = Field(20e9, description="Size of the evidence folder; the oldest goes first.")


class Store(Table):
    """Where the gateway remembers."""

    folder: Path = Field(Path("data"), description="SQLite and evidence; relative to the site file.")
    keep: Keep = Keep()
    models: OptionalPath = Field(None, description="Embedding models, built or imported; none = the user's own folder.")
    sound: Literal["never", "rejects", "all"] = Field("never", description="Which sound may be written at all.")
    speech: Literal["drop", "keep"] = Field("drop", description="drop: sound with speech in it is not written.")


# ---- PLCs -----------------------------------------------------------------------------------------------------------


class OpcUaPlcSettings(Table):
    """A PLC with an OPC UA server."""

    kind: Literal["opcua"]
    url: str = Field(pattern=r"^opc\.tcp://.+", description="Address of its server.")
    security: Literal["None", "Sign", "SignAndEncrypt"] = Field("SignAndEncrypt", description="Message security.")
    user: str = Field("", description="User name; empty = anonymous.")
    password: Secret | None = Field(None, description="Its password.")
    certificates: Path = Field(Path("certificates"), description="Our certificate, the trusted and the refused ones.")
    poll_ms: float = Field(10, ge=2, le=1000, description="How often the trigger is looked for.")
    notice: Literal["poll", "subscribe"] = Field("poll", description="subscribe: the PLC tells of a trigger.")
    timeout_ms: float = Field(500, ge=50, le=10_000, description="Longest wait for one answer.")


class ModbusPlcSettings(Table):
    """A PLC with a Modbus TCP server: the gateway is the client."""

    kind: Literal["modbus"]
    host: str = Field(min_length=1, description="Its address.")
    port: int = Field(502, ge=1, le=65535, description="TCP port of its server.")
    unit: int = Field(1, ge=0, le=255, description="Unit identifier.")
    word_order: Literal["big", "little"] = Field("big", description="Order of the two words of a float.")
    poll_ms: float = Field(10, ge=2, le=1000, description="How often the trigger is looked for.")
    timeout_ms: float = Field(200, ge=20, le=10_000, description="Longest wait for one answer.")


class ModbusServerSettings(Table):
    """A PLC that is a Modbus TCP client: it writes to and reads from the gateway."""

    kind: Literal["modbus-server"]
    host: str = Field("127.0.0.1", description="Interface to listen on.")
    port: int = Field(502, ge=0, le=65535, description="TCP port to listen on.")
    allow: tuple[str, ...] = Field((), description="Addresses that may connect; empty = any that reach the interface.")
    word_order: Literal["big", "little"] = Field("big", description="Order of the two words of a float.")
    poll_ms: float = Field(5, ge=2, le=1000, description="How often the registers are looked at.")


Plc = Annotated[OpcUaPlcSettings | ModbusPlcSettings | ModbusServerSettings, Field(discriminator="kind")]


# ---- sources --------------------------------------------------------------------------------------------------------


class Microphone(Table):
    """A channel of an audio device."""

    kind: Literal["microphone"]
    device: str = Field(min_length=1, description="Part of the device's name, as `wheeltapper devices` prints it.")
    host_api: str = Field("", description="Needed where the same device appears under several, as on Windows.")
    channel: int = Field(1, ge=1, le=64, description="Counted from 1.")
    rate: Literal[8000, 16000, 22050, 32000, 44100, 48000, 88200, 96000, 192000] = Field(
        48000, description="Samples a second; must be the recipe's."
    )


class RecordingSource(Table):
    """Sound files in place of a microphone."""

    kind: Literal["recording"]
    path: Path = Field(description="A file or a folder.")
    play: Literal["parts", "stream"] = Field("parts", description="Each file by its PartId, or one after the other.")
    pace: float = Field(
        1.0, ge=0, le=1000, description="1 = real time, 10 = ten times as fast, 0 = as fast as it goes."
    )
    channel: int = Field(1, ge=1, le=64, description="Counted from 1.")
    rate: int = Field(48000, ge=1000, le=400_000, description="Must be the files' own.")


class SimulatedSource(Table):
    """Simulated sound with known truth, for rehearsal."""

    kind: Literal["simulated"]
    sound: Literal["castings", "gearmotors", "pump"] = Field(description="What is simulated.")
    seed: int = Field(1, ge=0, description="Another seed is another plant; the same one always sounds the same.")
    rate: int = Field(48000, ge=16000, le=192_000, description="Samples a second.")
    rpm: float = Field(1480.0, gt=0, description="True speed of a simulated machine.")
    fault_at: Duration | None = Field(None, description="When the bearing of a simulated machine begins to fail.")

    @property
    def channel(self) -> int:
        """A simulation has one channel."""
        return 1


def one_device(source: Table, other: Table) -> bool:
    """Tell whether two sources are channels of one device, or of the same files: then they share one clock."""
    left, right = source.model_dump(exclude={"channel"}), other.model_dump(exclude={"channel"})
    return left == right


AnySource = Annotated[Microphone | RecordingSource | SimulatedSource, Field(discriminator="kind")]


# ---- stations -------------------------------------------------------------------------------------------------------


class CaptureWindow(Table):
    """Where the part's sound lies, counted from the trigger; 100 ms before and after come by themselves."""

    after_ms: float = Field(20, ge=-5000, le=60_000, description="From trigger to the part's first sample.")
    length_ms: float = Field(300, ge=20, le=60_000, description="Length of the part's sound.")


PartId = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[ -~]+$")]


class MasterParts(Table):
    """Known parts that must be judged right before a station judges others; by PartId."""

    ok: tuple[PartId, ...] = Field(min_length=1, max_length=20, description="Parts that must be judged OK.")
    not_ok: tuple[PartId, ...] = Field(min_length=1, max_length=20, description="Parts that must be judged NotOK.")
    every: Duration | None = Field(None, gt=0, description="How long a check holds; none = until the next start.")

    @model_validator(mode="after")
    def _one_kind(self) -> "MasterParts":
        if both := set(self.ok) & set(self.not_ok):
            raise ValueError(f"found {', '.join(sorted(both))} in ok and in not_ok; a master part is one of them")
        return self


class Parts(Table):
    """The part flow of a station."""

    plc: Name = Field(description="Which [plc.NAME] triggers it.")
    tags: str = Field("", description="OPC UA: prefix of the contract's tags.")
    names: dict[str, str] = Field(default_factory=dict, description="OPC UA: single tags by name, over the prefix.")
    block: int | None = Field(None, ge=0, le=1000, description="Modbus: number of the station's block of 64 registers.")
    recipes: dict[Annotated[int, Field(ge=0, le=65535)], Path] = Field(
        default_factory=dict, description="Recipe folder by the PLC's PartType; unknown = not ready."
    )
    capture: CaptureWindow = CaptureWindow()
    deadline_ms: float = Field(600, ge=50, le=65_000, description="Used where the PLC leaves DeadlineMs 0.")
    margin_ms: float = Field(20, ge=5, le=5000, description="NotDecidable is written this long before the deadline.")
    hold_ms: float = Field(
        100, ge=10, le=5000, description="A result stands so long, or until ResultAck: two polls of the PLC at least."
    )
    overrun: Literal["finish", "abort"] = Field(
        "finish", description="What becomes of a part when the next one comes too early; the next is NotDecidable."
    )
    reject_rate: float = Field(0.01, gt=0, le=0.5, description="False rejects the recipe must promise.")
    master: MasterParts | None = Field(None, description="Master parts; the station is locked until they were right.")
    teach_parts: int = Field(
        0, ge=0, le=5000, description="Parts heard in Mode 3 to learn a missing recipe from; 0 = off."
    )


class Bearing(Table):
    """A bearing, by type or by its own fault orders."""

    name: str = Field(min_length=1, max_length=30, description='As a technician says it: "drive end".')
    type: str = Field("", description="Known types: docs/machines.md.")
    orders: dict[Literal["BPFO", "BPFI", "BSF", "FTF"], float] = Field(
        default_factory=dict, description="Multiples of the shaft speed, where the type is not known."
    )


class Covariate(Tag):
    """A plain tag that moves a machine's sound without wear: load, temperature, flow."""

    name: Name = Field(description='As people say it: "load".')


class Indicator(Table):
    """A band, a line or a modulation that speaks for one failure mode."""

    name: str = Field(min_length=1, max_length=30, description='As a technician says it: "blade pass line".')
    mode: Literal[
        "imbalance",
        "blade pass",
        "cavitation",
        "gear",
        "belt slip",
        "electrical hum",
        "air leak",
        "water leak",
        "structure",
        "other",
    ] = Field(description="Failure mode; where several indicators speak for one, all of them must.")
    band_hz: tuple[Annotated[float, Field(ge=0.5, le=200_000)], Annotated[float, Field(le=200_000)]] | None = Field(
        None, description="Low and high edge; alone: the level in it, with a line: the modulation of it."
    )
    order: float | None = Field(None, gt=0, le=500, description="Line at this multiple of the shaft speed.")
    hz: float | None = Field(None, ge=0.5, le=200_000, description="Line at this frequency.")
    multiples: int = Field(1, ge=1, le=10, description="So many multiples of the line are added up.")
    tolerance: float | None = Field(
        None, gt=0, le=0.2, description="Share the line may be off; of an order rpm_tolerance, of a frequency 0.005."
    )
    warning_db: float = Field(6.0, gt=0, le=60, description="Over the machine's own normal.")
    critical_db: float = Field(12.0, gt=0, le=60, description="Over the machine's own normal.")

    @model_validator(mode="after")
    def _one_form(self) -> "Indicator":
        if self.order is not None and self.hz is not None:
            raise ValueError("found order and hz; wanted one of them")
        if self.band_hz is None and self.order is None and self.hz is None:
            raise ValueError("found neither band_hz nor a line; wanted band_hz, order or hz")
        if self.band_hz is not None and self.band_hz[0] >= self.band_hz[1]:
            raise ValueError(f"found a band from {self.band_hz[0]:g} to {self.band_hz[1]:g} Hz; wanted low below high")
        return self


class Machine(Table):
    """The machine flow of a station."""

    asset: str = Field(min_length=1, max_length=25, description="The CMMS's number of the machine.")
    bearings: tuple[Bearing, ...] = ()
    speed: Tag | None = Field(None, description="Tag that holds the shaft speed in rpm.")
    rpm: float | None = Field(None, gt=0, le=200_000, description="Shaft speed, where it is constant.")
    rpm_tolerance: float = Field(0.02, ge=0.001, le=0.2, description="0.02 = +-2 %.")
    runs: Tag | None = Field(None, description="Tag that is true while the machine runs; none = always.")
    orders: Name | None = Field(None, description="Which [cmms.NAME] receives orders; none = incidents only.")
    learn: Duration = Field(600.0, description="Running sound the baseline is learned from.")
    diagnose_every: Duration = Field(60.0, description="How often a diagnosis is made.")
    diagnose_over: Duration = Field(10.0, description="Length of sound a diagnosis looks at.")
    persist: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1, le=100)]] = Field(
        (3, 4), description="m of the last n diagnoses raise an alarm."
    )
    warning_db: float = Field(6.0, gt=0, le=60, description="Level over baseline.")
    critical_db: float = Field(12.0, gt=0, le=60, description="Level over baseline.")
    indicators: tuple[Indicator, ...] = Field((), max_length=16, description="Of what no bearing shows.")
    covariates: tuple[Covariate, ...] = Field(
        (),
        max_length=4,
        description="Tags whose influence on the sound is learned and taken off.",
    )
    wear_every: Duration = Field(
        3600.0, ge=2, le=604_800, description="Sound summed up to one step of wear; normal is learned from 60 of them."
    )
    learn_hall: Duration | None = Field(
        None,
        ge=10,
        le=3600,
        description="Sound of the hall, the machine at rest, that `ambient` then takes out; none = it is left in.",
    )

    @field_validator("indicators", "covariates")
    @classmethod
    def _names_once(cls, found: tuple["Indicator | Covariate", ...]) -> tuple["Indicator | Covariate", ...]:
        names = [one.name for one in found]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"found {twice!r} twice; wanted a name of its own for each")
        return found

    @field_validator("persist")
    @classmethod
    def _m_of_n(cls, persist: tuple[int, int]) -> tuple[int, int]:
        if persist[0] > persist[1]:
            raise ValueError(f"found {persist[0]} of {persist[1]}; wanted m of n with m <= n, as in [3, 4]")
        return persist


class Station(Table):
    """A place on the line where sound is heard."""

    name: Name = Field(description="Short name on tags and in the store.")
    title: str = Field("", max_length=60, description="Name for people; empty = the short one.")
    zone: str = Field("", max_length=60, description="Where it is, for routes; empty = that of its sounds.")
    mode: Literal["observe", "shadow", "active"] = Field("observe", description="active alone writes PLC tags.")
    source: AnySource
    ambient: AnySource | None = Field(None, description="A second microphone that hears the hall, not the part.")
    array: Array | None = Field(None, description="Several microphones of the source's device, heard as one.")
    parts: Parts | None = None
    machine: Machine | None = None
    sounds: Sounds | None = None

    @model_validator(mode="after")
    def _masters_are_judged(self) -> "Station":
        if self.mode == "observe" and self.parts is not None and self.parts.master is not None:
            raise ValueError('parts.master needs verdicts; wanted mode = "shadow" or "active"')
        return self

    @model_validator(mode="after")
    def _hall_can_be_told(self) -> "Station":
        if self.machine is None or self.machine.learn_hall is None:
            return self
        if self.machine.runs is None:
            raise ValueError("machine.learn_hall needs machine.runs: the hall is learned while the machine rests")
        ambient = self.ambient
        if ambient is None or ambient.channel == self.source.channel or not one_device(self.source, ambient):
            raise ValueError("machine.learn_hall needs ambient = {...}, another channel of the source's own device")
        return self


class Serve(Table):
    """The gateway's own servers."""

    opcua: str = Field("", pattern=r"^(opc\.tcp://.+)?$", description="Address of its OPC UA server; empty = none.")
    security: Literal["None", "Sign", "SignAndEncrypt"] = Field(
        "SignAndEncrypt", description="Lowest security accepted; None is refused off loopback."
    )
    opcua_commands: bool = Field(
        False, description="Named operators acknowledge and shelve incidents by OPC UA; else it changes nothing."
    )
    modbus: str = Field("", pattern=r"^(.+:\d+)?$", description="host:port of its Modbus server; empty = none.")
    page: str = Field(
        "",
        pattern=r"^(https?://[^/@?#\s]+:\d{1,5})?$",
        description="Address of the page and its REST API; empty = none.",
    )
    url: str = Field(
        "",
        pattern=r"^(https?://[^/@?#\s]+(/[^@?#\s]*)?)?$",
        description="How people's devices reach the page, for the links in messages and orders; empty = as page says.",
    )
    metrics: Literal["token", "open"] = Field(
        "token", description="Who reads /metrics from elsewhere: whoever has a token, or anybody who reaches the page."
    )
    page_certificate: OptionalPath = Field(None, description="PEM file for https, with the chain.")
    page_key: OptionalPath = Field(None, description="PEM file of its private key.")
    certificates: Path = Field(Path("certificates"), description="Certificate of the server and the trusted clients.")


class Site(Table):
    """A whole site file."""

    line: Line
    store: Store = Store()
    plc: dict[Name, Plc] = Field(default_factory=dict)
    cmms: dict[Name, Cmms] = Field(default_factory=dict)
    notify: dict[Name, Notify] = Field(default_factory=dict)
    route: tuple[Route, ...] = Field((), max_length=64)
    inhibit: tuple[Inhibit, ...] = Field((), max_length=64)
    witness: tuple[Witness, ...] = Field((), max_length=64)
    alerts: Alerts = Alerts()
    station: tuple[Station, ...] = Field(min_length=1, max_length=64)
    serve: Serve = Serve()
