import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.signal.onset import find_onset

RATE = 48_000


def knock(at, n=24_000, noise=0.001, seed=0, rise=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, noise, n)
    t = np.arange(n - at) / RATE
    ring = 0.5 * np.exp(-t / 0.02) * np.cos(2 * np.pi * 2300 * t)
    if rise:
        ring[:rise] *= np.linspace(0, 1, rise)
    x[at:] += ring
    return x.astype(np.float32)


@settings(deadline=None, max_examples=50)
@given(st.integers(2_000, 15_000), st.integers(0, 5))
def test_the_onset_moves_with_the_knock_to_within_a_tenth_of_a_millisecond(at, seed):
    found = find_onset(knock(at, seed=seed), RATE, 0, 20_000)
    assert found is not None
    assert abs(found - at) <= 5


def test_a_knock_that_rises_slowly_is_found_at_its_foot():
    found = find_onset(knock(9_000, rise=480), RATE, 0, 20_000)
    assert 9_000 <= found <= 9_240  # 10 ms of rise; the foot is 20 dB under the loudest


def test_noise_alone_holds_no_knock():
    noise = np.random.default_rng(3).normal(0, 0.1, 24_000).astype(np.float32)
    assert find_onset(noise, RATE, 0, 20_000) is None


@pytest.mark.parametrize("level", [0.0, 0.3])
def test_silence_and_a_constant_hold_no_knock(level):
    assert find_onset(np.full(24_000, level, np.float32), RATE, 0, 20_000) is None


def test_a_clip_cut_at_the_knock_begins_with_it():
    assert find_onset(knock(9_000)[9_000:], RATE, 0, 10_000) == 0


def test_too_little_to_look_at_holds_no_knock():
    assert find_onset(knock(100, n=200), RATE, 0, 60) is None
    assert find_onset(np.zeros(0, np.float32), RATE, 0, 0) is None


def test_the_knock_is_looked_for_only_where_asked():
    two = knock(4_000) + knock(15_000, seed=1) * 2
    assert abs(find_onset(two, RATE, 0, 10_000) - 4_000) <= 5
    assert abs(find_onset(two, RATE, 10_000, 20_000) - 15_000) <= 5


@pytest.mark.parametrize("gain", [1e-3, 1.0, 1e9])
def test_the_onset_does_not_depend_on_the_gain(gain):
    sound = knock(7_000)
    assert find_onset((sound * np.float32(gain)), RATE, 0, 20_000) == find_onset(sound, RATE, 0, 20_000)
