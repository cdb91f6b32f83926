"""Takes the sound of a loud hall out of a microphone, by a second one that hears the hall and not the machine.

How well that can go is known beforehand: what remains in a band is at least 1 - coherence^2 of the two microphones
there. So the bound is learned with the filter, and shown. For machines; a part's verdict is not mended by it, a
disturbed part is NotDecidable.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from analytics.signal.block_filter import BlockState, block_filter, block_step
from analytics.signal.spectra import frame_size, hann

FRAME_S = 0.5  #: much longer than the echo of most halls lasts at 20 dB under its beginning
_LEAST_FRAMES = 20  #: coherence from M frames is too high by about 1 / M (Bendat and Piersol, Random Data, 9.2)
_NOTHING = 1e-20


@dataclass(frozen=True, slots=True, eq=False)
class Canceller:
    """A filter from the ambient microphone to what it explains of the main one.

    Parameters
    ----------
    taps : ndarray, shape (size,)
        The first quarter looks ahead: the hall may reach the main microphone first.
    ahead
        Samples the output comes later than the input.
    coherence : ndarray, shape (size // 2 + 1,)
        Magnitude-squared, of main and ambient, 0 to 1.
    main : ndarray, shape (size // 2 + 1,)
        Mean power of the main microphone in each bin.
    """

    taps: NDArray[np.float64]
    ahead: int
    coherence: NDArray[np.float64]
    main: NDArray[np.float64]

    @property
    def bound_db(self) -> float:
        """By how many dB the whole can become quieter at most: the coherence of each bin, weighed by its power."""
        return self.bound_between(0, len(self.main))

    def bound_between(self, first: int, stop: int) -> float:
        """By how many dB the bins from `first` to before `stop` can become quieter at most."""
        power = np.maximum(self.main[first:stop], _NOTHING)
        return -10 * float(np.log10(np.sum((1 - self.coherence[first:stop]) * power) / np.sum(power)))


@dataclass(frozen=True, slots=True, eq=False)
class HallHeard:
    """What is known of a hall so far.

    Parameters
    ----------
    size
        Samples of a frame.
    main, ambient : ndarray, shape (size // 2 + 1,)
        Power of each microphone in each bin, summed over the frames.
    cross : ndarray, shape (size // 2 + 1,), complex
        conj(ambient) main, summed likewise.
    frames
        Half-overlapping Hann frames heard.
    waiting : ndarray, shape (2, k), k < size
        Main and ambient samples that fill no frame yet.
    """

    size: int
    main: NDArray[np.float64]
    ambient: NDArray[np.float64]
    cross: NDArray[np.complex128]
    frames: int
    waiting: NDArray[np.float32]


def hall_unheard(rate: int, frame_s: float = FRAME_S) -> HallHeard:
    """Return what is known of a hall before it was heard.

    Parameters
    ----------
    rate
        Samples per second.
    frame_s
        Longer than the hall's echo.
    """
    size = frame_size(rate, frame_s)
    nothing = np.zeros(size // 2 + 1)
    return HallHeard(size, nothing, nothing, nothing.astype(np.complex128), 0, np.empty((2, 0), np.float32))


def hear_hall(hall: HallHeard, main: NDArray[np.float32], ambient: NDArray[np.float32]) -> HallHeard:
    """Hear the next samples of both microphones, each shape (n,), however many."""
    heard = np.concatenate([hall.waiting, np.stack([main, ambient])], axis=1)
    hop, window = hall.size // 2, hann(hall.size)
    s_mm, s_aa, s_am, frames = hall.main, hall.ambient, hall.cross, hall.frames
    while heard.shape[1] >= hall.size:
        m, a = rfft(heard[:, : hall.size] * window, axis=1).astype(np.complex128)
        s_mm, s_aa = s_mm + np.abs(m) ** 2, s_aa + np.abs(a) ** 2
        s_am = s_am + np.conj(a) * m
        heard, frames = heard[:, hop:], frames + 1
    return HallHeard(hall.size, s_mm, s_aa, s_am, frames, heard)


def hall_gap(hall: HallHeard) -> HallHeard:
    """Note that what comes next does not continue what was heard."""
    return replace(hall, waiting=hall.waiting[:, :0])


def canceller_of(hall: HallHeard) -> Canceller:
    """Return what the ambient microphone explains: in each bin the least squares answer H = S_am / S_aa (Wiener).

    Raises
    ------
    ValueError
        Too little was heard.
    """
    if hall.frames <= _LEAST_FRAMES:
        raise ValueError(f"{hall.frames} frames of the hall; wanted more than {_LEAST_FRAMES}")
    s_mm, s_aa, s_am = hall.main / hall.frames, hall.ambient / hall.frames, hall.cross / hall.frames
    coherence = np.abs(s_am) ** 2 / np.maximum(s_mm * s_aa, _NOTHING)
    ahead = hall.size // 4
    taps = np.roll(irfft(s_am / np.maximum(s_aa, _NOTHING), hall.size), ahead)
    return Canceller(taps, ahead, np.minimum(coherence, 1.0), s_mm)


def learn_canceller(
    main: NDArray[np.float32], ambient: NDArray[np.float32], rate: int, frame_s: float = FRAME_S
) -> Canceller:
    """Learn from a recording of the hall with the machine at rest.

    Where the machine runs and leaks into the ambient microphone meanwhile, it is taken out as well.

    Parameters
    ----------
    main, ambient : ndarray, shape (n,)
        Heard at the same time.
    rate
        Samples per second.
    frame_s
        Longer than the hall's echo, more than 20 half frames within n.

    Raises
    ------
    ValueError
        Too little sound, or of different length.
    """
    size = frame_size(rate, frame_s)
    if len(main) != len(ambient) or len(main) < size + _LEAST_FRAMES * size // 2:
        least = (size + _LEAST_FRAMES * size // 2) / rate
        raise ValueError(f"{len(main)} and {len(ambient)} samples; wanted both {least:.1f} s at least")
    return canceller_of(hear_hall(hall_unheard(rate, frame_s), main, ambient))


def canceller_at_rest(taps: NDArray[np.float64], ahead: int) -> BlockState:
    """Return the state of a canceller that has heard nothing yet, from `Canceller.taps` and `Canceller.ahead`."""
    delay = np.zeros(len(taps))
    delay[ahead] = 1.0
    return block_filter(np.stack([delay, -taps]))


def cancel_step(
    state: BlockState, main: NDArray[np.float32], ambient: NDArray[np.float32]
) -> tuple[BlockState, NDArray[np.float64]]:
    """Take the hall out of the next samples of main, both shape (n,); what comes out is `Canceller.ahead` later."""
    return block_step(state, np.stack([main, ambient]))
