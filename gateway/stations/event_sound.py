"""The last seconds a station heard, and what is cut out of them when an event was raised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.signal.spectra import frame_size, frames_of, power_density
from gateway.audio.ring import Ring
from gateway.audio.source import Chunk
from gateway.processes.sounds import EventEvidence

AROUND_S = 1.0  #: of a clip on either side of the window that raised the event
LISTENED_S = 1.0  #: before a clip, to be looked through for speech
WAITING_MAX = 4  #: clips under way; more events within a second are told by their numbers alone
_LATE_S = 2.0  #: sound may come in pieces as long as that
_FRAME_S = 0.043  #: lines some 25 Hz apart


@dataclass(frozen=True, slots=True, eq=False)
class _Raised:
    """An event whose clip is not yet heard to its end."""

    numbers: EventEvidence
    start: int
    stop: int


class EventSound:
    """Gathers what an event sounded like: its spectrum at once, its sound once it is over.

    Parameters
    ----------
    rate
        Samples per second.
    keep
        Whether the site file lets sound be written; without it none is remembered.
    """

    def __init__(self, rate: int, *, keep: bool) -> None:
        self._rate = rate
        self._around = round(AROUND_S * rate)
        whole_s = LISTENED_S + 2 * AROUND_S + 1.0 + _LATE_S
        self._ring = Ring(round(whole_s * rate), 1) if keep else None
        self._raised: list[_Raised] = []
        self._ready: list[EventEvidence] = []

    def hear(self, samples: NDArray[np.float32], start: int) -> None:
        """Take samples in, shape (n,), the first one's index being `start`, no smaller than the end of those before."""
        if self._ring is not None:
            self._ring.write(Chunk(start, samples[:, None], 0.0))
            self._cut(self._ring)

    def raised(self, episode: str, window: NDArray[np.float32], end: int) -> None:
        """Note that a window, shape (n,), raised an episode; `end` is the index past it."""
        numbers = EventEvidence(episode, self._rate, *_spectrum(window, self._rate))
        if self._ring is None or len(self._raised) >= WAITING_MAX:
            self._ready.append(numbers)
        else:
            self._raised.append(_Raised(numbers, end - len(window), end))
            self._cut(self._ring)

    def take(self) -> EventEvidence | None:
        """Give what is ready, each once."""
        return self._ready.pop(0) if self._ready else None

    def _cut(self, ring: Ring) -> None:
        for one in [one for one in self._raised if ring.end >= one.stop + self._around]:
            self._raised.remove(one)
            self._ready.append(self._with_sound(one, ring))

    def _with_sound(self, one: _Raised, ring: Ring) -> EventEvidence:
        first, last = one.start - self._around, one.stop + self._around
        low = first - round(LISTENED_S * self._rate)
        samples, gaps = ring.read(low, last)
        # A hole is no silence: the clip ends where one begins.
        begin = max((b + low for _, b in gaps if b + low <= one.start), default=low)
        stop = min((a + low for a, _ in gaps if a + low >= one.stop), default=last)
        sound = samples[max(begin, first) - low : stop - low, 0].copy()
        before = samples[min(begin, first) - low : first - low, 0].copy()
        numbers = one.numbers
        return EventEvidence(
            numbers.episode, self._rate, numbers.frequency_hz, numbers.level_db, sound, before if len(before) else None
        )


def _spectrum(window: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean level of each line, dB re full scale; of half a second, so that no order in time is left in it."""
    size = frame_size(rate, _FRAME_S)
    density = power_density(frames_of(window, size, size // 2), rate).mean(axis=0)
    step = rate / size
    level = 10 * np.log10(np.maximum(density * step, 1e-16))
    return (step * np.arange(len(level))).astype(np.float32), level.astype(np.float32)
