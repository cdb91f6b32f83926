"""Whatever is fed: an answer within the words, or a refusal in a sentence; never a call on what is no machine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from analytics.diagnosis.bearings import lookup
from analytics.diagnosis.joint import diagnose, explain, prepare
from analytics.diagnosis.result import NONE, UNDECIDED

RATE, RPM = 4_000, 1482.0
BEARING = lookup("6205")
WORDS = {"outer race", "inner race", "rolling element", NONE, UNDECIDED}


def noise(seconds=2.0, seed=1):
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE))


def answer(x, rpm=RPM):
    """Diagnose, and hold the answer to what it promises."""
    found = explain(prepare(x, RATE, rpm, (BEARING,)), rpm / 60, 0.02, BEARING)
    assert found.name in WORDS
    assert found.called == (found.fault is not None)
    assert found.abstained == (found.name == UNDECIDED)
    assert found.reason
    for line in found.lines:
        assert np.isfinite([line.order, line.frequency_hz, line.comb_score, *line.harmonics_snr_db]).all()
        assert 0 < line.p_value <= 1
    return found


@settings(max_examples=40, deadline=None)
@given(
    arrays.arrays(
        np.float32,
        st.integers(1, 9000),
        elements=st.sampled_from([0.0, 1.0, -1.0, 0.25, 1e-30, 1e18, np.inf, np.nan]),
        fill=st.sampled_from([0.0, 1.0, np.nan]),
    )
)
def test_any_array_is_answered_or_refused(x):
    if not np.isfinite(x).all() or len(x) < 4 * RATE / (RPM / 60):
        with pytest.raises(ValueError, match="envelope: found"):
            diagnose(x, RATE, RPM, 0.02, BEARING)
    else:
        answer(x)


@settings(max_examples=25, deadline=None)
@given(st.floats(1e-12, 1e12), st.sampled_from([-1, 1]), st.integers(0, 2**31))
def test_gain_and_polarity_change_nothing(gain, sign, seed):
    x = noise(seed=seed)

    plain, other = answer(x), answer(sign * gain * x)

    assert (plain.name, plain.fault, plain.reason) == (other.name, other.fault, other.reason)
    assert [line.frequency_hz for line in plain.lines] == [line.frequency_hz for line in other.lines]


@settings(max_examples=25, deadline=None)
@given(st.floats(0.02, 3.0), st.floats(-5.0, 5.0))
def test_clipped_noise_on_any_offset_is_no_fault(limit, offset):
    assert not answer(np.clip(noise(), -limit, limit) + offset).called


@settings(max_examples=20, deadline=None)
@given(st.floats(240.0, 20_000.0))
def test_any_speed_that_can_be_is_answered(rpm):
    answer(noise(), rpm)


def test_of_an_hour_the_end_is_heard():
    hour = np.zeros(3600 * RATE, np.float32)
    hour[-10 * RATE :] = noise(10.0)

    found = answer(hour)

    assert found == answer(hour[-10 * RATE :])
