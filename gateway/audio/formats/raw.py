"""What every reader gives."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class SoundFileError(Exception):
    """A recording cannot be used; the message is one sentence: which, what was found, what was wanted, how to mend."""


@dataclass(frozen=True, slots=True, eq=False)
class Raw:
    """A file as it says of itself.

    Parameters
    ----------
    samples : ndarray, shape (n, channels), float32
    rate
        None where the file does not say, NaN included.
    rpm
        None where the file does not say.
    channel_names
        Empty where the file does not say.
    """

    samples: NDArray[np.float32]
    rate: float | None
    rpm: float | None = None
    channel_names: tuple[str, ...] = ()
