"""What a tag is: name, type, range, unit, and a reading that says whether it may be trusted."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from gateway.processes.snapshot import Snapshot, StationView


class Kind(Enum):
    """Type of a tag."""

    BOOL = "Boolean"
    UINT16 = "UInt16"
    UINT32 = "UInt32"
    FLOAT = "Float"
    TEXT = "String"
    WORDS = "UInt32 with EnumStrings"  #: one of `Tag.words` by its number


class Status(Enum):
    """Whether the value may be trusted."""

    GOOD = "good"
    UNCERTAIN = "uncertain"  #: the last that was known; not sure any more
    BAD = "bad"  #: there is none
    OFFLINE = "offline"  #: whoever would know it is not there


@dataclass(frozen=True, slots=True)
class Reading:
    """A value with its status; None only where it is not good."""

    value: bool | int | float | str | None
    status: Status = Status.GOOD

    def __post_init__(self) -> None:
        assert self.value is not None or self.status is not Status.GOOD


NOTHING = Reading(None, Status.BAD)
Read = Callable[[Snapshot, StationView], Reading]  #: from the whole snapshot and the station's view


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag of a station.

    Parameters
    ----------
    folder, name
        Where it stands: ``<line>/<station>/<folder>/<name>``.
    read
        From the whole snapshot and the station's view.
    unit
        UCUM-like text with a UNECE code in `gateway.serve.units`; empty = none.
    low, high
        EURange, for analog tags.
    words
        EnumStrings, for `Kind.WORDS`.
    """

    folder: str
    name: str
    kind: Kind
    read: Read
    text: str
    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    words: tuple[str, ...] = ()


def known(value: Any, status: Status = Status.GOOD) -> Reading:  # noqa: ANN401  any tag's value
    """Make a reading of a value that may be missing or not finite."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return NOTHING
    return Reading(value, status)
