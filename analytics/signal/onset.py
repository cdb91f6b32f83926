"""Where a knock begins inside its capture."""

import numpy as np
from numpy.typing import NDArray

_BLOCK_S = 0.001
_RISE_DB = 6.0  #: over what was heard before, else it is no knock
_FOOT_DB = 20.0  #: the foot of the knock: this far below its loudest millisecond


def find_onset(samples: NDArray[np.float32], rate: int, first: int, last: int) -> int | None:
    """Find the knock that begins between two samples.

    From the loudest millisecond back to where the sound was 20 dB lower, or no louder than 6 dB over the quietest
    tenth of what is searched.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Finite sound.
    rate
        Samples per second.
    first, last
        The knock begins at or after `first` and before `last`.

    Returns
    -------
    int or None
        Index of its first sample; None where nothing stands out by 6 dB.
    """
    block = max(1, round(rate * _BLOCK_S))
    count = (last - first) // block
    if count < 2:
        return None
    blocks = samples[first : first + count * block].reshape(count, block)
    power = np.einsum("ij,ij->i", blocks, blocks, dtype=np.float64) / block
    loudest = int(np.argmax(power))
    floor = float(np.quantile(power, 0.1))
    if power[loudest] <= floor * 10 ** (_RISE_DB / 10):
        return None
    foot = max(power[loudest] * 10 ** (-_FOOT_DB / 10), floor * 10 ** (_RISE_DB / 10))
    quiet = np.flatnonzero(power[:loudest] < foot)
    if len(quiet) == 0:
        return first
    # The knock may begin late in the last quiet millisecond: to the sample, it begins where the foot is first reached.
    rise = samples[first + quiet[-1] * block : first + (quiet[-1] + 2) * block]
    return int(first + quiet[-1] * block + np.argmax(np.square(rise, dtype=np.float64) >= foot))
