"""Does a microphone hum? The mains' harmonics added coherently over seconds, and held against those it always had.

Mains hum is narrower than any machine's line: within 0.1 Hz of its nominal frequency, all harmonics off by the same
share, the phase steady for seconds. Added by phase over four seconds such lines keep their power, and all else
loses three quarters of it.

A motor hums too, without any fault of the microphone: the pull of its magnets goes with the square of the flux, so that
it sounds at the even harmonics (100, 200, 300 Hz), and so do transformers. What gets into a cable has the odd ones, the
mains' own frequency before all: without them nothing is said.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.quality.ear_second import HARMONICS, MAINS_HZ, Second

_MEAN_S = 4  #: seconds added by phase
_OFF_HZ = np.linspace(-0.12, 0.12, 17)  #: of the mains from nominal; a grid is kept within 0.05 Hz, in need within 0.2
_LEAST_DB = 4.0  #: of a line above its neighbourhood: chance reaches that (measured, docs/accuracy.md)
_MOST_DB = 10.0  #: one line counts no more than this,
_RISEN_DB = 10.0  #: and all together so much beyond the highest each had while learning;
_ODD_DB = 4.0  #: of it the odd ones,
_LINE_DB = 1.0  #: and more than this
_LINES = 2  #: at least so many of them
_SHARE_DB = -20.0  #: of the whole level: hum deeper under the sound than this changes nothing
_HUM_S = 2  #: for so many seconds: a machine that runs up crosses the mains

_TURNS = np.exp(-2j * np.pi * _OFF_HZ[:, None, None] * np.arange(1, HARMONICS + 1) * np.arange(_MEAN_S)[:, None])

Lines = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Hum:
    """What is remembered of the mains' lines.

    Parameters
    ----------
    recent
        The last seconds, at most four.
    highest : ndarray, shape (2, 10)
        Of each line, how far it ever stood above its neighbourhood while learning, dB.
    risen : ndarray, shape (2, 10)
        By how much each stands above that now, dB, from 0 to 10.
    seconds
        That it hummed now.
    """

    recent: tuple[Second, ...] = ()
    highest: Lines | None = None
    risen: Lines | None = None
    seconds: int = 0

    @property
    def hums(self) -> bool:
        """Whether there is hum that was not there while learning."""
        return self.seconds >= _HUM_S

    @property
    def sentence(self) -> str:
        """What stands out, for a person."""
        if self.risen is None:
            return ""
        row = int(np.argmax(np.sum(self.risen, axis=1)))
        return f"mains hum: {np.count_nonzero(self.risen[row] > _LINE_DB)} harmonics of {MAINS_HZ[row]} Hz stand out"


def hum_step(hum: Hum, second: Second, *, learning: bool, settled: bool) -> Hum:
    """Take in a second; while learning all its lines are normal, and before anything is settled nothing is said."""
    hum = replace(hum, recent=(*hum.recent, second)[-_MEAN_S:])
    if len(hum.recent) < _MEAN_S:
        return hum
    above, power = _coherent(hum.recent)
    if hum.highest is None or not settled:
        return replace(hum, highest=above if hum.highest is None else np.maximum(hum.highest, above), seconds=0)
    risen = np.clip(above - np.maximum(hum.highest, _LEAST_DB), 0.0, _MOST_DB)
    level = sum(one.power for one in hum.recent) / _MEAN_S
    hums = (
        (np.sum(risen, axis=1) >= _RISEN_DB)
        & (np.sum(risen[:, ::2], axis=1) >= _ODD_DB)
        & (np.count_nonzero(risen > _LINE_DB, axis=1) >= _LINES)
        & (power > 10 ** (_SHARE_DB / 10) * level)
    )
    if learning and not np.any(hums):
        hum = replace(hum, highest=np.maximum(hum.highest, above))
    return replace(hum, risen=risen, seconds=hum.seconds + 1 if np.any(hums) else 0)


def _coherent(seconds: tuple[Second, ...]) -> tuple[Lines, Lines]:
    """Add the lines of seconds by phase, the mains' frequency being what makes the most of them.

    Returns
    -------
    above : ndarray, shape (2, 10)
        Of each line above its neighbourhood, dB.
    power : ndarray, shape (2,)
        Of all lines of a mains frequency above what noise alone leaves, re full scale.
    """
    lines = np.stack([one.lines for one in seconds])
    beside = sum(one.beside for one in seconds) / len(seconds)
    added = np.einsum("osk,smk->omk", _TURNS, lines) / len(seconds)
    power = np.square(added.real) + np.square(added.imag)
    best = np.argmax(np.prod(power / beside + 0.5, axis=2), axis=0)
    power = power[best, np.arange(len(MAINS_HZ))]
    rest = np.where(np.isfinite(beside), power - beside / len(seconds), 0.0)
    return 10 * np.log10(power / beside + 0.1), np.sum(np.maximum(rest, 0.0), axis=1)
