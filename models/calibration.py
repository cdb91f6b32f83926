"""Finds the limits: what good parts score when they were left out, and the promise that follows.

Two scores may reject a part, the distance from the goods and, where defects were taught, a score that knows them. Their
limits are found together, so that the promise holds for a part and not for each score alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import nctdtrit, ndtri

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.decision.limits import Limit, group_limit, order_statistic_limit, raised
from analytics.decision.panel import Second, Voices, fuse, standing_of
from analytics.few_shot.prototypes import TaughtScore
from models.held_out import FOLDS, Rows, folds_over, held_out_scores, suspicion_of

Numbers = NDArray[np.float64]
LimitOf = Callable[[Numbers], Limit]


def limit_finder(groups: Sequence[str], reject_rate: float, confidence: float) -> LimitOf:
    """Find limits for parts of these groups; parts of one group are near copies and count as one.

    Where the parts are too few to prove the rate, the largest score alone would reject 1 in n + 1 good parts whatever
    was asked for. The limit then is where the rate would lie if ln score were normal, or the largest score where that
    is higher. It stays provisional: real tails are heavier, and what is proven rests on the largest score alone. Few
    groups would push such a limit out of all hearing, so with groups it is the largest score.
    """

    def limit_of(scores: Numbers) -> Limit:
        if len(set(groups)) > 1:
            return group_limit(scores, groups, reject_rate, confidence)
        limit = order_statistic_limit(scores, reject_rate, confidence)
        if limit.provisional:
            return replace(limit, value=max(limit.value, _tolerance_limit(scores, reject_rate, confidence)))
        return limit

    return limit_of


def _tolerance_limit(scores: Numbers, rate: float, confidence: float) -> float:
    """One-sided tolerance limit of a normal ln score: at most `rate` lies above it, with `confidence`.

    mean + k sd with k = t'(confidence; n - 1, z sqrt(n)) / sqrt(n) of the noncentral t (Owen 1968, Technometrics
    10:445).
    """
    n, logs = len(scores), np.log(np.maximum(scores, 1e-12))
    k = float(nctdtrit(n - 1, float(ndtri(1 - rate)) * np.sqrt(n), confidence)) / np.sqrt(n)
    return float(np.exp(logs.mean() + k * logs.std(ddof=1)))


@dataclass(frozen=True, slots=True)
class Fits:
    """The two ways of learning that calibration repeats on each fold.

    Parameters
    ----------
    detector
        Rows of goods (n, d) -> detector.
    defects
        Whitened rows (n, d), and which of them are defects (n,) -> weights (d,) and bias of a logit.
    own
        How many numbers of a row the detector hears; those after them are a second voter's. None: it hears them all.
    """

    detector: Callable[[Rows], Mahalanobis]
    defects: Callable[[Numbers, NDArray[np.bool_]], tuple[Numbers, float]]
    own: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Calibrated:
    """A detector with its limits, and the scores they rest on, 1.0 being the limit.

    Parameters
    ----------
    detector, limit, taught
        As in `PartModel`.
    second
        As in `PartModel`, still without the name of its model; None where rows hold no more than `detector` hears.
    goods : ndarray, shape (n,)
        Of each good part by a fit that left it out, the larger of both scores.
    suspicion : ndarray, shape (n,)
        Of each good part by a fit that the strangest had no part in.
    shots
        Of each example by what was learned without it, by defect.
    """

    detector: Mahalanobis
    limit: Limit
    taught: TaughtScore | None
    goods: Numbers
    suspicion: Numbers
    shots: Mapping[str, Numbers]
    second: Second | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _LeftOut:
    """What was said of each part by fits that did not know it; logits are empty where no defect was taught."""

    distances: Numbers
    logits: Numbers
    shot_logits: Mapping[str, Numbers]


def calibrate(
    goods: Rows, groups: Sequence[str], shots: Mapping[str, Rows], limit_of: LimitOf, fits: Fits
) -> Calibrated:
    """Learn a detector and find its limits.

    Parameters
    ----------
    goods : ndarray, shape (n, d), n >= 2
        Rows of good parts: what the detector hears, and after it what a second voter hears.
    groups
        Of each good part.
    shots : mapping of name to ndarray, shape (k, d)
        Examples of defects; a score is trained on them all where there are any.
    limit_of
        Finds the limit that keeps the promise.
    fits
        How to learn.
    """
    folds = folds_over(groups)
    heard, heard_shots = goods[:, : fits.own], {name: rows[:, : fits.own] for name, rows in shots.items()}
    left_out = _left_out(heard, folds, heard_shots, fits)
    left_out, second = _with_second(goods[:, heard.shape[1] :], folds, left_out, fits)
    voices = Voices(fits.detector(heard), second)
    taught = _taught(voices.detector, heard, heard_shots, left_out, fits) if shots else None
    typical = float(np.median(left_out.distances))
    scores = left_out.distances / typical
    if taught is not None:
        # Both scores are 1 for the median good part and spread alike, so one limit for the larger of them is one
        # promise for the part. Two limits, each set where its own promise ends, would reject up to twice as many.
        scores = np.maximum(scores, _logit_score(left_out.logits, taught))
    limit = limit_of(scores)
    scores = scores / limit.value
    if taught is not None:
        taught = replace(taught, limit=taught.limit + taught.spread * float(np.log(limit.value)))
    limit = replace(limit, value=typical * limit.value)
    suspicion = suspicion_of(goods, folds, partial(_fit, fits, second), left_out.distances) / limit.value
    of_shots = _shot_scores(voices, limit, taught, shots, left_out)
    return Calibrated(voices.detector, limit, taught, scores, suspicion, of_shots, second)


def lifted(found: Calibrated, factor: float, groups: Sequence[str], confidence: float) -> Calibrated:
    """Put the limit of both scores higher, `factor` >= 1; what was promised holds all the more."""
    units: dict[str, float] = {}
    for index, (score, group) in enumerate(zip(found.goods, groups, strict=True)):
        unit = group if len(set(groups)) > 1 else str(index)
        units[unit] = max(units.get(unit, 0.0), float(score))
    before = found.limit.value
    limit = raised(found.limit, before * factor, before * np.array(list(units.values())), confidence)
    taught = found.taught
    if taught is not None:
        taught = replace(taught, limit=taught.limit + taught.spread * float(np.log(factor)))
    shots = {name: scores / factor for name, scores in found.shots.items()}
    return replace(
        found, limit=limit, taught=taught, goods=found.goods / factor, suspicion=found.suspicion / factor, shots=shots
    )


def _fit(fits: Fits, like: Second | None, rows: Rows) -> Voices:
    """Fit to rows what `calibrate` fits to all; a second voter keeps where it stands."""
    second = replace(like, detector=fits.detector(rows[:, fits.own :])) if like else None
    return Voices(fits.detector(rows[:, : fits.own]), second)


def _with_second(
    beyond: Rows, folds: NDArray[np.intp], left_out: _LeftOut, fits: Fits
) -> tuple[_LeftOut, Second | None]:
    """Let a second voter, where `beyond` holds its rows, take part in the distances of parts left out."""
    if beyond.shape[1] == 0:
        return left_out, None
    distances = held_out_scores(beyond, folds, fits.detector)
    standing, beside = standing_of(distances), standing_of(left_out.distances)
    fused = fuse((left_out.distances, distances), (beside, standing))
    return replace(left_out, distances=fused), Second("", "", fits.detector(beyond), standing, beside)


def _left_out(goods: Rows, folds: NDArray[np.intp], shots: Mapping[str, Rows], fits: Fits) -> _LeftOut:
    distances, logits = np.empty(len(goods)), np.empty(len(goods) if shots else 0)
    for fold in np.unique(folds):
        out = folds == fold
        detector = fits.detector(goods[~out])
        distances[out] = detector.score(goods[out])
        if shots:  # all examples stay: left out together with goods, few examples would be fewer still
            weights, bias = _fit_defects(detector, goods[~out], shots, fits)
            logits[out] = detector.whiten(goods[out]) @ weights + bias
    return _LeftOut(distances, logits, _shots_left_out(goods, shots, fits) if shots else {})


def _shots_left_out(goods: Rows, shots: Mapping[str, Rows], fits: Fits) -> dict[str, Numbers]:
    detector = fits.detector(goods)
    logits = {name: np.empty(len(rows)) for name, rows in shots.items()}
    count = min(FOLDS, max(map(len, shots.values())))
    for fold in range(count):
        asked = {name: np.arange(len(rows)) % count == fold for name, rows in shots.items()}
        weights, bias = _fit_defects(detector, goods, {name: shots[name][~asked[name]] for name in shots}, fits)
        for name, rows in shots.items():
            logits[name][asked[name]] = detector.whiten(rows[asked[name]]) @ weights + bias
    return logits


def _fit_defects(detector: Mahalanobis, goods: Rows, shots: Mapping[str, Rows], fits: Fits) -> tuple[Numbers, float]:
    white = detector.whiten(np.concatenate([goods, *shots.values()]))
    return fits.defects(white, np.arange(len(white)) >= len(goods))


def _taught(
    detector: Mahalanobis, goods: Rows, shots: Mapping[str, Rows], left_out: _LeftOut, fits: Fits
) -> TaughtScore:
    """Train the score that knows the defects; 1 is the median good part, until it gets a limit."""
    weights, bias = _fit_defects(detector, goods, shots, fits)
    # Logits per unit of ln distance: the two scores then move alike, and 1.2 means as much on either.
    of_logits, of_distances = (max(float(np.std(x)), 1e-6) for x in (left_out.logits, np.log(left_out.distances)))
    return TaughtScore(weights, bias, float(np.median(left_out.logits)), of_logits / of_distances)


def _logit_score(logits: Numbers, taught: TaughtScore) -> Numbers:
    return np.asarray(np.exp(np.clip((logits - taught.limit) / taught.spread, -50.0, 50.0)))


def _shot_scores(
    voices: Voices, limit: Limit, taught: TaughtScore | None, shots: Mapping[str, Rows], left_out: _LeftOut
) -> dict[str, Numbers]:
    distances = {name: voices.score(rows) / limit.value for name, rows in shots.items()}
    if taught is None:
        return distances
    return {name: np.maximum(distances[name], _logit_score(left_out.shot_logits[name], taught)) for name in shots}
