"""Takes the hall out of a machine's sound: learned while the machine rests, taken out while it runs."""

import base64
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.signal.block_filter import BlockState
from analytics.signal.cancelling import (
    Canceller,
    cancel_step,
    canceller_at_rest,
    canceller_of,
    hall_gap,
    hall_unheard,
    hear_hall,
)

Samples = NDArray[np.float32]
Ambient = Callable[[int, int], tuple[Samples, tuple[tuple[int, int], ...]] | None]

OCTAVES_HZ = 62.5 * 2.0 ** np.arange(9)  #: the bound is told for the octave in which most can be taken out
TAPS_MAX = 400_000  #: of a text to be taken up again: twice half a second at 192 kHz


class Hall:
    """What one station knows of its hall, and the sound without it.

    Learned once, and again after maintenance: were it learned anew at every rest, what is normal for the machine would
    move with it.

    Parameters
    ----------
    rate
        Samples per second.
    learn_s
        Sound of the hall at rest it is learned from.
    ambient
        Reads the ambient microphone by the main one's sample indices: both are channels of one device.
    """

    def __init__(self, rate: int, learn_s: float, ambient: Ambient) -> None:
        self._rate, self._learn_s, self._ambient = rate, learn_s, ambient
        self._next = -1  # index the next sample must have
        self._late = 0  # index of the next sample to come out
        self._drop = 0  # samples still to come out that lack what was heard before them
        self.restart()

    def restart(self) -> None:
        """Learn it anew."""
        self._heard = hall_unheard(self._rate)
        self._taps: NDArray[np.float64] | None = None
        self._filter: BlockState | None = None
        self._ahead, self._said = 0, ""
        self.changed = False  #: learned, and not kept yet

    @property
    def learned(self) -> bool:
        """Whether the hall is known, and taken out."""
        return self._taps is not None

    @property
    def words(self) -> str:
        """How far it is, for people: seconds heard, or the bound no filter can pass."""
        if self._taps is not None:
            return self._said
        heard = self._heard.frames * self._heard.size / 2 / self._rate
        return f"{min(heard, self._learn_s):.0f} of {self._learn_s:.0f} s heard of the hall with the machine at rest"

    def take(self, samples: Samples, start: int, *, at_rest: bool) -> tuple[Samples, int]:
        """Take samples of the main microphone in; gives those without the hall that are ready, and the first's index.

        Parameters
        ----------
        samples, start
            Shape (n,), and the first one's index; a jump in it is a gap.
        at_rest
            The machine rests and its microphone is well: the hall may be learned.
        """
        found = self._ambient(start, start + len(samples))
        beside, gaps = found if found is not None else (samples, ((0, len(samples)),))
        broken = bool(gaps) or not (np.isfinite(samples).all() and np.isfinite(beside).all())
        if start != self._next or broken:
            self._heard = hall_gap(self._heard)
            self._filter = None
        self._next = -1 if broken else start + len(samples)
        if broken:
            return samples[:0], start
        if self._taps is None:
            if at_rest:
                self._heard = hear_hall(self._heard, samples, beside)
                self._learn()
            return samples[:0], start
        return self._without(self._taps, samples, beside, start)

    def _without(self, taps: NDArray[np.float64], samples: Samples, beside: Samples, start: int) -> tuple[Samples, int]:
        if self._filter is None:
            self._filter = canceller_at_rest(taps, self._ahead)
            self._late, self._drop = start - self._ahead, len(taps)
        self._filter, out = cancel_step(self._filter, samples, beside)
        dropped = min(self._drop, len(out))
        first = self._late + dropped
        self._late, self._drop = self._late + len(out), self._drop - dropped
        return out[dropped:].astype(np.float32), first

    def _learn(self) -> None:
        if self._heard.frames * self._heard.size / 2 < self._learn_s * self._rate:
            return
        found = canceller_of(self._heard)
        self._taps, self._ahead, self._said = (
            found.taps.astype(np.float32).astype(np.float64),
            found.ahead,
            _say(found, self._rate),
        )
        self._heard, self.changed = hall_unheard(self._rate), True

    # ---- over a restart -------------------------------------------------------------------------------------------

    def plain(self) -> dict[str, Any] | None:
        """Give what was learned, in plain words; None where nothing was."""
        self.changed = False
        if self._taps is None:
            return None
        taps = base64.b64encode(self._taps.astype("<f4").tobytes()).decode("ascii")
        return {"taps": taps, "ahead": self._ahead, "said": self._said}

    def recall(self, plain: object) -> bool:
        """Take up what `plain` gave in an earlier life; False, and nothing is changed, where it cannot be read."""
        if not isinstance(plain, dict) or set(plain) != {"taps", "ahead", "said"}:
            return False
        text, ahead, said = plain["taps"], plain["ahead"], plain["said"]
        if not (isinstance(text, str) and isinstance(ahead, int) and isinstance(said, str)):
            return False
        try:
            taps = np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float64)
        except ValueError:
            return False
        if not (0 < len(taps) <= TAPS_MAX and np.isfinite(taps).all() and 0 <= ahead < len(taps)):
            return False
        self._taps, self._ahead, self._said, self._filter = taps, ahead, said, None
        return True


def _say(found: Canceller, rate: int) -> str:
    step = rate / 2 / (len(found.main) - 1)
    edges = [round(hz / step) for hz in OCTAVES_HZ if hz <= rate / 2]
    bounds = [found.bound_between(low, high) for low, high in pairwise(edges)]
    best = int(np.argmax(bounds))
    low, high = OCTAVES_HZ[best], OCTAVES_HZ[best + 1]
    return (
        f"taken out as far as the ambient microphone explains it: {found.bound_db:.1f} dB of the whole at most, "
        f"{bounds[best]:.1f} dB between {low:.0f} and {high:.0f} Hz"
    )
