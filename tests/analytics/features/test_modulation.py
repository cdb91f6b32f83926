import numpy as np
import pytest

from analytics.features.modulation import GROUPS, RATES, SIZE, modulation, modulation_plan

RATE = 16_000


def noise(seconds, seed=0, rate=RATE, level=0.1):
    return np.random.default_rng(seed).normal(0, level, round(seconds * rate)).astype(np.float32)


def beating(hz, depth=0.8, seconds=2.0, seed=0, rate=RATE):
    x = noise(seconds, seed, rate)
    return (x * (1 + depth * np.sin(2 * np.pi * hz * np.arange(len(x)) / rate))).astype(np.float32)


def heard(x, rate=RATE):
    return modulation(x, modulation_plan(rate, len(x))).reshape(GROUPS, RATES)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
@pytest.mark.parametrize("hz", [5.0, 13.0, 30.0, 80.0])
def test_a_beat_is_found_at_its_own_rate_in_every_band(hz, rate):
    plan = modulation_plan(rate, 2 * rate)
    more = heard(beating(hz, rate=rate), rate) - heard(noise(2, rate=rate), rate)

    found = more.argmax(axis=1)

    assert all(plan.edges_hz[band] <= hz <= plan.edges_hz[band + 2] for band in found)


def test_loudness_does_not_count():
    quiet, loud = beating(20), 8 * beating(20)
    assert heard(quiet) == pytest.approx(heard(loud), abs=1e-3)


def test_plain_noise_beats_alike_at_every_rate_of_sampling():
    """The power of ln band power falls with how many bins a band holds, so bands are compared one by one."""
    means = [np.mean([heard(noise(2, seed, rate), rate) for seed in range(8)], axis=0) for rate in (16_000, 32_000)]
    assert means[0][0] == pytest.approx(means[1][0], abs=1.2)


@pytest.mark.parametrize("sound", [np.zeros(2 * RATE, np.float32), np.full(2 * RATE, 0.5, np.float32)])
def test_silence_and_a_constant_are_finite(sound):
    assert np.isfinite(heard(sound)).all()


@pytest.mark.parametrize("length", [704, 1_280, 4_000, 16_000, 160_000])
def test_parts_of_any_length_give_the_same_count_of_numbers(length):
    assert modulation(noise(10)[:length], modulation_plan(RATE, length)).shape == (SIZE,)


def test_every_modulation_band_sums_to_one():
    for length in (1_280, 32_000):
        assert modulation_plan(RATE, length).weights.sum(axis=1) == pytest.approx(np.ones(RATES), abs=1e-6)


def test_a_part_too_short_to_beat_is_refused():
    with pytest.raises(ValueError, match="too few"):
        modulation_plan(RATE, 600)
