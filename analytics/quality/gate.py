"""Was another sound lying over this part? Heard in the quiet just before and just after it.

A struck part leaves a tenth of a second of quiet on either side. A disturbance that covers the part nearly always
reaches into one of them, whereas a defect does not; so the part itself is not looked at, and a rattling defect is not
taken for a disturbance. One-sided: only energy ADDED where good parts have little counts. Each band is looked at alone,
which finds what is loud, and against the other bands, which finds what sounds unlike the hall and is not.
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
_FLAGGED = 0.00125  #: of the goods by each of four looks, two on each side: together half a percent
_CONFIDENCE = 0.95
_FEWEST = 4  #: goods; fewer have no tolerance limit at this confidence

Bands = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Quiet:
    """How quiet it is on one side of good parts.

    Parameters
    ----------
    mean, spread : ndarray, shape (b,)
        Centre and standard deviation of ln power in each octave band; b is 6 where the rate reaches 16 kHz.
    limit
        Largest deviation of a band, in spreads, that is still quiet.
    others : ndarray, shape (b, b)
        Row i, applied to the deviations of all bands, gives by how much band i stands above what the other bands let
        expect of it, in its own spread. A hall that grows louder as a whole lets all of them expect more.
    others_limit
        Largest such excess that is still quiet.
    """

    mean: Bands
    spread: Bands
    limit: float
    others: Bands
    others_limit: float

    def __post_init__(self) -> None:
        b = len(self.mean)
        fits = self.spread.shape == (b,) and self.others.shape == (b, b)
        if not fits or not all(np.isfinite(one).all() for one in (self.mean, self.spread, self.others)):
            raise ValueError("the gate's arrays do not fit each other, or a value is not finite")
        if not all(value > 0 for value in (*self.spread, self.limit, self.others_limit)):  # NaN is not above 0 either
            raise ValueError("a spread or a limit of the gate is not above 0")

    def excess(self, bands: Bands) -> float:
        """Return the largest excess of ln powers, shape (b,), 1 being the limit."""
        over = bands - self.mean
        alone = float(np.max(over / self.spread)) / self.limit
        return max(alone, float(np.max(self.others @ over)) / self.others_limit)


@dataclass(frozen=True, slots=True)
class GateReference:
    """How quiet it is before and after good parts."""

    before: Quiet
    after: Quiet

    def __post_init__(self) -> None:
        if len(self.before.mean) != len(self.after.mean):
            raise ValueError("the two sides of the gate have different bands")

    @property
    def bands(self) -> int:
        """Number of octave bands."""
        return len(self.before.mean)

    def excess(self, before: Bands | None, after: Bands | None) -> float | None:
        """Return the larger excess of the two sides, 1 being the limit; None where neither was heard."""
        heard = ((self.before, before), (self.after, after))
        return max((side.excess(bands) for side, bands in heard if bands is not None), default=None)


def learn_gate(before: Bands, after: Bands) -> GateReference:
    """Learn how quiet it is around good parts.

    Parameters
    ----------
    before, after : ndarray, shape (n, b)
        `surroundings_of` n good parts, n >= 4.

    Notes
    -----
    Each limit is the 99.875 % point of the goods' own largest excesses. Few goods do not show that point: the limit
    never lies under the tolerance limit that n normal values give for it, 4.7 spreads for 24 goods, 3.8 for 500.

    What the other bands let expect is the regression of each band on them: with the precision matrix P of the goods,
    its residual is ``sum_j P_ij x_j / P_ii`` with variance ``1 / P_ii`` (Whittaker 1990, Graphical Models in Applied
    Multivariate Statistics, 5.8). The covariance is shrunk towards its diagonal by b / (n + b).
    """
    if len(before) < _FEWEST or before.shape != after.shape:
        raise ValueError(
            f"a gate needs both surroundings of at least {_FEWEST} good parts; found {before.shape} and {after.shape}"
        )
    return GateReference(learn_quiet(before), learn_quiet(after))


def learn_quiet(bands: Bands, least_spread: Bands | float = _LEAST_SPREAD) -> Quiet:
    """Learn centre, spread and limits from ln powers of at least 4 good parts, shape (n, b); see `learn_gate`."""
    n, b = bands.shape
    mean = bands.mean(axis=0)
    spread = np.maximum(bands.std(axis=0, ddof=1), least_spread)
    shrunk = b / (n + b)
    covariance = (1 - shrunk) * np.atleast_2d(np.cov(bands, rowvar=False))
    covariance[np.diag_indices(b)] = spread**2  # at least the spread of each band itself: never singular
    precision = np.linalg.inv(covariance)
    own = np.diag(precision)
    others = precision / own[:, None] / np.maximum(own**-0.5, least_spread)[:, None]
    least = _tolerance_factor(n, b)

    def limit(excesses: Bands) -> float:
        return max(float(np.quantile(np.max(excesses, axis=1), 1 - _FLAGGED)), least)

    over = bands - mean
    return Quiet(mean, spread, limit(over / spread), others, limit(over @ others.T))


def _tolerance_factor(n: int, bands: int) -> float:
    """Spreads over the mean of n normal values that at most `_FLAGGED` of further ones exceed in any of the bands.

    One-sided tolerance factor in the closed form of Natrella (1963), Experimental Statistics, NBS Handbook 91, 2-2.
    """
    z_rate, z_sure = -ndtri(_FLAGGED / bands), ndtri(_CONFIDENCE)
    a, b = 1 - z_sure**2 / (2 * (n - 1)), z_rate**2 - z_sure**2 / n
    return float((z_rate + np.sqrt(z_rate**2 - a * b)) / a)


def surroundings_of(capture: Capture) -> tuple[Bands | None, Bands | None]:
    """Return ln power in the octave bands before and after the part, each shape (b,), None where not heard.

    After means the end of the capture, not of the part that is scored: the scored part may be shorter than what was
    cut for it, and still ring in between.
    """
    guard, reach = round(_BEFORE_GUARD_S * capture.rate), round(SURROUNDINGS_S * capture.rate)
    before = _side(capture, capture.start - reach, capture.start - guard) if capture.before else None
    guard, end = round(_AFTER_GUARD_S * capture.rate), len(capture.samples)
    after = _side(capture, max(capture.stop, end - reach) + guard, end) if capture.after else None
    return before, after


def _side(capture: Capture, start: int, stop: int) -> Bands | None:
    start, stop = max(start, 0), min(stop, len(capture.samples))
    if stop - start < _SHORTEST_S * capture.rate or any(a < stop and start < b for a, b in capture.gaps):
        return None
    return octave_levels(capture.samples[start:stop], capture.rate)


def octaves(rate: int) -> int:
    """Count the octave bands from 250 Hz that `rate` reaches, at most 6."""
    return int(np.searchsorted(OCTAVES_HZ, rate / 2, side="right")) - 1


def octave_levels(samples: NDArray[np.float32], rate: int) -> Bands:
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
