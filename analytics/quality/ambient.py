"""Did another sound lie over this part? Heard by a second microphone that listens to the hall, not to the part.

A machine that never pauses leaves no quiet to look into. But what it makes itself reaches the ambient microphone always
by the same way and weakened by as much, whether it is good or faulty; what comes from elsewhere is louder there than
that. So the ratio of the two is looked at, band by band: over the whole part, and where it is highest. One-sided, as
the gate is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.quality.gate import Bands, Quiet, learn_quiet
from analytics.signal.capture import Capture
from analytics.signal.spectra import frame_size, frames_of, power_density

EDGES_HZ = 62.5 * 2.0 ** np.arange(9)  #: of eight octaves, to 16 kHz: much of what halls add lies below 250 Hz
_FRAME_S = 0.032  #: a door slams in no less, and the lowest octave still has two bins
_HIGHEST = 5  #: frames: a blow lasts as long, and one frame alone strays
_FLOOR = 1e-14  #: power per Hz, about -100 dB re full scale in an octave: what is quieter is the converter's own
_LEAST_SPREAD = (0.23, 0.115)  #: 1 dB where the ratio is highest, 0.5 dB over the whole part
_FEWEST = 4  #: good parts
_DEAF = float(np.log(100.0))  #: 20 dB under what it always heard of the part, in every band: a dead microphone


@dataclass(frozen=True, slots=True)
class AmbientReference:
    """How much of good parts the ambient microphone hears.

    Parameters
    ----------
    ratio
        Centre, spread and limits of what `ratio_of` gives.
    """

    ratio: Quiet

    @property
    def bands(self) -> int:
        """Number of octave bands."""
        return len(self.ratio.mean) // 2

    def excess(self, capture: Capture) -> float | None:
        """Return how much more than of good parts the ambient microphone heard, 1 being the limit.

        None where there is no ambient microphone, it is dead, or the part is shorter than a frame.
        """
        heard = ratio_of(capture)
        if heard is None or bool(np.all(heard < self.ratio.mean - _DEAF)):
            return None
        return self.ratio.excess(heard)


def ambient_bands(rate: int) -> int:
    """Count the octave bands from 62.5 Hz that `rate` reaches, at most 8."""
    return int(np.searchsorted(EDGES_HZ, rate / 2, side="right")) - 1


def learn_ambient(captures: Sequence[Capture]) -> AmbientReference | None:
    """Learn from good parts; None unless all of them were heard by an ambient microphone."""
    rows = [row for row in map(ratio_of, captures) if row is not None]
    if len(rows) < max(_FEWEST, len(captures)):
        return None
    bands = len(rows[0]) // 2
    return AmbientReference(learn_quiet(np.array(rows), np.repeat(_LEAST_SPREAD, bands)))


def ratio_of(capture: Capture) -> Bands | None:
    """Return ln (ambient / main) of a part, shape (2 b,): its highest frames in b octave bands, then the whole part.

    Where it is highest, the main microphone counts with a frame's power and the part's mean together: a pause of the
    machine, in which only the hall is left, is no disturbance. None where there is nothing to compare.
    """
    if capture.ambient is None or not np.isfinite(capture.ambient).all():
        return None
    main = _octaves(capture.part, capture.rate)
    if not len(main):
        return None
    ambient = _octaves(capture.ambient[capture.start : capture.stop], capture.rate)
    mean = main.mean(axis=0)
    highest = np.sort(np.log(ambient / (main + mean)), axis=0)[-_HIGHEST:].mean(axis=0)
    return np.concatenate([highest, np.log(ambient.mean(axis=0) / mean)])


def _octaves(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Return the power density of every frame in the octave bands, shape (frames, b)."""
    size = frame_size(rate, _FRAME_S)
    power = power_density(frames_of(samples, size, size // 2), rate)
    bins = np.ceil(EDGES_HZ[: ambient_bands(rate) + 1] * size / rate).astype(np.intp)
    bands = np.add.reduceat(power[:, : bins[-1]], bins[:-1], axis=1, dtype=np.float64)
    return np.asarray(bands / np.diff(bins) + _FLOOR)
