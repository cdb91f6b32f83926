"""One transaction of the ledger, and what it leads to once it is committed."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from gateway.incidents.book import Book
from gateway.ledger.picture import Sketch
from gateway.processes.condition import ConditionReport


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """Sound to be kept, once its record is safe."""

    name: str  #: for people, in the name of its file
    rate: int
    sound: NDArray[np.float32]
    note: Callable[[sqlite3.Connection, str, str], None]  #: writes its file and the hash of its samples down


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture to be made, announced in the outbox already."""

    item: int
    incident: str
    title: str
    sketch: Sketch


@dataclass(slots=True)
class Written:
    """What a committed batch leads to."""

    answers: list[object] = field(default_factory=list)  #: for main
    clips: list[Clip] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    changed: bool = False  #: something people look at


@dataclass(slots=True)
class Page:
    """One transaction: nothing on it is true before the commit."""

    db: sqlite3.Connection
    now: datetime
    saved: Book  #: as the database has it
    book: Book  #: as the rules have it by now
    ears: dict[str, tuple[str, ...]]  #: what is wrong with each station's microphone
    reports: dict[str, ConditionReport]  #: the last of each machine, without its evidence
    tags: Mapping[str, float] = field(default_factory=dict)  #: what the plant's tags say, those that are known
    noted: dict[str, None] = field(default_factory=dict)  #: episodes that were kept back, and written down
    beliefs: dict[str, float] = field(default_factory=dict)  #: confidence in the episodes that are new in this batch
    drawn: dict[str, ConditionReport] = field(default_factory=dict)  #: those of this batch that brought a spectrum
    written: Written = field(default_factory=Written)

    @property
    def wall(self) -> str:
        """Wall time of the transaction, ISO 8601 UTC."""
        return self.now.isoformat()
