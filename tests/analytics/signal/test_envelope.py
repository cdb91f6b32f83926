"""Whitened envelopes: lines of known frequency and depth, and what noise does not do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.signal.envelope import GAIN_TOP, spectra

RATE, SHAFT = 16_000, 25.0


def modulated(hz, depth, seconds=4.0, seed=1):
    t = np.arange(int(seconds * RATE)) / RATE
    return np.random.default_rng(seed).standard_normal(len(t)) * np.sqrt(1 + depth * np.cos(2 * np.pi * hz * t))


def test_a_modulation_shows_at_its_frequency_with_its_depth():
    heard = spectra(modulated(90.0, 0.5), RATE, SHAFT, 700.0)

    line = np.array([90.0])
    assert heard.square.gains(line)[0] == GAIN_TOP
    assert heard.log.gains(line)[0] == GAIN_TOP
    # Whitening takes a fifth of it: the modulated noise no longer has its own magnitudes.
    assert heard.square.depths(line)[0] == pytest.approx(0.4, abs=0.05)
    assert spectra(modulated(90.0, 0.25), RATE, SHAFT, 700.0).square.depths(line)[0] == pytest.approx(0.2, abs=0.05)


def test_noise_alone_earns_little_and_costs_little():
    heard = spectra(modulated(90.0, 0.0, seconds=10), RATE, SHAFT, 700.0)

    everywhere = np.arange(5.0, 700.0, 0.1)
    for spectrum in (heard.log, heard.square):
        gains = spectrum.gains(everywhere)
        assert gains.min() >= -1.0
        assert -1.0 < gains.mean() < -0.6  # ln of the largest of three exponentials is 0.6 on average, less 1.5
        assert np.mean(gains > 1.0) < 0.001
        assert spectrum.depths(everywhere).max() < 0.12


def test_a_frequency_beyond_the_spectrum_is_an_absent_line():
    heard = spectra(modulated(90.0, 0.5), RATE, SHAFT, 200.0)

    assert heard.log.gains(np.array([1e6]))[0] == -1.0
    assert heard.log.depths(np.array([1e6]))[0] == 0.0


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-6, 1e6), st.sampled_from([np.float32, np.float64]))
def test_loudness_changes_nothing(gain, kind):
    x = modulated(90.0, 0.5, seconds=1.0)
    quiet, loud = spectra(x, RATE, SHAFT, 300.0), spectra((gain * x).astype(kind), RATE, SHAFT, 300.0)

    assert np.allclose(quiet.log.depth, loud.log.depth, atol=1e-3)


def test_of_a_long_record_the_last_ten_seconds_are_used():
    early = np.concatenate([modulated(90.0, 0.9, seconds=5), modulated(140.0, 0.9, seconds=10, seed=2)])

    heard = spectra(early, RATE, SHAFT, 300.0)

    assert heard.seconds == 10.0
    assert heard.log.gains(np.array([140.0]))[0] > 4
    assert heard.log.gains(np.array([90.0]))[0] < 1


def test_digital_silence_has_no_lines():
    heard = spectra(np.zeros(RATE), RATE, SHAFT, 300.0)

    assert (heard.log.gain == -1.0).all()
    assert (heard.square.gain == -1.0).all()


@pytest.mark.parametrize(
    ("x", "rate", "shaft"),
    [
        (np.array([1.0, np.nan] * 8000), RATE, SHAFT),
        (np.zeros((2, 16_000)), RATE, SHAFT),
        (np.zeros(2000), RATE, SHAFT),  # three turns
        (np.zeros(16_000), 500, SHAFT),
        (np.zeros(16_000), RATE, 0.0),
        (np.zeros(16_000), RATE, float("nan")),
        (np.zeros(0), RATE, SHAFT),
    ],
)
def test_what_cannot_be_analysed_is_refused_in_a_sentence(x, rate, shaft):
    with pytest.raises(ValueError, match="envelope: found"):
        spectra(x, rate, shaft, 300.0)
