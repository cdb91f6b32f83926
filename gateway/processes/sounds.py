"""What a station's ear heard of taught kinds of sound, as the processes pass it on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.processes.condition import EpisodeView


@dataclass(frozen=True, slots=True)
class KindHeard:
    """The kind of sound that was heard last."""

    kind: str
    since: str  #: ISO 8601 UTC, when it was first heard
    last: str  #: ISO 8601 UTC, when it was heard last
    count: int  #: times heard, a pause of a second between two of them at least
    confidence: float  #: that it was this kind, where it was as likely as the background; of its clearest window


@dataclass(frozen=True, slots=True, eq=False)
class EventEvidence:
    """What an event sounded like; `sound` only where the site file lets it be written."""

    episode: str  #: id
    rate: int
    frequency_hz: NDArray[np.float32]  #: (n,)
    level_db: NDArray[np.float32]  #: (n,), mean square of each line over the window that raised it, dB re full scale
    sound: NDArray[np.float32] | None = None  #: (m,), some time before and after included
    before: NDArray[np.float32] | None = None  #: heard just before `sound`: only looked through for speech


@dataclass(frozen=True, slots=True)
class SoundsReport:
    """What a station listens for and heard, about once a second."""

    station: str
    at: float
    wall: str  #: ISO 8601 UTC
    kinds: tuple[str, ...]  #: taught
    heard: KindHeard | None = None
    episodes: tuple[EpisodeView, ...] = ()
    fault: str = ""  #: why nothing can be told apart; empty while it can
    evidence: EventEvidence | None = None  #: of an episode raised lately, once: for the ledger alone
