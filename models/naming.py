"""Learns names for defects from a few examples of each."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.few_shot.prototypes import Prototypes

Rows = NDArray[np.float32]
_ROOM = 1.25  #: over the farthest example left out: a few examples seldom show a class's whole spread
_LEAST_LIMIT = 1.5  #: a member lies at about 1 (see `Prototypes.distances`); one example says no more


def learn_prototypes(goods: Rows, shots: Mapping[str, Rows], fit: Callable[[Rows], Mahalanobis]) -> Prototypes:
    """Learn a centre for each defect, and how far its sounds may lie from it.

    Parameters
    ----------
    goods : ndarray, shape (n, d)
        Good parts: they show how much the same thing varies.
    shots : mapping of name to ndarray, shape (k, d), k >= 1
        Examples of each defect, at least one defect.
    fit
        Fits centre and spread to rows.
    """
    # Residuals around each class's own centre: the spread BETWEEN classes is what tells them apart and must stay.
    own = [rows - rows.mean(axis=0) for rows in shots.values() if len(rows) > 1]
    centre = goods.mean(axis=0)
    whitening = fit(np.concatenate([goods, *(centre + residual for residual in own)]).astype(np.float32))
    white = {name: whitening.whiten(rows) for name, rows in shots.items()}
    return Prototypes(
        names=tuple(shots),
        whitening=whitening,
        centres=np.array([rows.mean(axis=0) for rows in white.values()]),
        counts=np.array([len(rows) for rows in white.values()], np.int64),
        limits=np.array([_limit(rows) for rows in white.values()]),
    )


def _limit(white: NDArray[np.float64]) -> float:
    """Find how far the farthest example lies from the centre of the others, with room, after whitening."""
    n = len(white)
    if n < 2:
        return _LEAST_LIMIT
    others = (white.sum(axis=0) - white) / (n - 1)
    # The centre of n - 1 examples is uncertain itself: the same (count / (count + 1)) as in scoring.
    far = np.sqrt(np.mean(np.square(white - others), axis=1) * ((n - 1) / n))
    return max(_LEAST_LIMIT, _ROOM * float(far.max()))


def named_when_left_out(goods: Rows, shots: Mapping[str, Rows], fit: Callable[[Rows], Mahalanobis]) -> dict[str, int]:
    """Count, for each defect, the examples that get its name from what was learned without them."""
    named = dict.fromkeys(shots, 0)
    for name, rows in shots.items():
        for fold in np.array_split(np.arange(len(rows)), min(len(rows), 5)):
            rest = np.delete(rows, fold, axis=0)
            if len(rest) == 0:
                continue
            learned = learn_prototypes(goods, {**shots, name: rest}, fit)
            named[name] += sum(learned.name(row) == name for row in rows[fold])
    return named
