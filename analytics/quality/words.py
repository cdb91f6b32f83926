"""The words that say whether a sound may be trusted."""

from enum import StrEnum


class Quality(StrEnum):
    """One word per thing that can be wrong with the sound of a part or a machine.

    A capture or a window carries a tuple of these, empty meaning good. The word says what was seen;
    what the PLC is told of it stands in one table, `gateway/handshake/quality_code.py`.
    """

    LATE = "late"  #: no verdict before the deadline
    GAP = "gap"  #: samples are missing inside the capture
    CLIPPED = "clipped"  #: the converter was driven to full scale
    SILENT = "silent"  #: digital zero, or far below the taught noise floor
    FROZEN = "frozen"  #: the same sample over and over
    VANISHED = "vanished"  #: no samples arrive at all
    DISTURBED = "disturbed"  #: another sound lies over this one
    SPEECH = "speech"  #: somebody speaks
    NO_CONTEXT = "no_context"  #: the 100 ms before and after are missing: disturbance could not be looked for
    UNKNOWN_TYPE = "unknown_type"  #: no recipe for this PartType
    NO_RECIPE = "no_recipe"  #: the recipe is missing, unreadable or made for another station
    NOT_FINITE = "not_finite"  #: NaN or infinity in the samples
    OVERRUN = "overrun"  #: a new trigger came while the part before was still being judged
    SELF_TEST = "self_test"  #: the microphone's self-test failed
    DRY_RUN = "dry_run"  #: judged in Mode 4: a rehearsal
    ABORTED = "aborted"  #: the PLC withdrew the part
    CLOCK_STEP = "clock_step"  #: the wall clock jumped; the judgement does not use it
    INTERNAL = "internal"  #: the gateway's own fault
    DC = "dc"  #: a constant offset
    HUM = "hum"  #: mains hum far over the taught level
    GAIN_STEP = "gain_step"  #: the level of the chain jumped
    LOST_HIGHS = "lost_highs"  #: the upper band is gone
    SWAPPED = "swapped"  #: another microphone's sound
    DROPOUT = "dropout"  #: a loose contact: the sound comes and goes
    TOO_SHORT = "too_short"  #: fewer samples than the recipe needs
    TEACHING = "teaching"  #: heard in Mode 3: taught from, not judged


DEAF = (Quality.VANISHED, Quality.SILENT, Quality.FROZEN)  #: an ear that hears nothing
UNTRUSTED = (*DEAF, Quality.DROPOUT, Quality.HUM, Quality.GAIN_STEP, Quality.LOST_HIGHS, Quality.SWAPPED)
"""An ear of which no part is believed."""
