"""Levels in bands, from signals whose level is known."""

import numpy as np
import pytest

from analytics.wear.indicators import NAMES, Blocks, levels_db, spikiness

RATE = 48_000


def reduce(x, rate=RATE):
    blocks = Blocks(rate)
    return np.array([blocks.reduce(b.astype(np.float32)) for b in x.reshape(-1, blocks.size)])


def test_a_tone_shows_in_its_band_at_its_level():
    t = np.arange(RATE) / RATE
    levels = dict(zip(NAMES, levels_db(reduce(0.1 * np.sin(2 * np.pi * 3000 * t))), strict=True))

    assert levels["level_2000_4000_db"] == pytest.approx(-23.01, abs=0.05)
    assert levels["level_db"] == pytest.approx(-23.01, abs=0.05)
    assert levels["level_500_1000_db"] < -90


def test_rumble_below_100_hz_does_not_count():
    t = np.arange(RATE) / RATE

    assert levels_db(reduce(0.5 * np.sin(2 * np.pi * 25 * t)))[0] < -55


def test_a_rate_that_cannot_carry_a_band_leaves_it_at_the_floor():
    x = np.random.default_rng(1).standard_normal(8_000) * 0.1
    levels = dict(zip(NAMES, levels_db(reduce(x, 8_000)), strict=True))

    assert levels["level_4000_8000_db"] == -120
    assert levels["level_2000_4000_db"] > -40


def test_noise_has_a_kurtosis_of_three_and_clicks_have_more():
    x = np.random.default_rng(1).standard_normal(RATE) * 0.01
    kurtosis, crest = spikiness(reduce(x))
    assert kurtosis == pytest.approx(3, abs=0.1)
    x[:: RATE // 50] += 0.3
    assert spikiness(reduce(x))[0] > 20
    assert spikiness(reduce(x))[1] > crest
    assert spikiness(reduce(np.zeros(RATE))) == (0.0, 0.0)
