"""How fast a running sound beats, band by band: the modulation spectrum.

A blade that catches, a cylinder that does not fire, a bearing that clicks: such faults change how fast the loudness
moves more than how loud the sound is. Frames of 64 ms are too slow to see it, so the bands are followed here in steps
of 4 ms (Houtgast and Steeneken 1985, J. Acoust. Soc. Am. 77:1069, for the idea; what it is worth: docs/parts.md).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analytics.features.log_mel import LOW_HZ, MelPlan, lay_out, log_mel
from analytics.signal.spectra import frame_size, frames_of

GROUPS = 8  #: bands of sound
RATES = 12  #: bands of modulation in each
SIZE = GROUPS * RATES
_FRAME_S, _HOPS = 0.016, 4  #: every 4 ms: modulation up to 125 Hz
_SLOWEST_HZ, _FASTEST_HZ = 2.0, 110.0
_LONGEST = 256  #: frames of one modulation spectrum, 1 s; a longer part gives the mean over several
_FEWEST = 8  #: frames below which nothing can be said about modulation
_FLOOR = np.float32(1e-6)  #: squared ln power, 50 dB under the modulation of plain noise; keeps a pure tone finite


@dataclass(frozen=True, slots=True, eq=False)
class ModulationPlan:
    """Bands of sound, and bands of modulation, for parts of one length and rate.

    Parameters
    ----------
    mel
        `GROUPS` wide bands in short frames.
    frames, hop
        Of one modulation spectrum, and from one to the next.
    edges_hz : ndarray, shape (RATES + 2,)
        Modulation band b rises from edge b to b + 1 and falls to b + 2.
    window : ndarray, shape (frames, 1)
        Hann, of unit power.
    weights : ndarray, shape (RATES, frames // 2 + 1)
        Each row sums to one.
    """

    mel: MelPlan
    frames: int
    hop: int
    edges_hz: NDArray[np.float64]
    window: NDArray[np.float32]
    weights: NDArray[np.float32]


@lru_cache(maxsize=16)
def modulation_plan(rate: int, length: int, low_hz: float = LOW_HZ) -> ModulationPlan:
    """Lay out the bands.

    Modulation bands are triangles equally spaced in log frequency from 2 to 110 Hz, closer to how machines' rates lie
    than equal steps would be; one too narrow to hold a bin takes the nearest.

    Raises
    ------
    ValueError
        Where a part of `length` samples is too short: some 44 ms are needed.
    """
    mel = lay_out(rate, frame_size(rate, _FRAME_S), _HOPS, low_hz, GROUPS)
    there = (length - mel.frame) // mel.hop + 1
    if there < _FEWEST:
        raise ValueError(f"{length} samples are too few; modulation needs {mel.frame + (_FEWEST - 1) * mel.hop}")
    frames = min(_LONGEST, there)
    bin_hz = np.arange(frames // 2 + 1) * (rate / mel.hop / frames)
    edges = np.geomspace(_SLOWEST_HZ, _FASTEST_HZ, RATES + 2)
    rows = []
    for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
        row = np.clip(np.minimum((bin_hz - low) / (centre - low), (high - bin_hz) / (high - centre)), 0.0, None)
        if not row.any():
            row[np.argmin(np.abs(bin_hz - centre))] = 1.0
        rows.append(row / row.sum())
    window = np.sin(np.pi * (np.arange(frames) + 0.5) / frames) ** 2
    window /= np.sqrt(np.sum(np.square(window)))
    return ModulationPlan(
        mel, frames, max(1, frames // 4), edges, window[:, None].astype(np.float32), np.array(rows, np.float32)
    )


def modulation(part: NDArray[np.float32], plan: ModulationPlan) -> NDArray[np.float32]:
    """Tell how strongly each band's loudness moves at each rate.

    Parameters
    ----------
    part : ndarray, shape (n,), float32
        Finite sound of the plan's length. Its level does not matter.
    plan
        Of its rate and length.

    Returns
    -------
    ndarray, shape (SIZE,), float32
        ln of the mean power spectrum of ln band power, `RATES` numbers for each of `GROUPS` bands; one unit is
        4.34 dB.
    """
    loudness = log_mel(frames_of(part, plan.mel.frame, plan.mel.hop), plan.mel)
    loudness -= loudness.mean(axis=0)
    power = np.zeros((plan.frames // 2 + 1, GROUPS), np.float32)
    starts = range(0, len(loudness) - plan.frames + 1, plan.hop)
    for start in starts:
        spectrum = np.fft.rfft(loudness[start : start + plan.frames] * plan.window, axis=0)
        power += np.square(spectrum.real) + np.square(spectrum.imag)
    bands = plan.weights @ (power / np.float32(len(starts)))
    return np.log(bands.T + _FLOOR).reshape(SIZE)
