"""Long filters by FFT, over blocks that are counted from the first sample ever heard."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft


@dataclass(frozen=True, slots=True, eq=False)
class BlockState:
    """A filter with m channels in and one out, and what it remembers.

    Parameters
    ----------
    spectra : ndarray, shape (m, size + 1)
        Of each channel's taps, padded to twice the block.
    size
        Samples of a block; the filter has as many taps at most.
    past : ndarray, shape (m, size)
        The block before.
    waiting : ndarray, shape (m, k), k < size
        Samples that fill no block yet.
    """

    spectra: NDArray[np.complex128]
    size: int
    past: NDArray[np.float64]
    waiting: NDArray[np.float64]


def block_filter(taps: NDArray[np.float64]) -> BlockState:
    """Return the filter that sums its channels, each through its taps, shape (m, n); it has heard nothing yet."""
    channels, n = taps.shape
    size = 1 << max(int(np.ceil(np.log2(n))), 6)
    return BlockState(rfft(taps, 2 * size, axis=1), size, np.zeros((channels, size)), np.empty((channels, 0)))


def block_step(state: BlockState, block: NDArray[np.float32]) -> tuple[BlockState, NDArray[np.float64]]:
    """Filter the next samples, shape (m, n); returns those of every block that became whole.

    Overlap-save (Stockham 1966). Blocks are cut by absolute index: however the stream was cut, the samples that come
    out are the same to the last bit, up to one block later.
    """
    heard = np.concatenate([state.waiting, block.astype(np.float64)], axis=1)
    past, done = state.past, []
    whole = heard.shape[1] // state.size * state.size
    for first in range(0, whole, state.size):
        now = heard[:, first : first + state.size]
        spectrum = np.sum(rfft(np.concatenate([past, now], axis=1), axis=1) * state.spectra, axis=0)
        done.append(irfft(spectrum, 2 * state.size)[state.size :])
        past = now
    out = np.concatenate(done) if done else np.empty(0)
    return replace(state, past=past, waiting=heard[:, whole:]), out
