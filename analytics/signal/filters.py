"""Filters as second-order sections whose state is carried from block to block."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt


@lru_cache(maxsize=32)
def high_pass(rate: int, hz: float, order: int = 6) -> NDArray[np.float64]:
    """Sections of a Butterworth high-pass, shape (order / 2, 6).

    Sections rather than one polynomial: above order 4 the polynomial form loses its low poles to rounding.
    """
    sections: NDArray[np.float64] = np.asarray(butter(order, hz, "highpass", fs=rate, output="sos"), np.float64)
    sections.flags.writeable = False
    return sections


@dataclass(frozen=True, slots=True, eq=False)
class FilterState:
    """What a filter remembers between blocks: its sections and their delays."""

    sections: NDArray[np.float64]
    delays: NDArray[np.float64]


def at_rest(sections: NDArray[np.float64]) -> FilterState:
    """Return the state of a filter that has heard nothing yet."""
    return FilterState(sections.copy(), np.zeros((len(sections), 2)))  # scipy refuses a read-only array


def filter_step(state: FilterState, block: NDArray[np.float32]) -> tuple[FilterState, NDArray[np.float64]]:
    """Filter one block; any cut of a stream gives the same samples to the last bit.

    Parameters
    ----------
    state
        As the block before left it.
    block : ndarray, shape (n,), float32

    Returns
    -------
    tuple
        The state for the next block, and the filtered block, shape (n,), float64: at a low corner single precision
        loses the last digits that a narrow band lives on.
    """
    out, delays = sosfilt(state.sections, block.astype(np.float64), zi=state.delays)
    return FilterState(state.sections, delays), out
