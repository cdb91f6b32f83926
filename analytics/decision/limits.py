"""Limits with a guarantee, from the scores of good parts the detector had not seen.

When n held-out goods are exchangeable with production and the limit is the k-th largest of their scores, the share of
goods above it follows Beta(k, n - k + 1) (Wilks 1941, tolerance limits). So P(share <= a) = BetaCDF(a; k, n - k + 1):
a statement about this very limit, not about the average of many.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincinv

_LEAST = 1e-9  #: of a limit, so that a score stays a finite multiple of it


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit, and what it can promise.

    Parameters
    ----------
    value
        Scores above it are rejected; equality passes. > 0.
    k, n
        The limit is the k-th largest of n held-out scores (parts, or groups of parts).
    proven_rate
        Highest share of goods rejected that cannot be ruled out at the confidence asked for.
    provisional
        True where `proven_rate` is above the rate asked for: the largest score stands in meanwhile.
    missing
        How many more held-out scores would prove the rate; 0 when it is proven.
    """

    value: float
    k: int
    n: int
    proven_rate: float
    provisional: bool
    missing: int

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and self.value >= _LEAST and 1 <= self.k <= self.n):
            raise ValueError(f"no limit: {self}")


def scores_needed(reject_rate: float, confidence: float = 0.95) -> int:
    """Fewest held-out scores whose maximum proves `reject_rate`: ln(1 - confidence) / ln(1 - rate); 59 for 5 %."""
    return math.ceil(math.log1p(-confidence) / math.log1p(-reject_rate))


def order_statistic_limit(
    scores: NDArray[np.floating] | Sequence[float], reject_rate: float, confidence: float = 0.95
) -> Limit:
    """Find the lowest limit that keeps its promise.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Held-out scores of goods, finite, at least one of them above 0.
    reject_rate
        Share of goods that may be rejected, between 0 and 1.
    confidence
        Probability that the promise holds.

    Raises
    ------
    ValueError
        Where there is no score, one is not finite, or a probability is out of range.
    """
    ordered = np.sort(np.asarray(scores, np.float64))[::-1]
    n = len(ordered)
    if n == 0 or not np.isfinite(ordered).all():
        raise ValueError(f"a limit needs finite scores of good parts; {n} given")
    if not (0 < reject_rate < 1 and 0 < confidence < 1):
        raise ValueError(f"reject rate {reject_rate} and confidence {confidence} must lie between 0 and 1")
    ranks = np.arange(1, n + 1)
    kept = int(np.count_nonzero(betainc(ranks, n - ranks + 1, reject_rate) >= confidence))  # falls with the rank
    k = max(kept, 1)
    return Limit(
        value=float(ordered[k - 1]),
        k=k,
        n=n,
        proven_rate=float(betaincinv(k, n - k + 1, confidence)),
        provisional=kept == 0,
        missing=0 if kept else max(1, scores_needed(reject_rate, confidence) - n),
    )


def group_limit(
    scores: NDArray[np.floating] | Sequence[float],
    groups: Sequence[str],
    reject_rate: float,
    confidence: float = 0.95,
) -> Limit:
    """Find the limit where goods come in groups (shifts, takes, days): n counts groups, each by its largest score.

    Parts of one group are near copies; a hundred of them prove no more than one. The promise is about groups: in at
    most this share of new groups is any good part rejected.
    """
    worst: dict[str, float] = {}
    for score, group in zip(scores, groups, strict=True):
        worst[group] = max(float(score), worst.get(group, 0.0))
    return order_statistic_limit(list(worst.values()), reject_rate, confidence)


def highest_rate(rejected: int, n: int, confidence: float = 0.95) -> float:
    """Upper bound of a share of which `rejected` of `n` were seen (Clopper and Pearson 1934, Biometrika 26:404)."""
    return 1.0 if rejected >= n else float(betaincinv(rejected + 1, n - rejected, confidence))


@dataclass(frozen=True, slots=True)
class Costs:
    """What errors cost, in any one unit of money.

    Parameters
    ----------
    false_reject
        Of a good part thrown away, > 0.
    missed
        Of a defect that passed, > 0.
    defect_rate
        Share of parts with a defect, between 0 and 1.
    """

    false_reject: float
    missed: float
    defect_rate: float

    def __post_init__(self) -> None:
        if not (self.false_reject > 0 and self.missed > 0 and math.isfinite(self.false_reject + self.missed)):
            raise ValueError(f"costs of {self.false_reject:g} and {self.missed:g}: wanted numbers above 0")
        if not 0 < self.defect_rate < 1:
            raise ValueError(f"a defect rate of {self.defect_rate:g}: wanted a share between 0 and 1, as in 0.01")

    def per_part(self, rejected: float, missed: float) -> float:
        """Say what a part costs on average, from the share of goods rejected and of defects missed."""
        return self.false_reject * (1 - self.defect_rate) * rejected + self.missed * self.defect_rate * missed


@dataclass(frozen=True, slots=True)
class Weighed:
    """A limit as the costs have it, and what is expected of it, from parts left out.

    `factor` is on the learned limit, 1.0 being it; `rejected` the share of goods, `missed` of defects.
    """

    factor: float
    rejected: float
    missed: float


def weigh(goods: NDArray[np.float64], defects: NDArray[np.float64], costs: Costs, least: float = 0.0) -> Weighed:
    """Find the cheapest limit at `least` or above it; of equally cheap ones the highest.

    Only where a good part was left out and scored can a limit be weighed, so it is one of their scores, or `least`.
    Of n goods with r above the limit, (r + 1) / (n + 1) is the share expected of new ones (Wilks 1941): beyond the
    largest score nothing more is gained.

    Parameters
    ----------
    goods : ndarray, shape (n,), n >= 1
        Scores of good parts left out, 1.0 being the learned limit.
    defects : ndarray, shape (m,), m >= 1
        Of defects left out.
    """
    if len(goods) == 0 or len(defects) == 0:
        raise ValueError("costs need scores of good parts and of defects")
    limits = np.unique(np.append(goods[goods >= least], least) if least > 0 else goods)
    rejected = (len(goods) - np.searchsorted(np.sort(goods), limits, "right") + 1) / (len(goods) + 1)
    missed = np.searchsorted(np.sort(defects), limits, "right") / len(defects)
    cost = [costs.per_part(float(r), float(m)) for r, m in zip(rejected, missed, strict=True)]
    best = len(cost) - 1 - int(np.argmin(cost[::-1]))
    return Weighed(float(limits[best]), float(rejected[best]), float(missed[best]))


def raised(limit: Limit, value: float, scores: NDArray[np.float64], confidence: float = 0.95) -> Limit:
    """Put a limit higher, where fewer of its own held-out scores lie above it; it promises no less than before.

    Parameters
    ----------
    value
        At least that of the limit.
    scores : ndarray, shape (n,)
        The very scores the limit was found on, one a group where there are groups.
    """
    if value < limit.value:
        raise ValueError(f"{value:g} is below the limit, {limit.value:g}: it would break its promise")
    k = min(limit.k, int(np.count_nonzero(scores > value)) + 1)
    return replace(limit, value=value, k=k, proven_rate=float(betaincinv(k, limit.n - k + 1, confidence)))
