"""Windows become one robust summary a minute, minutes one an hour: what a trend is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.wear.indicators import FLOOR_DB

FEWEST = 3  #: windows, or minutes of an hour; the median of fewer forgives no forklift


@dataclass(frozen=True, slots=True)
class Summary:
    """What was heard of a machine over a minute, an hour, or in one recording.

    Parameters
    ----------
    t_s
        When it ended, s, on any clock; only differences count, and a clock set back does no harm.
    levels_db
        k indicators, dB; NaN where one is not known.
    covariates
        c numbers that move the indicators without wear: speed in 1/min, load in %, temperature in °C, ...; nearly
        linear in the range the machine runs in is enough.
    running_s
        How long the machine ran since the summary before; None = as long as the clock says.
    excluded
        Why this one may not be compared (another state, a blocked ear), in words; empty = it may.
    """

    t_s: float
    levels_db: tuple[float, ...]
    covariates: tuple[float, ...] = ()
    running_s: float | None = None
    excluded: str = ""


def summarise(
    t_s: float,
    levels_db: NDArray[np.float64],
    covariates: NDArray[np.float64] | None = None,
    running_s: float | None = None,
) -> Summary:
    """Take the median of windows: up to half of them may be something else.

    Parameters
    ----------
    t_s
        End of the span, s.
    levels_db : ndarray, shape (n, k)
        Indicators of n windows of the running machine; what is not finite, or digital silence, does not count.
    covariates : ndarray, shape (n, c), optional
        Beside them.
    running_s
        As in `Summary`.
    """
    known = np.where(np.isfinite(levels_db) & (levels_db > FLOOR_DB), levels_db, np.nan)
    beside = np.empty((len(known), 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    return Summary(t_s, _medians(known), _medians(np.where(np.isfinite(beside), beside, np.nan)), running_s)


def roll_up(t_s: float, parts: Sequence[Summary]) -> Summary:
    """Make one summary of many: an hour of its minutes. Excluded ones do not count.

    Raises
    ------
    ValueError
        From no part at all, or from parts of different shapes.
    """
    if not parts or len({(len(one.levels_db), len(one.covariates)) for one in parts}) != 1:
        raise ValueError(f"summary: {len(parts)} parts of one shape wanted, one or more")
    counted = [one for one in parts if not one.excluded]
    running = [one.running_s for one in parts if one.running_s is not None]
    running_s = sum(running) if running else None
    if not counted:
        nothing = (float("nan"),)
        shape = parts[-1]
        return Summary(t_s, nothing * len(shape.levels_db), nothing * len(shape.covariates), running_s, shape.excluded)
    levels = np.array([one.levels_db for one in counted])
    return summarise(t_s, levels, np.array([one.covariates for one in counted]), running_s)


def _medians(rows: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(
        float(np.median(column[np.isfinite(column)])) if np.isfinite(column).sum() >= FEWEST else float("nan")
        for column in rows.T
    )
