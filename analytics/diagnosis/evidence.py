"""The picture a diagnosis rests on: an envelope spectrum a person can read."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.signal.envelope import LineSpectrum

_ORDERS_SHOWN = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class EnvelopeSpectrum:
    """Modulation depth over frequency.

    Parameters
    ----------
    frequency_hz, depth : ndarray, shape (n,), float32
        From one bin up to twenty multiples of the shaft; depth without unit, 1 being full modulation.
    """

    frequency_hz: NDArray[np.float32]
    depth: NDArray[np.float32]


def envelope_spectrum(spectrum: LineSpectrum, shaft_hz: float) -> EnvelopeSpectrum:
    """Cut the part of an envelope's spectrum that shows the fault lines."""
    n = min(len(spectrum.depth) - 1, int(_ORDERS_SHOWN * shaft_hz / spectrum.step_hz))
    frequency = spectrum.step_hz * np.arange(1, n)
    return EnvelopeSpectrum(frequency.astype(np.float32), spectrum.depth[1:n].astype(np.float32))
