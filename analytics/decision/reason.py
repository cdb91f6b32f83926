"""Why a part is strange, as a person would say it."""

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import PartModel
from analytics.features.log_mel import BANDS, Profile, mel_plan

_DB = 10 / np.log(10)  #: dB per unit of ln power
_PLAIN = 2.0  #: spreads; what differs by less, every other good part shows in one of 128 numbers


def why_strange(features: NDArray[np.float32], model: PartModel) -> str:
    """Name the bands that differ most plainly from the good parts, and how.

    What is named can be seen in the sound: a difference in dB against the mean of the goods, largest in their own
    spread. The score itself weighs all bands and how they go together, so there may be none to name.

    Parameters
    ----------
    features : ndarray, shape (2 * BANDS,)
        Of one part.
    model
        Whose detector found it strange.
    """
    front_end, detector = model.front_end, model.detector
    spreads = ((features - detector.mean) / detector.scale).reshape(2, BANDS)
    changes = ((features - detector.mean) * _DB).reshape(2, BANDS)
    # Three neighbours together: a true change reaches over bands, one number out of 128 is easily odd by itself.
    smooth = np.abs(np.apply_along_axis(np.convolve, 1, spreads, np.full(3, 1 / 3), mode="same"))
    row, band = (int(index) for index in np.unravel_index(np.argmax(smooth), smooth.shape))
    if smooth[row, band] < _PLAIN:
        return "no band alone, but all together differ from good parts"
    first, last = _stretch(spreads[row], band)
    change = float(np.mean(changes[row, first : last + 1]))
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
