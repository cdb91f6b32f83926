"""Indicators: numbers with a physical meaning, for people and for the store."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_POWER = 1e-24  #: -240 dB: digital silence stays finite


@dataclass(frozen=True, slots=True)
class Indicators:
    """How loud and how peaky a sound is.

    Parameters
    ----------
    rms_db, peak_db
        dB re full scale; -240 for digital silence.
    crest
        Peak over RMS, at least 1; 1 for silence.
    kurtosis
        Fourth moment over squared variance: 1.5 for a tone, 3 for noise, more for impacts; 3 where nothing varies.
    """

    rms_db: float
    peak_db: float
    crest: float
    kurtosis: float


def indicators_of(samples: NDArray[np.float32]) -> Indicators:
    """Reduce finite sound, shape (n,) with n >= 1, to its indicators."""
    x = samples.astype(np.float64)
    squares = x * x
    power, peak = float(np.mean(squares)), float(np.max(np.abs(x)))
    centred = squares if abs(mean := float(np.mean(x))) < 1e-12 else np.square(x - mean)
    variance = float(np.mean(centred))
    return Indicators(
        rms_db=float(10 * np.log10(max(power, _LEAST_POWER))),
        peak_db=float(20 * np.log10(max(peak, _LEAST_POWER**0.5))),
        crest=peak / power**0.5 if power > _LEAST_POWER else 1.0,
        kurtosis=float(np.mean(np.square(centred))) / variance**2 if variance > _LEAST_POWER else 3.0,
    )
