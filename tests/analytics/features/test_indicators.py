import numpy as np
import pytest

from analytics.features.indicators import Indicators, indicators_of


def test_a_sine_is_known_by_heart():
    sine = (0.5 * np.sin(2 * np.pi * np.arange(4800) / 48)).astype(np.float32)
    found = indicators_of(sine)
    assert found.rms_db == pytest.approx(-9.03, abs=0.01)
    assert found.peak_db == pytest.approx(-6.02, abs=0.01)
    assert found.crest == pytest.approx(2**0.5, abs=1e-3)
    assert found.kurtosis == pytest.approx(1.5, abs=1e-3)


def test_noise_has_a_kurtosis_of_three_with_or_without_an_offset():
    noise = np.random.default_rng(7).normal(0, 0.1, 200_000).astype(np.float32)
    assert indicators_of(noise).kurtosis == pytest.approx(3, abs=0.06)
    assert indicators_of(noise + np.float32(0.5)).kurtosis == pytest.approx(3, abs=0.06)


def test_silence_is_finite():
    assert indicators_of(np.zeros(100, np.float32)) == Indicators(-240.0, -240.0, 1.0, 3.0)
