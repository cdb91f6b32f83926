"""Is a recorded part fit to be taught? Looked at while the part is still on the table."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.quality.part_sound import SILENT_DB, clipped_share, is_finite, is_frozen, rms_db
from analytics.signal.capture import Capture

CLIPPED_MOST = 0.005  #: the same share that makes a live part doubtful (analytics.quality.part_sound)
STANDS_OUT_DB = 3.0  #: loudest tenth of the part over its surroundings
DISTURBED_DB = 12.0  #: surroundings over the median of those before: somebody hammers next door
_KNOWN = 3  #: parts before what is usual here is known


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen."""

    fault: str  #: empty = fit to be taught
    level_db: float
    peak_db: float
    around_db: float
    clipped: float


def look(capture: Capture, usual_around_db: list[float], spoken: bool) -> Looked:
    """Look at one part; `usual_around_db` are the surroundings of those before it."""
    around = np.concatenate([capture.samples[: capture.start], capture.samples[capture.stop :]])
    part = capture.part
    level, around_db = rms_db(part), rms_db(around)
    peak = 20 * np.log10(max(float(np.max(np.abs(part), initial=0.0)), 1e-12))
    clipped = clipped_share(part)
    fault = _fault(capture, level, around_db, clipped, usual_around_db)
    if not fault and spoken:
        fault = "somebody spoke: the sound is not kept (docs/privacy.md); be quiet, and again"
    return Looked(fault, round(level, 1), round(float(peak), 1), round(around_db, 1), round(clipped, 5))


def _fault(capture: Capture, level: float, around_db: float, clipped: float, usual: list[float]) -> str:
    part = capture.part
    if capture.gaps:
        return "samples were lost: this PC or the USB bus is too busy; close other programs, and again"
    if not is_finite(capture.samples):
        return "holds what is no sound: look at the device (wheeltapper doctor)"
    if level < SILENT_DB or is_frozen(part):
        return f"silent ({level:.0f} dB): is the microphone plugged in, and this its channel?"
    if clipped > CLIPPED_MOST:
        return f"clipped ({clipped:.1%} at full scale): turn the gain down, and again"
    if len(usual) >= _KNOWN and around_db > float(np.median(usual)) + DISTURBED_DB:
        return f"disturbed: the surroundings were {around_db - float(np.median(usual)):.0f} dB louder than usual"
    if _loudest_tenth_db(part) < around_db + STANDS_OUT_DB:
        return "nothing stands out of the surroundings: is the capture window where the part sounds?"
    return ""


def _loudest_tenth_db(part: NDArray[np.float32]) -> float:
    blocks = np.array_split(part, 10)
    return max(rms_db(block) for block in blocks)
