import pytest

from analytics.quality.words import Quality
from gateway.handshake.quality_code import BITS, MEANINGS, PASS_MASK, quality_code


def test_every_word_has_its_place_in_the_one_table():
    assert set(BITS) == set(Quality)


def test_every_bit_has_a_meaning_and_the_mask_is_every_one_but_the_clock_step():
    used = {bit for bit in BITS.values() if bit is not None}
    assert used == set(MEANINGS) == set(range(14))
    reserved = 1 << 14
    assert sum(1 << bit for bit in used) - (1 << 11) + reserved == PASS_MASK


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 0),
        ((Quality.LATE,), 1),
        ((Quality.GAP, Quality.TOO_SHORT), 2),
        ((Quality.CLOCK_STEP, Quality.DRY_RUN), 0x0A00),
        ((Quality.SWAPPED,), 0x2000),
        ((Quality.NO_CONTEXT, Quality.TEACHING), 0),
    ],
)
def test_words_become_bits(words, code):
    assert quality_code(words) == code


def test_a_code_fits_a_signed_int():
    assert quality_code(Quality) < 32768
