"""What the PLC is told of a sound's quality: the one table from words to QualityCode bits."""

from collections.abc import Iterable, Mapping

from analytics.quality.words import Quality

PASS_MASK = 0x77FF  #: every defined bit but 11 (clock step): with one of these set, OK is never sent

LATE, GAP, CLIPPED, DEAD, NOISE, UNKNOWN_TYPE, MODEL, OVERRUN = range(8)
SELF_TEST, DRY_RUN, ABORTED, CLOCK_STEP, INTERNAL, MICROPHONE = range(8, 14)

BITS: Mapping[Quality, int | None] = {
    Quality.LATE: LATE,
    Quality.GAP: GAP,
    Quality.TOO_SHORT: GAP,  # samples are missing, whichever end they are missing from
    Quality.CLIPPED: CLIPPED,
    Quality.SILENT: DEAD,
    Quality.FROZEN: DEAD,
    Quality.VANISHED: DEAD,
    Quality.DISTURBED: NOISE,
    Quality.SPEECH: None,  # found after the verdict, and only for the record: whether it disturbed, DISTURBED says
    Quality.UNKNOWN_TYPE: UNKNOWN_TYPE,
    Quality.NO_RECIPE: MODEL,
    Quality.OVERRUN: OVERRUN,
    Quality.SELF_TEST: SELF_TEST,
    Quality.DRY_RUN: DRY_RUN,
    Quality.ABORTED: ABORTED,
    Quality.CLOCK_STEP: CLOCK_STEP,
    Quality.NOT_FINITE: INTERNAL,
    Quality.INTERNAL: INTERNAL,
    Quality.DC: MICROPHONE,
    Quality.HUM: MICROPHONE,
    Quality.GAIN_STEP: MICROPHONE,
    Quality.LOST_HIGHS: MICROPHONE,
    Quality.SWAPPED: MICROPHONE,
    Quality.DROPOUT: MICROPHONE,
    Quality.NO_CONTEXT: None,  # a lone recording may be judged; that nobody looked for disturbance is for the record
    Quality.TEACHING: None,  # a teach part is NotDecidable by its Mode; nothing is wrong with it
}

MEANINGS: Mapping[int, str] = {
    LATE: "late: no verdict before the deadline",
    GAP: "audio gap: samples are missing",
    CLIPPED: "clipping",
    DEAD: "microphone dead or silent",
    NOISE: "noise too high: another sound or speech lies over the part",
    UNKNOWN_TYPE: "unknown part type",
    MODEL: "recipe missing, unreadable or of another station",
    OVERRUN: "trigger overrun: the part before was still being judged",
    SELF_TEST: "microphone self-test failed",
    DRY_RUN: "judged in Mode 4 (dry run)",
    ABORTED: "aborted by the PLC",
    CLOCK_STEP: "wall clock stepped (does not touch the judgement)",
    INTERNAL: "internal error of the gateway",
    MICROPHONE: "other microphone fault: DC, hum, gain step, lost highs, loose contact, swapped channel",
}


def quality_code(words: Iterable[Quality]) -> int:
    """Give the QualityCode of these words: UInt16 with one bit a group of words, 0 meaning good.

    Bit 14 is reserved and bit 15 never used, so that the code fits a signed INT.
    """
    code = 0
    for word in words:
        bit = BITS[word]
        if bit is not None:
            code |= 1 << bit
    return code
