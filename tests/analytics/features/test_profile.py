import numpy as np
import pytest

from analytics.features.log_mel import Profile
from analytics.features.profile import guess_profile
from analytics.signal.capture import Capture

RATE = 16_000


def capture(envelope, seed):
    x = np.random.default_rng(seed).normal(0, 0.1, len(envelope)) * envelope
    return Capture(x.astype(np.float32), RATE, 0, len(envelope), before=False, after=False)


def struck(seed, at=0, n=3200):
    t = np.arange(n) / RATE
    return capture(np.where(t >= at, np.exp(-(t - at) / 0.04), 0.01), seed)


def running(seed, n=32_000):
    return capture(1 + 0.3 * np.sin(2 * np.pi * 3 * np.arange(n) / RATE), seed)


def test_parts_that_die_away_are_knocks():
    assert guess_profile([struck(seed) for seed in range(9)]) is Profile.KNOCK
    assert guess_profile([struck(seed, at=0.05) for seed in range(9)]) is Profile.KNOCK


def test_parts_that_go_on_are_steady():
    assert guess_profile([running(seed) for seed in range(9)]) is Profile.STEADY


def test_a_few_odd_parts_do_not_decide():
    assert guess_profile([running(seed) for seed in range(6)] + [struck(seed) for seed in range(3)]) is Profile.STEADY


def test_silence_and_the_shortest_of_parts_are_no_knocks():
    assert guess_profile([capture(np.zeros(1000), 0), capture(np.ones(3), 0)]) is Profile.STEADY


def test_no_part_is_no_question():
    with pytest.raises(ValueError, match="no sound"):
        guess_profile([])
