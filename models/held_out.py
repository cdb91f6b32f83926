"""Scores of good parts by detectors that have not seen them.

What a detector says of the parts it was fitted to is too kind, so each part is scored by a fit that left it out. Parts
of one group (a take, a shift) are near copies and are left out together.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from analytics.anomaly.detector import Detector

FOLDS = 10  #: leave-one-out gains at most one point of caught defects more and costs n fits (docs/teaching.md)
_KEPT = 0.9  #: share of the goods that say how strange the others are
_ROUNDS = 2
_SAY_OF_FIT = 2 / 3  #: with half 1 point less is named in the full band, with all of it 2 to 6 less above 300 Hz
_NEIGHBOUR = 6  #: a few bad parts are each other's nearest, so the sixth is asked; the tenth does as well
_SEED = 0  #: any order does; a fixed one makes the same recordings teach the same recipe

Rows = NDArray[np.float32]
Fit = Callable[[Rows], Detector]


def folds_over(groups: Sequence[str]) -> NDArray[np.intp]:
    """Deal parts into at most `FOLDS` folds, shape (n,): whole groups, or single parts where there is one group only.

    Raises
    ------
    ValueError
        Fewer than two parts: nothing can be left out.
    """
    names = sorted(set(groups))
    unit = np.array([names.index(group) for group in groups]) if len(names) > 1 else np.arange(len(groups))
    count = int(unit.max(initial=-1)) + 1
    if count < 2:
        raise ValueError(f"{len(groups)} part: nothing to leave out")
    places = np.random.default_rng(_SEED).permutation(count) % min(FOLDS, count)
    return np.asarray(places[unit], np.intp)


def held_out_scores(features: Rows, folds: NDArray[np.intp], fit: Fit) -> NDArray[np.float64]:
    """Score each part by a fit to the other folds, shape (n,)."""
    return _by_others(np.ones(len(features), np.bool_), features, folds, fit)


def suspicion_of(features: Rows, folds: NDArray[np.intp], fit: Fit, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Say how little each part belongs to the others, shape (n,), on the scale of `scores`.

    A bad part among the goods pulls the detector towards itself and hides, and bad ones that are alike hide each other.
    So the strangest tenth is left out and every part is asked for again, twice. Two opinions: the distance by a fit to
    those kept, and the distance to the sixth neighbour among them, each in its own spread. A fit knows in which
    directions good parts differ and may bend to a bad one; a neighbour knows no direction and bends to nothing. So the
    neighbours alone say who is left out first, and afterwards the fit has two thirds of the say. Measured in
    docs/accuracy.md, chosen on draws other than those.

    Parameters
    ----------
    features : ndarray, shape (n, d)
    folds : ndarray, shape (n,)
        No part is vouched for by its own fold.
    fit
        Fits a detector to rows of features.
    scores : ndarray, shape (n,)
        Held-out scores; what is returned where whole groups stand out so that too few are left to ask.
    """
    suspicion = _lonely(features, folds, np.ones(len(features), np.bool_))
    for _ in range(_ROUNDS):
        kept = np.zeros(len(features), np.bool_)
        kept[np.argsort(suspicion, kind="stable")[: max(2, round(_KEPT * len(features)))]] = True
        if min(np.count_nonzero(kept & (folds != fold)) for fold in np.unique(folds)) < 2:
            return scores
        distant = np.log(np.maximum(_by_others(kept, features, folds, fit), 1e-12))
        lonely = np.log(np.maximum(_lonely(features, folds, kept), 1e-12))
        (middle, spread), (far, wide) = _middle(distant), _middle(lonely)
        both = _SAY_OF_FIT * (distant - middle) / spread + (1 - _SAY_OF_FIT) * (lonely - far) / wide
        suspicion = np.exp(middle + spread * both)
    return suspicion


def _by_others(kept: NDArray[np.bool_], features: Rows, folds: NDArray[np.intp], fit: Fit) -> NDArray[np.float64]:
    """Score each part by a fit to those kept of the other folds, shape (n,)."""
    scores = np.empty(len(features))
    for fold in np.unique(folds):
        asked = folds == fold
        scores[asked] = fit(features[kept & ~asked]).score(features[asked])
    return scores


def _lonely(features: Rows, folds: NDArray[np.intp], kept: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Distance of each part to its sixth neighbour kept in other folds, numbers counted in the spread of those kept."""
    x = features.astype(np.float64)
    spread = x[kept].std(axis=0)
    x = x / np.maximum(spread + 0.1 * np.median(spread), 1e-12)
    found = np.empty(len(x))
    for fold in np.unique(folds):
        out = folds == fold
        apart = cdist(x[out], x[kept & ~out])
        nth = min(_NEIGHBOUR, apart.shape[1]) - 1
        found[out] = np.partition(apart, nth, axis=1)[:, nth]
    return found


def _middle(x: NDArray[np.float64]) -> tuple[float, float]:
    """Median, and spread by the median absolute deviation."""
    middle = float(np.median(x))
    return middle, max(1.4826 * float(np.median(np.abs(x - middle))), 1e-6)
