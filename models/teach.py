"""Learns what a good part sounds like, from good parts, and from a few defects where they are there.

Learning is here, scoring is in `analytics`: what leaves this file are flat arrays. scikit-learn is imported where it is
used, so that a gateway that only judges never loads it. The steps and what each is worth on real sound:
docs/teaching.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.decision.judge import align, features_of
from analytics.decision.model import FrontEnd, PartModel
from analytics.quality.gate import GateReference, learn_gate, surroundings_of
from analytics.quality.part_sound import clipped_share, rms_db
from analytics.signal.capture import SURROUNDINGS_S, Capture
from models.calibration import Calibrated, Fits, calibrate, limit_finder
from models.held_out import Rows
from models.naming import learn_prototypes, named_when_left_out
from models.report import DefectReport, Report, Strange
from models.taught import (
    FEWEST,
    Heard,
    TaughtPart,
    TeachError,
    TeachSettings,
    defects_of,
    front_end_of,
    once_each,
    raise_all,
    refuse,
)

__all__ = [
    "Heard",
    "Learned",
    "TaughtPart",
    "TeachError",
    "TeachSettings",
    "fit_logistic",
    "fit_mahalanobis",
    "learn",
    "scores_of",
]

EXAMPLES = 3  #: of a defect, before a score is trained for it
_SHRINK = 0.1  #: of the median spread, added to every feature's own: a feature that never moved must not shout
_C = 0.01  #: of the logistic regression; 0.001 is a little worse (docs/teaching.md)
_SHOWN = 5  #: strangest goods a person is asked to look at
_UNEVEN = 0.8  #: of the usual length: a shorter part shortens what is heard of all

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learned, and from what.

    `check_features` (k, d) and `check_scores` (k,) are parts with the score they have when learned: whoever loads the
    recipe scores them again and refuses it where the numbers differ.
    """

    model: PartModel
    report: Report
    heard: tuple[Heard, ...]
    check_features: Rows
    check_scores: NDArray[np.float64]


def learn(
    parts: Sequence[TaughtPart], settings: TeachSettings | None = None, progress: Progress | None = None
) -> Learned:
    """Learn from parts.

    Parameters
    ----------
    parts
        At least `FEWEST` good ones, all of one rate.
    settings
        Defaults where None.
    progress
        Told (done, total, of what).

    Raises
    ------
    TeachError
        Too few parts, parts of different rates, or parts that cannot be used: each in one sentence.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has none; comes with scikit-learn

    # Matrices of a hundred rows: on a busy machine two threads wait for each other three times as long as one computes.
    with threadpool_limits(1):
        return _learn(parts, settings or TeachSettings(), progress or (lambda done, total, what: None))


def _learn(parts: Sequence[TaughtPart], settings: TeachSettings, step: Progress) -> Learned:
    refuse(parts, settings)
    heard, parts, twice = once_each(parts)
    refuse(parts, settings)  # without the copies there may be too few
    good = [part for part in parts if not part.defect]
    front_end = front_end_of(good, settings)
    features = _features(parts, front_end, step)
    goods = features[[not part.defect for part in parts]]
    shots = {name: features[[part.defect == name for part in parts]] for name in defects_of(parts)}
    groups = [part.group for part in good]
    step(0, 1, "limits")
    limit_of = limit_finder(groups, settings.reject_rate, settings.confidence)
    trained = {name: rows for name, rows in shots.items() if len(rows) >= EXAMPLES}
    found = calibrate(goods, groups, trained, limit_of, Fits(fit_mahalanobis, fit_logistic))
    step(1, 1, "limits")
    captures = [align(part.capture, front_end) for part in good]
    model = PartModel(
        front_end,
        found.detector,
        found.limit,
        taught=found.taught,
        prototypes=learn_prototypes(goods, shots, fit_mahalanobis) if shots else None,
        gate=_gate(captures),
        clipped_share=max(clipped_share(capture.part) for capture in captures),
        noise_floor_db=_noise_floor_db(captures),
    )
    defects = _defect_reports(goods, shots, found)
    report = _report(good, found, settings, defects, (*twice, *_warnings(good, captures, defects, model)))
    checks = _check_rows(goods, found)
    return Learned(model, report, heard, checks, scores_of(model, checks))


def scores_of(model: PartModel, rows: Rows) -> NDArray[np.float64]:
    """Score features (n, d) as judging does, shape (n,): the larger of distance and taught score, each by its limit."""
    scores = model.detector.score(rows) / model.limit.value
    return scores if model.taught is None else np.maximum(scores, model.taught.score(model.detector.whiten(rows)))


def _check_rows(goods: Rows, found: Calibrated) -> Rows:
    """Pick the strangest goods, and each once more moved aside: few goods span few directions, production all."""
    strangest = goods[np.argsort(-found.goods, kind="stable")[:_SHOWN]]
    aside = np.random.default_rng(0).normal(size=strangest.shape) * found.detector.scale
    return np.concatenate([strangest, strangest + aside]).astype(np.float32)


def fit_mahalanobis(rows: Rows) -> Mahalanobis:
    """Fit centre and shrunk spread to rows (n, d), n >= 2.

    Scaling s_j = sd_j + 0.1 median(sd); then S = (1 - a) Z'Z / (n - 1) + a v I with v the mean variance and a the
    shrinkage of Ledoit and Wolf (2004), J. Multivariate Analysis 88:365.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    x = rows.astype(np.float64)
    mean, spread = x.mean(axis=0), x.std(axis=0, ddof=1)
    scale = spread + _SHRINK * float(np.median(spread))
    if not (scale > 0).all():
        raise TeachError("the good parts do not differ at all in what is measured; record real parts, not one copied")
    z = (x - mean) / scale
    n, d = z.shape
    a = float(np.clip(ledoit_wolf_shrinkage(z, assume_centered=True), 1e-6, 1.0))
    _, singular, directions = np.linalg.svd(z, full_matrices=False)
    own = np.square(singular) / (n - 1)
    rest = a * float(own.sum()) / d
    kept = min(n - 1, d)  # centring took one direction away
    return Mahalanobis(mean, scale, directions[:kept], (1 - a) * own[:kept] + rest, rest)


def fit_logistic(white: NDArray[np.float64], bad: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Fit a logit that tells defects from goods: whitened rows (n, d) and which are bad -> weights (d,) and bias.

    Ridge penalty 1 / C, both classes weighing alike however few the defects are.
    """
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=_C, class_weight="balanced", max_iter=1000).fit(white, bad)
    return np.asarray(fitted.coef_[0], np.float64), float(fitted.intercept_[0])


def _features(parts: Sequence[TaughtPart], front_end: FrontEnd, step: Progress) -> Rows:
    rows, faults = [], []
    for done, part in enumerate(parts, 1):
        try:
            rows.append(features_of(part.capture, front_end))
        except ValueError as fault:
            faults.append(f"{part.name}: {fault}")
        step(done, len(parts), "features")
    raise_all(faults)
    return np.array(rows, np.float32)


def _gate(captures: Sequence[Capture]) -> GateReference | None:
    sides = [surroundings_of(capture) for capture in captures]
    heard = [(before, after) for before, after in sides if before is not None and after is not None]
    if len(heard) < FEWEST:
        return None
    return learn_gate(np.array([before for before, _ in heard]), np.array([after for _, after in heard]))


def _noise_floor_db(captures: Sequence[Capture]) -> float | None:
    reach = [round(SURROUNDINGS_S * capture.rate) for capture in captures]
    heard = [
        rms_db(capture.samples[max(0, capture.start - n) : capture.start])
        for capture, n in zip(captures, reach, strict=True)
        if capture.before
    ]
    return float(np.median(heard)) if heard else None


def _defect_reports(goods: Rows, shots: Mapping[str, Rows], found: Calibrated) -> tuple[DefectReport, ...]:
    named = named_when_left_out(goods, shots, fit_mahalanobis) if shots else {}
    scores = {
        name: found.shots.get(name, found.detector.score(rows) / found.limit.value) for name, rows in shots.items()
    }
    return tuple(
        DefectReport(name, len(rows), int(np.count_nonzero(scores[name] > 1.0)), named[name])
        for name, rows in shots.items()
    )


def _report(
    good: Sequence[TaughtPart],
    found: Calibrated,
    settings: TeachSettings,
    defects: tuple[DefectReport, ...],
    warnings: tuple[str, ...],
) -> Report:
    strangest = np.argsort(-found.suspicion, kind="stable")[:_SHOWN]
    return Report(
        good=len(good),
        groups=len({part.group for part in good}),
        reject_rate=settings.reject_rate,
        confidence=settings.confidence,
        limit=found.limit,
        rejected=int(np.count_nonzero(found.goods > 1.0)),
        median=float(np.median(found.goods)),
        profile_given=settings.profile is not None,
        defects=defects,
        strangest=tuple(Strange(good[index].name, float(found.suspicion[index])) for index in strangest),
        warnings=warnings,
    )


def _warnings(
    good: Sequence[TaughtPart], captures: Sequence[Capture], defects: Sequence[DefectReport], model: PartModel
) -> list[str]:
    """Say what this recipe distrusts, and what would help."""
    said = []
    if len({part.group for part in good}) == 1:
        said.append(
            "one recording run only: teach 20 more from another shift, each run in a folder of its own, "
            'before mode = "active"'
        )
    lengths = [len(part.capture.part) for part in good]
    if min(lengths) < _UNEVEN * float(np.median(lengths)) and model.front_end.length >= min(lengths):
        short = good[int(np.argmin(lengths))].name
        said.append(f"{short} is short: of all parts {model.front_end.length_s:.3g} s are heard; drop it to hear more")
    clipped = sum(clipped_share(capture.part) > 0 for capture in captures)
    if clipped:
        said.append(f"{clipped} of {len(good)} good parts touch full scale: lower the gain and teach again")
    if model.gate is None:
        said.append("no surroundings: without 100 ms before and after each part a disturbance cannot be noticed")
    for defect in defects:
        if defect.taught < EXAMPLES:
            said.append(f"{defect.name}: {defect.taught} taught; a score is trained for it from {EXAMPLES} on")
        if defect.found < defect.taught:
            said.append(f"{defect.name}: {defect.taught - defect.found} of {defect.taught} missed when left out")
    return said
