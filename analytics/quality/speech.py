"""Where somebody speaks: what the model of speech is given, and what its probabilities mean.

The model itself stands in `models/speech.py`; here is only arithmetic. Speech is looked for before any sound is kept,
so a miss is worse than a false alarm: the threshold is far below the usual 0.5 and every word found takes half a second
on either side along (measured: docs/privacy.md).
"""

from math import gcd

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Samples = NDArray[np.float32]

RATE = 16_000  #: Hz, of what the model hears
FRAME = 512  #: samples at `RATE`: 32 ms, one probability
CONTEXT = 64  #: samples of the frame before, put in front of each
THRESHOLD = 0.1  #: of the smoothed probability; chosen on other speakers and machines than it was tested on
SMOOTHED = 5  #: frames, 160 ms: a syllable lasts as long, a machine's chance likeness to one does not
MARGIN_S = 0.5  #: kept clear on either side of speech: the soft ends of a word lie there

# The model's answer depends on loudness, and a knock over a whisper must not set the scale alone: heard once at the
# level of the whole, once at that of its median frame. In steady sound both are the same sound at two levels.
_WHOLE_RMS, _MEDIAN_RMS = 0.1, 0.03
_GAIN_MOST = 1e4  # 80 dB: below that there is nothing but the converter's own noise


def hearings(samples: Samples, rate: int) -> tuple[Samples, ...]:
    """Give a sound to be looked through for speech at two levels, each as the model's frames.

    Parameters
    ----------
    samples : ndarray, shape (n,), n >= 1
        Any level; what is not finite counts as zero.
    rate
        Samples per second.

    Returns
    -------
    tuple of ndarray, shape (ceil(n 16000 / rate / 512), 576), float32
        Each row is a frame of 32 ms with the last 4 ms of the one before it in front, at most 1 in size. Empty for
        digital silence.
    """
    heard = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    if rate != RATE:
        divisor = gcd(RATE, rate)
        heard = np.asarray(resample_poly(heard, RATE // divisor, rate // divisor), np.float32)
    frames = np.zeros((-(-len(heard) // FRAME), FRAME), np.float32)
    frames.reshape(-1)[: len(heard)] = heard
    power = np.mean(np.square(frames, dtype=np.float64), axis=1)
    if not power.any():
        return ()
    whole = _WHOLE_RMS / np.sqrt(power.mean())
    median = _MEDIAN_RMS / max(float(np.sqrt(np.median(power))), _MEDIAN_RMS / _GAIN_MOST)
    return tuple(_with_context(frames, min(gain, _GAIN_MOST)) for gain in (float(whole), median))


def _with_context(frames: Samples, gain: float) -> Samples:
    loud = np.clip(frames * np.float32(gain), -1.0, 1.0)
    context = np.zeros((len(loud), CONTEXT), np.float32)
    context[1:] = loud[:-1, -CONTEXT:]
    return np.concatenate([context, loud], axis=1)


def spans(
    probability: Samples, rate: int, count: int, *, threshold: float = THRESHOLD, margin_s: float = MARGIN_S
) -> tuple[tuple[int, int], ...]:
    """Find the stretches of a sound that hold speech, margins included.

    Parameters
    ----------
    probability : ndarray, shape (frames,), 0 to 1
        Of speech in each frame of 32 ms.
    rate, count
        Samples per second of the sound, and how many it has.
    threshold
        Frames whose probability, smoothed over five, lies above it are speech.
    margin_s
        Taken along on either side, seconds.

    Returns
    -------
    tuple of (start, stop)
        Sample indices within the sound, in rising order, disjoint.
    """
    found: list[tuple[int, int]] = []
    margin, frame = round(margin_s * rate), FRAME * rate / RATE
    for index in np.flatnonzero(_smoothed(probability) > threshold):
        start = min(count, max(0, int(index * frame) - margin))
        stop = min(count, int(np.ceil((index + 1) * frame)) + margin)
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((start, stop))
    return tuple(found)


def _smoothed(probability: Samples) -> Samples:
    """Mean of each frame and the two on either side, of fewer at the ends."""
    if len(probability) <= SMOOTHED // 2:
        return probability  # one or two frames: nothing to smooth
    around = np.ones(SMOOTHED, np.float32)
    reach = slice(SMOOTHED // 2, SMOOTHED // 2 + len(probability))
    count = np.convolve(np.ones_like(probability), around)[reach]
    return np.asarray(np.convolve(probability, around)[reach] / count, np.float32)
