"""Log-mel numbers of a part: how loud each band is, and how that changes in time.

Bands are fixed in Hz, not in bins, so that the same product is heard alike at any rate that reaches them.
The settings and what each is worth on real sound: docs/parts.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analytics.signal.spectra import frame_size, frames_of, power_density

BANDS = 64
LOW_HZ = 50.0  #: lower edge of the lowest band
HIGH_HZ = 16_000.0  #: upper edge of the highest band, where the rate reaches it
_FLOOR = np.float32(1e-12)  #: per Hz, 56 dB under white noise of the level parts are brought to at 48 kHz
LEVEL = 0.1  #: RMS every part is brought to before its spectra
_QUIETEST_RMS = 1e-6  #: -120 dB re full scale: under any converter; keeps digital silence finite


class Profile(StrEnum):
    """How a part sounds."""

    KNOCK = "knock"  #: struck, and dying away
    STEADY = "steady"  #: running


class Level(StrEnum):
    """Whether loudness itself counts."""

    ABSOLUTE = "absolute"  #: the gain of the chain is trusted
    NORMALISED = "normalised"  #: loudness is left out


@dataclass(frozen=True, slots=True, eq=False)
class MelPlan:
    """Frames and bands for one rate.

    The mel matrix is kept as one list of bins per band: summed by `numpy.add.reduceat`, a row comes out the same to
    the last bit whatever rows stand beside it, which a matrix product does not promise.
    """

    rate: int
    frame: int
    hop: int
    edges_hz: NDArray[np.float64]  #: (bands + 2,): band b rises from edge b to b + 1 and falls to b + 2
    bins: NDArray[np.intp]
    weights: NDArray[np.float32]
    starts: NDArray[np.intp]


#: profile -> (seconds per frame, hops per frame). A frame must be a quarter of the part at most; a knock lasts 43 ms.
_TIMING = {Profile.KNOCK: (512 / 48_000, 8), Profile.STEADY: (0.064, 4)}


@lru_cache(maxsize=16)
def mel_plan(rate: int, profile: Profile, low_hz: float = LOW_HZ) -> MelPlan:
    """Lay out frames and bands.

    66 edges equally spaced in mel = 2595 log10(1 + f / 700) (O'Shaughnessy 1987) from `low_hz` to
    min(0.45 rate, 16 kHz); each triangle sums to one, and one too narrow to hold a bin takes the nearest.
    """
    seconds, hops = _TIMING[profile]
    return lay_out(rate, frame_size(rate, seconds), hops, low_hz)


def lay_out(rate: int, frame: int, hops: int, low_hz: float = LOW_HZ, count: int = BANDS) -> MelPlan:
    """Lay out `count` bands for frames of a given size, `hops` of them starting within one frame."""
    high_hz = min(0.45 * rate, HIGH_HZ)
    if not 0 < low_hz < high_hz / 2:
        raise ValueError(f"bands from {low_hz:g} Hz need a higher rate than {rate} Hz")
    low_mel, high_mel = (2595 * np.log10(1 + hz / 700) for hz in (low_hz, high_hz))
    edges = 700 * (10 ** (np.linspace(low_mel, high_mel, count + 2) / 2595) - 1)
    bin_hz = np.arange(frame // 2 + 1) * (rate / frame)
    bins: list[NDArray[np.intp]] = []
    weights: list[NDArray[np.float64]] = []
    starts: list[int] = []
    for low, centre, high in zip(edges, edges[1:], edges[2:], strict=False):
        triangle = np.minimum((bin_hz - low) / (centre - low), (high - bin_hz) / (high - centre))
        held = np.flatnonzero(triangle > 0)
        if len(held) == 0:
            held = np.array([np.argmin(np.abs(bin_hz - centre))])
            triangle = np.ones_like(bin_hz)
        starts.append(sum(len(band) for band in bins))
        bins.append(held)
        weights.append(triangle[held] / triangle[held].sum())
    return MelPlan(
        rate,
        frame,
        frame // hops,
        edges,
        np.concatenate(bins),
        np.concatenate(weights).astype(np.float32),
        np.array(starts),
    )


def log_mel(frames: NDArray[np.float32], plan: MelPlan) -> NDArray[np.float32]:
    """Return ln of the mean power density in each band, shape (k, bands), of frames of shape (k, plan.frame)."""
    if len(frames) == 0:
        return np.empty((0, len(plan.starts)), np.float32)
    power = power_density(frames, plan.rate)
    held = np.take(power, plan.bins, axis=1)
    held *= plan.weights
    bands = np.add.reduceat(held, plan.starts, axis=1)
    bands += _FLOOR
    return np.log(bands, out=bands)


def part_features(part: NDArray[np.float32], plan: MelPlan, profile: Profile, level: Level) -> NDArray[np.float32]:
    """Reduce one part to numbers.

    Parameters
    ----------
    part : ndarray, shape (n,), float32
        At least two frames of finite sound; full scale is +-1.
    plan
        Of the part's rate and profile.
    profile
        KNOCK: mean and slope over time of each band, which are its level and its rate of decay; slope = sum t L /
        sum t^2 with centred t from -1 to 1. STEADY: mean and standard deviation over time.
    level
        ABSOLUTE keeps the part's loudness in all means; NORMALISED leaves it out.

    Returns
    -------
    ndarray, shape (2 * BANDS,), float32
        Natural logarithms of power; one unit is 4.34 dB.
    """
    rms = _rms(part)
    bands = log_mel(frames_of(part * np.float32(LEVEL / rms), plan.frame, plan.hop), plan)
    if len(bands) < 2:
        raise ValueError(f"{len(part)} samples are too few; two frames take {plan.frame + plan.hop}")
    mean = bands.mean(axis=0)
    if profile is Profile.KNOCK:
        t = np.linspace(-1, 1, len(bands), dtype=np.float32)
        second = np.add.reduce(t[:, None] * bands, axis=0) / np.float32(np.sum(t * t))
    else:
        second = bands.std(axis=0)
    if level is Level.ABSOLUTE:
        mean = mean + np.float32(2 * np.log(rms))
    return np.concatenate([mean, second], dtype=np.float32)


def level_of(part: NDArray[np.float32]) -> float:
    """Return ln of the mean power of a part (n,), full scale squared; -27.6 for digital silence."""
    return 2 * float(np.log(_rms(part)))


def _rms(part: NDArray[np.float32]) -> float:
    return max(float(np.sqrt(np.mean(np.square(part, dtype=np.float64)))), _QUIETEST_RMS)
