"""From time to angle: where a machine's speed wanders, its lines stand still only against the turns of its shaft.

The turns are read from a line the shaft itself makes (its own turn, a gear mesh): the phase of the analytic signal in a
narrow band around it (F. Bonnardot et al. 2005, MSSP 19:766). Resampled at equal angles, a record is analysed as one at
constant speed.
"""

import numpy as np
import scipy.fft
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates, spline_filter1d

Floats = NDArray[np.float64]

REACH = 0.45  #: half width of the band around a line, in turns of the shaft: short of the sidebands beside it
_STEADY = 0.9  # squared mean over mean square of the amplitude: pi / 4 for noise (Rayleigh), 1 for a lone line
_ENDS = 20  # a twentieth at each end is left out: there the phase of a band-pass is guesswork


class NoLineError(ValueError):
    """The line to follow is not there."""


def turns_of(x: NDArray[np.floating], rate: float, shaft_hz: float, order: float, reach: float = REACH) -> Floats:
    """Read the turns of the shaft, sample by sample, from the line at a multiple of its speed.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Any unit, finite.
    rate
        Samples per second.
    shaft_hz
        Mean speed; the line may wander by `reach` turns' frequency to both sides, no further.
    order
        Of the line, in multiples of the shaft.
    reach
        Half width of the band, in multiples of the shaft.

    Returns
    -------
    ndarray, shape (n,)
        Turns since the first sample, rising.

    Raises
    ------
    NoLineError
        Nothing in the band behaves as a line, or the band leaves the spectrum.
    """
    low, high = (order - reach) * shaft_hz, (order + reach) * shaft_hz
    n = len(x)
    if not 0 < low < high < rate / 2 or n * shaft_hz < 10 * rate:
        raise NoLineError(
            f"order tracking: found {n} samples at {rate:g} Hz and a line at {order:g} x {shaft_hz:g} Hz; "
            "wanted ten turns or more, and the line below half the rate"
        )
    m = scipy.fft.next_fast_len(n)
    spectrum = scipy.fft.fft(np.asarray(x, np.float64) - float(np.mean(x)), m)
    frequency = scipy.fft.fftfreq(m, 1 / rate)
    spectrum[(frequency < low) | (frequency > high)] = 0
    z = scipy.fft.ifft(spectrum)[:n]
    turns = np.unwrap(np.angle(z)) / (2 * np.pi * order)
    _see_line(z)
    # Counted from the first sample, wherever in its turn the shaft was: so polarity changes nothing.
    return np.asarray(np.maximum.accumulate(turns - turns[0]))


def _see_line(z: NDArray[np.complex128]) -> None:
    """Refuse where there is no line: the amplitude of noise goes through zero, that of a line stands."""
    amplitude = np.abs(z[len(z) // _ENDS : len(z) - len(z) // _ENDS])
    power = float(np.mean(amplitude**2))
    steadiness = float(amplitude.mean()) ** 2 / power if power > 0 else 0.0
    if steadiness < _STEADY:
        raise NoLineError("order tracking: no line stands out where it was to be followed; give another order")


def wander(x: NDArray[np.floating], rate: float, shaft_hz: float) -> float:
    """By how many turns the shaft strays from an even run, peak to peak; see `turns_of` for what it raises.

    A line at order o smears once it strays by o times this and that is more than half a cycle.
    """
    turns = turns_of(x, rate, shaft_hz, 1.0)
    inside = turns[len(turns) // _ENDS : len(turns) - len(turns) // _ENDS]
    even = np.polynomial.polynomial.Polynomial.fit(np.arange(len(inside)), inside, 1)
    return float(np.ptp(inside - even(np.arange(len(inside)))))


def to_angle(x: NDArray[np.floating], turns: Floats, per_turn: int) -> Floats:
    """Resample a record at equal angles of the shaft.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Any unit, finite.
    turns : ndarray, shape (n,)
        As `turns_of` gives them.
    per_turn
        Samples a turn; at least the samples the fastest turn had, or the top of the spectrum folds.

    Returns
    -------
    ndarray, shape (k,)
        From the first whole sample of a turn to the last, a twentieth of the record left out at each end.
    """
    n = len(x)
    inside = slice(n // _ENDS, n - n // _ENDS)
    first, last = np.ceil(turns[inside][0] * per_turn), np.floor(turns[inside][-1] * per_turn)
    at = np.interp(np.arange(first, last) / per_turn, turns, np.arange(n))
    # A cubic spline: linear interpolation would fold the upper half of the spectrum down.
    spline = spline_filter1d(np.asarray(x, np.float64), order=3)
    return np.asarray(map_coordinates(spline, at[None, :], order=3, prefilter=False))


def tracked(
    x: NDArray[np.floating], rate: float, shaft_hz: float, orders: tuple[float, ...]
) -> tuple[Floats, float, float]:
    """Follow one line after the other, coarse to fine, and resample to angle.

    Parameters
    ----------
    orders
        Lines to follow, rising: the wander a line shows grows with its order, and must stay inside its band.

    Returns
    -------
    tuple
        The record at equal angles, its samples per second of a machine that turned at its mean speed, and that speed
        in Hz. The last stays what it was on average; what an order is, does not depend on it.
    """
    for order in orders:
        turns = turns_of(x, rate, shaft_hz, order)
        ends = len(turns) // _ENDS
        inside = turns[ends : len(turns) - ends]
        mean_hz = float((inside[-1] - inside[0]) * rate / (len(inside) - 1))
        per_turn = int(np.ceil(1.25 * rate / mean_hz))
        x, rate, shaft_hz = to_angle(x, turns, per_turn), per_turn * mean_hz, mean_hz
    return np.asarray(x, np.float64), rate, shaft_hz
