"""A machine's own normal, learned once and then left alone.

A baseline that follows the machine learns the wear it is there to show; so it is frozen after the learning span and
only a person starts it anew (after maintenance).
"""

from dataclasses import dataclass
from math import log10

import numpy as np
from numpy.typing import NDArray

FLOOR_DB = -120.0  #: digital silence; below the quietest converter
_LEAST_BLOCKS = 20


def decibels(power: float) -> float:
    """Level of a mean square in dB re full scale, not below -120."""
    return max(FLOOR_DB, 10 * log10(power)) if power > 0 else FLOOR_DB


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is normal: medians over the learning span.

    Parameters
    ----------
    level_db : ndarray, shape (k,)
        Median of each indicator, dB.
    spread_db : ndarray, shape (k,)
        1.4826 times the median absolute deviation: the standard deviation, were they normal.
    """

    level_db: NDArray[np.float64]
    spread_db: NDArray[np.float64]

    def over(self, level_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far each indicator stands over normal, dB; negative below. Shape (k,)."""
        return np.asarray(level_db - self.level_db)


def learn(levels_db: NDArray[np.float64]) -> Baseline:
    """Freeze a baseline.

    Parameters
    ----------
    levels_db : ndarray, shape (n, k), finite
        Indicators of n windows of the healthy, running machine.

    Raises
    ------
    ValueError
        From fewer than 20 windows: their median is no normal.
    """
    if levels_db.ndim != 2 or len(levels_db) < _LEAST_BLOCKS or not np.isfinite(levels_db).all():
        raise ValueError(
            f"baseline: found levels of shape {levels_db.shape}; wanted {_LEAST_BLOCKS} windows or more, all finite"
        )
    middle = np.median(levels_db, axis=0)
    return Baseline(middle, 1.4826 * np.median(np.abs(levels_db - middle), axis=0))
