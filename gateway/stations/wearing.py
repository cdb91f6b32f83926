"""Wear of one machine, live: windows become minutes, minutes become steps, and what was learned outlives a restart."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.wear import kept
from analytics.wear.indicators import BLOCK_S, EDGES_HZ, NAMES, WINDOW_BLOCKS
from analytics.wear.state import Level, Wear, maintenance_done, start
from analytics.wear.summary import Summary, roll_up, summarise
from analytics.wear.trend import step
from gateway.processes.condition import RemainingLife, WearView

MINUTE_S = 60.0
HOUR_S = 3600.0
WINDOW_S = WINDOW_BLOCKS * BLOCK_S
WINDOWS_MOST = 2000  #: of one minute; sound that is played faster than it was heard brings more
MINUTES_MOST = 7 * 24 * 60  #: of one step, the longest a site file may ask for
PEAK = "peak_db"


class Wearing:
    """Sums up what is heard and steps the wear by it.

    Parameters
    ----------
    rate
        Samples per second: bands beyond half of it hold nothing.
    covariates
        Names of what the plant says beside the sound.
    every_s
        Span of one step, s.
    """

    def __init__(self, rate: int, covariates: Sequence[str], every_s: float) -> None:
        low = (EDGES_HZ[0], *EDGES_HZ[:-1])  # of the whole range, then of each band
        self._columns = [column for column, edge in enumerate(low) if edge < rate / 2]
        names = (*(NAMES[column] for column in self._columns), PEAK)
        self._every_s = every_s
        self._minute_s = min(MINUTE_S, every_s)
        self._state = start(names, tuple(covariates))
        self._rows: list[NDArray[np.float64]] = []
        self._beside: list[tuple[float, ...]] = []
        self._minutes: list[Summary] = []
        self._minute_at: float | None = None  # when the minute under way, and the step, ends
        self._step_at: float | None = None
        self.view: WearView | None = None

    # ---- in -------------------------------------------------------------------------------------------------------

    def hear(self, levels_db: NDArray[np.float64], peak: float, beside: Mapping[str, float | None]) -> None:
        """Take one window in: its levels, its peak of full scale, and what the plant says beside it."""
        if len(self._rows) < WINDOWS_MOST:
            peak_db = 20 * math.log10(peak) if peak > 0 else float("nan")
            self._rows.append(np.append(levels_db[self._columns], peak_db))
            known = (beside.get(name) for name in self._state.covariates)
            self._beside.append(tuple(float("nan") if one is None else one for one in known))

    def restart(self) -> None:
        """Learn anew: a person has worked on the machine. The old baseline is kept beside the new one."""
        self._state = maintenance_done(self._state)
        self._minutes.clear()
        self._rows.clear()
        self._beside.clear()
        self.view = WearView(Level.NORMAL, "learning", None, None, "maintenance was done: normal is learned anew")

    def passed(self, now: float, wall: datetime, excluded: str) -> bool:
        """Let time pass; True where a step was taken.

        Parameters
        ----------
        now, wall
            Monotonic seconds, and wall time.
        excluded
            Why the windows heard lately may not be compared with normal; empty = they may.
        """
        if self._minute_at is None or self._step_at is None:
            self._minute_at, self._step_at = now + self._minute_s, now + self._every_s
        if now >= self._minute_at:
            self._minute_at = now + self._minute_s
            self._close_minute(wall, excluded)
        if now < self._step_at:
            return False
        self._step_at = now + self._every_s
        return self._take_step(wall)

    def _close_minute(self, wall: datetime, excluded: str) -> None:
        if not self._rows or len(self._minutes) >= MINUTES_MOST:
            return
        beside = np.array(self._beside, np.float64).reshape(len(self._rows), -1)
        running_s = len(self._rows) * WINDOW_S
        minute = summarise(wall.timestamp(), np.array(self._rows), beside, running_s)
        self._minutes.append(replace(minute, excluded=excluded))
        self._rows.clear()
        self._beside.clear()

    def _take_step(self, wall: datetime) -> bool:
        if not self._minutes:
            return False  # it stood, or was not heard: nothing is known of it, and nothing is guessed
        single = len(self._minutes) == 1
        summary = self._minutes[0] if single else roll_up(wall.timestamp(), self._minutes)
        self._minutes.clear()
        self._state, wear = step(self._state, summary)
        self.view = _view(wear, learned=self._state.frozen is not None)
        return True

    # ---- over a restart -------------------------------------------------------------------------------------------

    def plain(self) -> dict[str, Any]:
        """Give what is to be remembered, in plain numbers and texts."""
        return {"state": kept.to_plain(self._state), "view": None if self.view is None else asdict(self.view)}

    def recall(self, plain: object) -> str:
        """Take up what `plain` gave in an earlier life; a sentence where that cannot be, and nothing is changed."""
        try:
            state = kept.from_plain(plain["state"])  # type: ignore[index]  # whatever it is, it is looked at
            view = _recalled(plain["view"])  # type: ignore[index]
        except (ValueError, TypeError, KeyError) as fault:
            return f"its wear cannot be taken up again ({fault}) and is learned anew"
        if (state.names, state.covariates) != (self._state.names, self._state.covariates):
            return "its wear was learned from other indicators or covariates than the site file names, and begins anew"
        self._state, self.view = state, view
        return ""


def _view(wear: Wear, *, learned: bool) -> WearView:
    life = wear.remaining_life_s
    hours = None if life is None else RemainingLife(life.low / HOUR_S, life.mid / HOUR_S, life.high / HOUR_S)
    if not learned:
        trend = "learning"
    elif not wear.judged:
        trend = "unknown"
    elif wear.level is Level.NORMAL:
        trend = "steady"
    else:
        trend = "rising" if hours is not None else "falling"
    over = None if wear.db is None else round(wear.db, 2)
    return WearView(str(wear.level), trend, over, hours, wear.reason)


def _recalled(plain: object) -> WearView | None:
    """Make a view of what stands in the store. ValueError or TypeError where it is none."""
    if plain is None:
        return None
    if not isinstance(plain, dict):
        raise TypeError("no table")
    life = plain.get("life")
    view = WearView(**{**plain, "life": None if life is None else RemainingLife(**life)})
    numbers: list[object] = [] if view.life is None else [view.life.low_h, view.life.mid_h, view.life.high_h]
    numbers += [] if view.over_db is None else [view.over_db]
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in numbers):
        raise ValueError("a number that is none")
    words: tuple[object, ...] = (view.level, view.trend, view.reason)
    if not all(isinstance(one, str) for one in words):
        raise ValueError("a word that is none")
    return view
