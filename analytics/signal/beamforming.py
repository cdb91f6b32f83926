"""Listens into one direction with several microphones: delays each so that this direction adds up, and sums.

Against noise of the microphones themselves, and of a hall in which they hear different things, n of them give
10 log10(n) dB. Below the frequency whose wave is twice as long as the array they all hear the same, and nothing is
gained; above c / (2 spacing) other directions add up as well.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.signal.block_filter import BlockState, block_filter, block_step

SOUND_M_S = 343.2  #: in dry air of 20 degrees C (ISO 9613-1); 0.6 m/s more for each degree
_HALF = 32  #: taps of the fractional delay on each side
_KAISER = 8.0  #: of its window: an error under -80 dB up to 0.9 of half the rate (measured in the tests)


def steering_delays(
    positions: NDArray[np.float64], point: NDArray[np.float64], speed: float = SOUND_M_S
) -> NDArray[np.float64]:
    """Return by how many seconds each microphone hears a point later than the nearest of them, shape (n,).

    Parameters
    ----------
    positions : ndarray, shape (n, 3)
        Of the microphones, metres.
    point : ndarray, shape (3,)
        Where the sound comes from, metres.
    speed
        Of sound, m/s.
    """
    ways = np.linalg.norm(positions - point, axis=1)
    return np.asarray((ways - ways.min()) / speed)


def delay_and_sum(delays: NDArray[np.float64], rate: int) -> BlockState:
    """Return the filter that takes microphones (n, samples) to the mean of them, each heard `delays` (n,) s late.

    Delays of whole and fractional samples by a Kaiser-windowed sinc (Laakso et al. 1996, IEEE SP Magazine 13:30). The
    output is `beam_latency` samples behind the microphone that hears last.

    Raises
    ------
    ValueError
        A delay is not finite, or below 0.
    """
    if not (np.isfinite(delays).all() and (delays >= 0).all()):
        raise ValueError("a delay is no number, or below 0")
    wait = (float(np.max(delays)) - delays) * rate + _HALF
    n = np.arange(int(np.ceil(wait.max())) + _HALF + 1)
    apart = n - wait[:, None]
    inside = np.maximum(1 - np.square(apart / (_HALF + 1)), 0.0)
    taps = np.sinc(apart) * np.i0(_KAISER * np.sqrt(inside)) / np.i0(_KAISER) * (np.abs(apart) <= _HALF + 1)
    return block_filter(taps / len(delays))


def beam_latency() -> int:
    """Return by how many samples the sum comes later than what the last microphone heard."""
    return _HALF


def beam_step(state: BlockState, block: NDArray[np.float32]) -> tuple[BlockState, NDArray[np.float64]]:
    """Sum the next samples of all microphones, shape (n, samples)."""
    return block_step(state, block)
