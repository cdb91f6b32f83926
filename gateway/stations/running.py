"""The latest sound of a machine that runs without a gap, in blocks."""

from collections.abc import Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from analytics.wear.indicators import WINDOW_BLOCKS, Blocks, levels_db

_Number = TypeVar("_Number", np.float32, np.float64)


class RunningSound:
    """Keeps the last seconds of gap-free sound and the sums of its blocks.

    Blocks lie on multiples of their length in the source's own count of samples, so what is kept does not depend on how
    the stream was cut.

    Parameters
    ----------
    rate
        Samples per second.
    over_s
        Seconds kept.
    """

    def __init__(self, rate: int, over_s: float) -> None:
        self._reduce = Blocks(rate)
        self._size = self._reduce.size
        self._kept = max(WINDOW_BLOCKS, round(over_s * rate / self._size))
        self._rows = self._kept + 1  # one more for the block under way, which must not lie over the oldest
        self._sound = np.zeros((self._rows, self._size), np.float32)
        self._sums = np.zeros((self._rows, self._reduce.sums))
        self._filled = 0  # samples of the block under way
        self._next = -1  # index the next sample must have
        self.blocks = 0  #: without a gap, since the last restart
        self.end = 0  #: index past the last whole block

    @property
    def full(self) -> bool:
        """True once as much was heard as is kept."""
        return self.blocks >= self._kept

    def seconds(self, rate: int) -> float:
        """Gap-free seconds at hand."""
        return min(self.blocks, self._kept) * self._size / rate

    def restart(self) -> None:
        """Forget everything: what comes now does not continue what was."""
        self._filled = 0
        self._next = -1
        self.blocks = 0

    def feed(self, samples: NDArray[np.float32], start: int) -> Iterator[None]:
        """Take samples in, shape (n,), the first one's index being `start`; yields after every whole block."""
        if start != self._next:
            self.restart()
            skip = -start % self._size
            samples, start = samples[skip:], start + skip
            if not len(samples):
                return
        self._next = start + len(samples)
        at = 0
        while at < len(samples):
            row = self.blocks % self._rows
            n = min(self._size - self._filled, len(samples) - at)
            self._sound[row, self._filled : self._filled + n] = samples[at : at + n]
            self._filled += n
            at += n
            if self._filled == self._size:
                self._sums[row] = self._reduce.reduce(self._sound[row])
                self._filled = 0
                self.blocks += 1
                self.end = start + at
                yield

    def record(self) -> NDArray[np.float32]:
        """Copy the kept sound in the order of time, shape (n,)."""
        return self._last(self._sound, self._kept).ravel()

    def window(self) -> NDArray[np.float64]:
        """Take the sums of the last 500 ms, shape (blocks, sums)."""
        return self._last(self._sums, WINDOW_BLOCKS)

    def levels(self) -> NDArray[np.float64]:
        """Measure the windows kept, one after the other, dB, shape (windows, indicators)."""
        sums = self._last(self._sums, self._kept)
        windows = len(sums) // WINDOW_BLOCKS
        return np.array([levels_db(w) for w in np.split(sums[-windows * WINDOW_BLOCKS :], windows)])

    def _last(self, ring: NDArray[_Number], most: int) -> NDArray[_Number]:
        """Copy the rows of the last blocks in the order of time."""
        return ring[np.arange(self.blocks - min(self.blocks, most), self.blocks) % self._rows]
