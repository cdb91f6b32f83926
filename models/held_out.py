"""Scores of good parts by detectors that have not seen them.

What a detector says of the parts it was fitted to is too kind, so each part is scored by a fit that left it out. Parts
of one group (a take, a shift) are near copies and are left out together.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.detector import Detector

FOLDS = 10  #: leave-one-out gains at most one point of caught defects more and costs n fits (docs/teaching.md)
_KEPT = 0.9  #: share of the goods a trimmed fit rests on
_ROUNDS = 2
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
    scores = np.empty(len(features))
    for fold in np.unique(folds):
        left_out = folds == fold
        scores[left_out] = fit(features[~left_out]).score(features[left_out])
    return scores


def trimmed_scores(
    features: Rows, folds: NDArray[np.intp], fit: Fit, scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Score each part by fits that the strangest tenth had no part in, shape (n,).

    A bad part among the goods pulls the detector towards itself and hides. Left out of the fit it stands out: of three
    bad ones among fifty, 96 % are among the five strangest by this score, 81 % by the plain one (docs/teaching.md).

    Parameters
    ----------
    features : ndarray, shape (n, d)
    folds : ndarray, shape (n,)
    fit
        Fits a detector to rows of features.
    scores : ndarray, shape (n,)
        Held-out scores, the first ranking.
    """
    for _ in range(_ROUNDS):
        kept = np.argsort(scores, kind="stable")[: max(2, round(_KEPT * len(scores)))]
        if len(np.unique(folds[kept])) < 2:  # a whole group stood out: what is left cannot be scored held out
            return scores
        scores = fit(features[kept]).score(features)
        scores[kept] = held_out_scores(features[kept], folds[kept], fit)
    return scores
