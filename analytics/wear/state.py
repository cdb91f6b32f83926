"""What is remembered of one machine between two summaries, and what a summary says."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.wear.covariates import Expected
from analytics.wear.life import Life

OLD_KEPT = 8  #: baselines remembered through maintenance


class Level(StrEnum):
    """How far the machine is from its normal."""

    NORMAL = "normal"
    WARNING = "warning"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting for all machines; each number is in docs/wear.md with what it was chosen on.

    Parameters
    ----------
    learn
        Summaries of commissioning; the normal is their median.
    short, long
        Trailing medians, summaries: what is judged, and what the adaptive baseline is the running minimum of.
    persist
        Summaries in a row beyond a limit before the level changes, up or down.
    warning_db, alarm_db
        Over baseline: amplitude times 1.4 and times 2.
    noise_factor
        The warning is raised to at least this many times the noise of the short median, a little more where several
        indicators might each warn falsely, and the alarm with it.
    back_db
        A level is left this far below its limit.
    calm_db
        So near to normal nothing has begun to rise.
    fall_db
        Further below normal is not this machine running: it stands, or the ear is deaf.
    """

    learn: int = 60
    short: int = 9
    long: int = 121
    persist: int = 6
    warning_db: float = 3.0
    alarm_db: float = 6.0
    noise_factor: float = 4.0
    back_db: float = 1.0
    calm_db: float = 1.0
    fall_db: float = 20.0

    def __post_init__(self) -> None:
        """Refuse a setting that could never judge.

        Raises
        ------
        ValueError
            Saying what was found and what was wanted.
        """
        if not all(isinstance(n, int) for n in (self.learn, self.short, self.long, self.persist)):
            raise ValueError(f"wear: found {self}; wanted whole numbers of summaries")
        if not (1 <= self.short <= self.long and self.short <= self.learn and self.persist >= 1):
            raise ValueError(f"wear: found {self}; wanted 1 <= short <= long, short <= learn, persist >= 1")
        least = min(self.back_db, self.calm_db)
        if not 0 <= least <= max(self.back_db, self.calm_db) < self.warning_db < self.alarm_db < self.fall_db:
            raise ValueError(f"wear: found {self}; wanted 0 <= back_db, calm_db < warning_db < alarm_db < fall_db")


DEFAULT: Final = Setting()


@dataclass(frozen=True, slots=True)
class Latch:
    """One limit: on after `persist` summaries in a row above it, off after as many below it.

    Parameters
    ----------
    on
        Now.
    count
        Summaries in a row that speak against `on`.
    since_s
        Age at which the rise that switched it on began; None while off.
    """

    on: bool = False
    count: int = 0
    since_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class WearState:
    """All that is remembered of a machine; made by `start`, changed by `step`.

    Parameters
    ----------
    names
        Of the k indicators.
    covariates
        Names of the c covariates.
    setting
        That of the machine.
    t_s
        Of the summary before.
    spacings_s
        The last spacings of the clock, s.
    age_s
        Running time since the baseline was begun, s.
    steps
        Summaries taken in since then.
    learning : ndarray, shape (n, k + c)
        Summaries of commissioning until it is over; then empty.
    frozen
        The normal of commissioning.
    noise_db : ndarray, shape (k,)
        Standard deviation of the short median at commissioning.
    recent : ndarray, shape (<= long, k)
        Latest levels over frozen, dB.
    lowest_db : ndarray, shape (k,)
        The adaptive baseline over the frozen one, <= 0.
    warning, alarm
        Whether each is on.
    calm_s
        Age at which the level was last within `calm_db` of normal: where a rise begins.
    old : tuple of ndarray, each of shape (k,)
        Levels of normal before each maintenance, latest last.
    """

    names: tuple[str, ...]
    covariates: tuple[str, ...] = ()
    setting: Setting = DEFAULT
    t_s: float | None = None
    spacings_s: tuple[float, ...] = ()
    age_s: float = 0.0
    steps: int = 0
    learning: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    frozen: Expected | None = None
    noise_db: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    recent: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 0)))
    lowest_db: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    warning: Latch = Latch()
    alarm: Latch = Latch()
    calm_s: float = 0.0
    old: tuple[NDArray[np.float64], ...] = ()

    @property
    def level(self) -> Level:
        """The higher of the two that are on."""
        if self.alarm.on:
            return Level.ALARM
        return Level.WARNING if self.warning.on else Level.NORMAL


@dataclass(frozen=True, slots=True)
class Wear:
    """What one summary says.

    Parameters
    ----------
    indicator
        The one furthest over its limit; the first while none is judged.
    db
        Its short median over baseline; None while it is learned or cannot be judged.
    level
        Also while nothing can be judged: it stays what it was.
    remaining_life_s
        None = no trend, no number.
    reason
        A sentence.
    judged
        Whether this summary counted.
    """

    indicator: str
    db: float | None
    level: Level
    remaining_life_s: Life | None
    reason: str
    judged: bool


def start(names: tuple[str, ...], covariates: tuple[str, ...] = (), setting: Setting = DEFAULT) -> WearState:
    """Begin with nothing learned.

    Raises
    ------
    ValueError
        No indicator is named.
    """
    if not names:
        raise ValueError("wear: found no indicator; wanted one or more")
    return WearState(names, covariates, setting, learning=np.empty((0, len(names) + len(covariates))))


def maintenance_done(state: WearState) -> WearState:
    """Learn anew: it is another machine now. What was normal before is kept beside it."""
    fresh = start(state.names, state.covariates, state.setting)
    now = () if state.frozen is None else (state.frozen.level_db + np.minimum(state.lowest_db, 0.0),)
    return replace(fresh, t_s=state.t_s, spacings_s=state.spacings_s, old=(*state.old, *now)[-OLD_KEPT:])
