"""Shares with what they prove: exact intervals, how many parts are needed, and what copies of one another are worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv
from scipy.stats import binom, chi2

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """A share that was seen, and between which bounds the true one lies.

    Parameters
    ----------
    events, n
        So many of so many; n may be 0: nothing was seen, nothing is known.
    effective
        Number of independent trials that the n are worth, <= n.
    low, high
        Two-sided bounds of the share, 0..1.
    """

    events: int
    n: int
    effective: float
    low: float
    high: float

    @property
    def rate(self) -> float | None:
        """The share itself; None where nothing was seen."""
        return self.events / self.n if self.n else None


def share_of(events: Sequence[bool], groups: Sequence[str] | None = None, confidence: float = CONFIDENCE) -> Share:
    """Count a share, with the exact interval of Clopper and Pearson (1934, Biometrika 26:404).

    Parameters
    ----------
    events
        One per trial: did it happen?
    groups
        Names of what the trials are copies of (a take, a unit, one part heard again); None where each stands alone.
        The trials of one group are counted as if they were fully alike, the widest honest reading: n trials in groups
        of m_g are worth n^2 / sum m_g^2 (Kish 1965, Survey Sampling, section 8.2, at intraclass correlation 1), and the
        bounds are those of Clopper and Pearson at that many (Korn and Graubard 1998, Survey Methodology 24:193).
    confidence
        Of the two bounds together, between 0 and 1.
    """
    n, seen = len(events), sum(map(bool, events))
    sizes = np.unique(list(groups), return_counts=True)[1] if groups is not None and n else np.ones(n)
    effective = float(n * n / np.sum(sizes.astype(np.float64) ** 2)) if n else 0.0
    low, high = bounds(seen / n * effective if n else 0.0, effective, confidence)
    return Share(seen, n, effective, low, high)


def bounds(events: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Bound a share of which `events` of `n` were seen; both may be fractions. (0, 1) where n is 0."""
    if n <= 0:
        return 0.0, 1.0
    half = (1 - confidence) / 2
    low = 0.0 if events <= 0 else float(betaincinv(events, n - events + 1, half))
    high = 1.0 if events >= n else float(betaincinv(events + 1, n - events, 1 - half))
    return low, high


def at_most(events: float, n: float, confidence: float = CONFIDENCE) -> float:
    """Bound a share from above only. With none of n it is 1 - (1 - confidence)^(1/n), near 3 / n (rule of three)."""
    if n <= 0 or events >= n:
        return 1.0
    return float(betaincinv(events + 1, n - events, confidence))


def needed(events: float, rate: float, confidence: float = CONFIDENCE) -> int:
    """Say how many trials, of which `events` happened, prove that the share is at most `rate`.

    Parameters
    ----------
    events
        That have happened, a fraction where groups were counted; every further trial is meant to be without one.
    rate
        Wanted bound, between 0 and 1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"a share of {rate:g}: wanted one between 0 and 1, as in 0.02")
    low = math.floor(events)
    high = low + 1
    while at_most(events, high, confidence) > rate:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if at_most(events, middle, confidence) > rate else (low, middle)
    return high


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of what was seen; `low` or `high` is None where n values do not bound it."""

    value: float
    low: float | None
    high: float | None


def quantile_of(values: NDArray[np.float64], share: float, confidence: float = CONFIDENCE) -> Quantile:
    """Give a quantile with the bounds of order statistics, which need no distribution.

    The true quantile lies below the r-th smallest of n values with the chance that fewer than r of them are below it,
    BinomialCDF(r - 1; n, share) (David and Nagaraja 2003, Order Statistics, section 7.1).

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite; n >= 1.
    share
        Which quantile, between 0 and 1; 0.5 is the median.
    """
    ordered = np.sort(values)
    n, half = len(ordered), (1 - confidence) / 2
    lower = int(binom.ppf(half, n, share))  # at least so many lie below it: rank `lower` is a lower bound
    upper = int(binom.ppf(1 - half, n, share)) + 1
    return Quantile(
        float(np.quantile(ordered, share, method="inverted_cdf")),
        float(ordered[lower - 1]) if lower >= 1 else None,
        float(ordered[upper - 1]) if upper <= n else None,
    )


@dataclass(frozen=True, slots=True)
class Spread:
    """A standard deviation between its bounds, from `freedom` differences."""

    value: float
    freedom: int
    low: float
    high: float


def spread_within(values: Sequence[Sequence[float]], confidence: float = CONFIDENCE) -> Spread | None:
    """Pool the spread inside groups of repeats, with the chi-square interval; it holds for normally spread values.

    Parameters
    ----------
    values
        One sequence per part heard again, in any unit; those of fewer than two say nothing.

    Returns
    -------
    Spread or None
        None where no part was heard twice.
    """
    squares, freedom = 0.0, 0
    for group in values:
        if len(group) >= 2:
            mean = math.fsum(group) / len(group)
            squares += math.fsum((value - mean) ** 2 for value in group)
            freedom += len(group) - 1
    if freedom == 0:
        return None
    half = (1 - confidence) / 2
    low, high = (math.sqrt(squares / float(chi2.ppf(tail, freedom))) for tail in (1 - half, half))
    return Spread(math.sqrt(squares / freedom), freedom, low, high)
