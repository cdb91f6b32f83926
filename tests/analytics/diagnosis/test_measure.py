"""Named indicators: what is measured has known numbers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analytics.diagnosis.measure import POINTS, measure, picture
from analytics.diagnosis.named import Named

RATE = 8000
SECONDS = 5
T = np.arange(SECONDS * RATE) / RATE
NOISE = np.random.default_rng(3).standard_normal(len(T))

BAND = Named("band", "other", band_hz=(500.0, 1500.0))
LINE = Named("line", "other", hz=100.0, multiples=2)
ORDER = Named("order", "other", order=4.0, tolerance=0.02)
DEPTH = Named("depth", "other", band_hz=(1000.0, 3000.0), order=1.0, tolerance=0.02)


def one(sound, indicator, shaft_hz=25.0):
    (found,) = measure(sound.astype(np.float32), RATE, shaft_hz, (indicator,))
    return found


def test_the_level_of_a_band_is_its_mean_square():
    found = one(0.1 * NOISE, BAND)

    assert found.level_db == pytest.approx(10 * np.log10(0.01 * 1000 / 4000), abs=0.3)
    assert found.clear


def test_the_strength_of_a_line_is_its_mean_square_and_its_multiples_add_up():
    tones = 0.2 * np.sin(2 * np.pi * 100 * T) + 0.1 * np.cos(2 * np.pi * 200 * T)

    found = one(tones + 0.001 * NOISE, LINE)

    assert found.level_db == pytest.approx(10 * np.log10(0.02 + 0.005), abs=0.2)
    assert found.clear


def test_a_line_of_the_shaft_is_found_within_its_tolerance_and_noise_is_no_line():
    tone = 0.1 * np.sin(2 * np.pi * 101.5 * T)

    assert one(tone + 0.01 * NOISE, ORDER).clear
    assert one(tone + 0.01 * NOISE, ORDER).level_db == pytest.approx(-23.0, abs=1.0)
    assert not one(0.01 * NOISE, ORDER).clear


def test_the_depth_of_a_modulation_is_that_of_the_envelope_whatever_the_gain():
    deep = NOISE * (1 + 0.5 * np.cos(2 * np.pi * 25 * T))
    # Power is modulated by 2 m / (1 + m^2/2) at the line.
    wanted = 20 * np.log10(2 * 0.5 / (1 + 0.125))

    found, louder, inverted = one(0.01 * deep, DEPTH), one(0.3 * deep, DEPTH), one(-0.3 * deep, DEPTH)

    assert found.level_db == pytest.approx(wanted, abs=1.0)
    assert found.clear
    assert louder.level_db == pytest.approx(found.level_db, abs=0.01)
    assert inverted.level_db == louder.level_db
    assert not one(NOISE, DEPTH).clear


@pytest.mark.parametrize(
    ("indicator", "shaft_hz"),
    [
        (ORDER, None),
        (Named("high", "other", band_hz=(3000.0, 5000.0)), 25.0),
        (Named("beyond", "other", hz=3990.0), 25.0),
        (Named("beyond", "other", order=300.0), 25.0),
        (Named("slow", "other", hz=0.2), 25.0),
    ],
)
def test_what_cannot_be_measured_is_none(indicator, shaft_hz):
    assert one(NOISE, indicator, shaft_hz) is None


def test_what_is_no_record_is_refused():
    for broken in (np.zeros((10, 2), np.float32), np.zeros(0, np.float32), np.full(100, np.nan, np.float32)):
        with pytest.raises(ValueError, match="wanted one finite channel"):
            measure(broken, RATE, 25.0, (BAND,))


@given(
    arrays.arrays(np.float32, st.integers(1, 300), elements=st.floats(-1, 1, width=32)),
    st.floats(0.1, 400),
    st.sampled_from((BAND, LINE, ORDER, DEPTH)),
)
@settings(max_examples=60, deadline=None)
def test_any_short_record_gives_a_finite_number_or_none(record, shaft_hz, indicator):
    (found,) = measure(record, RATE, shaft_hz, (indicator,))

    assert found is None or np.isfinite(found.level_db)


@pytest.mark.parametrize("indicator", [BAND, LINE, ORDER, DEPTH])
def test_a_picture_shows_the_line_or_the_band_with_few_points(indicator):
    sound = NOISE * (1 + 0.8 * np.cos(2 * np.pi * 25 * T)) * 0.01 + 0.1 * np.sin(2 * np.pi * 100 * T)

    shown = picture(sound.astype(np.float32), RATE, 25.0, indicator)

    assert shown.frequency_hz.shape == shown.level.shape
    assert len(shown.level) <= POINTS
    assert np.isfinite(shown.level).all()
    if shown.line_hz is not None:
        skip = 3  # the slow drift of an envelope is no line
        highest = shown.frequency_hz[skip + np.argmax(shown.level[skip:])]
        assert highest == pytest.approx(shown.line_hz, abs=2.5)
    else:
        assert shown.frequency_hz[-1] >= shown.band_hz[1]


def test_two_indicators_that_are_defined_alike_are_told_alike():
    assert Named("a", "other", hz=100.0, multiples=4).what == "line at 100 Hz to its multiple 4 +-0.5 %"
    assert DEPTH.what == "modulation of 1000 to 3000 Hz at 1 x shaft +-2 %"
    assert BAND.what == "level of 500 to 1500 Hz"
