"""Measures named indicators on a record: levels of bands, strength of lines, depth of modulations."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from analytics.diagnosis.named import Named

CLEAR_DB = 10.0  #: a line stands so far over its surroundings, or it is no line; noise alone reaches 7 dB (measured)
FLOOR_DB = -160.0
POINTS = 2000  #: of a picture
_CYCLES = 16.0  # of the lowest line or band edge in a segment: two neighbouring orders lie 16 bins apart
_SEGMENT_S = 0.5  # at least: 2 Hz bins
_SIDE = 12  # bins on each side of a line that its surroundings are measured in
_ORDERS_SHOWN = 6  # multiples of a line
_GUARD = 2  # bins beside the searched ones left out: half of Hann's main lobe


@dataclass(frozen=True, slots=True)
class Measured:
    """What an indicator says of one record.

    Parameters
    ----------
    level_db
        Level re full scale; of a modulation, its depth (0 dB is noise that vanishes once a cycle).
    clear
        True for a band, and for a line that stands `CLEAR_DB` over its surroundings.
    """

    level_db: float
    clear: bool


def measure(
    record: NDArray[np.float32], rate: int, shaft_hz: float | None, wanted: Sequence[Named]
) -> tuple[Measured | None, ...]:
    """Measure every indicator on one record.

    Parameters
    ----------
    record : ndarray, shape (n,), finite
        Sound of some seconds, full scale 1: 16 cycles of the lowest line or band edge at least.
    rate
        Samples per second.
    shaft_hz
        Turns per second; None where it is not known.
    wanted
        The indicators.

    Returns
    -------
    tuple of Measured or None
        None where it cannot be measured: beyond half the rate, too low for the record, or of a speed nobody knows.

    Raises
    ------
    ValueError
        For a record that is not one finite channel.
    """
    if record.ndim != 1 or not len(record) or not np.isfinite(record).all():
        raise ValueError(f"named indicators: found samples of shape {record.shape}; wanted one finite channel")
    return tuple(_one(record, rate, shaft_hz, one) for one in wanted)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Spectrum an indicator rests on.

    Parameters
    ----------
    frequency_hz, level : ndarray, shape (n,), float32
        Depth of modulation without unit where `modulation` is true, else the sound's own spectrum, dB re full scale.
    band_hz
        The band that is listened to; all that is shown where there is none.
    line_hz
        The line; None where there is none.
    modulation
        What of the two it is.
    """

    frequency_hz: NDArray[np.float32]
    level: NDArray[np.float32]
    band_hz: tuple[float, float]
    line_hz: float | None
    modulation: bool


def picture(record: NDArray[np.float32], rate: int, shaft_hz: float | None, one: Named) -> Picture:
    """Cut the part of the spectrum that shows one indicator, at most `POINTS` of it, the highest of neighbours kept."""
    line_hz = one.line_hz(shaft_hz)
    modulation = one.band_hz is not None and line_hz is not None
    if one.band_hz is not None and line_hz is not None:
        power, step = _modulation(record, rate, one.band_hz)
    else:
        power, step = _density(record, rate, line_hz or (one.band_hz or (1.0, 0.0))[0] or 1.0)
    if line_hz is not None:
        highest = (max(one.multiples, _ORDERS_SHOWN) + 0.5) * line_hz
    else:
        highest = 1.25 * (one.band_hz or (0.0, rate / 2))[1]
    shown = max(2, min(len(power), int(highest / step) + 1))
    pool = math.ceil(shown / POINTS)
    peaks = power[: shown - shown % pool].reshape(-1, pool).max(axis=1)
    level = np.sqrt(peaks) if modulation else 10 * np.log10(np.maximum(peaks, 1e-16))
    frequency = step * (pool * np.arange(len(peaks)) + (pool - 1) / 2)
    band = one.band_hz or (0.0, float(frequency[-1]))
    return Picture(frequency.astype(np.float32), level.astype(np.float32), band, line_hz, modulation)


def _one(record: NDArray[np.float32], rate: int, shaft_hz: float | None, one: Named) -> Measured | None:
    line_hz = one.line_hz(shaft_hz)
    if one.is_line and line_hz is None:
        return None
    if one.band_hz is not None and one.band_hz[1] > rate / 2:
        return None
    if one.band_hz is None:
        assert line_hz is not None, f"{one.name}: neither band nor line"
        power, step = _density(record, rate, line_hz)
        return _lines(power, step, line_hz, one)
    if line_hz is None:
        power, step = _density(record, rate, max(one.band_hz[0], one.band_hz[1] - one.band_hz[0]))
        return _band(power, step, one.band_hz)
    depth, step = _modulation(record, rate, one.band_hz)
    return _lines(depth, step, line_hz, one)


def _density(record: NDArray[np.float32], rate: int, lowest_hz: float) -> tuple[NDArray[np.float64], float]:
    """Mean square in each bin, and the bins' distance, Hz (Welch 1967, Hann, half overlapped).

    The bins of a tone add up to its mean square.
    """
    n = min(len(record), max(round(_SEGMENT_S * rate), math.ceil(_CYCLES * rate / lowest_hz)))
    n = scipy.fft.prev_fast_len(n, real=True)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    starts = range(0, len(record) - n + 1, max(1, n // 2))
    total = np.zeros(n // 2 + 1)
    for start in starts:
        piece = record[start : start + n].astype(np.float64)
        spectrum = scipy.fft.rfft((piece - piece.mean()) * window)
        total += spectrum.real**2 + spectrum.imag**2
    return total * (2 / (0.375 * n * n * len(starts))), rate / n


def _modulation(
    record: NDArray[np.float32], rate: int, band_hz: tuple[float, float]
) -> tuple[NDArray[np.float64], float]:
    """Square of the modulation's depth in each bin, and the bins' distance, Hz.

    The band is cut out of the spectrum and turned back at twice its width, the rate its squared envelope needs. The
    envelope over its own mean has no unit: neither the gain of the microphone nor the level of the noise is in it.
    """
    n = scipy.fft.prev_fast_len(len(record), real=True)
    spectrum = scipy.fft.rfft(record[-n:].astype(np.float64))
    low, high = (round(edge * n / rate) for edge in band_hz)
    size = scipy.fft.next_fast_len(2 * max(1, high - low))
    envelope = np.abs(scipy.fft.ifft(spectrum[low:high], size)) ** 2
    mean = envelope.mean()
    window = 1 - np.cos(2 * np.pi * np.arange(size) / size)
    lines = scipy.fft.rfft((envelope / mean - 1) * window) if mean > 0 else np.zeros(size // 2 + 1, np.complex128)
    # 4/size^2 makes a cosine of depth m the value m^2 in its middle bin; its three bins add up to 1.5 times that.
    return (lines.real**2 + lines.imag**2) * (4 / (1.5 * size * size)), rate / n


def _band(power: NDArray[np.float64], step: float, band_hz: tuple[float, float]) -> Measured | None:
    low, high = (round(edge / step) for edge in band_hz)
    return None if low < 1 else Measured(_db(float(power[low : high + 1].sum())), clear=True)


def _lines(power: NDArray[np.float64], step: float, line_hz: float, one: Named) -> Measured | None:
    """Strength of the line and its multiples over what surrounds them."""
    peaks = floors = 0.0
    for k in range(1, one.multiples + 1):
        low = math.floor(k * line_hz * (1 - one.tolerance) / step)
        high = math.ceil(k * line_hz * (1 + one.tolerance) / step)
        if low < 2 or high + _GUARD >= len(power):
            return None
        sums = power[low - 1 : high] + power[low : high + 1] + power[low + 1 : high + 2]
        sides = np.concatenate(
            [power[max(1, low - _GUARD - _SIDE) : low - _GUARD], power[high + _GUARD + 1 : high + _GUARD + 1 + _SIDE]]
        )
        peaks += float(sums.max())
        floors += 3 * float(np.median(sides)) if len(sides) else 0.0
    # A line that is lost in its surroundings is as strong as they are: a number that does not run away to nothing.
    return Measured(_db(max(peaks - floors, floors)), clear=_db(peaks) - _db(floors) >= CLEAR_DB)


def _db(power: float) -> float:
    return max(10 * math.log10(max(power, 1e-30)), FLOOR_DB)
