"""From samples at any rate to the input a model was trained on, as its card describes it."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from models.model_card import Mel, Waveform

_HALF_LENGTH = 10  #: of the resampling filter, in periods of the lower rate; SciPy's own, sidelobes below -60 dB
_COARSEST = 1_000  #: denominator of a ratio of rates; 44099 : 44100 would want a filter of a million taps
_BLOCK = 65_536  #: samples transformed at once: half a second whole, and an hour not at all
_GROUPS = 4  #: of triangles


def resample(samples: NDArray[np.float32], rate: int, wanted: int) -> NDArray[np.float32]:
    """Bring sound to another rate, shape (n,) to about (n * wanted / rate,), float32.

    Polyphase with a Kaiser window (beta 5), which is SciPy's own; nothing above the lower half rate remains. Rates
    without a small common divisor are met within 5e-4, which is a hundredth of a semitone.
    """
    ratio = Fraction(wanted, rate).limit_denominator(_COARSEST)
    if ratio == 1:
        return samples
    up, down = ratio.numerator, ratio.denominator
    low_pass = _low_pass(up, down)  # SciPy takes its coefficients in float32 too, its stubs do not know
    out = scipy.signal.resample_poly(samples, up, down, window=low_pass)  # type: ignore[call-overload]
    return np.asarray(out, np.float32)


@lru_cache(maxsize=8)
def _low_pass(up: int, down: int) -> NDArray[np.float32]:
    longer = max(up, down)
    return np.asarray(
        scipy.signal.firwin(2 * _HALF_LENGTH * longer + 1, 1 / longer, window=("kaiser", 5.0)), np.float32
    )


def stretched(recipe: Mel, rate: int, heard: int) -> Mel:
    """Lay the frames of a recipe for `rate` out for sound of the rate `heard`: as long in seconds, and as far apart.

    Its triangles stay where they are in Hz; those above half of `heard` are empty. A frame that is no fast length for
    a transform is filled with zeros up to one.
    """
    if heard == rate:
        return recipe
    frame, hop, pad = (max(1, round(n * heard / rate)) for n in (recipe.frame, recipe.hop, recipe.pad))
    fft = scipy.fft.next_fast_len(max(frame, round(recipe.fft * heard / rate)), real=True)
    return recipe.model_copy(update={"frame": frame, "hop": hop, "pad": pad if recipe.pad else 0, "fft": fft})


def front_end(samples: NDArray[np.float32], rate: int, recipe: Waveform | Mel) -> NDArray[np.float32]:
    """Turn samples at the rate of the model into its input: (n,), or (frames, bands).

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Full-scale units, finite, at least one frame with the padding.
    rate
        Of the samples, per second: that of the model, or any where the recipe is `stretched` to it.
    recipe
        From its card.
    """
    if recipe.level == "peak":
        samples = samples / (np.max(np.abs(samples)) or np.float32(1))
    if isinstance(recipe, Waveform):
        return np.ascontiguousarray(samples, np.float32)
    plan = _plan(recipe, rate)
    bands = _bands(_framed(samples, recipe), recipe, plan)
    if recipe.level == "mean":
        bands /= np.mean(bands) or np.float32(1)
    bands *= np.float32(recipe.gain)
    bands += np.float32(recipe.add)
    np.log10(np.maximum(bands, np.float32(recipe.floor), out=bands), out=bands)
    bands *= np.float32(recipe.scale)
    bands += np.float32(recipe.offset)
    return bands


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Triangles side by side: they weigh few of the bins, which is a quarter of the products of all with all."""

    bands: slice
    numbers: slice  #: of a spectrum seen as real numbers
    weights: NDArray[np.float32]  #: (numbers, bands)


class _Plan:
    """What a recipe needs at every call and never changes: the window function and the triangles."""

    def __init__(self, recipe: Mel, rate: int) -> None:
        self.window = scipy.signal.get_window("hann", recipe.frame, fftbins=recipe.window == "hann-periodic").astype(
            np.float32
        )
        each = 2 if recipe.power == 2 else 1  # a power is the sum of two squares, which the weights sum up too
        weights = np.repeat(triangles(recipe, rate), each, axis=1).astype(np.float32)
        self.groups = []
        for bands in np.array_split(np.arange(recipe.bands), min(_GROUPS, recipe.bands)):
            used = np.flatnonzero(weights[bands].any(axis=0))
            if len(used):
                numbers = slice(int(used[0]), int(used[-1]) + 1)
                held = np.ascontiguousarray(weights[bands, numbers].T)
                self.groups.append(_Group(slice(int(bands[0]), int(bands[-1]) + 1), numbers, held))


def _framed(samples: NDArray[np.float32], recipe: Mel) -> NDArray[np.float32]:
    """Pad, and see it as overlapping frames (n, frame); NumPy's own two functions for this take 18 us, this takes 4."""
    if recipe.pad_with == "mirror":
        padded = np.pad(samples, recipe.pad, mode="reflect")
    else:
        padded = np.zeros(len(samples) + 2 * recipe.pad, np.float32)
        padded[recipe.pad : recipe.pad + len(samples)] = samples
    step = padded.itemsize
    shape = (len(padded) - recipe.frame) // recipe.hop + 1, recipe.frame
    return np.ndarray(shape, np.float32, padded, strides=(step * recipe.hop, step))


def _bands(frames: NDArray[np.float32], recipe: Mel, plan: _Plan) -> NDArray[np.float32]:
    """Sum the spectra of frames (n, frame) over the triangles, (n, bands); in blocks that stay in the cache."""
    out = np.zeros((len(frames), recipe.bands), np.float32)
    block = max(1, _BLOCK // recipe.fft)
    for first in range(0, len(frames), block):
        spectrum = scipy.fft.rfft(frames[first : first + block] * plan.window, recipe.fft)
        numbers = np.square(spectrum.view(np.float32)) if recipe.power == 2 else np.abs(spectrum)
        for group in plan.groups:
            np.matmul(numbers[:, group.numbers], group.weights, out=out[first : first + block, group.bands])
    return out


@lru_cache(maxsize=16)
def _plan(recipe: Mel, rate: int) -> _Plan:
    return _Plan(recipe, rate)


def triangles(recipe: Mel, rate: int) -> NDArray[np.float64]:
    """Weights of each band on each bin of the spectrum, shape (bands, fft // 2 + 1).

    Corners lie evenly on the mel scale (HTK: m = 2595 log10(1 + f / 700), Young et al., The HTK Book, 5.6; Slaney's:
    straight up to 1 kHz, then 27 steps per factor 6.4, Auditory Toolbox 1998); the sides are straight in Hz, or in mel
    as those of YAMNet and VGGish are.
    """
    mel, hz = _SCALES[recipe.scale_hz]
    low, high = mel(np.array([recipe.low_hz, recipe.high_hz]))
    corners = np.linspace(low, high, recipe.bands + 2)
    frequency = np.arange(recipe.fft // 2 + 1, dtype=np.float64) * (rate / recipe.fft)
    width = hz(corners[2:]) - hz(corners[:-2])
    if recipe.sides == "hz":
        corners = hz(corners)
    else:
        frequency = mel(frequency)
    below, peak, above = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (frequency - below) / (peak - below), (above - frequency) / (above - peak)
    weights: NDArray[np.float64] = np.maximum(0.0, np.minimum(rising, falling))
    if recipe.area == "sum":
        weights /= np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    if recipe.area == "slaney":
        weights *= 2.0 / width[:, None]
    return weights


Points = NDArray[np.float64]


def _htk_mel(hz: Points) -> Points:
    return np.asarray(2595.0 * np.log10(1.0 + hz / 700.0))


def _htk_hz(mel: Points) -> Points:
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))


_KNEE_HZ, _KNEE_MEL, _LOG_STEP = 1_000.0, 15.0, float(np.log(6.4)) / 27.0


def _slaney_mel(hz: Points) -> Points:
    above = _KNEE_MEL + np.log(np.maximum(hz, _KNEE_HZ) / _KNEE_HZ) / _LOG_STEP
    return np.where(hz < _KNEE_HZ, hz * _KNEE_MEL / _KNEE_HZ, above)


def _slaney_hz(mel: Points) -> Points:
    above = _KNEE_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _KNEE_MEL) - _KNEE_MEL))
    return np.where(mel < _KNEE_MEL, mel * _KNEE_HZ / _KNEE_MEL, above)


_SCALES = {"htk": (_htk_mel, _htk_hz), "slaney": (_slaney_mel, _slaney_hz)}
