"""When an observation has lasted long enough to be an alarm, and when it is over.

Pure: the state stands in the signature. m of the last n looks that saw it raise, m of the last n that saw it absent
clear; after each change the count begins anew. A look that could not decide takes its place among the n and speaks for
neither side, so rare calls far apart never add up. Where nobody could look (the machine stands, the ear is blocked)
nothing is stepped at all: the alarm waits as it is.
"""

from dataclasses import dataclass
from enum import Enum


class Observation(Enum):
    """One look at a machine for one failure mode."""

    PRESENT = "present"
    ABSENT = "absent"
    UNDECIDED = "undecided"


class Change(Enum):
    """What an observation led to."""

    RAISED = "raised"
    CLEARED = "cleared"


@dataclass(frozen=True, slots=True)
class Rule:
    """How many of how many.

    Parameters
    ----------
    m, n
        1 <= m <= n.
    """

    m: int
    n: int

    def __post_init__(self) -> None:
        if not 1 <= self.m <= self.n:
            raise ValueError(f"persist: found {self.m} of {self.n}; wanted at least one of them, and no more than all")


@dataclass(frozen=True, slots=True)
class Persistence:
    """What is remembered.

    Parameters
    ----------
    active
        Raised and not cleared.
    seen
        At most the last n looks since the last change, oldest first.
    """

    active: bool = False
    seen: tuple[Observation, ...] = ()


def step(state: Persistence, observation: Observation, rule: Rule) -> tuple[Persistence, Change | None]:
    """Take one look in; what changed, if anything."""
    seen = (*state.seen, observation)[-rule.n :]
    if not state.active and seen.count(Observation.PRESENT) >= rule.m:
        return Persistence(active=True), Change.RAISED
    if state.active and seen.count(Observation.ABSENT) >= rule.m:
        return Persistence(active=False), Change.CLEARED
    return Persistence(state.active, seen), None
