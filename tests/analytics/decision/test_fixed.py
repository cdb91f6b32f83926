"""Limits that a person sets: read as they are written, measured as they are named, 1.0 where they end."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.decision.fixed import FixedLimit, band_db, parse_fixed
from analytics.features.indicators import indicators_of

RATE = 48_000


def tone(hz: float, amplitude: float = 0.1) -> np.ndarray:
    return (amplitude * np.sin(2 * np.pi * hz * np.arange(4800) / RATE)).astype(np.float32)


def measured(text: str, part: np.ndarray, learned: float = 0.5) -> float:
    return parse_fixed(text).measure(part, RATE, indicators_of(part), learned)


@pytest.mark.parametrize(
    ("text", "again"),
    [
        ("level <= -12 dB", "level <= -12 dB"),
        ("peak>=-40dB", "peak >= -40 dB"),
        ("band 2000-4000 Hz <= -30.5 dB", "band 2000-4000 Hz <= -30.5 dB"),
        (" crest <= 15 ", "crest <= 15"),
        ("kurtosis >= 3", "kurtosis >= 3"),
        ("score <= 0.9", "score <= 0.9"),
    ],
)
def test_a_limit_is_read_as_it_is_written(text, again):
    assert str(parse_fixed(text)) == again
    assert parse_fixed(again) == parse_fixed(text)


@pytest.mark.parametrize(
    "text",
    ["", "loudness <= 3", "level <= -12", "crest <= 15 dB", "level < -12 dB", "band <= -30 dB", "crest <= 0",
     "band 4000-2000 Hz <= -30 dB", "level 20-30 Hz <= 1 dB", "score <= 1.2", "score >= 0.5", "level <= nan dB"],
)  # fmt: skip
def test_what_is_no_limit_is_refused_with_what_is_wanted(text):
    with pytest.raises(ValueError, match=r"wanted|a band has"):
        parse_fixed(text)


def test_level_peak_and_band_of_a_tone_are_its_own():
    part = tone(1000)
    rms = 20 * math.log10(0.1 / math.sqrt(2))
    assert measured("level <= 0 dB", part) == pytest.approx(rms, abs=0.01)
    assert measured("peak <= 0 dB", part) == pytest.approx(-20, abs=0.01)
    assert measured("band 900-1100 Hz <= 0 dB", part) == pytest.approx(rms, abs=0.01)
    assert measured("band 2000-3000 Hz <= 0 dB", part) < -80
    assert measured("score <= 1", part, learned=0.7) == 0.7


def test_all_bands_together_have_the_level_of_the_part():
    part = np.random.default_rng(0).normal(0, 0.1, 4801).astype(np.float32)
    assert band_db(part, RATE, 0, RATE) == pytest.approx(indicators_of(part).rms_db, abs=1e-6)
    assert band_db(np.zeros(100, np.float32), RATE, 0, RATE) == -240


def test_six_decibels_beyond_the_limit_are_a_score_of_two_on_either_side():
    assert FixedLimit("level", True, -12).score(-5.98) == pytest.approx(2, rel=1e-3)
    assert FixedLimit("level", False, -12).score(-18.02) == pytest.approx(2, rel=1e-3)
    assert FixedLimit("crest", True, 10).score(20) == 2
    assert FixedLimit("crest", False, 10).score(5) == 2


@given(st.sampled_from(["level", "crest"]), st.booleans(), st.floats(0.5, 100), st.floats(-240, 200))
def test_equality_passes_and_every_score_is_finite(what, at_most, value, found):
    limit = FixedLimit(what, at_most, value)
    assert limit.score(value) == 1.0
    assert math.isfinite(limit.score(found))
    assert limit.score(found) >= 0 or what == "crest"


def test_the_reason_names_the_value_and_the_limit():
    assert parse_fixed("level <= -12 dB").reason(-9.31) == ("the level, -9.31 dB, is above the fixed limit of -12 dB")
    assert "of 20-30 Hz" in parse_fixed("band 20-30 Hz >= -12 dB").reason(-60)
