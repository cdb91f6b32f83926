"""Did the gain of a microphone's chain change? All bands move by the same at one moment, and stay.

What is compared are three seconds and the three before them, a second between holding the moment itself; two more must
show that it stayed. How much bands move against each other, and all together, over as many seconds is learned all the
time: a band that wanders by itself weighs little, and a room whose level wanders must step further. Both are learned as
a scale that no single event moves far (an M-estimate with bounded steps, Huber 1981), and only from moves that were
over before the one that is asked about began.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BEFORE_S, MOMENT_S, AFTER_S, STAYED_S = 3, 1, 3, 2
LATER_S = MOMENT_S + AFTER_S + STAYED_S  #: from the last second before a step until it is said
LOOK_S = BEFORE_S + LATER_S
_MEMORY_S = 60  #: of the scales
_WIN = 4.0  #: a square counts as no more than so many of its scale
_FIRST_DB = 0.45  #: scales to begin with, of a band
_FIRST_ALL_DB = 0.3  #: and of all together;
_LEAST_DB = 0.2  #: no less than this
_LEAST_ALL_DB = 0.1
_ALIKE_DB = 0.45  #: bands may differ so much in a step of the gain, beyond their own scale,
_APART_DB = 1.2  #: and be called alike no further apart than this, however much they wander
_GAIN_DB = 1.8  #: least step of the gain,
_WANDER = 4.0  #: and so many times what all bands together usually move by
_ALIKE = 1.2  #: weighed mean square of the bands' differences, in their expected scatter
_OUT = 2.0  #: a band further off than so many is out,
_IN = 0.7  #: and this share of the bands must not be
_MOST = 9.0  #: a band counts no more than so many
_CLEARLY_NOT = 0.3  #: of the least step: not looked at further
_ROUNDS = 4  #: of weighing bands that are off less (iterated weights converge in about three)
_STEADY_DB = 0.75  #: scatter of the level before and after: where sounds come and go, nothing is said of a step
_STAYED = 0.6  #: of the step must be there still

Bands = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Usual:
    """How the room usually moves over as many seconds as are compared.

    Parameters
    ----------
    apart : ndarray, shape (b,)
        Mean square of what each band moves against all, dB^2.
    together
        Mean square of what all bands move by, dB^2.
    moves
        Learned so far.
    """

    apart: Bands
    together: float = _FIRST_ALL_DB**2
    moves: int = 0


def unmoved(bands: int) -> Usual:
    """Return what is thought usual of a room that was never heard."""
    return Usual(np.full(bands, _FIRST_DB**2))


def usual_step(usual: Usual, seconds: Bands) -> Usual:
    """Learn from a move that is over: the first `LOOK_S` of the seconds, shape (LOOK_S, b)."""
    moved = _moved(seconds)
    all_bands = _weighed(moved, 1 / usual.apart)
    share = 1 / min(usual.moves + 2, _MEMORY_S)
    apart = usual.apart * (1 + share * (np.minimum(np.square(moved - all_bands) / usual.apart, _WIN) - 1))
    level = usual.together * (1 + share * (min(all_bands**2 / usual.together, _WIN) - 1))
    return Usual(np.maximum(apart, _LEAST_DB**2), max(level, _LEAST_ALL_DB**2), usual.moves + 1)


def gain_of(usual: Usual, seconds: Bands) -> float | None:
    """Return the step of the gain, dB, that the last seconds, shape (LOOK_S, b), hold; None where they hold none."""
    gain, alike = together(usual, _moved(seconds))
    if abs(gain) < max(_GAIN_DB, _WANDER * usual.together**0.5) or not alike:
        return None
    before, after = seconds[:BEFORE_S], seconds[BEFORE_S + MOMENT_S : -STAYED_S]
    if max(_scatter(before), _scatter(after)) > _STEADY_DB:
        return None
    stayed, _ = together(usual, np.mean(seconds[-STAYED_S:], axis=0) - middle(before))
    return gain if stayed * np.sign(gain) > _STAYED * abs(gain) else None


def together(usual: Usual, moved: Bands) -> tuple[float, bool]:
    """Return by how much all bands moved, dB, those that wander or are off weighing less, and whether they agree.

    Parameters
    ----------
    usual
        What is usual.
    moved : ndarray, shape (b,)
        By how much each band moved, dB.
    """
    expected = usual.apart + _ALIKE_DB**2
    tolerated = np.sqrt(np.minimum(expected, _APART_DB**2))
    weights = 1 / expected
    gain = _weighed(moved, weights)
    if abs(gain) < _CLEARLY_NOT * _GAIN_DB:
        return gain, False
    for _ in range(_ROUNDS):
        gain = _weighed(moved, weights / np.maximum(1, np.square((moved - gain) / (_OUT * tolerated))))
    off = np.square((moved - gain) / tolerated)
    return gain, _weighed(np.minimum(off, _MOST), weights) < _ALIKE and float(np.mean(off < _OUT**2)) >= _IN


def _weighed(values: Bands, weights: Bands) -> float:
    return float(values @ weights) / float(np.sum(weights))


def _moved(seconds: Bands) -> Bands:
    return middle(seconds[BEFORE_S + MOMENT_S : -STAYED_S]) - middle(seconds[:BEFORE_S])


def middle(seconds: Bands) -> Bands:
    """Return the median of few seconds, shape (k, b), an odd number of them: `np.median` takes five times as long."""
    return np.asarray(np.sort(seconds, axis=0)[len(seconds) // 2])


def _scatter(seconds: Bands) -> float:
    return float(np.std(np.median(seconds - middle(seconds), axis=1)))
