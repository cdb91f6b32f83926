"""Whitened envelopes of a vibration or sound, and the lines in their spectra.

Impacts that repeat show in the spectrum of the envelope. Dividing every bin of the spectrum by its own magnitude first
(cepstrum pre-whitening: P. Borghesani et al. 2013, MSSP 36:370) takes away tones and the machine's colour without any
parameter. Two envelopes of the whitened signal are looked at: its square, the classic one, and its logarithm, which
strong single impacts cannot swallow (P. Borghesani and J. Antoni 2017, MSSP 90:378).

No window and no zero padding for the envelopes: neighbouring bins stay independent, and every limit counts on it.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

Floats = NDArray[np.float64]
_Made = TypeVar("_Made")

BAND_LOW_HZ = 100.0  #: below lie unbalance, hum and the machine's walk, not the ring of an impact
BAND_HIGH_HZ = 12_000.0  #: depths, and so every limit on them, hold for this band; see docs/machines.md
LONGEST_S = 10.0
_LEAST_RATE = 1000
_LEAST_BINS = 16
_OFFSET = 1.5  # ln: the largest of three noise bins is expected at 0.6; this asks for a clear line
_ABSENT = -1.0
GAIN_TOP = 4.5  #: nothing earns more, however strong: strength cannot buy a diagnosis, only the number of lines can
_RAW_TOP = 7.5  # higher than the envelope's, else a plateau of equal gains biases the speed by half a line


@dataclass(frozen=True, slots=True, eq=False)
class LineSpectrum:
    """How clearly each frequency stands out.

    Parameters
    ----------
    step_hz
        Between bins: 1 / length of the record.
    gain : ndarray, shape (n + 1,)
        clip(ln(power / background) - 1.5, -1, top) of the largest of three neighbours; the last one stands for every
        frequency beyond and is -1, a line that is absent.
    depth : ndarray, shape (n + 1,)
        Modulation depth 2 |E| / n of the largest of three neighbours; the last one is 0.
    """

    step_hz: float
    gain: Floats
    depth: Floats

    def place(self, frequency_hz: Floats) -> NDArray[np.intp]:
        """Bin of each frequency, the last one for those beyond the spectrum."""
        bins = np.rint(np.abs(frequency_hz) * (1 / self.step_hz)).astype(np.intp)
        return np.asarray(np.minimum(bins, len(self.gain) - 1))

    def gains(self, frequency_hz: Floats) -> Floats:
        """Gain at each frequency, same shape."""
        return np.asarray(self.gain[self.place(frequency_hz)])

    def depths(self, frequency_hz: Floats) -> Floats:
        """Modulation depth at each frequency, same shape."""
        return np.asarray(self.depth[self.place(frequency_hz)])

    def decibels(self, frequency_hz: Floats) -> Floats:
        """Line over background in dB, at most the 26 dB where the gain is bounded."""
        return np.asarray((self.gains(frequency_hz) + _OFFSET) * (10 / np.log(10)))


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """All that a diagnosis looks at.

    Parameters
    ----------
    log, square
        Lines of the two envelopes.
    raw
        Lines of the sound itself (no depths: zeros), for the speed alone.
    plain
        Lines of the logarithmic envelope without whitening, which takes away whatever repeats exactly.
    seconds
        Length of the record that was used.
    band_hz
        Which the envelopes were made of.
    """

    log: LineSpectrum
    square: LineSpectrum
    raw: LineSpectrum
    plain: LineSpectrum
    seconds: float
    band_hz: tuple[float, float]


def spectra(
    x: NDArray[np.floating],
    rate: float,
    shaft_hz: float,
    top_hz: float,
    band_hz: tuple[float, float] = (BAND_LOW_HZ, BAND_HIGH_HZ),
) -> Spectra:
    """Whiten, take both envelopes, and find the lines in them.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Sound or vibration, any unit, finite. Of more than 10 s the last 10 s are used.
    rate
        Samples per second.
    shaft_hz
        Roughly; the background of a line is the median over half of it to both sides.
    top_hz
        Highest frequency anybody will ask for.
    band_hz
        Which the envelopes are made of, as far as the rate reaches. Depths grow as it narrows: every limit on them
        holds for the default alone.

    Raises
    ------
    ValueError
        Where the sound is not finite, not one-dimensional, or holds less than four turns of the shaft, or where the
        band is empty.
    """
    return at_once(spectra_by_steps(x, rate, shaft_hz, top_hz, band_hz))


def at_once(steps: Generator[None, None, _Made]) -> _Made:
    """Take all steps of a computation that can be paused, and give what it made."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            made: _Made = end.value
            return made


def spectra_by_steps(
    x: NDArray[np.floating],
    rate: float,
    shaft_hz: float,
    top_hz: float,
    band_hz: tuple[float, float] = (BAND_LOW_HZ, BAND_HIGH_HZ),
) -> Generator[None, None, Spectra]:
    """Compute `spectra` in steps of about equal length, for a caller that has something more urgent to do between them.

    Of 10 s at 48 kHz the whole takes 19 ms of one core, the longest step 8 ms (measured, docs/performance.md).
    """
    if x.ndim != 1 or not np.isfinite(x).all():
        raise ValueError(f"envelope: found sound of shape {x.shape} or not finite; wanted finite numbers in one row")
    if rate < _LEAST_RATE or not 0 < shaft_hz < rate / 4 or len(x) * shaft_hz < 4 * rate:
        raise ValueError(
            f"envelope: found {len(x)} samples at {rate:g} Hz and a shaft at {shaft_hz:g} Hz; wanted four turns or more"
        )
    n = scipy.fft.prev_fast_len(min(len(x), round(LONGEST_S * rate)), real=True)
    x = x[len(x) - n :].astype(np.float64)
    step = rate / n
    spectrum = scipy.fft.rfft(x - x.mean())
    del x  # 4 MB that nobody needs over the pauses
    yield
    half_width = max(12, round(0.5 * shaft_hz / step))
    first, m = _bins(band_hz, step, len(spectrum))
    keep = int(top_hz / step) + 2 * half_width
    plain = _lines(_logarithm(_power(spectrum[first : first + m])), step, half_width, keep)
    yield
    p = _whitened_power(spectrum, first, m)
    yield
    log = _lines(_logarithm(p), step, half_width, keep)
    square = _lines(p / float(p.mean()), step, half_width, keep)
    raw = _raw_lines(spectrum, step, half_width, keep)
    return Spectra(log, square, raw, plain, n / rate, (first * step, (first + m) * step))


def squared_envelope_spectrum(
    x: NDArray[np.floating], rate: float, band_hz: tuple[float, float]
) -> tuple[Floats, float]:
    """Compute the plain squared envelope spectrum of one band: what an analyst looks at first.

    e = |z|^2 with z the analytic signal of the band, S = |rfft(e - mean e)|; as depth 2 S / (n mean e) it has no unit
    and 1 is full modulation (R. B. Randall and J. Antoni 2011, MSSP 25:485). Band-pass, analytic signal and decimation
    are one step: the bins of the band alone are transformed back.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Any unit, finite. In single precision, which the bins of a long record bear, at half the cost.
    rate
        Samples per second.
    band_hz
        Lower and upper edge.

    Returns
    -------
    tuple
        Depth at 0, step, 2 step, ... Hz, shape (m,), up to half the width of the band, and the step in Hz.

    Raises
    ------
    ValueError
        Where the sound is not finite or not one-dimensional, or the band holds fewer than 16 bins.
    """
    if x.ndim != 1 or len(x) < 2 * _LEAST_BINS or not np.isfinite(x).all():
        raise ValueError(f"envelope: found sound of shape {x.shape} or not finite; wanted finite numbers in one row")
    n = scipy.fft.prev_fast_len(len(x), real=True)
    loudest = x.dtype.type(np.abs(x).max()) or 1  # squares of very loud or faint numbers leave single precision
    spectrum = scipy.fft.rfft(x[len(x) - n :] / loudest)
    step = rate / n
    first, m = _bins(band_hz, step, len(spectrum))
    z = scipy.fft.ifft(spectrum[first : first + m])
    e = z.real**2 + z.imag**2
    mean = float(e.mean())
    depth = np.abs(scipy.fft.rfft(e - e.mean())).astype(np.float64) * (2 / (m * mean) if mean > 0 else 0.0)
    return depth, step


def _bins(band_hz: tuple[float, float], step: float, available: int) -> tuple[int, int]:
    """First bin of a band and how many, a number the FFT is fast at."""
    first = max(1, int(np.ceil(band_hz[0] / step)))
    wanted = min(available - 1, int(band_hz[1] / step)) - first
    if wanted < _LEAST_BINS:
        raise ValueError(
            f"envelope: found a band from {band_hz[0]:g} to {band_hz[1]:g} Hz; wanted one below half the rate "
            f"and {_LEAST_BINS * step:g} Hz wide or more"
        )
    return first, scipy.fft.prev_fast_len(wanted)


def _whitened_power(spectrum: NDArray[np.complex128], first: int, m: int) -> Floats:
    """Squared magnitude of the whitened analytic signal of a band, shape (m,)."""
    magnitude = np.abs(spectrum)
    loudest = float(magnitude.max())
    if not loudest > 0:  # digital silence: no lines anywhere
        return np.ones(m)
    inside = slice(first, first + m)
    return _power(spectrum[inside] / (magnitude[inside] + 1e-9 * loudest))


def _power(band: NDArray[np.complex128]) -> Floats:
    """Squared magnitude of the analytic signal of a band, shape (m,)."""
    z = scipy.fft.ifft(band)
    return np.asarray(z.real**2 + z.imag**2)


def _logarithm(power: Floats) -> Floats:
    """Its logarithm, over a floor of a hundredth of the mean: silence between impacts must not outweigh them."""
    return np.asarray(np.log(power + 0.01 * float(power.mean()) + 1e-300))


def _lines(e: Floats, step: float, half_width: int, keep: int) -> LineSpectrum:
    spectrum = scipy.fft.rfft(e - e.mean())[:keep]
    power = spectrum.real**2 + spectrum.imag**2
    # A depth of a millionth is rounding, also where everything is silent.
    over = maximum_filter1d(power / _background(power, half_width, (0.5e-6 * len(e)) ** 2), 3)
    depth = np.sqrt(maximum_filter1d(power, 3)) * (2 / len(e))
    return LineSpectrum(step, _gain(over, GAIN_TOP), np.append(depth, 0.0))


def _raw_lines(spectrum: NDArray[np.complex128], step: float, half_width: int, keep: int) -> LineSpectrum:
    # A Hann window in the time domain is this three-point sum over the bins.
    inside = spectrum[: min(keep, len(spectrum) - 1)]
    after = spectrum[1 : len(inside) + 1]
    before = np.concatenate([np.conj(spectrum[1:2]), spectrum[: len(inside) - 1]])
    windowed = 0.5 * inside - 0.25 * (before + after)
    power = windowed.real**2 + windowed.imag**2
    floor = 1e-12 * float(power.max(initial=0.0)) + 1e-300
    gain = _gain(power / _background(power, half_width, floor), _RAW_TOP)
    return LineSpectrum(step, gain, np.zeros(len(gain)))


def _background(power: Floats, half_width: int, floor: float) -> Floats:
    """Mean power the noise would have: its running median over ln 2, exact for an exponential distribution."""
    median = median_filter(power.astype(np.float32), 2 * half_width + 1, mode="reflect").astype(np.float64)
    return np.asarray(np.maximum(median / np.log(2), floor))


def _gain(over: Floats, top: float) -> Floats:
    gain = np.clip(np.log(np.maximum(over, 1e-30)) - _OFFSET, _ABSENT, top)
    return np.append(gain, _ABSENT)
