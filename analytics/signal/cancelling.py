"""Takes the sound of a loud hall out of a microphone, by a second one that hears the hall and not the machine.

How well that can go is known beforehand: what remains in a band is at least 1 - coherence^2 of the two microphones
there. So the bound is learned with the filter, and shown. For machines; a part's verdict is not mended by it, a
disturbed part is NotDecidable.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from analytics.signal.block_filter import BlockState, block_filter, block_step
from analytics.signal.spectra import frame_size, frames_of, hann

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
        return -10 * float(np.log10(np.sum((1 - self.coherence) * self.main) / max(np.sum(self.main), _NOTHING)))


def learn_canceller(
    main: NDArray[np.float32], ambient: NDArray[np.float32], rate: int, frame_s: float = 0.5
) -> Canceller:
    """Learn what the ambient microphone explains, from sound with the machine at rest.

    In each bin the least squares answer H = S_am / S_aa (Wiener), over half-overlapping Hann frames. Where the machine
    runs and leaks into the ambient microphone meanwhile, it is taken out as well.

    Parameters
    ----------
    main, ambient : ndarray, shape (n,)
        Heard at the same time.
    rate
        Samples per second.
    frame_s
        Much longer than the hall's echo, at least 20 half frames within n.

    Raises
    ------
    ValueError
        Too little sound, or of different length.
    """
    size = frame_size(rate, frame_s)
    if len(main) != len(ambient) or len(main) < size + _LEAST_FRAMES * size // 2:
        least = (size + _LEAST_FRAMES * size // 2) / rate
        raise ValueError(f"{len(main)} and {len(ambient)} samples; wanted both {least:.1f} s at least")
    window = hann(size)
    m, a = (rfft(frames_of(one, size, size // 2) * window, axis=1).astype(np.complex128) for one in (main, ambient))
    s_mm, s_aa = (np.mean(np.square(one.real) + np.square(one.imag), axis=0) for one in (m, a))
    s_am = np.mean(np.conj(a) * m, axis=0)
    coherence = np.abs(s_am) ** 2 / np.maximum(s_mm * s_aa, _NOTHING)
    ahead = size // 4
    taps = np.roll(irfft(s_am / np.maximum(s_aa, _NOTHING), size), ahead)
    return Canceller(taps, ahead, np.minimum(coherence, 1.0), s_mm)


def canceller_at_rest(canceller: Canceller) -> BlockState:
    """Return the state of a canceller that has heard nothing yet."""
    delay = np.zeros(len(canceller.taps))
    delay[canceller.ahead] = 1.0
    return block_filter(np.stack([delay, -canceller.taps]))


def cancel_step(
    state: BlockState, main: NDArray[np.float32], ambient: NDArray[np.float32]
) -> tuple[BlockState, NDArray[np.float64]]:
    """Take the hall out of the next samples of main, both shape (n,); what comes out is `Canceller.ahead` later."""
    return block_step(state, np.stack([main, ambient]))
