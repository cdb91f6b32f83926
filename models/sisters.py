"""Learns a new unit from few of its own good parts and the stored numbers of its sisters: units of the same kind.

What carries over from unit to unit, and what does not (measured on three cars and two motors, docs/few-shot.md):

- the centre is the unit's own, always;
- the spread may be borrowed from the sisters while the unit has shown less than `OWN_FROM` groups of its own;
- the limit is re-referenced: it is a ratio to the unit's own typical score, and the ratio is the sisters'. An absolute
  limit of a sister rejects everything or catches nothing;
- the direction in which a defect lies is not carried over: it is another one in every unit.

How large the ratio must be is found by letting each sister pretend to be new: it is enrolled with as many groups as the
new unit has, and its remaining good parts are scored.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.decision.limits import Limit, scores_needed
from analytics.decision.panel import Second, Standing, fuse, standing_of
from models.calibration import Calibrated
from models.hearing import Hearing, Progress
from models.taught import TaughtRows, TeachError, TeachSettings, refuse_few
from models.teach import Learned, conclude, fit_mahalanobis

OWN_FROM = 4  #: groups of its own from which on a unit's own spread is the better one
FEWEST_GROUPS = 2  #: of the new unit; within one group parts are near copies, and left out of it they look too good
SHARE = 0.05  #: of the sisters' good parts that lies above the limit; rarer ones few sisters cannot tell
_SISTERS_COUNT = 3.0  #: groups: the sisters' ratios weigh as much as three groups of the unit's own beyond its first
_LONGER = 1.25  #: ratio of two lengths heard, at most; means and spreads over time hardly know the length
_TRIES = 12  #: ways to pretend a sister is new, at most
_SEED = 0  #: any choice of groups does; a fixed one makes the same sisters teach the same limit

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Sister:
    """A unit of the same kind that was taught before.

    Parameters
    ----------
    title
        Of its recipe, for people.
    rows
        What it was taught with; only its good parts count.
    hearing
        How it was heard: the new unit is heard the same way.
    """

    title: str
    rows: TaughtRows
    hearing: Hearing


@dataclass(frozen=True, slots=True, eq=False)
class _Unit:
    """Good parts of one unit (n, d) as one voter hears them, and the group of each."""

    rows: NDArray[np.float32]
    groups: NDArray[np.str_]

    @property
    def names(self) -> list[str]:
        return sorted(set(self.groups.tolist()))

    @property
    def centre(self) -> Numbers:
        """Mean of the groups' means: a group of many parts is still one."""
        means = [self.rows[self.groups == name].mean(axis=0, dtype=np.float64) for name in self.names]
        return np.asarray(np.mean(means, axis=0))

    def only(self, names: Sequence[str]) -> "_Unit":
        kept = np.isin(self.groups, list(names))
        return _Unit(self.rows[kept], self.groups[kept])

    def without(self, names: Sequence[str]) -> "_Unit":
        return self.only([name for name in self.names if name not in names])


def refuse_sisters(sisters: Sequence[Sister], hearing: Hearing | None = None) -> None:
    """Raise `TeachError` where nothing can be learned from these sisters, or where the unit was heard otherwise."""
    first = sisters[0]
    for one in sisters:
        if len(_good(one.rows, first.rows.features.shape[1], voice=0).names) <= FEWEST_GROUPS:
            raise TeachError(
                f"{one.title}: its good parts come in too few groups to show how a unit differs from start-up to "
                f"start-up; wanted {FEWEST_GROUPS + 1} at least, each a folder of its own when it was taught"
            )
        if not _heard_alike(one.hearing, first.hearing):
            raise TeachError(f"{one.title}: heard otherwise than {first.title}; sisters must be heard alike")
    if hearing is not None and not _heard_alike(hearing, first.hearing):
        raise TeachError(f"the new unit is heard otherwise than {first.title}; such numbers do not compare")


def _heard_alike(one: Hearing, other: Hearing) -> bool:
    """Whether numbers compare: same profile, level, rate, bands and embedding, and about the same length."""
    same = replace(one.front_end, length_s=other.front_end.length_s) == other.front_end
    longer = one.front_end.length_s / other.front_end.length_s
    return same and 1 / _LONGER <= longer <= _LONGER and one.sha256 == other.sha256


def learn_from_sisters(
    rows: TaughtRows,
    hearing: Hearing,
    settings: TeachSettings,
    sisters: Sequence[Sister],
    progress: Progress | None = None,
) -> Learned:
    """Learn a new unit.

    Parameters
    ----------
    rows
        Its own parts, good ones from two groups at least; examples of its own defects get names.
    hearing
        As the sisters'.
    settings
        Reject rate and confidence are what the report counts towards.
    sisters
        One at least.
    progress
        Told (done, total, of what).

    Raises
    ------
    TeachError
        Too few good parts or groups, or sisters that were heard otherwise.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has none; comes with scikit-learn

    refuse_sisters(sisters, hearing)
    refuse_few(rows.heard, settings)
    groups = len({one.group for one in rows.heard if not one.defect})
    if groups < FEWEST_GROUPS:
        raise TeachError(
            f"good parts of {groups} group; a new unit needs {FEWEST_GROUPS} at least, and each further one is worth "
            "more than many parts of one: record another start-up, speed or day into a folder of its own"
        )
    with threadpool_limits(1):
        found = _find(rows, settings, [one.rows for one in sisters], progress)
    return conclude(rows, hearing, settings, found, tuple(one.title for one in sisters))


def _find(
    rows: TaughtRows, settings: TeachSettings, sisters: Sequence[TaughtRows], progress: Progress | None
) -> Calibrated:
    width = rows.features.shape[1]
    voices = 1 if rows.embeddings is None else 2
    heard = [_heard(rows, sisters, width, voice) for voice in range(voices)]
    if progress is not None:
        progress(1, 1, "sisters")
    ratios = [one.ratios for one in heard]
    standings = tuple(Standing(float(np.log(_typical(one.left_out))), standing_of(one.ratios).spread) for one in heard)
    first = heard[0]
    if voices == 1:
        second, left_out, typical, pretended = None, first.left_out, _typical(first.left_out), ratios[0]
    else:
        second = Second("", "", heard[1].detector, standings[1], standings[0])
        left_out, typical = fuse((first.left_out, heard[1].left_out), standings), 1.0
        pretended = fuse((ratios[0], ratios[1]), tuple(replace(one, centre=0.0) for one in standings))
    share = max(SHARE, settings.reject_rate)
    n = len(_good(rows, width, 0).names)
    value = typical * _point(left_out / typical, pretended, n, share)
    missing = max(1, scores_needed(settings.reject_rate, settings.confidence) - n)
    limit = Limit(value, k=1, n=n, proven_rate=1 / (n + 1), provisional=True, missing=missing)
    scores = left_out / value
    return Calibrated(first.detector, limit, None, scores, scores, {}, second)


def _typical(left_out: Numbers) -> float:
    """Geometric mean: of a dozen scores the median is a noisy reference (docs/few-shot.md)."""
    return float(np.exp(np.mean(np.log(np.maximum(left_out, 1e-12)))))


def _point(own: Numbers, pretended: Numbers, groups: int, share: float) -> float:
    """Find the ratio above which `share` of good parts lie: the unit's own count the more, the more groups it has."""
    weight = (groups - 1) / (groups - 1 + _SISTERS_COUNT)
    ratios = np.concatenate([own, pretended])
    order = np.argsort(ratios, kind="stable")
    weights = np.concatenate(
        [np.full(len(own), weight / len(own)), np.full(len(pretended), (1 - weight) / len(pretended))]
    )
    below = np.cumsum(weights[order])
    return float(ratios[order][np.searchsorted(below, 1 - share)])


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """What one voter learned of the new unit.

    `left_out` (n,): distance of each good part by a fit without its group. `ratios` (m,): of the sisters' good parts
    when they pretended to be new, distance over what is typical of those enrolled.
    """

    detector: Mahalanobis
    left_out: Numbers
    ratios: Numbers


def _heard(rows: TaughtRows, sisters: Sequence[TaughtRows], width: int, voice: int) -> _Heard:
    unit, others = _good(rows, width, voice), [_good(one, width, voice) for one in sisters]
    count = len(unit.names)
    # With one sister alone nobody could lend it a spread when it pretends to be new, and its ratio would not compare.
    borrow = count < OWN_FROM and len(others) > 1
    ratios = [_pretend(one, others[:index] + others[index + 1 :], count, borrow) for index, one in enumerate(others)]
    lenders = others if borrow else []
    return _Heard(_fit(unit, lenders), _left_out(unit, lenders), np.concatenate(ratios))


def _good(rows: TaughtRows, width: int, voice: int) -> _Unit:
    good = [index for index, one in enumerate(rows.heard) if not one.defect]
    joined = rows.joined[good]
    return _Unit(
        joined[:, :width] if voice == 0 else joined[:, width:], np.array([rows.heard[index].group for index in good])
    )


def _fit(unit: _Unit, lenders: Sequence[_Unit]) -> Mahalanobis:
    """Fit a unit: its own centre, and its own spread or that of its lenders."""
    spread = np.concatenate([_residuals(one) for one in lenders]) if lenders else unit.rows
    if len(spread) < 2:
        raise TeachError("one good part alone has no spread: give each group two good parts at least")
    return replace(fit_mahalanobis(spread), mean=unit.centre)


def _residuals(unit: _Unit) -> NDArray[np.float32]:
    """How parts of each group lie about the centre of the unit's other groups, as a new start-up would."""
    lone = [unit.only([name]).rows - unit.without([name]).centre for name in unit.names]
    return np.concatenate(lone).astype(np.float32)


def _left_out(unit: _Unit, lenders: Sequence[_Unit]) -> Numbers:
    scores = np.empty(len(unit.rows))
    for name in unit.names:
        scores[unit.groups == name] = _fit(unit.without([name]), lenders).score(unit.only([name]).rows)
    return scores


def _pretend(sister: _Unit, others: Sequence[_Unit], count: int, borrow: bool) -> Numbers:
    """Enrol a sister with `count` of its groups as if it were new; how its other good parts lie, as ratios."""
    lenders = others if borrow else []
    ways = list(combinations(sister.names, min(count, len(sister.names) - 1)))
    tried = np.random.default_rng(_SEED).permutation(len(ways))[:_TRIES]
    found = []
    for way in tried:
        enrolled = sister.only(ways[way])
        rest = sister.without(ways[way])
        found.append(_fit(enrolled, lenders).score(rest.rows) / _typical(_left_out(enrolled, lenders)))
    return np.concatenate(found)
