"""Who is told of what: channels to people, routes to channels, what keeps quiet, what bears witness."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from config.sounds import Severity
from config.table import Name, Table
from config.tag import Tag
from config.values import Duration, OptionalPath, Secret

Zone = Annotated[str, Field(min_length=1, max_length=60)]
Mode = Annotated[str, Field(min_length=1, max_length=100)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Address = Annotated[str, Field(pattern=r"^[^@\s,;<>]+@[^@\s,;<>]+$", max_length=254)]


class _Channel(Table):
    """What every channel has."""

    zones: tuple[Zone, ...] = Field((), description="Its people hear of these zones alone; empty = of all.")
    timeout: Duration = Field(20.0, gt=0, le=120, description="Longest wait for one answer.")


class _OverHttp(_Channel):
    """What every channel over HTTP has."""

    ca_file: OptionalPath = Field(None, description="PEM file of an authority to trust beside the operating system's.")
    proxy: str = Field("", pattern=r"^(http://[^/@?#\s]+:\d{1,5})?$", description="On the way out; empty = none.")


class PagerDutyChannel(_OverHttp):
    """PagerDuty, by its Events API v2: it rings, takes the acknowledgement and closes by itself."""

    kind: Literal["pagerduty"]
    key: Secret = Field(description="Integration key of the service, 32 characters.")
    url: str = Field(
        "https://events.pagerduty.com", pattern=r"^https?://\S+$", description="Address; another one in the EU."
    )


class SmtpChannel(_Channel):
    """E-mail."""

    kind: Literal["smtp"]
    host: str = Field(min_length=1, max_length=253, description="Mail server of the plant.")
    port: int = Field(587, ge=1, le=65535, description="587 with starttls, 465 with tls.")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="none: anybody can read along.")
    user: str = Field("", max_length=254, description="Empty = no login.")
    password: Secret | None = Field(None, description="Of that user.")
    sender: Address = Field(description="From whom.")
    to: tuple[Address, ...] = Field(min_length=1, max_length=50, description="To whom.")
    ca_file: OptionalPath = Field(None, description="PEM file of an authority to trust beside the operating system's.")

    @model_validator(mode="after")
    def _login(self) -> "SmtpChannel":
        if bool(self.user) != (self.password is not None):
            raise ValueError("found user or password alone; wanted both, or neither")
        if self.user and self.security == "none":
            raise ValueError(
                'found a password and security = "none"; wanted "starttls" or "tls": it would pass in clear'
            )
        return self


class WebhookChannel(_OverHttp):
    """JSON to a program of the plant, signed."""

    kind: Literal["webhook"]
    url: str = Field(pattern=r"^https?://\S+$", description="Where it is sent.")
    secret: Secret = Field(description="Shared with the receiver, which checks the signature by it.")


class AlertmanagerChannel(_OverHttp):
    """A Prometheus Alertmanager, by its API v2: it routes on by itself."""

    kind: Literal["alertmanager"]
    url: str = Field(pattern=r"^https?://\S+$", description="Root, as in http://alertmanager:9093.")


class AppriseChannel(_Channel):
    """Chat, SMS and whatever else Apprise has a word for."""

    kind: Literal["apprise"]
    urls: Secret = Field(description="Apprise addresses, separated by blanks; they hold secrets.")


Notify = Annotated[
    PagerDutyChannel | SmtpChannel | WebhookChannel | AlertmanagerChannel | AppriseChannel,
    Field(discriminator="kind"),
]


class Escalation(Table):
    """Who is told when nobody has acknowledged."""

    after: Duration = Field(gt=0, description="Since people were first told.")
    to: tuple[Name, ...] = Field(min_length=1, max_length=20, description="[notify.NAME]s.")


class _About(Table):
    """Which incidents are meant; what is left empty leaves all in."""

    stations: tuple[Name, ...] = Field((), description="Names of stations; empty = all.")
    failure_modes: tuple[Mode, ...] = Field((), description="Failure modes and kinds of sound; empty = all.")


class Route(_About):
    """Which incidents are told to whom."""

    name: Name = Field(description="For people, and for `wheeltapper alarms test`.")
    to: tuple[Name, ...] = Field(min_length=1, max_length=20, description="[notify.NAME]s.")
    severity: Severity = Field("warning", description="This and graver.")
    zones: tuple[Zone, ...] = Field((), description="Zones of stations; empty = all.")
    hours: str = Field(
        "",
        pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$",
        description="In the line's time, as in 22:00-06:00; empty = always.",
    )
    days: tuple[Day, ...] = Field((), description="Days on which the hours begin; empty = every day.")
    confidence: float = Field(0.0, ge=0, le=1, description="Least confidence; 0.5 is one nobody has a figure for.")
    otherwise: bool = Field(False, description="Takes what no other route takes at this hour.")
    escalate: tuple[Escalation, ...] = Field((), max_length=10)

    @model_validator(mode="after")
    def _hours_differ(self) -> "Route":
        if self.hours and self.hours[:5] == self.hours[6:]:
            raise ValueError(f"found hours from {self.hours[:5]} to the same minute; leave hours out for always")
        return self


class Inhibit(_About):
    """When new episodes are only recorded: no incident, no message, no order."""

    name: str = Field(min_length=1, max_length=40, description="For people: it stands in the event.")
    runs: Tag | None = Field(None, description="Tag that is true while the line runs; nothing is raised while not.")
    parent: Name | None = Field(None, description="Station whose open incident explains those of the others.")

    @model_validator(mode="after")
    def _one_cause(self) -> "Inhibit":
        if (self.runs is None) == (self.parent is None):
            raise ValueError("wanted either runs = { plc = ..., tag = ... } or parent = STATION")
        return self


class Witness(Tag, _About):
    """A plain tag that makes an incident more or less believable: temperature, motion, load, state."""

    name: str = Field(min_length=1, max_length=40, description='As people say it: "bearing temperature".')
    above: float | None = Field(None, description="It speaks while the tag is over this.")
    below: float | None = Field(None, description="It speaks while the tag is under this.")
    speaks: Literal["for", "against"] = Field("for", description="What it says of the incident then.")
    times: float = Field(3.0, gt=1, le=100, description="So many times likelier, or less likely, the trouble is then.")

    @model_validator(mode="after")
    def _one_bound(self) -> "Witness":
        if (self.above is None) == (self.below is None):
            raise ValueError("wanted either above or below; a switch is above = 0.5")
        return self


class Alerts(Table):
    """How what is heard is put together before anybody is told."""

    same_event: Duration = Field(
        30.0, ge=0, le=3600, description="The same kind of sound in one zone within it is one incident."
    )
    event_over: Duration = Field(
        600.0, ge=30, le=86_400, description="A sound event is over so long after it was heard last."
    )
    operators: int = Field(1, ge=1, le=100, description="How many share the alarms of a channel: 1 in 10 min for each.")
