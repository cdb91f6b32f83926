"""Spectral kurtosis and the fast kurtogram: in which band a record is impulsive.

Spectral kurtosis of a band with complex envelope z is <|z|^4> / <|z|^2>^2 - 2: zero for Gaussian noise, -1 for a tone,
large where impulses ring (J. Antoni 2006, MSSP 20:282). The fast kurtogram asks for it in a tree of bands that halves
and thirds the spectrum (J. Antoni 2007, MSSP 21:108). Here the bands are cut from one spectrum instead of filtered
level by level: the same tree with ideal filters, and no transient.

It is evidence, not the judge: one stray knock takes the best band, and among the disturbances of a plant a diagnosis
confined to it finds less than one on the full band (docs/accuracy-machines.md).
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVELS = 6  #: halvings of the spectrum; at 48 kHz the narrowest band is 375 Hz
SAMPLES_LEAST = 128  #: of an envelope, for a kurtosis worth the name
_SIGMAS = 6.0  # a cell is believed by so many standard deviations less; see `Kurtogram.best`
_EDGE = 50  # a fiftieth at each end is faded and then left out: where end and beginning meet, a record clicks
_LONGEST = 2**20  # samples; of a longer record the last ones are used


@dataclass(frozen=True, slots=True, eq=False)
class Kurtogram:
    """Spectral kurtosis over a tree of bands.

    Parameters
    ----------
    splits : tuple of int
        Bands in each row: 1, 2, 3, 4, 6, 8, 12, ...
    rows : tuple of ndarray, shape (splits,)
        Kurtosis of each band from 0 Hz to half the rate, 0 for Gaussian noise.
    samples : tuple of int
        Length of the envelope each kurtosis of a row was taken of.
    top_hz
        Half the rate: the upper edge of every row.
    """

    splits: tuple[int, ...]
    rows: tuple[Floats, ...]
    samples: tuple[int, ...]
    top_hz: float

    def best(self, narrowest_hz: float = 0.0) -> tuple[tuple[float, float], float]:
        """Most impulsive band and its kurtosis.

        Chance alone gives a band of n envelope samples a kurtosis with a standard deviation of 2 / sqrt(n), so under
        noise the largest value sits in the narrowest bands. Each cell is therefore compared by its value less six
        standard deviations.

        Parameters
        ----------
        narrowest_hz
            Bands below this width are left out: an envelope shows no modulation faster than its band is wide.
        """
        found = (0.0, self.top_hz), float(self.rows[0][0])
        most = -np.inf
        for split, row, n in zip(self.splits, self.rows, self.samples, strict=True):
            width = self.top_hz / split
            if split > 1 and width < narrowest_hz:
                continue
            i = int(np.argmax(row))
            sure = float(row[i]) - _SIGMAS * 2 / np.sqrt(n)
            if sure > most:
                most, found = sure, ((i * width, (i + 1) * width), float(row[i]))
        return found


def kurtogram(x: NDArray[np.floating], rate: float, levels: int = LEVELS) -> Kurtogram:
    """Compute the spectral kurtosis of every band of the tree.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Sound or vibration, any unit, finite. Of more than 2**20 samples the last ones are used.
    rate
        Samples per second.
    levels
        Halvings, 0 to 12; fewer where the record is too short for 128 samples of an envelope.

    Raises
    ------
    ValueError
        Where the sound is not finite, not one-dimensional, or shorter than 256 samples.
    """
    if x.ndim != 1 or len(x) < 2 * SAMPLES_LEAST or not np.isfinite(x).all() or not 0 <= levels <= 12:
        raise ValueError(
            f"kurtogram: found sound of shape {x.shape}, or not finite, and {levels} levels; "
            f"wanted {2 * SAMPLES_LEAST} finite numbers or more in one row and 0 to 12 levels"
        )
    n = scipy.fft.prev_fast_len(min(len(x), _LONGEST), real=True)
    x = np.array(x[len(x) - n :], np.float64)
    rounding = 1e-12 * float(np.abs(x).max())
    x -= x.mean()
    # Single precision halves the cost; kurtosis has no unit, so the level may be anything: bring it to 1 first.
    loudest = float(np.abs(x).max())
    x *= 1 / loudest if loudest > rounding else 0.0
    _taper(x)
    spectrum: NDArray[np.complex64] = scipy.fft.rfft(x.astype(np.float32))[1:].astype(np.complex64)
    splits = [s for s in _splits(levels) if len(spectrum) // s >= SAMPLES_LEAST]
    rows, samples = [], []
    for split in splits:
        m = scipy.fft.prev_fast_len(len(spectrum) // split)
        rows.append(_row(spectrum, split, m))
        samples.append(m - 2 * (m // _EDGE))
    return Kurtogram(tuple(splits), tuple(rows), tuple(samples), rate / 2)


def _taper(x: NDArray[np.floating]) -> None:
    """Fade both ends in place."""
    edge = len(x) // _EDGE
    fade = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
    x[:edge] *= fade
    x[len(x) - edge :] *= fade[::-1]


def _splits(levels: int) -> list[int]:
    halves = [2**k for k in range(levels + 1)]
    thirds = [3 * 2**k for k in range(levels - 1)]  # between two halvings lies one by three
    return sorted(halves + thirds)


def _row(spectrum: NDArray[np.complex64], split: int, m: int) -> Floats:
    """Kurtosis of `split` equal bands, each from the `m` bins in its middle; m is a length the FFT is fast at."""
    width = len(spectrum) / split
    first = (np.arange(split) * width + (width - m) / 2).astype(np.intp)
    bands = np.stack([spectrum[i : i + m] for i in first])
    z = scipy.fft.ifft(bands, axis=1, overwrite_x=True)
    z = z[:, m // _EDGE : m - m // _EDGE]
    power = z.real**2 + z.imag**2
    mean = power.mean(axis=1, dtype=np.float64)
    square = np.einsum("ij,ij->i", power, power, dtype=np.float64) / power.shape[1]
    silent = mean <= 1e-15 * float(mean.max(initial=0.0)) + 1e-30
    return np.where(silent, 0.0, square / np.where(silent, 1.0, mean**2) - 2)
