"""How easily the lines of a call come about by chance, asked of the very record they were found in.

A family was found by searching a stretch of carriers for three lines in harmonic relation. A decoy is searched with
the same freedom, but its three lines lie at places that have nothing to do with each other. The share of decoys that
earn as much is a p-value under "lines stand where they stand by chance", with the noise, hum and odd lines this record
really has instead of a model of them. Multiples of the shaft prove nothing, neither for the family nor for a decoy.

What it cannot tell: who makes the lines. Another bearing, a belt or a neighbour with the same order pass it; hence the
vetoes. The other lines of a true fault fall on decoys too, so beside a fault it errs to the safe side.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.diagnosis.families import VOID_BINS, Fit
from analytics.signal.envelope import LineSpectrum

DECOYS = 399  #: the smallest p-value is 1 / 400
_VOID_GAIN = -0.5
_CARRIERS, _CAGE_LINES = np.arange(1.0, 4.0), np.arange(1.0, 5.0)
_STEPS_A_BIN = 3.0
_SEED = 1  # the same decoys each time: the same record gives the same number


def p_value(fit: Fit, spectrum: LineSpectrum, tolerance: float) -> float:
    """Compare the carriers of a fit with those of decoys in the same spectrum.

    Parameters
    ----------
    fit
        What was found.
    spectrum
        Of the envelope it was found in.
    tolerance
        Of the declared speed, as a share: with the slip it says how far a carrier was searched.

    Returns
    -------
    float
        (1 + decoys that earn as much) / (1 + decoys), from 1 / 400 to 1 (B. V. North et al. 2002, Am J Hum Genet
        71:439: the 1 keeps it from claiming more than was tried).
    """
    harmonics = _CAGE_LINES if fit.cage else _CARRIERS
    searched = _without_shaft(spectrum, fit.shaft_hz)
    centre = fit.family.order * fit.shaft_hz
    low, high = fit.family.slip
    reach = np.array([(1 + low) * (1 - tolerance) - 1, (1 + high) * (1 + tolerance) - 1])
    count = max(3, int(np.ceil(_STEPS_A_BIN * np.ptp(reach) * centre / spectrum.step_hz)))
    span = 1 + np.linspace(reach[0], reach[1], count)
    found = float(searched.gains(centre * span[:, None] * harmonics).sum(axis=1).max())
    # Around the true lines, from half to twice their frequency: far off, the background is another one.
    chance = np.random.default_rng(_SEED).random((DECOYS, len(harmonics)))
    places = centre * harmonics * 2.0 ** (2 * chance - 1)
    total = np.zeros((DECOYS, count))
    for line, place in zip(harmonics, places.T, strict=True):
        # A line at h times the carrier moves h times as far in Hz while the carrier is searched.
        total += searched.gains(place[:, None] + line * centre * (span - 1))
    as_good = int(np.count_nonzero(total.max(axis=1) >= found))
    return (1 + as_good) / (1 + DECOYS)


def _without_shaft(spectrum: LineSpectrum, shaft_hz: float) -> LineSpectrum:
    """Let every bin near a multiple of the shaft earn what a void line does."""
    step = spectrum.step_hz
    frequency = step * np.arange(len(spectrum.gain))
    near: NDArray[np.bool_] = np.abs(frequency - np.rint(frequency / shaft_hz) * shaft_hz) < VOID_BINS * step
    return LineSpectrum(step, np.where(near, _VOID_GAIN, spectrum.gain), spectrum.depth)
