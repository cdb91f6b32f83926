from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.signal.beamforming import Beam, parse_beam, steering_delays, summed, summed_whole

RATE = 48_000
LINE = np.stack([np.arange(8) * 0.04, np.zeros(8), np.zeros(8)], axis=1)


def tone(delays, hz, n=RATE // 4):
    """A tone as microphones hear it that lie `delays` seconds behind."""
    t = np.arange(n) / RATE
    return np.sin(2 * np.pi * hz * (t - delays[:, None])).astype(np.float32)


def test_delays_are_ways_over_the_speed_of_sound():
    delays = steering_delays(np.array([[0.0, 0, 0], [0.3432, 0, 0]]), np.array([-1.0, 0, 0]))
    assert delays == pytest.approx([0.0, 0.001])


def beam(delays):
    return Beam(tuple(range(1, len(delays) + 1)), tuple(1000 * delays))


@pytest.mark.parametrize("hz", [300, 3_000, 9_000, 18_000])
def test_the_direction_looked_at_passes_unchanged_and_at_its_own_time(hz):
    delays = steering_delays(LINE, np.array([0.5, 0.7, 0.1]))
    out = summed_whole(beam(delays), tone(delays, hz).T, RATE)
    expected = np.sin(2 * np.pi * hz * np.arange(len(out)) / RATE)
    assert out[500:-500] == pytest.approx(expected[500:-500], abs=1e-4)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_noise_of_the_microphones_falls_by_their_number(n):
    delays = steering_delays(LINE[:n], np.array([0.5, 0.7, 0.1]))
    noise = np.random.default_rng(0).normal(0, 1, (2 * RATE, n)).astype(np.float32)
    out = summed_whole(beam(delays), noise, RATE)
    assert 10 * np.log10(1 / np.mean(out[500:] ** 2)) == pytest.approx(10 * np.log10(n), abs=0.6)


def test_another_direction_is_weaker_where_the_array_is_long_and_not_where_the_wave_is():
    there, elsewhere = np.array([0.14, 2.0, 0]), np.array([3.0, 0.0, 0])
    delays = steering_delays(LINE, there)
    levels = []
    for hz in (100, 3_000):
        out = summed_whole(beam(delays), tone(steering_delays(LINE, elsewhere), hz).T, RATE)
        levels.append(10 * np.log10(2 * np.mean(out[500:] ** 2)))
    assert levels[0] > -1.0
    assert levels[1] < -10.0


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(200, 4_800), max_size=8))
def test_pieces_give_what_the_whole_gives(cuts):
    one = beam(steering_delays(LINE, np.array([0.5, 0.7, 0.1])))
    sound = np.random.default_rng(1).normal(0, 1, (5_000, 8)).astype(np.float32)
    before, after = one.reach(RATE)
    whole = summed_whole(one, sound, RATE)
    for first, last in pairwise([200, *sorted(cuts), 4_800]):
        assert np.array_equal(summed(one, sound[first - before : last + after], RATE), whole[first:last])


@pytest.mark.parametrize(
    "text", ["", "1", "1:0", "1:0,1:1", "0:0,1:0", "1:-1,2:0", "1:nan,2:0", "1:0,2:99", "1:0:2,2:0", "a:0,2:0"]
)
def test_what_is_no_array_is_refused_in_one_sentence(text):
    with pytest.raises(ValueError, match="wanted"):
        parse_beam(text)


def test_an_array_is_read_as_it_is_written_and_wants_its_channels():
    one = parse_beam("1:0,3:0.058")
    assert parse_beam(str(one)) == one == Beam((1, 3), (0.0, 0.058))
    with pytest.raises(ValueError, match="wants channel 3"):
        summed(one, np.zeros((500, 2), np.float32), RATE)
    assert len(summed(one, np.zeros((5, 3), np.float32), RATE)) == 0
