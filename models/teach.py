"""Learns what a good part sounds like, from good parts, and from a few defects where they are there.

Learning is here, scoring is in `analytics`: what leaves this file are flat arrays. scikit-learn is imported where it is
used, so that a gateway that only judges never loads it. The steps and what each is worth on real sound:
docs/teaching.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.decision.drift import learn_drift
from analytics.decision.limits import weigh
from analytics.decision.model import PartModel
from analytics.decision.panel import Voices
from models.calibration import Calibrated, Fits, calibrate, lifted, limit_finder
from models.embedding import Embedding
from models.hearing import Hearing, Progress, hear
from models.held_out import Rows
from models.naming import Shots, learn_names, shots_of
from models.report import DefectReport, Report, Strange, Weighing
from models.taught import Heard, TaughtPart, TaughtRows, TeachError, TeachSettings, defects_of, refuse_few

__all__ = [
    "Learned",
    "TaughtPart",
    "TeachError",
    "TeachSettings",
    "conclude",
    "fit_logistic",
    "fit_mahalanobis",
    "learn",
    "learn_rows",
    "scores_of",
    "warnings_of",
]

EXAMPLES = 3  #: of a defect, before a score is trained for it
_SHRINK = 0.1  #: of the median spread, added to every feature's own: a feature that never moved must not shout
_C = 0.01  #: of the logistic regression; 0.001 is a little worse (docs/teaching.md)
_SHOWN = 5  #: strangest goods a person is asked to look at


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What was learned, and from what.

    `check_features` (k, `model.width`) and `check_scores` (k,) are parts with the score they have when learned: whoever
    loads the recipe scores them again and refuses it where the numbers differ.
    """

    model: PartModel
    report: Report
    taught: TaughtRows
    check_features: Rows
    check_scores: NDArray[np.float64]

    @property
    def heard(self) -> tuple[Heard, ...]:
        """Return the recordings it was learned from."""
        return self.taught.heard


def learn(
    parts: Sequence[TaughtPart],
    settings: TeachSettings | None = None,
    progress: Progress | None = None,
    embedding: Embedding | None = None,
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
    embedding
        What a second voter hears through; None: the detector decides alone.

    Raises
    ------
    TeachError
        Too few parts, parts of different rates, or parts that cannot be used: each in one sentence.
    """
    settings, step = settings or TeachSettings(), progress or _silent
    rows, hearing = hear(parts, settings, step, embedding)
    return learn_rows(rows, hearing, settings, step)


def learn_rows(
    rows: TaughtRows, hearing: Hearing, settings: TeachSettings, progress: Progress | None = None
) -> Learned:
    """Learn from the numbers of parts, heard now or long ago.

    Parameters
    ----------
    rows
        Of at least `FEWEST` good parts; the order matters to no figure but rounding.
    hearing
        How they were heard: from `models.hearing.hear`, or `hearing_of` a recipe.
    settings
        Reject rate, confidence, and whether the profile was given; how to listen is settled in `hearing`.
    progress
        Told (done, total, of what).

    Raises
    ------
    TeachError
        Too few good parts, or parts that do not differ at all.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has none; comes with scikit-learn

    refuse_few(rows.heard, settings)
    # Matrices of a hundred rows: on a busy machine two threads wait for each other three times as long as one computes.
    with threadpool_limits(1):
        return _learn(rows, hearing, settings, progress or _silent)


def _silent(done: int, total: int, what: str) -> None:
    """Tell nobody."""


def _learn(rows: TaughtRows, hearing: Hearing, settings: TeachSettings, step: Progress) -> Learned:
    is_good = np.array([not one.defect for one in rows.heard])
    good = [one for one in rows.heard if not one.defect]
    joined = rows.joined
    shots = {name: np.array([one.defect == name for one in rows.heard]) for name in defects_of(rows.heard)}
    trained = {name: joined[mine] for name, mine in shots.items() if mine.sum() >= EXAMPLES}
    groups = [one.group for one in good]
    step(0, 1, "limits")
    limit_of = limit_finder(groups, settings.reject_rate, settings.confidence)
    fits = Fits(fit_mahalanobis, fit_logistic, rows.features.shape[1])
    found = calibrate(joined[is_good], groups, trained, limit_of, fits)
    step(1, 1, "limits")
    found, weighing = _weighed(joined, shots, groups, settings, found)
    learned = conclude(rows, hearing, settings, found)
    return replace(learned, report=replace(learned.report, weighing=weighing))


def _weighed(
    joined: Rows,
    shots: Mapping[str, NDArray[np.bool_]],
    groups: Sequence[str],
    settings: TeachSettings,
    found: Calibrated,
) -> tuple[Calibrated, Weighing | None]:
    """Put the limit where errors cost least, never below where it keeps its promise."""
    if settings.costs is None:
        return found, None
    if not shots:
        raise TeachError("costs weigh good parts rejected against defects missed: give examples, --defect NAME=PATH")
    voices = Voices(found.detector, found.second)
    defects = np.concatenate([
        found.shots.get(name, voices.score(joined[mine]) / found.limit.value) for name, mine in shots.items()
    ])  # fmt: skip
    chosen = weigh(found.goods, defects, settings.costs, least=1.0)
    alone = weigh(found.goods, defects, settings.costs)
    return lifted(found, chosen.factor, groups, settings.confidence), Weighing(settings.costs, chosen, alone)


def conclude(
    rows: TaughtRows, hearing: Hearing, settings: TeachSettings, found: Calibrated, sisters: tuple[str, ...] = ()
) -> Learned:
    """Put together what was learned once detector and limit are found; `sisters` lent theirs, where there are any."""
    is_good = np.array([not one.defect for one in rows.heard])
    good = [one for one in rows.heard if not one.defect]
    joined, examples = rows.joined, shots_of(rows)
    shots = {name: np.array([one.defect == name for one in rows.heard]) for name in examples}
    prototypes, named = learn_names(rows.features[is_good], examples, fit_mahalanobis) if examples else (None, {})
    model = PartModel(
        hearing.front_end,
        found.detector,
        found.limit,
        taught=found.taught,
        prototypes=prototypes,
        gate=hearing.gate,
        clipped_share=hearing.clipped_share,
        noise_floor_db=hearing.noise_floor_db,
        ambient=hearing.ambient,
        second=replace(found.second, embedding=hearing.embedding, sha256=hearing.sha256) if found.second else None,
        fixed=hearing.fixed,
        beam=hearing.beam,
        drift=learn_drift(found.goods, [one.group for one in good]),
    )
    scores = {
        name: found.shots.get(name, model.distances(joined[mine]) / found.limit.value) for name, mine in shots.items()
    }
    defects = _defect_reports(examples, scores, named)
    report = _report(good, found, settings, defects, (*hearing.remarks, *warnings_of(good, defects)))
    report = replace(report, sisters=sisters)
    checks = _check_rows(joined[is_good], found)
    return Learned(model, report, rows, checks, scores_of(model, checks))


def scores_of(model: PartModel, rows: Rows) -> NDArray[np.float64]:
    """Score rows (n, `model.width`) as judging does, shape (n,): the largest score of all, each by its own limit."""
    return np.asarray(np.max(list(model.scores(rows).values()), axis=0))


def _check_rows(goods: Rows, found: Calibrated) -> Rows:
    """Pick the strangest goods, and each once more moved aside: few goods span few directions, production all."""
    strangest = goods[np.argsort(-found.goods, kind="stable")[:_SHOWN]]
    scale = found.detector.scale if found.second is None else np.r_[found.detector.scale, found.second.detector.scale]
    aside = np.random.default_rng(0).normal(size=strangest.shape) * scale
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


def _defect_reports(
    shots: Mapping[str, Shots], scores: Mapping[str, NDArray[np.float64]], named: Mapping[str, int]
) -> tuple[DefectReport, ...]:
    return tuple(
        DefectReport(name, len(one.rows), int(np.count_nonzero(scores[name] > 1.0)), named[name])
        for name, one in shots.items()
    )


def _report(
    good: Sequence[Heard],
    found: Calibrated,
    settings: TeachSettings,
    defects: tuple[DefectReport, ...],
    warnings: tuple[str, ...],
) -> Report:
    confirmed = tuple(one.name for one in good if one.name in settings.confirmed)
    ranked = np.argsort(-found.suspicion, kind="stable")
    strangest = [index for index in ranked if good[index].name not in confirmed][:_SHOWN]
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
        confirmed=confirmed,
    )


def warnings_of(good: Sequence[Heard], defects: Sequence[DefectReport]) -> list[str]:
    """Say what this recipe distrusts, and what would help."""
    said = []
    if len({one.group for one in good}) == 1:
        said.append(
            "one recording run only: teach 20 more from another shift, each run in a folder of its own, "
            'before mode = "active"'
        )
    for defect in defects:
        if defect.taught < EXAMPLES:
            said.append(f"{defect.name}: {defect.taught} taught; a score is trained for it from {EXAMPLES} on")
        if defect.found < defect.taught:
            said.append(f"{defect.name}: {defect.taught - defect.found} of {defect.taught} missed when left out")
    return said
