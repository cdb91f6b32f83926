"""Can the sound of this one part be trusted at all? Cheap looks at its samples, before anything is scored."""

import numpy as np
from numpy.typing import NDArray

SILENT_DB = -100.0  #: under the lowest real recording known (-71 dB, ten steps of 16 bit) and any 16-bit noise (-98 dB)
_UNDER_FLOOR_DB = 20.0  #: a part this far below the room's own noise was not heard by this microphone
FULL_SCALE = 0.999  #: the top code of 8 to 24 bit converters lies above it


def is_finite(samples: NDArray[np.float32]) -> bool:
    """Whether every sample is a number a spectrum can be made of.

    Raw 32-bit integers reach 2e9 and still pass; single precision squares overflow from 1e19 on.
    """
    return len(samples) == 0 or bool(np.max(np.abs(samples)) < 1e10)  # NaN compares false


def rms_db(samples: NDArray[np.float32]) -> float:
    """Return RMS in dB re full scale, -240 for digital silence or no samples."""
    power = float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0
    return float(10 * np.log10(max(power, 1e-24)))


def clipped_share(samples: NDArray[np.float32]) -> float:
    """Return the share of samples at full scale, 0 to 1."""
    return float(np.count_nonzero(np.abs(samples) >= FULL_SCALE)) / max(len(samples), 1)


def is_silent(level_db: float, noise_floor_db: float | None) -> bool:
    """Whether this is digital zero, or far below the noise the microphone always heard before good parts."""
    return level_db < SILENT_DB or (noise_floor_db is not None and level_db < noise_floor_db - _UNDER_FLOOR_DB)


def is_frozen(samples: NDArray[np.float32]) -> bool:
    """Whether one sample, not at full scale and not zero, is repeated over more than half of the part."""
    equal = samples[1:] == samples[:-1]
    if np.count_nonzero(equal) <= len(samples) // 2:
        return False
    ends = np.flatnonzero(np.diff(np.concatenate(([False], equal, [False])).astype(np.int8)))
    starts, stops = ends[::2], ends[1::2]
    longest = int(np.argmax(stops - starts))
    value = abs(float(samples[starts[longest]]))
    return bool(stops[longest] - starts[longest] > len(samples) // 2 and 0 < value < FULL_SCALE)


def too_clipped(share: float, taught_share: float) -> bool:
    """Whether more is at full scale than good parts of this kind ever had.

    Twice their largest share and half a percent more: loud knocks touch full scale and are judged all the same, as the
    goods taught were equally flattened. Beyond that, what is heard is the converter and not the part.
    """
    return share > 2 * taught_share + 0.005
