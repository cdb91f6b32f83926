"""What is normal for one machine: learned while it runs, then frozen until a person starts it anew."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.diagnosis.measure import Measured
from analytics.diagnosis.named import Named
from analytics.wear.baseline import FEWEST, Baseline, learn
from analytics.wear.indicators import BLOCK_S, NAMES, WINDOW_BLOCKS

WINDOW_S = WINDOW_BLOCKS * BLOCK_S
OTHER_SPEED = 0.10  #: levels are compared at the speed they were learned at, give or take this share
LOOKS_LEAST = 5  #: at a named indicator, each a record of some seconds; the median of fewer is no normal
LOOKS_MOST = 200


class Normal:
    """The baseline of one machine.

    Parameters
    ----------
    learn_s
        Seconds of trusted, running sound to learn from.
    indicators
        The named ones, which are learned from whole records.
    """

    def __init__(self, learn_s: float, indicators: Sequence[Named] = ()) -> None:
        self._learn_s = learn_s
        self._indicators = tuple(indicators)
        self._windows: list[NDArray[np.float64]] = []
        self._looks: dict[str, list[float]] = {}
        self._baseline: Baseline | None = None
        self._named: dict[str, float] = {}
        self._rpm: float | None = None
        self.frozen_at: datetime | None = None

    def restart(self) -> None:
        """Forget it: the machine is another one after maintenance."""
        self._windows.clear()
        self._looks.clear()
        self._baseline = self._rpm = self.frozen_at = None
        self._named = {}

    # ---- learning -------------------------------------------------------------------------------------------------

    def hear(self, levels_db: NDArray[np.float64], rpm: float | None, wall: datetime) -> None:
        """Learn from the levels of one more window, shape (k,); nothing once it is frozen."""
        if self._baseline is not None:
            return
        self._windows.append(levels_db)
        enough = len(self._windows) * WINDOW_S >= self._learn_s and len(self._windows) >= FEWEST
        if enough and all(len(self._looks.get(_key(one), ())) >= LOOKS_LEAST for one in self._indicators):
            self._baseline, self._rpm, self.frozen_at = learn(np.array(self._windows)), rpm, wall
            self._windows.clear()
            self._freeze_named()
        elif len(self._windows) > self._most:
            del self._windows[0]

    def hear_look(self, named: Sequence[Measured | None]) -> None:
        """Learn the named indicators from one more record; nothing of those that are frozen.

        One that could not be measured while the rest was learned, or that a site file names only now, is learned when
        it comes.
        """
        for one, measured in zip(self._indicators, named, strict=True):
            if _key(one) not in self._named:
                looks = self._looks.setdefault(_key(one), [])
                looks.append(np.nan if measured is None else measured.level_db)
                del looks[:-LOOKS_MOST]
        if self._baseline is not None:
            self._freeze_named()

    def _freeze_named(self) -> None:
        for key, looks in list(self._looks.items()):
            measured = [level for level in looks if np.isfinite(level)]
            if len(measured) >= LOOKS_LEAST:
                self._named[key] = float(np.median(measured))
                del self._looks[key]

    @property
    def _most(self) -> int:
        """Windows kept while looks are waited for."""
        return max(FEWEST, int(self._learn_s / WINDOW_S) + 1)

    # ---- comparing ------------------------------------------------------------------------------------------------

    def over_db(self, levels_db: NDArray[np.float64], rpm: float | None) -> NDArray[np.float64] | None:
        """Level over normal of each window, shape (n,), from levels (n, k).

        None while it is being learned, and at another speed than it was learned at.
        """
        if self._baseline is None or not len(levels_db) or self.other_speed(rpm):
            return None
        return np.asarray(self._baseline.over(levels_db)[:, 0])

    def named_over_db(self, one: Named, measured: Measured | None, rpm: float | None) -> float | None:
        """How far a named indicator stands over normal; None where `over_db` is, or where it was not measured."""
        normal = self._named.get(_key(one))
        if normal is None or measured is None or self.other_speed(rpm):
            return None
        return measured.level_db - normal

    def other_speed(self, rpm: float | None) -> str:
        """Say that this is another speed than normal was learned at; empty where it is not, or nobody knows."""
        if rpm is None or self._rpm is None or abs(rpm / self._rpm - 1) <= OTHER_SPEED:
            return ""
        return f"normal was learned at {self._rpm:.0f} rpm, it turns at {rpm:.0f}"

    # ---- for people -----------------------------------------------------------------------------------------------

    @property
    def words(self) -> str:
        """Say how far it is, for people."""
        if self.frozen_at is None:
            wanted = max(self._learn_s, FEWEST * WINDOW_S)
            return f"learning {min(len(self._windows) * WINDOW_S, wanted):.0f} of {wanted:.0f} s"
        return f"frozen {self.frozen_at.astimezone(UTC):%Y-%m-%dT%H:%MZ}"

    def since(self, wall: datetime) -> str:
        """Say how long ago it was frozen: ``"6 days"``."""
        seconds = (wall - self.frozen_at).total_seconds() if self.frozen_at else 0.0
        for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
            if seconds >= 2 * size:
                return f"{seconds / size:.0f} {unit}"
        return f"{max(seconds, 0):.0f} s"

    @property
    def learned(self) -> int:
        """Of how much the normal is known: 0 while it is learned, then one more than named indicators."""
        return 0 if self._baseline is None else 1 + len(self._named)

    # ---- over a restart -------------------------------------------------------------------------------------------

    def kept(self) -> dict[str, Any] | None:
        """Give what is to be remembered over a restart, plain numbers and texts; None while it is being learned."""
        if self._baseline is None or self.frozen_at is None:
            return None
        return {
            "frozen_at": self.frozen_at.astimezone(UTC).isoformat(),
            "rpm": self._rpm,
            "level_db": [round(float(level), 3) for level in self._baseline.level_db],
            "named_db": {name: round(level, 3) for name, level in self._named.items()},
        }

    def recall(self, kept: object) -> bool:
        """Take up what `kept` gave in an earlier life; False, and nothing is changed, where it does not fit."""
        if not isinstance(kept, dict):
            return False
        levels, named, rpm = kept.get("level_db"), kept.get("named_db"), kept.get("rpm")
        if not _numbers(levels, len(NAMES)) or not isinstance(named, dict) or not _numbers(list(named.values())):
            return False
        if not (rpm is None or (_numbers([rpm]) and rpm > 0)):
            return False
        try:
            frozen_at = datetime.fromisoformat(str(kept.get("frozen_at")))
        except ValueError:
            return False
        if frozen_at.tzinfo is None:
            return False
        self.restart()
        self._baseline, self._rpm, self.frozen_at = Baseline(np.array(levels, np.float64)), rpm, frozen_at
        known = {_key(one) for one in self._indicators}
        self._named = {key: float(level) for key, level in named.items() if key in known}
        return True


def _key(one: Named) -> str:
    """Name what a normal is learned under: an indicator that the site file defines anew is another one."""
    return f"{one.name}: {one.what}"


def _numbers(found: object, count: int | None = None) -> bool:
    """Tell whether it is a list of finite numbers (and so many)."""
    if not isinstance(found, list) or (count is not None and len(found) != count):
        return False
    return all(isinstance(n, int | float) and not isinstance(n, bool) and np.isfinite(n) for n in found)
