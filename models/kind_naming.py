"""Learns names for kinds of sound from a few examples of each, on the vectors of an embedding."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.few_shot.certainty import Certainty, calibrate_certainty
from analytics.few_shot.kinds import KindNamer

Rows = NDArray[np.float32]
FOLDS = 5  #: of examples left out together
_SHRINK = 0.1  #: of the median spread, added to every column's own: a column that never moved must not shout
_HALF = 0.5  #: of what examples of one kind tell of how columns go together; measured, docs/few-shot.md
_MISSED = 0.1  #: share of left-out examples that may fall below the limit
_ONE_SHOT = 0.3  #: similarity; where no example could be left out (docs/few-shot.md)


def learn_kinds(shots: Mapping[str, Rows]) -> KindNamer:
    """Learn to name kinds of sound.

    Column scaling and cosine to the mean of each kind, seen from the mean of all examples. What the examples show of
    how columns go together inside a kind is used half, and shrunk (Ledoit and Wolf 2004, J. Multivariate Analysis
    88:365): with few examples it fades to column scaling alone. The spread between kinds is never whitened away, since
    it is what tells them apart.

    Parameters
    ----------
    shots : mapping of name to ndarray, shape (k, d), k >= 1
        Vectors of examples of each kind, finite; two kinds at least, or there is no origin to see them from.

    Raises
    ------
    ValueError
        Fewer than two kinds, or examples that do not differ at all.
    """
    if len(shots) < 2:
        raise ValueError(f"{len(shots)} kind of sound; wanted two at least, background being one")
    namer = _learn(shots)
    members, right = _members_left_out(shots)
    strangers = _kinds_left_out(shots)
    limit = _limit(members, right, strangers)
    over = _evidence(members, limit)
    certainty = calibrate_certainty(over, right, _evidence(strangers, limit) if len(strangers) else None)
    return _with(namer, limit, certainty)


def named_kinds_when_left_out(shots: Mapping[str, Rows]) -> dict[str, int]:
    """Count, for each kind, the examples most like it by what was learned without them; none where it has only one."""
    similarities, right = _members_left_out(shots)
    hits = similarities.argmax(axis=1) == right
    return {name: int(np.count_nonzero(hits & (right == index))) for index, name in enumerate(shots)}


def _learn(shots: Mapping[str, Rows]) -> KindNamer:
    whitening = _whitening(shots)
    white = [whitening.whiten(rows) for rows in shots.values()]
    centres = np.array([rows.mean(axis=0) for rows in white])
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    if not (lengths > 0).all():
        raise ValueError(f"{tuple(shots)[int(np.argmin(lengths))]}: sounds like the mean of all kinds taught")
    counts = np.array([len(rows) for rows in shots.values()], np.int64)
    return KindNamer(tuple(shots), whitening, centres / lengths, counts, np.zeros(len(shots)))


def _with(namer: KindNamer, limit: float, certainty: Certainty | None) -> KindNamer:
    limits = np.full(len(namer.names), limit)
    return KindNamer(namer.names, namer.whitening, namer.prototypes, namer.counts, limits, certainty)


def _whitening(shots: Mapping[str, Rows]) -> Mahalanobis:
    """Scale by the spread over all examples; turn by how examples of one kind differ among themselves."""
    every = np.concatenate(list(shots.values())).astype(np.float64)
    origin, spread = every.mean(axis=0), every.std(axis=0)
    scale = spread + _SHRINK * float(np.median(spread))
    if not (scale > 0).all():
        scale = spread + float(spread.max()) * 1e-3  # columns that never moved, as those of a net mostly are not
    if not (scale > 0).all():
        raise ValueError("the examples do not differ at all")
    own = [(rows - rows.mean(axis=0)) / scale for rows in shots.values() if len(rows) > 1]
    freedom = sum(len(rows) - 1 for rows in own)
    if freedom < 2:
        return Mahalanobis(origin, scale, np.empty((0, len(origin))), np.empty(0), 1.0)
    from sklearn.covariance import ledoit_wolf_shrinkage

    residuals = np.concatenate(own)
    a = float(np.clip(ledoit_wolf_shrinkage(residuals, assume_centered=True), 1e-6, 1.0))
    a = 1 - _HALF * (1 - a)
    _, singular, directions = np.linalg.svd(residuals, full_matrices=False)
    variances = np.square(singular) / freedom
    rest = a * float(variances.sum()) / residuals.shape[1]
    kept = min(freedom, residuals.shape[1])
    return Mahalanobis(origin, scale, directions[:kept], (1 - a) * variances[:kept] + rest, rest)


def _members_left_out(shots: Mapping[str, Rows]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Similarity of each example to all kinds by what was learned without it, (n, c), and its own kind, (n,)."""
    similarities, right = [np.empty((0, len(shots)))], [np.empty(0, np.intp)]
    for fold in range(FOLDS):
        out = {name: _dealt(len(rows)) == fold for name, rows in shots.items()}
        if not any(mask.any() for mask in out.values()):
            continue
        learned = _learn({name: rows[~out[name]] for name, rows in shots.items()})
        for index, (name, rows) in enumerate(shots.items()):
            if out[name].any():
                similarities.append(learned.similarities(rows[out[name]]))
                right.append(np.full(int(out[name].sum()), index))
    return np.concatenate(similarities), np.concatenate(right)


def _dealt(n: int) -> NDArray[np.intp]:
    """Deal n examples into folds; a single one stays in (-1): without it there would be no kind."""
    return np.arange(n) % min(n, FOLDS) if n > 1 else np.full(n, -1)


def _kinds_left_out(shots: Mapping[str, Rows]) -> NDArray[np.float64]:
    """Similarity of the examples of each kind to all others, by what was learned without their kind, (m, c - 1)."""
    if len(shots) < 3:
        return np.empty((0, len(shots)))
    found = []
    for name, rows in shots.items():
        others = {other: held for other, held in shots.items() if other != name}
        found.append(_learn(others).similarities(rows))
    return np.concatenate(found)


def _limit(members: NDArray[np.float64], right: NDArray[np.intp], strangers: NDArray[np.float64]) -> float:
    """Find the similarity from which on a name is given.

    The one at which most left-out examples are treated rightly: those of taught kinds by their name, those of kinds
    left out whole by none, either weighing alike. With too few kinds to leave one out, what nine of ten reach.
    """
    if len(right) == 0:
        return _ONE_SHOT
    own = members[np.arange(len(right)), right]
    if len(strangers) == 0:
        return float(np.clip(np.quantile(own, _MISSED), 0.0, 1.0))
    named = np.sort(own[members.argmax(axis=1) == right])
    nearest = np.sort(strangers.max(axis=1))
    tried = np.linspace(0.0, 0.9, 91)
    kept = (len(named) - np.searchsorted(named, tried)) / len(right)
    spared = np.searchsorted(nearest, tried) / len(nearest)
    best = np.flatnonzero(kept + spared >= (kept + spared).max() - 1e-9)
    return float(tried[best[len(best) // 2]])


def _evidence(similarities: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    over = similarities - limit
    return np.concatenate([over, np.zeros((len(over), 1))], axis=1)
