import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audio.anchor import SPAN_S, Anchor

RATE = 48_000


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=50), st.integers(0, 49))
def test_jitter_only_ever_makes_a_chunk_late_so_the_earliest_tells_the_time(delays, prompt):
    anchor = Anchor(RATE)
    delays[prompt % len(delays)] = 0.0
    for k, delay in enumerate(delays, 1):
        anchor.seen(480 * k, 5.0 + 0.01 * k + delay)

    assert abs(anchor.index_at(5.0) - 0) <= 1
    assert anchor.time_of(48_000) == pytest.approx(6.0)


def test_a_card_that_runs_100_ppm_fast_is_followed_to_a_millisecond_for_an_hour():
    anchor = Anchor(RATE)
    chance = np.random.default_rng(1)
    for second in range(3600):
        for tenth in range(10):
            heard = second + tenth / 10
            anchor.seen(round(heard * RATE * 1.0001), heard + chance.uniform(0, 0.02))

    wanted = (3600 - 1) * RATE * 1.0001
    assert abs(anchor.index_at(3599.0) - wanted) <= (SPAN_S * 100e-6 + 0.005) * RATE


def test_a_source_opened_anew_is_anchored_anew():
    anchor = Anchor(RATE)
    anchor.seen(480, 1.0)

    anchor.restart()
    anchor.seen(480_000, 50.0)

    assert anchor.time_of(480_000) == 50.0
