import numpy as np
import pytest

from analytics.quality.part_sound import clipped_share, is_finite, is_frozen, is_silent, rms_db, too_clipped

NOISE = np.random.default_rng(13).normal(0, 0.1, 4800).astype(np.float32)


@pytest.mark.parametrize(
    ("level", "floor", "silent"),
    [
        (-240, None, True),
        (-101, None, True),
        (-71, None, False),
        (-60, -70, False),
        (-91, -70, True),
        (-89, -70, False),
    ],
)
def test_silence_is_digital_or_far_below_the_room_but_never_just_quiet(level, floor, silent):
    assert is_silent(level, floor) is silent


def test_ten_steps_of_sixteen_bits_are_sound():
    steps = np.round(NOISE * 0.003 * 32768) / 32768
    assert rms_db(steps.astype(np.float32)) == pytest.approx(-70.4, abs=0.2)
    assert not is_silent(rms_db(steps.astype(np.float32)), None)
    assert not is_frozen(steps.astype(np.float32))


@pytest.mark.parametrize(
    ("sound", "frozen"),
    [
        (np.full(4800, 0.25), True),
        (np.where(np.arange(4800) > 2000, NOISE[2000], NOISE), True),
        (np.where(np.arange(4800) > 2600, NOISE[2600], NOISE), False),
        (np.zeros(4800), False),  # silent, which is another word
        (np.ones(4800), False),  # clipped, likewise
        (NOISE, False),
        (np.repeat(NOISE[:1200], 4), False),  # resampled without a filter, but alive
        (np.empty(0), False),
        (np.ones(1), False),
    ],
)
def test_a_frozen_ear_repeats_one_sample_over_half_the_part(sound, frozen):
    assert is_frozen(sound.astype(np.float32)) is frozen


def test_the_share_at_full_scale_counts_both_ends_of_every_converter():
    codes = np.array([32767 / 32768, -1.0, 8388607 / 8388608, 0.99, 0.0], np.float32)
    assert clipped_share(codes) == pytest.approx(0.6)
    assert clipped_share(codes[:0]) == 0.0


def test_clipping_is_measured_against_what_the_goods_had():
    assert not too_clipped(0.004, 0.0)
    assert too_clipped(0.006, 0.0)
    assert not too_clipped(0.12, 0.06)
    assert too_clipped(0.13, 0.06)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("at", [0, 2400, 4799])
def test_one_value_that_is_no_number_is_found_anywhere(value, at):
    sound = NOISE.copy()
    sound[at] = value
    assert not is_finite(sound)


def test_finite_sound_is_finite():
    assert is_finite(NOISE)
    assert is_finite(NOISE * 1e9)
    assert is_finite(NOISE[:0])
    assert rms_db(NOISE[:0]) == -240.0
