"""How well scores tell defects from good parts."""

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


def auc(good: Numbers, bad: Numbers) -> float:
    """Probability that a defect scores above a good part (Mann and Whitney 1947), ties half; neither may be empty."""
    false, true = _curve(good, bad)
    return float(np.trapezoid(true, false))


def partial_auc(good: Numbers, bad: Numbers, most: float = 0.1) -> float:
    """Area where at most a share `most` of good parts is rejected, between 0 and 1, 0.5 being chance.

    Standardised after McClish (1989), Medical Decision Making 9:190: 1/2 (1 + (A - least) / (greatest - least)) with
    least = most^2 / 2 and greatest = most.
    """
    false, true = _curve(good, bad)
    inside = false <= most
    ends = float(np.interp(most, false, true))
    area = float(np.trapezoid([*true[inside], ends], [*false[inside], most]))
    least = most**2 / 2
    return 0.5 * (1 + (area - least) / (most - least))


def caught_at(good: Numbers, bad: Numbers, share: float = 0.01) -> float:
    """Share of defects above the lowest limit that rejects at most a share of these very good parts.

    With fewer good parts than 1 / share, that is above all of them.
    """
    limit = np.sort(good)[::-1][int(len(good) * share)]
    return float(np.mean(bad > limit))


def _curve(good: Numbers, bad: Numbers) -> tuple[Numbers, Numbers]:
    """Shares of good parts and of defects at or above each score, from (0, 0) to (1, 1)."""
    if not (len(good) and len(bad)):
        raise ValueError(f"{len(good)} good parts and {len(bad)} defects have no curve")
    limits = np.unique(np.concatenate([good, bad]))[::-1]
    sides = (np.sort(good), np.sort(bad))
    false, true = (1 - np.searchsorted(side, limits, side="left") / len(side) for side in sides)
    return np.concatenate([[0.0], false]), np.concatenate([[0.0], true])
