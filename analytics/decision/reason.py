"""Why a part is strange, as a person would say it."""

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import FrontEnd, PartModel
from analytics.features.log_mel import BANDS, Profile, mel_plan
from analytics.features.modulation import RATES, SIZE, modulation_plan

_DB = 10 / np.log(10)  #: dB per unit of ln power
_PLAIN = 2.0  #: spreads; what differs by less, every other good part shows in one of 128 numbers


def why_strange(features: NDArray[np.float32], model: PartModel) -> str:
    """Name the bands that differ most plainly from the good parts, and how.

    What is named can be seen in the sound: a difference in dB against the mean of the goods, largest in their own
    spread. The score itself weighs all bands and how they go together, so there may be none to name.

    Parameters
    ----------
    features : ndarray, shape (`model.front_end.count`,)
        Of one part.
    model
        Whose detector found it strange.
    """
    spreads = (features - model.detector.mean) / model.detector.scale
    changes = (features - model.detector.mean) * _DB
    loud, index = _plainest(spreads[: 2 * BANDS].reshape(2, BANDS))
    beat, at = _plainest(spreads[2 * BANDS : 2 * BANDS + SIZE].reshape(-1, RATES))
    level = abs(spreads[-1]) if len(features) == 2 * BANDS + SIZE + 1 else 0.0
    if max(loud, beat, level) < _PLAIN:
        return "no band alone, but all together differ from good parts"
    if level >= max(loud, beat):
        return f"is {abs(changes[-1]):.1f} dB {'louder' if changes[-1] > 0 else 'quieter'} than good parts"
    if beat > loud:
        return _of_beats(spreads[2 * BANDS :], changes[2 * BANDS :], at, model.front_end)
    return _of_bands(spreads, changes, index, model.front_end)


def _plainest(spreads: NDArray[np.float64]) -> tuple[float, tuple[int, int]]:
    """Find the largest of rows of neighbours (r, n), and where it is; 0 where there are none.

    Three neighbours together: a true change reaches over bands, one number out of 128 is easily odd by itself.
    """
    if spreads.size == 0:
        return 0.0, (0, 0)
    smooth = np.abs(np.apply_along_axis(np.convolve, 1, spreads, np.full(3, 1 / 3), mode="same"))
    row, place = (int(one) for one in np.unravel_index(np.argmax(smooth), smooth.shape))
    return float(smooth[row, place]), (row, place)


def _of_bands(
    spreads: NDArray[np.float64], changes: NDArray[np.float64], index: tuple[int, int], front_end: FrontEnd
) -> str:
    """Say what the level (row 0) or the course in time (row 1) of some bands does."""
    row, band = index
    mine = slice(row * BANDS, (row + 1) * BANDS)
    first, last = _stretch(spreads[mine], band)
    change = float(np.mean(changes[mine][first : last + 1]))
    edges = mel_plan(front_end.rate, front_end.profile, front_end.low_hz).edges_hz
    where = f"at {_hz(edges[first], edges[last + 2])}"
    struck = front_end.profile is Profile.KNOCK
    if row == 0:
        verb, more = "rings" if struck else "sounds", "higher" if change > 0 else "lower"
        return f"{verb} {abs(change):.1f} dB {more} than good parts {where}"
    if struck:  # the slope spans half of the part
        return (
            f"dies away {abs(change) * 2 / front_end.length_s:.0f} dB/s {'slower' if change > 0 else 'faster'} {where}"
        )
    return f"fluctuates {abs(change):.1f} dB {'more' if change > 0 else 'less'} than good parts {where}"


def _of_beats(
    spreads: NDArray[np.float64], changes: NDArray[np.float64], at: tuple[int, int], front_end: FrontEnd
) -> str:
    """Say how often a second some band beats more or less than it should."""
    group, rate = at
    mine = slice(group * RATES, (group + 1) * RATES)
    first, last = _stretch(spreads[mine], rate)
    change = float(np.mean(changes[mine][first : last + 1]))
    plan = modulation_plan(front_end.rate, front_end.length, front_end.low_hz)
    where = f"at {_hz(plan.mel.edges_hz[group], plan.mel.edges_hz[group + 2])}"
    often = f"{plan.edges_hz[first]:.0f} to {plan.edges_hz[last + 2]:.0f} times a second"
    return f"beats {often} {abs(change):.1f} dB {'stronger' if change > 0 else 'weaker'} than good parts {where}"


def _stretch(spreads: NDArray[np.float64], band: int) -> tuple[int, int]:
    """First and last of the bands around one that differ the same way, at least half as much."""
    alike = spreads * np.sign(spreads[band]) >= abs(spreads[band]) / 2
    first = last = band
    while first > 0 and alike[first - 1]:
        first -= 1
    while last + 1 < len(alike) and alike[last + 1]:
        last += 1
    return first, last


def _hz(low: float, high: float) -> str:
    return f"{low / 1000:.1f} to {high / 1000:.1f} kHz" if high >= 1000 else f"{low:.0f} to {high:.0f} Hz"
