"""Sets detectors side by side on the same parts: how well each tells good from bad, and how it bears a drifting ear."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.separation import auc, caught_at, partial_auc
from analytics.decision.judge import features_of
from analytics.decision.model import FrontEnd
from analytics.signal.capture import Capture
from models.detectors import KINDS, Fitted, fitted
from models.hearing import Progress, hear
from models.held_out import Rows, folds_over
from models.taught import TaughtPart, TeachSettings, once_each

LOUDER_DB = 3.0  #: between two production microphones of one type (+-2 dB), or a turned knob
TILT_DB = 3.0  #: per decade: a cap that clogs, a capsule that ages
TILT_HZ = (50.0, 1_000.0, 16_000.0)  #: flat below the first and above the last; no change at the middle one
_LEAST_SPREAD = 0.03  #: of ln scores, as voters are counted in (`analytics.decision.panel`)
_LEAST_SCORE = 1e-12

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """The parts to compare by, as numbers.

    Parameters
    ----------
    good : ndarray, shape (n, d)
    groups
        Of each good part.
    bad : ndarray, shape (m, d)
    drifted
        The good parts once more as a drifted ear would hear them, each (n, d): ``louder`` and ``tilted``.
    front_end
        How they were listened to.
    """

    good: Rows
    groups: tuple[str, ...]
    bad: Rows
    drifted: Mapping[str, Rows]
    front_end: FrontEnd


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well one score tells bad from good: AUC, partial AUC to 10 % rejects, share caught at 1 %."""

    auc: float
    partial_auc: float
    caught: float


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One detector's figures.

    Parameters
    ----------
    ours, library
        Of our flat detector, and of the library's own; None where there is none.
    drift
        How far the median good part moves towards the limit, in spreads of the good parts' ln scores, by kind of drift.
    fit
        Learned from all good parts, to be timed and weighed.
    """

    ours: Ranking
    library: Ranking | None
    drift: Mapping[str, float]
    fit: Fitted


def listen(parts: Sequence[TaughtPart], settings: TeachSettings, step: Progress) -> Parts:
    """Turn parts into numbers; any with a defect is bad.

    Raises
    ------
    TeachError
        Fewer good parts than anything can be learned from, or parts that cannot be used.
    """
    _, once, _ = once_each(parts)
    rows, hearing = hear(once, settings, step)
    bad = np.array([bool(part.defect) for part in once])
    good = [part for part in once if not part.defect]
    drifted: dict[str, list[NDArray[np.float32]]] = {"louder": [], "tilted": []}
    for done, part in enumerate(good, 1):
        for name, change in (("louder", louder), ("tilted", tilted)):
            drifted[name].append(features_of(change(part.capture), hearing.front_end))
        step(done, len(good), "drift")
    return Parts(
        rows.features[~bad],
        tuple(part.group for part in good),
        rows.features[bad],
        {name: np.array(found, np.float32) for name, found in drifted.items()},
        hearing.front_end,
    )


def louder(capture: Capture) -> Capture:
    """Return the same sound `LOUDER_DB` louder."""
    return replace(capture, samples=capture.samples * np.float32(10 ** (LOUDER_DB / 20)))


def tilted(capture: Capture) -> Capture:
    """Return the same sound with treble raised by `TILT_DB` a decade, and bass lowered, without moving it in time."""
    n = len(capture.samples)
    low, middle, high = TILT_HZ
    hz = np.clip(np.fft.rfftfreq(2 * n, 1 / capture.rate), low, high)  # twice as long: no end is heard at a start
    gain = 10 ** (TILT_DB * np.log10(hz / middle) / 20)
    heard = np.fft.irfft(np.fft.rfft(capture.samples, 2 * n) * gain)[:n]
    return replace(capture, samples=heard.astype(np.float32))


def compare(parts: Parts, step: Progress) -> dict[str, Compared]:
    """Compare every kind of detector.

    Each good part is scored by a fit that its fold had no part in: whole groups where there are several. A bad part is
    scored by every one of these fits, and counts by the mean.
    """
    folds = folds_over(parts.groups)
    names = list(KINDS)
    total, done = len(names) * (len(np.unique(folds)) + 1), 0
    found = {}
    for name in names:
        scores = _Scores(parts)
        for fold in np.unique(folds):
            held = folds == fold
            groups = [group for group, out in zip(parts.groups, held, strict=True) if not out]
            scores.add(fitted(name, parts.good[~held], groups), held)
            step(done := done + 1, total, "detectors")
        found[name] = scores.compared(fitted(name, parts.good, parts.groups))
        step(done := done + 1, total, "detectors")
    return found


class _Scores:
    """Scores of one kind of detector, fold by fold."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        n = len(parts.good)
        self._good, self._library_good = np.empty(n), np.empty(n)
        self._drifted = {name: np.empty(n) for name in parts.drifted}
        self._bad: list[Numbers] = []
        self._library_bad: list[Numbers] = []

    def add(self, one: Fitted, held: NDArray[np.bool_]) -> None:
        """Score what this fit has not seen: the good parts of its fold, and all bad ones."""
        parts = self._parts
        self._good[held] = one.detector.score(parts.good[held])
        self._bad.append(one.detector.score(parts.bad))
        for name, rows in parts.drifted.items():
            self._drifted[name][held] = one.detector.score(rows[held])
        if one.score is not None:
            self._library_good[held] = one.score(parts.good[held])
            self._library_bad.append(one.score(parts.bad))

    def compared(self, fit: Fitted) -> Compared:
        """Sum up."""
        logs = _ln(self._good)
        spread = float(np.sqrt(np.var(logs) + _LEAST_SPREAD**2))
        drift = {name: float(np.median(_ln(moved) - logs)) / spread for name, moved in self._drifted.items()}
        library = _ranking(self._library_good, self._library_bad) if self._library_bad else None
        return Compared(_ranking(self._good, self._bad), library, drift, fit)


def _ranking(good: Numbers, bad: Sequence[Numbers]) -> Ranking:
    middle = np.mean(bad, axis=0)
    return Ranking(auc(good, middle), partial_auc(good, middle), caught_at(good, middle))


def _ln(scores: Numbers) -> Numbers:
    return np.log(np.maximum(scores, _LEAST_SCORE))
