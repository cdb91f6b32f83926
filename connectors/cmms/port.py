"""The port to a CMMS: work orders and service requests, seen once however often they are sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol


class OrderState(StrEnum):
    """What became of an order, in words every CMMS can be mapped to."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    IN_PROGRESS = "in progress"
    WAITING = "waiting"
    DONE = "done"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def open(self) -> bool:
        """True while somebody still has to do something."""
        return self not in {OrderState.DONE, OrderState.CLOSED, OrderState.CANCELLED}


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked of maintenance.

    Parameters
    ----------
    key
        Ours, stable over every retry, at most 20 characters of base32: what the CMMS is searched by.
    asset, failure_mode
        The CMMS's asset number; the diagnosis in the field's word (``"outer race"``).
    title
        At most 100 characters.
    text
        The long description, plain text with newlines.
    severity
        ``"critical"`` or ``"warning"``; the site file maps it to a priority.
    reported_at
        ISO 8601 with offset.
    """

    key: str
    asset: str
    failure_mode: str
    title: str
    text: str
    severity: str
    reported_at: str


@dataclass(frozen=True, slots=True)
class Ref:
    """Where an order stands in the CMMS."""

    number: str  #: what people say: the WONUM or TICKETID
    href: str  #: where the CMMS keeps it
    key: str = ""  #: our key, empty where a person made the order


@dataclass(frozen=True, slots=True)
class Created:
    """The order stands."""

    ref: Ref
    degraded: tuple[str, ...] = ()  #: optional fields the CMMS refused and that were left out


@dataclass(frozen=True, slots=True)
class Duplicate:
    """It stood already."""

    ref: Ref


@dataclass(frozen=True, slots=True)
class Rejected:
    """The CMMS will never take this as it is: mapping, asset, length. Others go on."""

    reason: str
    field: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Sent, and no answer read: it may stand. Settled by looking, never by sending blindly again."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Certainly not done; try again after so many seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class AuthFailed:
    """The key or the rights are wrong: the whole target waits for a person; the queue is kept."""

    reason: str


Outcome = Created | Duplicate | Rejected | Unknown | RetryAfter | AuthFailed


DELETED: Final = "deleted"  #: stands in `OrderStatus.raw` of an order that is gone for good


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """What the CMMS says of an order now."""

    state: OrderState
    raw: str  #: the site's own word, or `DELETED`
    memo: str = ""
    problem: str = ""  #: code of what was found, once the order is done; empty where the CMMS tells none


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to lie beside an order."""

    name: str
    content_type: str
    content: bytes
    description: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of `wheeltapper check --connect`."""

    ok: bool
    where: str
    sentence: str


class CmmsFault(Exception):
    """A question (not a create) could not be answered; the message is one sentence."""


class CmmsPort(Protocol):
    """One CMMS. Calls block and are bounded in time; made for one thread."""

    def check(self) -> Sequence[Finding]:
        """Login, rights, schema and mapping, without writing anything."""
        ...

    def find(self, key: str) -> Ref | None:
        """Look an order up by our key. Raises `CmmsFault` where the CMMS could not be asked."""
        ...

    def find_open(self, asset: str, failure_mode: str) -> Sequence[Ref]:
        """Open orders of this asset and failure mode, people's own included. Raises `CmmsFault`."""
        ...

    def create(self, order: Order) -> Outcome:
        """Make the order. Never raises for anything the network or the CMMS does."""
        ...

    def attach(self, ref: Ref, attachment: Attachment) -> None:
        """Put a file beside the order, once however often it is called. Raises `CmmsFault`; the order stands."""
        ...

    def note(self, ref: Ref, text: str) -> None:
        """Add a line to the order's log. Raises `CmmsFault`."""
        ...

    def read(self, ref: Ref) -> OrderStatus:
        """Say what became of the order. Raises `CmmsFault`."""
        ...
