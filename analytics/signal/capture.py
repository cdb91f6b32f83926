"""The sound of one part with its surroundings."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SURROUNDINGS_S = 0.1  #: heard before and after each part, to notice disturbance (docs/parts.md)


@dataclass(frozen=True, slots=True, eq=False)
class Capture:
    """One part's sound, cut out of the stream.

    Parameters
    ----------
    samples : ndarray, shape (n,), float32
        Full scale is +-1. Includes the surroundings.
    rate
        Samples per second.
    start, stop
        The part itself: ``samples[start:stop]``. What lies outside is surroundings.
    gaps
        Holes as (first, past-the-last) sample indices within `samples`; the samples there are meaningless.
    before, after
        True where the whole of the surroundings on that side was heard.
    ambient : ndarray, shape (n,), float32, optional
        The same span from the ambient microphone.
    """

    samples: NDArray[np.float32]
    rate: int
    start: int
    stop: int
    gaps: tuple[tuple[int, int], ...] = ()
    before: bool = True
    after: bool = True
    ambient: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        assert self.samples.ndim == 1
        assert self.samples.dtype == np.float32
        assert 0 <= self.start <= self.stop <= len(self.samples), (self.start, self.stop, len(self.samples))

    @property
    def part(self) -> NDArray[np.float32]:
        """The part without its surroundings, shape (stop - start,)."""
        return self.samples[self.start : self.stop]
