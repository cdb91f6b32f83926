"""What a station's ear heard of taught kinds of sound, as the processes pass it on."""

from dataclasses import dataclass

from gateway.processes.condition import EpisodeView


@dataclass(frozen=True, slots=True)
class KindHeard:
    """The kind of sound that was heard last."""

    kind: str
    since: str  #: ISO 8601 UTC, when it was first heard
    last: str  #: ISO 8601 UTC, when it was heard last
    count: int  #: times heard, a pause of a second between two of them at least
    confidence: float  #: that it was this kind, where it was as likely as the background; of its clearest window


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
