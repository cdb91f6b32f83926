"""Was another sound lying over this part? Heard in the quiet just before and just after it.

A struck part leaves a tenth of a second of quiet on either side. A disturbance that covers the part nearly always
reaches into one of them, whereas a defect does not; so the part itself is not looked at, and a rattling defect is not
taken for a disturbance. One-sided: only energy ADDED where good parts have little counts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len, rfft
from scipy.special import ndtri

from analytics.signal.capture import SURROUNDINGS_S, Capture
from analytics.signal.spectra import hann

OCTAVES_HZ = np.array([250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0])  #: edges of six octave bands
_BEFORE_GUARD_S = 0.005  #: the part may begin this early
_AFTER_GUARD_S = 0.010  #: the end of the part rings this long into its after
_SHORTEST_S = 0.035  #: of quiet, to be worth judging: alignment may take half of the surroundings
_FLOOR = 1e-10  #: mean power per band, -100 dB re full scale: what is quieter disturbs nothing; silence stays finite
_LEAST_SPREAD = 0.23  #: 1 dB in ln power: taught in a very quiet hour, a gate must not fire at every breath of air
_FLAGGED = 0.0025  #: of the goods, on each side: "before or after" then flags half a percent
_CONFIDENCE = 0.95
_FEWEST = 4  #: goods; fewer have no tolerance limit at this confidence


@dataclass(frozen=True, slots=True, eq=False)
class GateReference:
    """How quiet it is around good parts.

    Parameters
    ----------
    before_mean, before_spread, after_mean, after_spread : ndarray, shape (b,)
        Centre and standard deviation of ln power in each octave band; b is 6 where the rate reaches 16 kHz.
    before_limit, after_limit
        Largest deviation, in spreads, that is still quiet.
    """

    before_mean: NDArray[np.float64]
    before_spread: NDArray[np.float64]
    before_limit: float
    after_mean: NDArray[np.float64]
    after_spread: NDArray[np.float64]
    after_limit: float

    def __post_init__(self) -> None:
        arrays = (self.before_mean, self.before_spread, self.after_mean, self.after_spread)
        if any(array.shape != self.before_mean.shape or not np.isfinite(array).all() for array in arrays):
            raise ValueError("the gate's arrays do not fit each other, or a value is not finite")
        positive = (*self.before_spread, *self.after_spread, self.before_limit, self.after_limit)
        if not all(value > 0 for value in positive):  # NaN is not above 0 either
            raise ValueError("a spread or a limit of the gate is not above 0")

    def excess(self, before: NDArray[np.float64] | None, after: NDArray[np.float64] | None) -> float | None:
        """Return the larger deviation of the two sides, 1 being the limit; None where neither was heard."""
        found = []
        if before is not None:
            found.append(float(np.max((before - self.before_mean) / self.before_spread)) / self.before_limit)
        if after is not None:
            found.append(float(np.max((after - self.after_mean) / self.after_spread)) / self.after_limit)
        return max(found) if found else None


def learn_gate(before: NDArray[np.float64], after: NDArray[np.float64]) -> GateReference:
    """Learn how quiet it is around good parts.

    Parameters
    ----------
    before, after : ndarray, shape (n, b)
        `surroundings_of` n good parts, n >= 4.

    Notes
    -----
    Each limit is the 99.75 % point of the goods' own largest deviations. Few goods do not show that point: the limit
    never lies under the tolerance limit that n normal values give for it, 4.5 spreads for 24 goods, 3.5 for 500.
    """
    if len(before) < _FEWEST or before.shape != after.shape:
        raise ValueError(
            f"a gate needs both surroundings of at least {_FEWEST} good parts; found {before.shape} and {after.shape}"
        )

    def side(bands: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
        mean, spread = bands.mean(axis=0), np.maximum(bands.std(axis=0, ddof=1), _LEAST_SPREAD)
        worst = np.max((bands - mean) / spread, axis=1)
        return mean, spread, max(float(np.quantile(worst, 1 - _FLAGGED)), _tolerance_factor(*bands.shape))

    return GateReference(*side(before), *side(after))


def _tolerance_factor(n: int, bands: int) -> float:
    """Spreads over the mean of n normal values that at most `_FLAGGED` of further ones exceed in any of the bands.

    One-sided tolerance factor in the closed form of Natrella (1963), Experimental Statistics, NBS Handbook 91, 2-2.
    """
    z_rate, z_sure = -ndtri(_FLAGGED / bands), ndtri(_CONFIDENCE)
    a, b = 1 - z_sure**2 / (2 * (n - 1)), z_rate**2 - z_sure**2 / n
    return float((z_rate + np.sqrt(z_rate**2 - a * b)) / a)


def surroundings_of(capture: Capture) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return ln power in the octave bands before and after the part, each shape (b,), None where not heard.

    After means the end of the capture, not of the part that is scored: the scored part may be shorter than what was
    cut for it, and still ring in between.
    """
    guard, reach = round(_BEFORE_GUARD_S * capture.rate), round(SURROUNDINGS_S * capture.rate)
    before = _side(capture, capture.start - reach, capture.start - guard) if capture.before else None
    guard, end = round(_AFTER_GUARD_S * capture.rate), len(capture.samples)
    after = _side(capture, max(capture.stop, end - reach) + guard, end) if capture.after else None
    return before, after


def _side(capture: Capture, start: int, stop: int) -> NDArray[np.float64] | None:
    start, stop = max(start, 0), min(stop, len(capture.samples))
    if stop - start < _SHORTEST_S * capture.rate or any(a < stop and start < b for a, b in capture.gaps):
        return None
    return octave_levels(capture.samples[start:stop], capture.rate)


def octaves(rate: int) -> int:
    """Count the octave bands from 250 Hz that `rate` reaches, at most 6."""
    return int(np.searchsorted(OCTAVES_HZ, rate / 2, side="right")) - 1


def octave_levels(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return ln of the mean power in each octave from 250 Hz that `rate` reaches, shape (b,), b <= 6."""
    n = len(samples)
    size = int(next_fast_len(n, real=True))
    window = hann(n)
    spectrum = rfft(samples * window, size)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    edges = OCTAVES_HZ[: octaves(rate) + 1]
    bins = np.ceil(edges * size / rate).astype(np.intp)
    bands = np.add.reduceat(power[: bins[-1]], bins[:-1]).astype(np.float64)
    mean_power: NDArray[np.float64] = 2 * bands / (size * float(np.sum(window.astype(np.float64) ** 2)))
    return np.log(mean_power + _FLOOR)
