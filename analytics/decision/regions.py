"""Where in its sound a part differs from good parts: bands and moments, to be marked in a picture.

The score weighs all numbers of a part together (`analytics.anomaly.mahalanobis`); what is marked is what can be seen:
the bands that differ most plainly, counted in the good parts' own spread, and when they do.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import FrontEnd, PartModel
from analytics.features.log_mel import BANDS, LEVEL, LOW_HZ, Level, Profile, level_of, log_mel, mel_plan
from analytics.signal.capture import Capture
from analytics.signal.filters import at_rest, filter_step, high_pass
from analytics.signal.spectra import frames_of

DB = 10 / np.log(10)  #: dB per unit of ln power
PLAIN = 2.0  #: spreads, as in `analytics.decision.reason`: less, every other good part shows somewhere
REGIONS_MOST = 3
_SMOOTH = 3  #: neighbouring bands, or frames, together: one number by itself is easily odd


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of bands that differs, and when.

    Parameters
    ----------
    first, last
        Bands, both included.
    low_hz, high_hz
        Their edges.
    of
        ``level``, or how that changes in time: ``decay`` of a struck part, ``restlessness`` of a running one.
    change_db
        Mean difference from good parts; for the course, over half of a struck part (its decay) or of the fluctuation.
    spreads
        The largest difference, in the good parts' own spread.
    begin_s, end_s
        Within the judged part; the whole of it where no sound is there to tell.
    """

    first: int
    last: int
    low_hz: float
    high_hz: float
    of: str
    change_db: float
    spreads: float
    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A part as its recipe hears it: bands over time.

    Parameters
    ----------
    heard, expected : ndarray, shape (frames, bands), float32
        ln of power density; `expected` is what the good parts' mean level and mean course in time say of each frame.
    begin_s : ndarray, shape (frames,)
        Of each frame, within the judged part.
    frame_s
        Length of a frame.
    """

    heard: NDArray[np.float32]
    expected: NDArray[np.float32]
    begin_s: NDArray[np.float64]
    frame_s: float


def differences(features: NDArray[np.float32], model: PartModel) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give level and course of each band against the good parts, in dB and in spreads, shape (2, bands) each."""
    change = features.astype(np.float64) - model.detector.mean
    spreads = change / model.detector.scale
    return change[: 2 * BANDS].reshape(2, BANDS) * DB, spreads[: 2 * BANDS].reshape(2, BANDS)


def course_of(aligned: Capture, model: PartModel) -> Course:
    """Lay a part beside what its recipe expects of it, frame by frame.

    Parameters
    ----------
    aligned
        As `analytics.decision.judge.align` gives it.
    model
        What was learned of good parts.
    """
    front_end = model.front_end
    part = _filtered(aligned.part, front_end)
    plan = mel_plan(front_end.rate, front_end.profile, front_end.low_hz)
    level = level_of(part)
    brought = part * np.float32(LEVEL / np.exp(level / 2))
    heard = log_mel(frames_of(brought, plan.frame, plan.hop), plan)
    struck = front_end.profile is Profile.KNOCK
    if struck and front_end.level is Level.ABSOLUTE:
        heard = heard + np.float32(level)
    mean, second = model.detector.mean[: 2 * BANDS].reshape(2, BANDS)
    t = np.linspace(-1, 1, max(len(heard), 1))[:, None]
    slope = second if struck else np.zeros(BANDS)
    begin = np.arange(len(heard)) * plan.hop / front_end.rate
    return Course(heard, (mean + slope * t).astype(np.float32), begin, plan.frame / front_end.rate)


def _filtered(part: NDArray[np.float32], front_end: FrontEnd) -> NDArray[np.float32]:
    """Take away what lies below the lowest band, as judging does."""
    if front_end.low_hz <= LOW_HZ:
        return part
    _, heard = filter_step(at_rest(high_pass(front_end.rate, front_end.low_hz)), part)
    return np.asarray(heard, np.float32)


def regions_of(features: NDArray[np.float32], model: PartModel, course: Course | None = None) -> tuple[Region, ...]:
    """Give the stretches of bands that differ plainly, the plainest first; none where all differ only together.

    Parameters
    ----------
    features : ndarray, shape (d,)
        Of the part.
    model
        What was learned of good parts.
    course
        Tells when; without it each region lasts as long as the part.
    """
    changes, spreads = differences(features, model)
    front_end = model.front_end
    edges = mel_plan(front_end.rate, front_end.profile, front_end.low_hz).edges_hz
    found = []
    for row, of in enumerate(("level", "decay" if front_end.profile is Profile.KNOCK else "restlessness")):
        smooth = np.convolve(spreads[row], np.full(_SMOOTH, 1 / _SMOOTH), mode="same")
        for first, last in _stretches(smooth):
            most = float(np.max(np.abs(smooth[first : last + 1])))
            change = float(np.mean(changes[row, first : last + 1]))
            begin, end = _when(course, first, last, change) if row == 0 and course else (0.0, front_end.length_s)
            low, high = float(edges[first]), float(edges[last + 2])
            found.append(Region(first, last, low, high, of, change, most, begin, end))
    return tuple(sorted(found, key=lambda one: -one.spreads)[:REGIONS_MOST])


def _stretches(smooth: NDArray[np.float64]) -> list[tuple[int, int]]:
    """First and last of each run of bands that differ plainly and the same way."""
    side = np.where(np.abs(smooth) >= PLAIN, np.sign(smooth), 0.0)
    edges = np.flatnonzero(np.diff(side, prepend=0.0, append=0.0))
    return [(int(a), int(b) - 1) for a, b in pairwise(edges) if side[a] != 0]


def _when(course: Course, first: int, last: int, change: float) -> tuple[float, float]:
    """From when to when the bands differ the way they do on the whole: the run around the largest, down to its half."""
    apart = np.mean((course.heard - course.expected)[:, first : last + 1], axis=1) * np.sign(change)
    if len(apart) == 0:
        return 0.0, 0.0
    smooth = np.convolve(apart, np.full(_SMOOTH, 1 / _SMOOTH), mode="same") if len(apart) > _SMOOTH else apart
    begin = end = int(np.argmax(smooth))
    half = smooth[begin] / 2
    while begin > 0 and smooth[begin - 1] >= half:
        begin -= 1
    while end + 1 < len(smooth) and smooth[end + 1] >= half:
        end += 1
    return float(course.begin_s[begin]), float(course.begin_s[end] + course.frame_s)
