"""What is normal for one machine: learned while it runs, then frozen until a person starts it anew."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from analytics.wear.baseline import FEWEST, Baseline, learn
from analytics.wear.indicators import BLOCK_S, WINDOW_BLOCKS

WINDOW_S = WINDOW_BLOCKS * BLOCK_S
OTHER_SPEED = 0.10  #: levels are compared at the speed they were learned at, give or take this share


class Normal:
    """The baseline of one machine.

    Parameters
    ----------
    learn_s
        Seconds of trusted, running sound to learn from.
    """

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._windows: list[NDArray[np.float64]] = []
        self._baseline: Baseline | None = None
        self._rpm: float | None = None
        self.frozen_at: datetime | None = None

    def restart(self) -> None:
        """Forget it: the machine is another one after maintenance."""
        self._windows.clear()
        self._baseline = self._rpm = self.frozen_at = None

    def hear(self, levels_db: NDArray[np.float64], rpm: float | None, wall: datetime) -> None:
        """Learn from the levels of one more window, shape (k,); nothing once it is frozen."""
        if self._baseline is not None:
            return
        self._windows.append(levels_db)
        if len(self._windows) * WINDOW_S >= self._learn_s and len(self._windows) >= FEWEST:
            self._baseline, self._rpm, self.frozen_at = learn(np.array(self._windows)), rpm, wall
            self._windows.clear()

    def over_db(self, levels_db: NDArray[np.float64], rpm: float | None) -> NDArray[np.float64] | None:
        """Level over normal of each window, shape (n,), from levels (n, k).

        None while it is being learned, and at another speed than it was learned at.
        """
        if self._baseline is None or not len(levels_db):
            return None
        if rpm is not None and self._rpm is not None and abs(rpm / self._rpm - 1) > OTHER_SPEED:
            return None
        return np.asarray(self._baseline.over(levels_db)[:, 0])

    @property
    def words(self) -> str:
        """Say how far it is, for people."""
        if self.frozen_at is None:
            wanted = max(self._learn_s, FEWEST * WINDOW_S)
            return f"learning {len(self._windows) * WINDOW_S:.0f} of {wanted:.0f} s"
        return f"frozen {self.frozen_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"

    def since(self, wall: datetime) -> str:
        """Say how long ago it was frozen: ``"6 days"``."""
        seconds = (wall - self.frozen_at).total_seconds() if self.frozen_at else 0.0
        for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
            if seconds >= 2 * size:
                return f"{seconds / size:.0f} {unit}"
        return f"{max(seconds, 0):.0f} s"
