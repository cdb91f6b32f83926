"""Learns names for defects from a few examples of each, and how sure they are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.few_shot.certainty import calibrate_certainty
from analytics.few_shot.prototypes import Examples, Prototypes
from models.held_out import folds_over
from models.taught import TaughtRows, defects_of

Rows = NDArray[np.float32]
Numbers = NDArray[np.float64]
Fit = Callable[[Rows], Mahalanobis]
_ROOM = 1.25  #: over the farthest example left out: a few examples seldom show a class's whole spread
_MOST = 0.9  #: of examples left out
_LEAST_LIMIT = 1.5  #: a member lies at about 1 (see `Prototypes.distances`); one example says no more


@dataclass(frozen=True, slots=True, eq=False)
class Shots:
    """Examples of one defect.

    Parameters
    ----------
    rows : ndarray, shape (k, d), k >= 1
        Their numbers.
    recordings, groups
        Name of each, and the take or shift it came from; examples of one take are left out together.
    """

    rows: Rows
    recordings: tuple[str, ...]
    groups: tuple[str, ...]


def shots_of(taught: TaughtRows) -> dict[str, Shots]:
    """Return the examples of each defect among what was taught, by name, sorted."""
    found = {}
    for name in defects_of(taught.heard):
        mine = [index for index, one in enumerate(taught.heard) if one.defect == name]
        heard = [taught.heard[index] for index in mine]
        found[name] = Shots(taught.features[mine], tuple(one.name for one in heard), tuple(one.group for one in heard))
    return found


def learn_names(goods: Rows, shots: Mapping[str, Shots], fit: Fit) -> tuple[Prototypes, dict[str, int]]:
    """Learn to name defects, with all that explains a name.

    Parameters
    ----------
    goods : ndarray, shape (n, d)
        Good parts: they show how much the same thing varies.
    shots
        Examples by defect, at least one defect.
    fit
        Fits centre and spread to rows.

    Returns
    -------
    Prototypes
        With its certainty where enough examples could be left out, and with the examples.
    dict of str to int
        For each defect, how many examples got its name from what was learned without them.
    """
    learned = learn_prototypes(goods, {name: one.rows for name, one in shots.items()}, fit)
    distances, right, folds = _left_out(goods, shots, fit)
    own = distances[np.arange(len(right)), right]
    # One reach for all defects: relative to a reach of its own a defect of a few far examples would swallow the others.
    limits = np.full(len(shots), _reach(own))
    evidence = np.empty((len(right), len(shots) + 1))
    for row, (index, fold) in enumerate(zip(right, folds, strict=True)):
        others = own[(right != index) | (folds != fold)]  # nor may it be known from the very example that is asked for
        evidence[row] = _evidence(distances[row : row + 1], np.full(len(shots), _reach(others)))[0]
    hits = evidence.argmax(axis=1) == right
    named = {name: int(np.count_nonzero(hits & (right == index))) for index, name in enumerate(shots)}
    certainty = calibrate_certainty(evidence, right, _strangers(goods, shots, fit, limits))
    return replace(learned, limits=limits, certainty=certainty, examples=_examples(learned, shots)), named


def learn_prototypes(goods: Rows, shots: Mapping[str, Rows], fit: Fit) -> Prototypes:
    """Learn a centre for each defect, and how far its sounds may lie from it.

    Parameters
    ----------
    goods : ndarray, shape (n, d)
        Good parts.
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


def _limit(white: Numbers) -> float:
    """Find how far the farthest example lies from the centre of the others, with room, after whitening."""
    n = len(white)
    if n < 2:
        return _LEAST_LIMIT
    others = (white.sum(axis=0) - white) / (n - 1)
    # The centre of n - 1 examples is uncertain itself: the same (count / (count + 1)) as in scoring.
    far = np.sqrt(np.mean(np.square(white - others), axis=1) * ((n - 1) / n))
    return max(_LEAST_LIMIT, _ROOM * float(far.max()))


def _reach(left_out: Numbers) -> float:
    """Tell how far a defect reaches from distances (n,) of examples to what was learned of their defect without them.

    A fit that has an example in its spread finds it nearer than the next part will be. Nine of ten count: the strangest
    example must not open all defects to anything.
    """
    return max(_LEAST_LIMIT, _ROOM * float(np.quantile(left_out, _MOST))) if len(left_out) else _LEAST_LIMIT


def _left_out(goods: Rows, shots: Mapping[str, Shots], fit: Fit) -> tuple[Numbers, NDArray[np.intp], NDArray[np.intp]]:
    """Distance (n, c) of each example to each class by what was learned without it, its own class and fold (n,)."""
    distances, right, folds_of = [np.empty((0, len(shots)))], [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for index, (name, one) in enumerate(shots.items()):
        if len(one.rows) < 2:
            continue
        folds = folds_over(one.groups)
        for fold in np.unique(folds):
            out = folds == fold
            rest = {other: held.rows for other, held in shots.items()} | {name: one.rows[~out]}
            distances.append(learn_prototypes(goods, rest, fit).distances(one.rows[out]))
            right.append(np.full(np.count_nonzero(out), index))
            folds_of.append(folds[out])
    return np.concatenate(distances), np.concatenate(right), np.concatenate(folds_of)


def _evidence(distances: Numbers, limits: Numbers) -> Numbers:
    within = np.log(limits / np.maximum(distances, 1e-9))
    return np.concatenate([within, np.zeros((len(within), 1))], axis=1)


def _strangers(goods: Rows, shots: Mapping[str, Shots], fit: Fit, limits: Numbers) -> Numbers | None:
    """Evidence (m, c) for the examples of each defect by what was learned without any of it; None with one defect."""
    if len(shots) < 2:
        return None
    found = []
    for index, (name, one) in enumerate(shots.items()):
        others = {other: held.rows for other, held in shots.items() if other != name}
        distances = learn_prototypes(goods, others, fit).distances(one.rows)
        found.append(_evidence(distances, np.delete(limits, index)))
    return np.concatenate(found)


def _examples(learned: Prototypes, shots: Mapping[str, Shots]) -> Examples:
    white = [learned.whitening.whiten(one.rows) for one in shots.values()]
    return Examples(
        tuple(recording for one in shots.values() for recording in one.recordings),
        np.repeat(np.arange(len(shots), dtype=np.int64), learned.counts),
        np.concatenate(white).astype(np.float32),
    )
