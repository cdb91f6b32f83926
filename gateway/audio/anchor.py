"""Which sample was heard at what time."""

import math
from collections import deque

SPAN_S = 10  #: of chunks remembered: long enough to see one that came at once, short against the drift of two clocks


class Anchor:
    """Joins the sample index of a source to the gateway's clock, and follows their drift.

    A chunk can come late, for blocks and schedulers delay it, but never before its last sample was heard. So of all
    chunks of the last seconds the one that came earliest, measured against the nominal rate, tells the offset, and
    jitter adds nothing. A device's own constant delay stays in it; a site's `after_ms` is tuned with it.

    Sound cards run 20 to 100 ppm beside the machine's clock: at most 1 ms over `SPAN_S`.

    Parameters
    ----------
    speed
        Samples per second of clock time (rate times pace).
    """

    def __init__(self, speed: float) -> None:
        assert speed > 0
        self._speed = speed
        self._earliest: deque[tuple[int, float]] = deque(maxlen=SPAN_S)  # (whole second, smallest offset in it)
        self._offset: float | None = None

    @property
    def known(self) -> bool:
        """True once a chunk was seen."""
        return self._offset is not None

    def seen(self, stop: int, clock: float) -> None:
        """Take note of a chunk: index past its last sample, and when that sample was there."""
        offset, second = clock - stop / self._speed, math.floor(clock)
        if self._earliest and self._earliest[-1][0] == second:
            if offset < self._earliest[-1][1]:
                self._earliest[-1] = (second, offset)
        else:
            self._earliest.append((second, offset))
        self._offset = min(value for _, value in self._earliest)

    def restart(self) -> None:
        """Forget everything: the source was opened anew."""
        self._earliest.clear()
        self._offset = None

    def index_at(self, clock: float) -> int:
        """Tell the sample that was heard at a time (monotonic seconds)."""
        assert self._offset is not None
        return round((clock - self._offset) * self._speed)

    def time_of(self, index: int) -> float:
        """Tell when a sample was heard, or will be (monotonic seconds)."""
        assert self._offset is not None
        return self._offset + index / self._speed
