import numpy as np
import pytest

from analytics.features.log_mel import BANDS, Level, Profile
from analytics.features.part import count_of, numbers_of_part

RATE = 16_000
SOUND = np.random.default_rng(1).normal(0, 0.1, RATE).astype(np.float32)


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("level", list(Level))
def test_a_part_has_as_many_numbers_as_is_said(profile, level):
    numbers = numbers_of_part(SOUND, RATE, profile, level)
    assert (numbers.shape, numbers.dtype) == ((count_of(profile, level),), np.float32)


def test_loudness_of_a_running_part_is_one_number_and_moves_no_other():
    quiet, loud = (numbers_of_part(gain * SOUND, RATE, Profile.STEADY, Level.ABSOLUTE) for gain in (0.1, 1.0))
    assert loud[-1] - quiet[-1] == pytest.approx(2 * np.log(10), abs=1e-4)
    assert quiet[:-1] == pytest.approx(loud[:-1], abs=2e-3)


def test_loudness_of_a_struck_part_is_in_the_mean_of_every_band():
    quiet, loud = (numbers_of_part(gain * SOUND, RATE, Profile.KNOCK, Level.ABSOLUTE) for gain in (0.1, 1.0))
    assert (loud - quiet)[:BANDS] == pytest.approx(np.full(BANDS, 2 * np.log(10)), abs=1e-3)


def test_the_numbers_of_a_part_are_the_same_whatever_memory_it_lies_in():
    apart = np.concatenate([np.zeros(3, np.float32), SOUND])[3:]
    for profile in Profile:
        one, other = (numbers_of_part(x, RATE, profile, Level.ABSOLUTE) for x in (SOUND, apart))
        assert np.array_equal(one, other)
