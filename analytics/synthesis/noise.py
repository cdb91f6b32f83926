"""Noise and impacts, the raw material of every simulated sound."""

import numpy as np
import scipy.fft
from numpy.random import Generator
from numpy.typing import NDArray


def burst(chance: Generator, n: int, rate: int, band_hz: tuple[float, float]) -> NDArray[np.float64]:
    """White noise limited to a band, unit RMS, shape (n,).

    The band's upper edge is cut to what `rate` can carry; zeros where nothing is left of it.
    """
    size = scipy.fft.next_fast_len(n, real=True)
    low, high = (round(edge * size / rate) for edge in (band_hz[0], min(band_hz[1], 0.48 * rate)))
    if high <= low:
        return np.zeros(n)
    spectrum = np.zeros(size // 2 + 1, np.complex64)
    spectrum[low:high] = chance.standard_normal(2 * (high - low), np.float32).view(np.complex64)
    sound: NDArray[np.float64] = scipy.fft.irfft(spectrum, size)[:n].astype(np.float64)
    return np.asarray(sound / (np.sqrt(np.mean(np.square(sound))) + 1e-30))


def loop(chance: Generator, n: int, rate: int, density_db: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Noise that repeats without a seam, shape (n,), unit RMS.

    Made in the frequency domain with random phases, so its end flows into its beginning.

    Parameters
    ----------
    density_db
        Power density as (Hz, dB) corner points, straight lines over log frequency between them.
    """
    frequency = np.fft.rfftfreq(n, 1 / rate)
    hz, db = np.transpose(density_db)
    shape = 10 ** (np.interp(np.log(np.maximum(frequency, 1.0)), np.log(hz), db) / 20)
    shape[frequency < 20.0] = 0  # below hearing, and below what a microphone amplifier lets pass
    spectrum = shape * chance.standard_normal(2 * len(shape)).view(np.complex128)
    sound = scipy.fft.irfft(spectrum, n)
    return np.asarray(sound / np.sqrt(np.mean(np.square(sound))))


def add_at(sound: NDArray[np.floating], index: int, piece: NDArray[np.floating]) -> None:
    """Add `piece` into `sound` in place, its first sample at `index`; what lies outside is left out."""
    first, last = max(index, 0), min(index + len(piece), len(sound))
    if first < last:
        sound[first:last] += piece[first - index : last - index]


def decaying(rate: int, modes: tuple[tuple[float, float, float], ...], seconds: float) -> NDArray[np.float64]:
    """Answer of a structure to one impact: a sum of (Hz, decay time s, amplitude), peak about 1, shape (n,)."""
    t = np.arange(round(seconds * rate)) / rate
    out = np.zeros(len(t))
    for hz, tau, amplitude in modes:
        if hz < 0.45 * rate:
            out += amplitude * np.exp(-t / tau) * np.sin(2 * np.pi * hz * t)
    return out
