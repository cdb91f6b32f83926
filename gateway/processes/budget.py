"""How much people are rung, against what one operator can take, as the processes pass it on.

ISA-18.2-2016, 16.5 (after EEMUA 191): about one alarm in ten minutes is very likely acceptable, two are the most that
can be managed; a flood begins with more than ten in ten minutes and is over with fewer than five; a few causes make
most of the load, so the worst are named.
"""

from dataclasses import dataclass

ACCEPTABLE, MANAGEABLE = 1, 2  #: alarms in ten minutes for one operator
FLOOD, FLOOD_OVER = 10, 5  #: more than the first: a flood begins; fewer than the second: it is over
PANEL = "panel"  #: stands beside the channels: whoever reads alarms off tags or the page


@dataclass(frozen=True, slots=True)
class Load:
    """How much one channel was rung; rates are for each of the operators who share it."""

    channel: str
    rings: int
    mean_in_10_min: float
    most_in_10_min: float  #: in any ten minutes
    over: float  #: share of the ten-minute slots with more than is acceptable, 0..1
    floods: int  #: slots with more than ten

    @property
    def acceptable(self) -> bool:
        """Say whether the mean is one in ten minutes or fewer, without a flood."""
        return self.mean_in_10_min <= ACCEPTABLE and not self.floods


@dataclass(frozen=True, slots=True)
class Offender:
    """What rings, and how much of it was the same again."""

    station: str  #: "gateway" for an alarm of the whole gateway
    what: str  #: failure mode, kind of sound, or name of an alarm
    rings: int
    incidents: int  #: 0 for a plain alarm, as the two below
    episodes: int  #: of those incidents; what a machine that flaps would have rung without grouping
    kept_back: int  #: episodes of this station that were only recorded
    share: float  #: of all rings, 0..1


@dataclass(frozen=True, slots=True)
class Budget:
    """The load now and over the last day, measured once a minute."""

    measured_at: str  #: ISO 8601 UTC
    operators: int
    channel: str  #: the busiest of the last ten minutes; empty where nobody was rung
    rate: float  #: its rings in these ten minutes, for each operator
    flood: bool
    day: tuple[Load, ...] = ()  #: every channel that was rung in the last 24 h, the most rung first
    worst: tuple[Offender, ...] = ()  #: of the last 24 h

    @property
    def day_mean(self) -> float:
        """Mean of the most rung channel in ten minutes of the last day."""
        return self.day[0].mean_in_10_min if self.day else 0.0


def flooded(rate: float, *, before: bool) -> bool:
    """Say whether it is a flood, of which the end lies lower than the beginning."""
    return rate > FLOOD or (before and rate >= FLOOD_OVER)
