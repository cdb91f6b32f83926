"""What is said of a running part that sounds wrong: what was done to it."""

import re

import numpy as np
import pytest

from analytics.decision.judge import features_of
from analytics.decision.limits import order_statistic_limit
from analytics.decision.model import FrontEnd, PartModel
from analytics.decision.reason import why_strange
from analytics.features.log_mel import Level, Profile
from analytics.signal.capture import Capture
from models.teach import fit_mahalanobis

RATE, N = 16_000, 32_000
STEADY = FrontEnd(Profile.STEADY, Level.ABSOLUTE, RATE, 2.0)


def running(seed, *, beat_hz=0.0, gain=1.0, tone=0.0):
    x = np.random.default_rng(seed).normal(0, 0.05, N)
    t = np.arange(N) / RATE
    x = gain * (x * (1 + 0.6 * np.sin(2 * np.pi * beat_hz * t)) + tone * np.sin(2 * np.pi * 2000 * t))
    return Capture(x.astype(np.float32), RATE, 0, N, before=False, after=False)


def numbers(capture):
    return features_of(capture, STEADY)


@pytest.fixture(scope="module")
def model():
    goods = np.array([numbers(running(seed, gain=np.exp(0.02 * np.sin(seed)))) for seed in range(40)])
    return PartModel(STEADY, fit_mahalanobis(goods), order_statistic_limit(np.arange(1.0, 41.0), 0.1))


def test_a_beat_is_named_with_how_often_it_comes(model):
    said = why_strange(numbers(running(100, beat_hz=25.0)), model)

    found = re.match(r"beats (\d+) to (\d+) times a second \d+\.\d dB stronger than good parts at .*Hz$", said)
    assert found, said
    assert int(found[1]) <= 25 <= int(found[2])


@pytest.mark.parametrize(("gain", "word"), [(4.0, "louder"), (0.25, "quieter")])
def test_a_part_that_is_only_louder_or_quieter_is_called_that(model, gain, word):
    assert re.fullmatch(
        rf"is 1[12]\.\d dB {word} than good parts", why_strange(numbers(running(101, gain=gain)), model)
    )


def test_a_tone_is_named_with_its_band(model):
    said = why_strange(numbers(running(102, tone=0.05)), model)
    assert re.fullmatch(
        r"(sounds \d+\.\d dB higher|fluctuates .*) than good parts at [12]\.\d to [23]\.\d kHz", said
    ), said
