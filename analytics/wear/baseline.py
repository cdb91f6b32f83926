"""A machine's own normal, learned once and then left alone.

A baseline that follows the machine learns the wear it is there to show; so it is frozen after the learning span and
only a person starts it anew (after maintenance).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEWEST = 20  #: windows; the median of fewer is no normal


@dataclass(frozen=True, slots=True, eq=False)
class Baseline:
    """What is normal.

    Parameters
    ----------
    level_db : ndarray, shape (k,)
        Median of each indicator over the learning span, dB: a tenth of it may be a forklift passing.
    """

    level_db: NDArray[np.float64]

    def over(self, level_db: NDArray[np.float64]) -> NDArray[np.float64]:
        """How far levels stand over normal, dB, negative below; shape (..., k) as given."""
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
        From fewer than `FEWEST` windows, or broken ones.
    """
    if levels_db.ndim != 2 or len(levels_db) < FEWEST or not np.isfinite(levels_db).all():
        raise ValueError(
            f"baseline: found levels of shape {levels_db.shape}; wanted {FEWEST} windows or more, all finite"
        )
    return Baseline(np.median(levels_db, axis=0))
