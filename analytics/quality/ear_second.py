"""What one second of a microphone sounds like, in few numbers: the room under all events, mains hum, holes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from analytics.signal.spectra import frame_size, frames_of, hann, power_density

EDGES_HZ = 50.0 * 2.0 ** (np.arange(18) / 2)  #: of half octaves to 18 kHz
MAINS_HZ = (50, 60)
HARMONICS = 10
_FRAME_S = 0.064
_ROOM = 0.25  #: of a second's frames are quieter than this: knocks, voices and doors leave it as it is
_BLOCK_S = 0.005  #: what a loose contact leaves out is at least as long
_LOWEST = 0.02  #: of a second's blocks: how quiet it gets between two waves
_FLOOR = 1e-16
_FLANK = np.r_[-12:-3, 4:13]  #: Hz beside a line: its neighbourhood
_PATTERN = 64  #: samples that must agree before the rest is compared
_AGREE = 16  #: samples by which places are found where a repetition may begin
_CANDIDATES = 16  #: of these places that are compared in full


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """A second in numbers.

    Parameters
    ----------
    bands : ndarray, shape (b,)
        Power density of the quieter frames in half octaves, dB; b is 17 where the rate reaches 18 kHz.
    hum : ndarray, shape (2, 10)
        By how many dB each harmonic of 50 and of 60 Hz stands above its neighbourhood; 0 where the rate is too low.
    hum_db : ndarray, shape (2,)
        Power of these lines above their neighbourhood, dB re full scale.
    blocks_db : ndarray, shape (n,)
        Mean power of each 5 ms, dB re full scale.
    lowest_db
        The lowest 2 % of these.
    repeats
        The same piece over and over, to the last bit: a driver hands out one buffer again and again.
    """

    bands: NDArray[np.float64]
    hum: NDArray[np.float64]
    hum_db: NDArray[np.float64]
    blocks_db: NDArray[np.float64]
    lowest_db: float
    repeats: bool


def second_of(samples: NDArray[np.float32], rate: int) -> Second:
    """Sum up one second, shape (rate,), of finite samples."""
    hum, hum_db = _mains(samples)
    size = round(_BLOCK_S * rate)
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    power = np.mean(np.square(blocks, dtype=np.float64), axis=1)
    blocks_db = 10 * np.log10(power + _FLOOR)
    lowest_db = float(np.quantile(blocks_db, _LOWEST))
    return Second(_room(samples, rate), hum, hum_db, blocks_db, lowest_db, repeats(samples))


def _room(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the power density that a quarter of the frames stay under, in each half octave, dB."""
    size = frame_size(rate, _FRAME_S)
    power = power_density(frames_of(samples, size, size // 2), rate)
    edges = EDGES_HZ[rate / 2 >= EDGES_HZ]
    bins = np.ceil(edges * size / rate).astype(np.intp)
    bands = np.add.reduceat(power[:, : bins[-1]], bins[:-1], axis=1, dtype=np.float64) / np.diff(bins)
    return np.asarray(10 * np.log10(np.quantile(bands, _ROOM, axis=0) + _FLOOR))


def _mains(samples: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by how much the mains' harmonics stand out, dB, shape (2, 10), and their power, dB, shape (2,)."""
    window = hann(len(samples))
    spectrum = rfft(samples * window)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float64)
    power *= 2 / float(np.sum(window)) ** 2  # of a tone: its mean square; a second of sound has bins of 1 Hz
    above = np.zeros((len(MAINS_HZ), HARMONICS))
    total = np.zeros(len(MAINS_HZ))
    for row, mains in enumerate(MAINS_HZ):
        lines = mains * np.arange(1, HARMONICS + 1)
        lines = lines[lines + _FLANK[-1] < len(power)]
        line = np.max(power[lines[:, None] + np.arange(-1, 2)], axis=1)
        beside = np.median(power[lines[:, None] + _FLANK], axis=1)
        above[row, : len(lines)] = 10 * np.log10((line + _FLOOR) / (beside + _FLOOR))
        total[row] = np.sum(np.maximum(line - beside, 0.0))
    return above, 10 * np.log10(total + _FLOOR)


def repeats(samples: NDArray[np.float32]) -> bool:
    """Whether the samples are one piece of at most half their length, over and over, and not one constant."""
    last = samples[-_PATTERN:]
    if len(samples) < 4 * _PATTERN or bool(np.all(last == last[0])):
        return False
    first = len(samples) // 2 - 1
    same = samples[first:-1] == last[-1]
    for back in range(1, _AGREE):  # quiet sound of a few steps has one sample in common with itself everywhere
        same &= samples[first - back : -1 - back] == last[-1 - back]
    places = np.flatnonzero(same) + first
    for place in places[::-1][:_CANDIDATES]:
        period = len(samples) - 1 - int(place)
        if period >= _PATTERN // 2 and bool(np.array_equal(samples[-_PATTERN - period : -period], last)):
            return bool(np.array_equal(samples[period:], samples[:-period]))
    return False
