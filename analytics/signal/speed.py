"""The speed of a shaft, from the lines it leaves in a record."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.signal.envelope import LineSpectrum

Floats = NDArray[np.float64]

CONFIRMED = 6.0  #: evidence of two clear shaft lines
CONTRADICTED = 5.0  #: right speeds were beaten by 4.2 at most, wrong ones by 4.8 and mostly 8 (docs/machines.md)
_AS_GOOD = 1.0  # less evidence than this makes no difference: noise in one of ten lines does that
_WIDEST = 48  # steps to either side: four bins
_LEAKAGE_BINS = 3  # a line as jitter and the largest of three neighbours leave it
_ENVELOPE_ORDERS = np.arange(1, 7)
_RAW_ORDERS = np.arange(1, 5)


@dataclass(frozen=True, slots=True)
class OtherSpeed:
    """The record shows another speed than the one claimed."""

    shaft_hz: float
    by: float  #: so much more evidence


def shaft_evidence(envelope: LineSpectrum, raw: LineSpectrum, shaft_hz: Floats) -> Floats:
    """How well each shaft speed explains the record.

    Half the sum of gains of its first six multiples in the envelope and first four in the sound itself: the envelope
    tells of what the shaft modulates, the sound of unbalance and misalignment.

    Parameters
    ----------
    shaft_hz : ndarray, shape (n,)
        Speeds to judge.

    Returns
    -------
    ndarray, shape (n,)
        -5 where nothing is there; 6 and more with two clear lines.
    """
    in_envelope = envelope.gains(shaft_hz[:, None] * _ENVELOPE_ORDERS).sum(axis=1)
    in_sound = raw.gains(shaft_hz[:, None] * _RAW_ORDERS).sum(axis=1)
    return np.asarray(0.5 * (in_envelope + in_sound))


def speed_grid(shaft_hz: float, tolerance: float, step_hz: float) -> Floats:
    """Speeds within the tolerance (a share), a twelfth of a bin apart, shape (n,)."""
    half = max(1, int(np.ceil(12 * shaft_hz * tolerance / step_hz)))
    return shaft_hz * (1 + tolerance * np.arange(-half, half + 1) / half)


def contradiction(
    envelope: LineSpectrum, raw: LineSpectrum, claimed_hz: float, declared_hz: float, explained_hz: float | None = None
) -> OtherSpeed | None:
    """Find a speed from 0.7 to 1.4 times the declared one that the record shows far better than the claimed one.

    A mistyped speed makes the comb of one race fit the order of another. The range keeps clear of half and double
    speed, which every record shows. Multiples of `explained_hz`, the carrier of a fault, speak for no speed: a third of
    an outer race's is often 1.2 times the shaft's.
    """
    if explained_hz is not None:
        envelope, raw = _silenced(envelope, explained_hz), _silenced(raw, explained_hz)
    step = envelope.step_hz
    others = np.arange(0.7 * declared_hz, 1.4 * declared_hz, step / 6)
    evidence = shaft_evidence(envelope, raw, others)
    near = claimed_hz + step * np.linspace(-0.5, 0.5, 7)
    best = int(np.argmax(evidence))
    by = float(evidence[best] - shaft_evidence(envelope, raw, near).max())
    return OtherSpeed(float(others[best]), by) if by > CONTRADICTED else None


def _silenced(spectrum: LineSpectrum, line_hz: float) -> LineSpectrum:
    """Let the multiples of a line neither speak for a speed nor against it."""
    gain = spectrum.gain.copy()
    multiples: Floats = np.asarray(line_hz * np.arange(1, int(len(gain) * spectrum.step_hz / line_hz) + 1), np.float64)
    for at in spectrum.place(multiples):
        gain[max(0, at - _LEAKAGE_BINS) : at + _LEAKAGE_BINS + 1] = 0.0
    gain[-1] = spectrum.gain[-1]
    return LineSpectrum(spectrum.step_hz, gain, spectrum.depth)


def uncertainty(envelope: LineSpectrum, raw: LineSpectrum, shaft_hz: float) -> float:
    """Say how far the speed may lie from where it was found, Hz.

    The width of the stretch around it in which the evidence is within `_AS_GOOD` of what it is there, and no less than
    a twelfth of a bin, the step of `speed_grid`. Half the width held the tachometer's speed in two of three records of
    CWRU, the width holds it in nine of ten (docs/accuracy-machines.md).
    """
    step = envelope.step_hz / 12
    reach = min(_WIDEST, int(shaft_hz / step) - 1)
    around: Floats = np.asarray(shaft_hz + step * np.arange(-reach, reach + 1), np.float64)
    evidence = shaft_evidence(envelope, raw, around)
    worse = evidence < evidence[reach] - _AS_GOOD
    below = np.flatnonzero(worse[:reach])
    above = np.flatnonzero(worse[reach:])
    low = below[-1] + 1 if len(below) else 0
    high = reach + above[0] - 1 if len(above) else len(around) - 1
    return float(max(step, around[high] - around[low]))
