"""The site file as a schema: what a plant engineer may write, each key with its bounds and a sentence.

`config.load` turns a TOML file into a `Site` or into a list of all its faults.
"""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from config.alerts import Alerts, Inhibit, Notify, Route, Witness
from config.array import Array
from config.cmms import Cmms
from config.machine import Machine
from config.parts import Parts
from config.plc import Plc
from config.sounds import Sounds
from config.source import AnySource, one_device
from config.table import Name, Table
from config.values import Duration, OptionalPath, Size


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
