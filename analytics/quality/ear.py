"""Is the microphone alive and honest? Watched by the second, as pure steps over blocks.

What a dead or broken ear gives differs by audio system: zeros, the last sample over and over, full scale, nothing at
all (seen by the age of samples, not here) or values that are no numbers.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analytics.quality.ear_second import Second, second_of
from analytics.quality.part_sound import FULL_SCALE, SILENT_DB
from analytics.quality.words import DEAF, Quality

_CLIPPED_SHARE = 0.001  #: of a second at full scale: one loud knock touches it, an overdriven chain lives there
_DC_SHARE = 0.02  #: of full scale; a sound interface is within 0.001
_FROZEN_SHARE = 0.5  #: of a second in one run of equal samples: a capture may be half a second


@dataclass(frozen=True, slots=True)
class EarHealth:
    """One second of a microphone.

    Parameters
    ----------
    start, stop
        Which samples of the stream.
    level_db
        RMS in dB re full scale, -240 for digital zero; None where nothing finite was heard.
    quality
        Silent, frozen, clipped, dc, not_finite; empty = good.
    sentence
        The same for a person.
    second
        What it sounded like, for `ear_watch`; None where it was not wholly finite, or silent.
    """

    start: int
    stop: int
    level_db: float | None
    quality: tuple[Quality, ...]
    sentence: str
    second: Second | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class EarState:
    """Samples and sums of the second under way, and the run of equal samples that may reach over its edge."""

    rate: int
    start: int = 0
    count: int = 0
    finite: int = 0
    total: float = 0.0
    squares: float = 0.0
    clipped: int = 0
    run: int = 0  #: equal samples up to now
    last: float = float("nan")  #: the sample they equal
    longest: int = 0  #: longest run in this second
    pieces: tuple[NDArray[np.float32], ...] = field(default=(), compare=False)


def ear_step(state: EarState, block: NDArray[np.float32]) -> tuple[EarState, tuple[EarHealth, ...]]:
    """Take in the next samples, shape (n,); report every second that became whole.

    Seconds are counted from ``state.start``, so that reports do not depend on how the stream was cut. After a gap
    begin anew with ``EarState(rate, start=index)``.
    """
    reports = []
    while len(block):
        piece, block = block[: state.rate - state.count], block[state.rate - state.count :]
        state = _add(state, piece)
        if state.count == state.rate:
            reports.append(_report(state))
            state = EarState(state.rate, state.start + state.count, run=state.run, last=state.last)
    return state, tuple(reports)


def _add(state: EarState, piece: NDArray[np.float32]) -> EarState:
    finite = piece[np.isfinite(piece)].astype(np.float64)
    changes = np.flatnonzero(piece[1:] != piece[:-1]) + 1
    first, last = (changes[0], len(piece) - changes[-1]) if len(changes) else (len(piece), len(piece))
    continued = int(first) + (state.run if piece[0] == state.last else 0)
    inner = int(np.max(np.diff(changes), initial=0))
    return replace(
        state,
        count=state.count + len(piece),
        finite=state.finite + len(finite),
        total=state.total + float(np.sum(finite)),
        squares=state.squares + float(np.sum(finite * finite)),
        clipped=state.clipped + int(np.count_nonzero(np.abs(finite) >= FULL_SCALE)),
        run=int(last) if len(changes) else continued,
        last=float(piece[-1]),
        longest=max(state.longest, continued, inner, int(last)),
        pieces=(*state.pieces, piece.copy()),
    )


def _report(state: EarState) -> EarHealth:
    stop = state.start + state.count
    found: list[tuple[Quality, str]] = []
    if state.finite < state.count:
        found.append((Quality.NOT_FINITE, f"{state.count - state.finite} of {state.count} samples are no numbers"))
    if state.finite == 0:
        return EarHealth(state.start, stop, None, (Quality.NOT_FINITE,), f"The microphone gives {found[0][1]}.")
    level = 10 * np.log10(max(state.squares / state.finite, 1e-24))
    if level < SILENT_DB:
        found.append((Quality.SILENT, "digital silence" if state.squares == 0 else f"only {level:.0f} dB"))
    elif state.longest >= _FROZEN_SHARE * state.rate:
        found.append((Quality.FROZEN, f"the same sample for {state.longest / state.rate:.1f} s"))
    whole = state.finite == state.count and not any(word in DEAF for word, _ in found)
    second = second_of(np.concatenate(state.pieces), state.rate) if whole else None
    if second is not None and second.repeats:
        found.append((Quality.FROZEN, "one piece of sound over and over"))
    if state.clipped > _CLIPPED_SHARE * state.count:
        found.append((Quality.CLIPPED, f"{state.clipped / state.count:.1%} of its samples at full scale"))
    if abs(offset := state.total / state.finite) > _DC_SHARE:
        found.append((Quality.DC, f"a constant offset of {offset:.2f} of full scale"))
    sentence = f"The microphone gives {', '.join(text for _, text in found)}." if found else f"Hears {level:.0f} dB."
    return EarHealth(state.start, stop, float(level), tuple(word for word, _ in found), sentence, second)
