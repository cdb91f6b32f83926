"""The last seconds of a source, by absolute sample index."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from gateway.audio.source import Chunk

GAPS_MAX = 256  #: holes remembered; more than a source that is of any use ever has in a few seconds


class Ring:
    """Samples of one source, the newest `capacity` of them, and where samples are missing.

    Nothing is allocated after construction, whatever the source does. What was overwritten, was never heard or has not
    come yet reads as a gap: a reader gets every index asked for, and is told which of them mean nothing.

    Parameters
    ----------
    capacity
        Samples kept.
    channels
        Channels of the source.
    """

    def __init__(self, capacity: int, channels: int) -> None:
        assert capacity > 0
        assert channels > 0
        self._samples = np.zeros((capacity, channels), np.float32)
        self._gaps: deque[tuple[int, int]] = deque()
        self.end = 0  #: index past the newest sample

    @property
    def capacity(self) -> int:
        """Samples kept."""
        return len(self._samples)

    @property
    def first(self) -> int:
        """Index of the oldest sample kept."""
        return max(0, self.end - self.capacity)

    def write(self, chunk: Chunk) -> int:
        """Append a chunk; what lies between it and the chunk before is a gap.

        An empty chunk says that time went on up to its start and nothing was heard.

        Returns
        -------
        int
            Samples that are missing before this chunk.
        """
        assert chunk.start >= self.end, (chunk.start, self.end)
        assert chunk.samples.shape[1] == self._samples.shape[1], chunk.samples.shape
        missing = chunk.start - self.end
        if missing:
            self._note_gap(self.end, chunk.start)
        self._place(chunk.start, chunk.samples)
        self.end = chunk.stop
        while self._gaps and self._gaps[0][1] <= self.first:
            self._gaps.popleft()
        return missing

    def read(self, start: int, stop: int) -> tuple[NDArray[np.float32], tuple[tuple[int, int], ...]]:
        """Copy the samples of a span.

        Returns
        -------
        samples : ndarray, shape (stop - start, channels), float32
            Zero where nothing is known.
        gaps
            Holes as (first, past-the-last) indices within `samples`, in order and apart from each other.
        """
        assert start <= stop, (start, stop)
        out = np.zeros((stop - start, self._samples.shape[1]), np.float32)
        low, high = min(max(start, self.first), stop), max(min(stop, self.end), start)
        gaps: list[tuple[int, int]] = []
        if low >= high:
            return out, ((0, stop - start),) if stop > start else ()
        self._copy(low, high, out[low - start : high - start])
        inside = [(max(a, low), min(b, high)) for a, b in self._gaps if a < high and b > low]
        for a, b in [(start, low), *inside, (high, stop)]:
            if a >= b:
                continue
            out[a - start : b - start] = 0.0
            if gaps and gaps[-1][1] >= a - start:
                gaps[-1] = (gaps[-1][0], b - start)
            else:
                gaps.append((a - start, b - start))
        return out, tuple(gaps)

    def _note_gap(self, start: int, stop: int) -> None:
        if self._gaps and self._gaps[-1][1] == start:  # nothing was heard in between either
            start = self._gaps.pop()[0]
        self._gaps.append((start, stop))
        if len(self._gaps) > GAPS_MAX:  # the two oldest become one, good samples between them included: never too few
            (first, _), (_, last) = self._gaps.popleft(), self._gaps.popleft()
            self._gaps.appendleft((first, last))

    def _place(self, start: int, samples: NDArray[np.float32]) -> None:
        surplus = max(0, len(samples) - self.capacity)
        samples, at = samples[surplus:], (start + surplus) % self.capacity
        room = min(self.capacity - at, len(samples))
        self._samples[at : at + room] = samples[:room]
        self._samples[: len(samples) - room] = samples[room:]

    def _copy(self, low: int, high: int, out: NDArray[np.float32]) -> None:
        at = low % self.capacity
        room = min(self.capacity - at, high - low)
        out[:room] = self._samples[at : at + room]
        out[room:] = self._samples[: high - low - room]
