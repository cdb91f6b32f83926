"""Frames by absolute sample index, and their power spectra.

Frame k covers the samples [k * hop, k * hop + frame) counted from the first sample ever heard, never from the start of
a block, so that the numbers do not depend on how the stream was cut.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.fft import rfft

_BLOCK = 24_576  #: samples per FFT call: temporaries above 128 KiB go back to the kernel and are page-faulted in again


def frame_size(rate: int, seconds: float) -> int:
    """Return the multiple of 8 nearest to `seconds` with no prime factor above 5.

    Such sizes are up to eight times faster than primes of the same size; the factor 8 lets a hop be 1/4 or 1/8 of a
    frame exactly.

    Parameters
    ----------
    rate
        Samples per second, > 0.
    seconds
        Wished length of a frame.
    """
    wish = max(1.0, rate * seconds / 8)
    sizes = (round(wish) + step * sign for step in range(round(wish) + 1) for sign in (1, -1))
    return 8 * next(size for size in sizes if size >= 1 and _is_smooth(size))


def _is_smooth(size: int) -> bool:
    for prime in (2, 3, 5):
        while size % prime == 0:
            size //= prime
    return size == 1


@lru_cache(maxsize=32)
def hann(size: int) -> NDArray[np.float32]:
    """Return the periodic Hann window, shape (size,), float32, read-only."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)).astype(np.float32)
    window.flags.writeable = False
    return window


def frames_of(samples: NDArray[np.float32], size: int, hop: int) -> NDArray[np.float32]:
    """Return every whole frame of `samples` as a view, shape (k, size); k is 0 where the sound is too short."""
    if len(samples) < size:
        return np.empty((0, size), np.float32)
    return sliding_window_view(samples, size)[::hop]


def power_density(frames: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """One-sided power spectral density of Hann-windowed frames.

    ``2 |X|^2 / (rate sum(w^2))`` per Hz (Welch 1967), which for noise depends neither on rate nor on frame size.

    Parameters
    ----------
    frames : ndarray, shape (k, size), float32
        Full scale is +-1.
    rate
        Samples per second.

    Returns
    -------
    ndarray, shape (k, size // 2 + 1), float32
        Full scale squared per Hz. Each row is the same to the last bit whatever rows stand beside it.
    """
    size = frames.shape[1]
    window, batch = hann(size), max(1, _BLOCK // size)
    power = np.empty((len(frames), size // 2 + 1), np.float32)
    for first in range(0, len(frames), batch):
        spectrum = rfft(frames[first : first + batch] * window, axis=1, overwrite_x=True)
        rows = power[first : first + batch]
        np.square(spectrum.real, out=rows)
        rows += np.square(spectrum.imag)
    power *= _density(size, rate)
    return power


@lru_cache(maxsize=32)
def _density(size: int, rate: int) -> np.float32:
    return np.float32(2.0 / (rate * float(np.sum(hann(size).astype(np.float64) ** 2))))
