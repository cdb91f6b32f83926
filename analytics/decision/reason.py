"""Why a part is strange, as a person would say it."""

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import PartModel
from analytics.features.log_mel import BANDS, Profile, mel_plan

_DB = 10 / np.log(10)  #: dB per unit of ln power


def why_strange(features: NDArray[np.float32], model: PartModel) -> str:
    """Name the bands that add most to the distance from the good parts, and how they differ.

    Parameters
    ----------
    features : ndarray, shape (d,)
        Of one part.
    model
        Whose detector found it strange.
    """
    front_end = model.front_end
    shares = model.detector.shares(features)
    difference = (features - model.detector.mean) * _DB
    top = int(np.argmax(shares))
    of_level, band = top < BANDS, top % BANDS
    row = slice(0, BANDS) if of_level else slice(BANDS, 2 * BANDS)
    first, last = _stretch(shares[row], difference[row], band)
    change = float(np.mean(difference[row][first : last + 1]))
    edges = mel_plan(front_end.rate, front_end.profile, front_end.low_hz).edges_hz
    where = f"{_hz(edges[first])} to {_hz(edges[last + 2])}"
    if of_level:
        verb = "rings" if front_end.profile is Profile.KNOCK else "sounds"
        return f"{verb} {abs(change):.1f} dB {'higher' if change > 0 else 'lower'} than good parts in {where}"
    if front_end.profile is Profile.KNOCK:
        rate = abs(change) * 2 / front_end.length_s
        return f"dies away {rate:.0f} dB/s {'slower' if change > 0 else 'faster'} than good parts in {where}"
    return f"fluctuates {abs(change):.1f} dB {'more' if change > 0 else 'less'} than good parts in {where}"


def _stretch(shares: NDArray[np.float64], difference: NDArray[np.float64], band: int) -> tuple[int, int]:
    """Bands on either side that differ the same way and add at least a quarter as much."""
    alike = (shares >= shares[band] / 4) & (np.sign(difference) == np.sign(difference[band]))
    first = last = band
    while first > 0 and alike[first - 1]:
        first -= 1
    while last + 1 < len(alike) and alike[last + 1]:
        last += 1
    return first, last


def _hz(value: float) -> str:
    return f"{value / 1000:.1f} kHz" if value >= 1000 else f"{value:.0f} Hz"
