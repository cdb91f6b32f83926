"""What one second of a microphone sounds like, in few numbers: the room under all events, the mains' lines, holes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import rfft

from analytics.signal.spectra import frame_size, frames_of, hann, power_density

EDGES_HZ = 50.0 * 2.0 ** (np.arange(18) / 2)  #: of half octaves to 18 kHz
MAINS_HZ = (50, 60)
HARMONICS = 10
_LINES = np.outer(MAINS_HZ, np.arange(1, HARMONICS + 1))  #: Hz, shape (2, 10)
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
    lines : ndarray, shape (2, 10), complex
        Of each harmonic of 50 and of 60 Hz, its root mean square and phase; from second to second the phase of a tone
        of just that frequency stays. 0 where the rate is too low.
    beside : ndarray, shape (2, 10)
        Power beside each line, in a width of 1 Hz; infinite where the rate is too low.
    power
        Mean square.
    blocks_db : ndarray, shape (n,)
        Mean power of each 5 ms, dB re full scale.
    lowest_db
        The lowest 2 % of these.
    repeats
        The same piece over and over, to the last bit: a driver hands out one buffer again and again.
    """

    bands: NDArray[np.float64]
    lines: NDArray[np.complex128]
    beside: NDArray[np.float64]
    power: float
    blocks_db: NDArray[np.float64]
    lowest_db: float
    repeats: bool


def second_of(samples: NDArray[np.float32], rate: int) -> Second:
    """Sum up one second, shape (rate,), of finite samples."""
    lines, beside = _mains(samples)
    size = round(_BLOCK_S * rate)
    blocks = samples[: len(samples) // size * size].reshape(-1, size)
    power = np.mean(np.square(blocks, dtype=np.float64), axis=1)
    blocks_db = 10 * np.log10(power + _FLOOR)
    lowest_db = float(np.quantile(blocks_db, _LOWEST))
    return Second(_room(samples, rate), lines, beside, float(np.mean(power)), blocks_db, lowest_db, repeats(samples))


def bands_at(rate: int) -> int:
    """Tell how many half octaves a second has at this rate, samples per second."""
    return max(int(np.count_nonzero(rate / 2 >= EDGES_HZ)) - 1, 0)


def _room(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the power density that a quarter of the frames stay under, in each half octave, dB."""
    size = frame_size(rate, _FRAME_S)
    power = power_density(frames_of(samples, size, size // 2), rate)
    edges = EDGES_HZ[rate / 2 >= EDGES_HZ]
    bins = np.ceil(edges * size / rate).astype(np.intp)
    bands = np.add.reduceat(power[:, : bins[-1]], bins[:-1], axis=1, dtype=np.float64) / np.diff(bins)
    return np.asarray(10 * np.log10(np.quantile(bands, _ROOM, axis=0) + _FLOOR))


def _mains(samples: NDArray[np.float32]) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Return the mains' harmonics, and the power beside each, both of shape (2, 10)."""
    window = hann(len(samples))
    spectrum = rfft(samples * window)[: _LINES[-1, -1] + _FLANK[-1] + 1]
    spectrum *= np.sqrt(2) / float(np.sum(window))  # of a tone: its RMS; a second of sound has bins of 1 Hz
    power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(np.float64)
    lines = np.zeros((len(MAINS_HZ), HARMONICS), np.complex128)
    beside = np.full((len(MAINS_HZ), HARMONICS), np.inf)
    heard = _LINES + _FLANK[-1] < len(power)
    lines[heard] = spectrum[_LINES[heard]]
    beside[heard] = np.median(power[_LINES[heard][:, None] + _FLANK], axis=1) + _FLOOR
    return lines, beside


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
