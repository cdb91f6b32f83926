"""Limits with a guarantee, from the scores of good parts the detector had not seen.

When n held-out goods are exchangeable with production and the limit is the k-th largest of their scores, the share of
goods above it follows Beta(k, n - k + 1) (Wilks 1941, tolerance limits). So P(share <= a) = BetaCDF(a; k, n - k + 1):
a statement about this very limit, not about the average of many.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
