"""Arithmetic around the model of speech."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.quality.speech import CONTEXT, FRAME, RATE, hearings, spans


def test_a_word_takes_half_a_second_on_either_side_along() -> None:
    probability = np.zeros(100, np.float32)
    probability[48:52] = 0.9

    ((start, stop),) = spans(probability, 48_000, 48_000 * 100 * FRAME // RATE)

    # the smoothing of five frames reaches two frames further on either side
    assert start / 48_000 == pytest.approx(46 * 0.032 - 0.5, abs=0.001)
    assert stop / 48_000 == pytest.approx(54 * 0.032 + 0.5, abs=0.001)


def test_two_words_less_than_a_second_apart_are_one_span() -> None:
    probability = np.zeros(200, np.float32)
    probability[[50, 51, 52, 70, 71, 72]] = 0.9
    probability[[150, 151, 152]] = 0.9

    assert len(spans(probability, RATE, 200 * FRAME)) == 2


def test_a_likeness_of_one_frame_is_no_word() -> None:
    probability = np.zeros(100, np.float32)
    probability[50] = 0.4

    assert spans(probability, RATE, 100 * FRAME) == ()


def test_digital_silence_is_not_looked_through() -> None:
    assert hearings(np.zeros(48_000, np.float32), 48_000) == ()


@given(
    n=st.integers(1, 5000),
    rate=st.sampled_from([8000, 16_000, 44_100, 48_000]),
    loud=st.sampled_from([1e-30, 1e-6, 1.0, 1e30]),
    broken=st.sampled_from([0.0, np.nan, np.inf, -np.inf]),
)
def test_whatever_is_heard_becomes_whole_frames_within_full_scale(
    n: int, rate: int, loud: float, broken: float
) -> None:
    samples = (np.random.default_rng(n).normal(0, 1, n) * loud).astype(np.float32)
    samples[n // 2] = broken

    for frames in hearings(samples, rate):
        assert frames.dtype == np.float32
        resampled = math.ceil(n * RATE / rate)
        assert frames.shape == (math.ceil(resampled / FRAME), FRAME + CONTEXT)
        assert np.abs(frames).max() <= 1.0  # NaN would fail this


@given(st.lists(st.floats(0, 1, width=32), max_size=60), st.integers(1, 30_000))
def test_spans_lie_within_the_sound_in_order_and_apart(values: list[float], count: int) -> None:
    found = spans(np.array(values, np.float32), RATE, count)

    edges = [edge for span in found for edge in span]
    assert edges == sorted(edges)
    assert all(0 <= edge <= count for edge in edges)


def test_each_frame_has_the_end_of_the_one_before_it_in_front() -> None:
    samples = np.random.default_rng(0).uniform(-0.1, 0.1, 4 * FRAME).astype(np.float32)

    frames = hearings(samples, RATE)[0]

    assert (frames[1:, :CONTEXT] == frames[:-1, -CONTEXT:]).all()
    assert (frames[0, :CONTEXT] == 0).all()
