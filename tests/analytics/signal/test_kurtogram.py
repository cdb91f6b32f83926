"""The kurtogram: which band is impulsive, whatever the level, the sign and the length."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analytics.signal.kurtogram import kurtogram

RATE = 32_000


def rings(hz=9000.0, strength=6.0, seed=1, seconds=2.0):
    """Noise in which something rings at `hz`, 30 times a second."""
    chance = np.random.default_rng(seed)
    x = chance.standard_normal(int(seconds * RATE))
    t = np.arange(200) / RATE
    ring = strength * np.exp(-t / 0.001) * np.sin(2 * np.pi * hz * t)
    for start in range(500, len(x) - 300, RATE // 30):
        x[start : start + len(ring)] += ring
    return x


def test_the_band_that_rings_is_found():
    (low, high), kurtosis = kurtogram(rings(), RATE).best()

    assert low <= 9000 <= high
    assert high - low <= 4000
    assert kurtosis > 1


def test_noise_alone_has_no_impulsive_band_and_the_widest_is_named():
    """By its kurtosis alone one of the narrowest bands would be."""
    chance = np.random.default_rng(2)
    for _ in range(10):
        tree = kurtogram(chance.standard_normal(2 * RATE), RATE)
        band, kurtosis = tree.best()
        assert band[1] - band[0] >= RATE / 16
        assert kurtosis < 0.2


def test_kurtosis_of_noise_is_0_of_a_tone_minus_1():
    noise = kurtogram(np.random.default_rng(3).standard_normal(4 * RATE), RATE)
    assert abs(noise.rows[0][0]) < 0.05
    tone = kurtogram(np.sin(2 * np.pi * 5000 * np.arange(2 * RATE) / RATE), RATE)
    assert tone.rows[0][0] == pytest.approx(-1, abs=0.05)


def test_bands_too_narrow_for_the_lines_looked_for_are_not_chosen():
    band, _ = kurtogram(rings(), RATE).best(narrowest_hz=3000)

    assert band[1] - band[0] >= 3000


def test_a_record_that_begins_and_ends_at_different_levels_does_not_click():
    ramp = np.linspace(-50, 50, 2 * RATE) + np.random.default_rng(4).standard_normal(2 * RATE)

    beside = [float(row[1:].max()) for row in kurtogram(ramp, RATE).rows if len(row) > 1]  # the first holds the ramp
    assert max(beside) < 1


@pytest.mark.parametrize("gain", [-1.0, 1e-12, 1e12])
def test_neither_gain_nor_polarity_matter(gain):
    plain, other = kurtogram(rings(), RATE), kurtogram(gain * rings(), RATE)

    assert plain.best()[0] == other.best()[0]
    for one, two in zip(plain.rows, other.rows, strict=True):
        np.testing.assert_allclose(one, two, atol=2e-3)


def test_an_hour_costs_no_more_than_the_end_of_it():
    long = np.zeros(2**21, np.float32)
    long[2**20 :] = np.tile(rings().astype(np.float32), 17)[: 2**20]

    tree = kurtogram(long, RATE)

    assert tree.samples[0] < 2**19
    assert tree.best()[0][0] <= 9000 <= tree.best()[0][1]


@pytest.mark.parametrize("x", [np.zeros(4096), np.full(4096, 0.7), np.zeros(4096, np.float32)])
def test_silence_and_dc_have_no_kurtosis(x):
    tree = kurtogram(x, RATE)

    assert all(not row.any() for row in tree.rows)


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(
        np.float32,
        st.integers(256, 2000),
        elements=st.sampled_from([0.0, 1.0, -1.0, 0.5, 1e-20, 1e18, -3.7]),
    )
)
def test_whatever_is_finite_gives_finite_numbers(x):
    tree = kurtogram(x, RATE)

    assert all(np.isfinite(row).all() for row in tree.rows)
    assert np.isfinite(tree.best()[1])


@pytest.mark.parametrize("x", [np.zeros(10), np.full(4096, np.nan), np.zeros((2, 4096))])
def test_what_cannot_be_analysed_is_refused(x):
    with pytest.raises(ValueError, match="kurtogram: found"):
        kurtogram(x, RATE)
