"""Log-mel frames of an endless stream, the same however it is cut."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.features.log_mel import BANDS, MelPlan, log_mel
from analytics.signal.spectra import frames_of


@dataclass(frozen=True, slots=True, eq=False)
class LogMelState:
    """What is remembered between blocks.

    Parameters
    ----------
    plan
        Frames and bands.
    frame
        Number of the next frame; it begins at sample ``frame * plan.hop`` of the stream.
    position
        Index of the next sample of the stream.
    tail : ndarray, shape (m,), float32
        The samples just before `position` that the next frame needs; fewer than a frame.
    """

    plan: MelPlan
    frame: int
    position: int
    tail: NDArray[np.float32]


def log_mel_from(plan: MelPlan, position: int = 0) -> LogMelState:
    """Begin at a sample of the stream, at its start or after a gap: no frame ever spans one."""
    return LogMelState(plan, -(-position // plan.hop), position, np.empty(0, np.float32))


def log_mel_step(state: LogMelState, block: NDArray[np.float32]) -> tuple[LogMelState, NDArray[np.float32]]:
    """Take in the next samples.

    Frames are counted from sample 0 of the stream, each is transformed by itself and its bands are summed in one
    order, so that on one machine any cut of the stream gives the same frames to the last bit.

    Parameters
    ----------
    state
        As the block before left it.
    block : ndarray, shape (n,), float32
        Follows `state.position` without a hole; n may be 0.

    Returns
    -------
    tuple
        The state for the next block, and the frames that became whole, shape (k, BANDS): those numbered from
        ``state.frame`` on.
    """
    plan = state.plan
    heard = np.concatenate([state.tail, block]) if len(state.tail) else block
    first = state.position - len(state.tail)
    fresh = frames_of(heard[max(0, state.frame * plan.hop - first) :], plan.frame, plan.hop)
    bands = log_mel(fresh, plan) if len(fresh) else np.empty((0, BANDS), np.float32)
    frame = state.frame + len(bands)
    needed = min(max(0, frame * plan.hop - first), len(heard))
    tail = np.array(heard[needed:])  # a copy: the block belongs to the caller
    return replace(state, frame=frame, position=state.position + len(block), tail=tail), bands
