"""The port to people: one message at a time, seen once wherever the other side can tell a repetition."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Act(StrEnum):
    """What a message says of its incident."""

    RAISED = "raised"
    GRAVER = "graver"
    ESCALATED = "escalated"  #: nobody has acknowledged
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Notice:
    """One message about one incident.

    Parameters
    ----------
    key
        Of the incident and its round, stable over every retry: what a channel tells repetitions by. At most 40 signs.
    act
        What is said.
    title
        One line, at most 150 characters.
    text
        What a person needs: what was heard, why, what to do. Plain text with newlines.
    severity
        ``"critical"`` or ``"warning"``.
    line, station, zone, asset, failure_mode
        What it is about; a zone may be empty.
    raised_at
        When the incident began, ISO 8601 with offset.
    page
        Link to the incident on the page; empty where there is none.
    """

    key: str
    act: Act
    title: str
    text: str
    severity: str
    line: str
    station: str
    zone: str
    asset: str
    failure_mode: str
    raised_at: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """The other side has taken it."""

    by: str = ""  #: what it answered, for the event


@dataclass(frozen=True, slots=True)
class Refused:
    """It will never take this message as it is; others go on."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not taken, or not known to be: the same message again, after so many seconds at least. The channel waits."""

    seconds: float
    reason: str


Outcome = Told | Refused | Later


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `wheeltapper check --connect`."""

    ok: bool
    sentence: str


class NotifyFault(Exception):
    """A secret or a file cannot be had; the message is one sentence without the secret."""


class NotifyPort(Protocol):
    """One channel. Calls block and are bounded in time; made for one thread."""

    acts: frozenset[Act]  #: what it has a word for
    refresh_s: float | None  #: raised incidents are told again so often, where the other side forgets; None = never

    def check(self) -> Sequence[Finding]:
        """Say whether it can be reached, without telling anybody anything."""
        ...

    def send(self, notice: Notice) -> Outcome:
        """Tell it. Never raises for anything the network or the other side does."""
        ...
