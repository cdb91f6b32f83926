"""Remaining life: how long the trend seen so far leads to where machines ended, with an honest interval, or nothing."""

from dataclasses import dataclass

# Computed from the four learning bearings of PHM 2012 (1_1, 2_1, 2_2, 3_1) by benchmarks/wear.py, but for the last,
# which is a principle. docs/wear.md: how little four bearings can teach, and what was seen before they were settled.
END_DB = 22.5  #: over baseline; the median of where the four ended
EARLY = 0.55  #: of the extrapolation: lowest within a tenth of the best score by the challenge, which punishes late
LOW, HIGH = 0.1, 2.4  #: times the middle: 10 % and 90 % quantile of truth over middle, each bearing counted alike
LEAST_SHARE = 1.0  #: of the time since the rise began; with no scale known, as much is ahead as behind (median)


@dataclass(frozen=True, slots=True)
class Life:
    """Remaining life, s of running.

    Parameters
    ----------
    low, mid, high
        Four of five truths lie between low and high; ``0 < low < mid < high``.
    """

    low: float
    mid: float
    high: float


def remaining(db: float, since_s: float) -> Life | None:
    """Say how long it goes on like this.

    Exponential growth of the amplitude (Gebraeel et al. 2005, IIE Trans. 37, 543-557) is a straight line in dB: what
    rose by `db` in `since_s` needs ``since_s * (END_DB - db) / db`` more to reach `END_DB`.

    Parameters
    ----------
    db
        Over baseline now.
    since_s
        Since the rise began, s of running.
    """
    if not (db > 0 and since_s > 0):
        return None
    mid = EARLY * since_s * max(LEAST_SHARE, (END_DB - db) / db)
    return Life(LOW * mid, mid, HIGH * mid)
