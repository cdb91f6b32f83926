"""What a machine's sound is watched by: levels in bands, and how spiky it is.

Sound is reduced in blocks of 50 ms to a few sums; a window of 500 ms is ten of them, so a stride costs one block.
"""

from itertools import pairwise

import numpy as np
import scipy.fft
from numpy.typing import NDArray

FLOOR_DB = -120.0  #: digital silence; below the quietest converter
BLOCK_S = 0.05  #: the stride
WINDOW_BLOCKS = 10  #: blocks in a window
EDGES_HZ = (100.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 12000.0)  #: as wide as the diagnosis listens
NAMES = (
    "level_db",
    *(f"level_{low:.0f}_{high:.0f}_db" for low, high in pairwise(EDGES_HZ)),
)
_SUMS = len(EDGES_HZ) - 1 + 3


class Blocks:
    """Reduces blocks of one length to sums.

    Parameters
    ----------
    rate
        Samples per second.
    """

    def __init__(self, rate: int) -> None:
        self.size = round(BLOCK_S * rate)  #: samples
        self.sums = _SUMS  #: numbers per block
        # Hann keeps shaft lines below 100 Hz out of the bands; 3/8 is its mean square.
        self._window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(self.size) / self.size)).astype(np.float32)
        self._scale = 2 / (0.375 * self.size**2)
        bins = np.round(np.array(EDGES_HZ) * self.size / rate).astype(int)
        self._edges = np.minimum(bins, self.size // 2)

    def reduce(self, block: NDArray[np.float32]) -> NDArray[np.float64]:
        """Reduce one block to mean square in each band, mean square, mean fourth power and peak, shape (sums,).

        Bands beyond the rate hold zero.
        """
        spectrum = scipy.fft.rfft(block * self._window)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float64)
        total = np.concatenate([[0.0], np.cumsum(power)])
        bands = np.diff(total[self._edges]) * self._scale
        square = np.square(block, dtype=np.float64)
        return np.concatenate([bands, [square.mean(), np.square(square).mean(), np.sqrt(square.max())]])


def levels_db(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level of a window from 100 Hz to 12 kHz, then in each band, dB re full scale, shape (len(NAMES),).

    Parameters
    ----------
    sums : ndarray, shape (n, sums)
        The window's blocks.
    """
    bands = sums[:, :-3].mean(axis=0)
    power = np.concatenate([[bands.sum()], bands])
    return np.asarray(np.maximum(10 * np.log10(np.maximum(power, 1e-30)), FLOOR_DB))


def spikiness(sums: NDArray[np.float64]) -> tuple[float, float]:
    """Kurtosis (3 for noise) and crest factor (peak over RMS) of a window; 0 for digital silence.

    Kurtosis about zero, not about the mean: a microphone has no mean worth the name. Early pitting makes sound spiky,
    spread damage makes it smooth again, so neither alone is an alarm.
    """
    square, fourth, peak = float(sums[:, -3].mean()), float(sums[:, -2].mean()), float(sums[:, -1].max())
    if square <= 0:
        return 0.0, 0.0
    return fourth / square**2, peak / square**0.5


def peak_db(sums: NDArray[np.float64]) -> float:
    """Peak of a window, dB re full scale: late in the life of a bearing it rises before the level does."""
    return float(max(20 * np.log10(max(float(sums[:, -1].max()), 1e-15)), FLOOR_DB))
