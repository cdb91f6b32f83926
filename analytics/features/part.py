"""All numbers of one part, in their order: what a detector hears.

A struck part: level and decay of each band. A running part: level and restlessness of each band, how fast each beats,
and at the very end how loud it is. There loudness is one number of many: it follows speed, load and where the machine
stands, and added to every band it would drown what is wrong (docs/parts.md).
"""

import numpy as np
from numpy.typing import NDArray

from analytics.features import modulation
from analytics.features.log_mel import BANDS, LOW_HZ, Level, Profile, level_of, mel_plan, part_features


def count_of(profile: Profile, level: Level) -> int:
    """How many numbers a part is reduced to."""
    if profile is Profile.KNOCK:
        return 2 * BANDS
    return 2 * BANDS + modulation.SIZE + (level is Level.ABSOLUTE)


def numbers_of_part(
    part: NDArray[np.float32], rate: int, profile: Profile, level: Level, low_hz: float = LOW_HZ
) -> NDArray[np.float32]:
    """Reduce one part to numbers, shape (count_of(profile, level),), float32.

    Parameters
    ----------
    part : ndarray, shape (n,), float32
        At least two frames of finite sound; full scale is +-1.
    rate
        Samples per second.
    profile, level
        What to listen for.
    low_hz
        Lower edge of the bands.
    """
    plan = mel_plan(rate, profile, low_hz)
    if profile is Profile.KNOCK:
        return part_features(part, plan, profile, level)
    bands = part_features(part, plan, profile, Level.NORMALISED)
    beats = modulation.modulation(part, modulation.modulation_plan(rate, len(part), low_hz))
    loudness = [level_of(part)] if level is Level.ABSOLUTE else []
    return np.concatenate([bands, beats, np.array(loudness, np.float32)], dtype=np.float32)
