import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.plc.port import GwImage, PlcImage
from connectors.plc.registers import (
    BITS,
    BLOCK,
    G_LENGTH,
    P_LENGTH,
    RegisterTag,
    WordOrder,
    clean_part_id,
    derived_bits,
    float_from_words,
    float_to_words,
    gw_from_words,
    gw_to_words,
    map_fault,
    plc_from_words,
    plc_to_words,
    value_from_words,
    value_to_words,
)

word = st.integers(0, 0xFFFF)
order = st.sampled_from(WordOrder)
single = st.floats(width=32, allow_nan=False)
printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=32)

plc_images = st.builds(
    PlcImage,
    **dict.fromkeys(
        (
            "heartbeat",
            "boot_id",
            "mode",
            "result_ack",
            "abort_seq",
            "trig_head",
            "part_type",
            "deadline_ms",
            "trig_seq",
        ),
        word,
    ),
    part_id=printable,
    gw_boot_id=st.none(),
)
gw_images = st.builds(
    GwImage,
    **dict.fromkeys(
        (
            "heartbeat",
            "boot_id",
            "state",
            "trig_ack",
            "result_head",
            "verdict",
            "quality_code",
            "defect_code",
            "latency_ms",
            "pass_key",
            "result_seq",
            "map_version",
        ),
        word,
    ),
    score=single,
)


@given(plc_images)
def test_a_p_block_survives_its_registers(image):
    words = plc_to_words(image)

    assert len(words) == P_LENGTH
    assert plc_from_words(words) == image
    assert plc_from_words(words[:25]) == image


@given(gw_images, order)
def test_a_g_block_survives_its_registers_in_either_word_order(image, word_order):
    words = gw_to_words(image, word_order)

    assert len(words) == G_LENGTH
    assert all(0 <= each <= 0xFFFF for each in words)
    assert gw_from_words(words, word_order) == image


@given(st.lists(word, min_size=25, max_size=32))
def test_any_registers_make_a_p_image_with_printable_text(words):
    image = plc_from_words(words)

    assert image.trig_seq == words[24]
    assert len(image.part_id) <= 32
    assert all(" " <= c <= "~" or c == "\ufffd" for c in image.part_id)


def test_the_test_float_shows_the_word_order_as_the_contract_prints_it():
    assert gw_to_words(GwImage(), WordOrder.BIG)[14:] == [0x42F6, 0xE979]
    assert gw_to_words(GwImage(), WordOrder.LITTLE)[14:] == [0xE979, 0x42F6]


def test_registers_lie_where_the_contract_puts_them():
    plc = plc_to_words(PlcImage(1, 2, 3, 4, 5, 6, 7, 8, "AB", 9))
    gateway = gw_to_words(GwImage(1, 2, 3, 4, 5, 6, 7, 8, 3.25, 9, 10, 11, 12))

    assert plc[:9] == [1, 2, 3, 4, 5, 6, 7, 8, 0x4142]
    assert plc[9:24] == [0] * 15
    assert plc[24] == 9
    assert gateway[:14] == [1, 2, 3, 4, 5, 6, 7, 8, 0x4050, 0x0000, 9, 10, 11, 12]


def test_the_zero_image_has_no_pass_key_and_no_verdict():
    words = gw_to_words(GwImage())

    assert words[5] == words[11] == words[12] == 0


@given(st.floats(allow_nan=True), order)
def test_any_score_fits_two_registers(value, word_order):
    words = float_to_words(value, word_order)

    back = float_from_words(words, word_order)
    too_large = abs(value) > 3.4e38 and math.isinf(back)
    assert too_large or math.isnan(value) or math.isclose(back, value, rel_tol=2**-24, abs_tol=2**-149)


@given(st.text(max_size=80))
def test_a_part_id_is_at_most_32_printable_characters(text):
    cleaned = clean_part_id(text)

    assert len(cleaned) <= 32
    assert all(" " <= c <= "~" or c == "\ufffd" for c in cleaned)
    assert clean_part_id(cleaned) == cleaned


def test_a_part_id_ends_at_its_first_nul():
    assert clean_part_id("A-1\0leftover") == "A-1"


def test_lamps_show_the_result_and_never_one_that_is_half_written():
    good = GwImage(state=1, result_head=7, result_seq=7, verdict=1)

    def lit(image):
        return {name for name, on in zip(BITS, derived_bits(image), strict=True) if on}

    assert lit(good) == {"Ready", "ResultValid", "Ok"}
    assert lit(replace(good, result_head=8)) == {"Ready"}
    assert lit(replace(good, verdict=2, state=2)) == {"Busy", "ResultValid", "NotOk"}
    assert lit(replace(good, verdict=3, state=4)) == {"ResultValid", "NotDecidable", "Fault"}
    assert lit(GwImage()) == set()


@pytest.mark.parametrize(
    ("kind", "value"),
    [("bool", 1.0), ("uint16", 65535.0), ("int16", -2.0), ("uint32", 4e9), ("int32", -70_000.0), ("float", 1482.5)],
)
@pytest.mark.parametrize("word_order", WordOrder)
def test_a_plain_tag_survives_its_registers(kind, value, word_order):
    assert value_from_words(value_to_words(value, kind, word_order), kind, word_order) == value


@pytest.mark.parametrize(
    ("bases", "tags", "fault"),
    [
        ({"ring": 0, "gear": BLOCK}, {"rpm": RegisterTag(500, "float")}, ""),
        ({"ring": 0, "gear": 32}, {}, "block of gear at register 32 overlaps block of ring"),
        ({"ring": 0, "gear": 0}, {}, "overlaps"),
        ({"ring": 0}, {"rpm": RegisterTag(63, "float")}, "tag rpm at register 63 overlaps block of ring"),
        ({"ring": 65500}, {}, "lies at 65500..65563; registers are 0..65535"),
        ({}, {"rpm": RegisterTag(65535, "float")}, "lies at 65535..65536"),
        ({}, {"rpm": RegisterTag(1, "double")}, "tag rpm has type 'double'; wanted one of bool"),
        ({}, {"rpm": RegisterTag(9, "float"), "load": RegisterTag(10)}, ""),
    ],
)
def test_a_register_map_that_cannot_be_is_said_in_one_sentence(bases, tags, fault):
    said = map_fault(bases, tags)

    assert fault in said
    assert bool(said) == bool(fault)
