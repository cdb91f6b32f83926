import numpy as np
import pytest

from analytics.signal.beamforming import beam_latency, beam_step, delay_and_sum, steering_delays

RATE = 48_000
LINE = np.stack([np.arange(8) * 0.04, np.zeros(8), np.zeros(8)], axis=1)


def tone(delays, hz, n=RATE // 4):
    """A tone as microphones hear it that lie `delays` seconds behind."""
    t = np.arange(n) / RATE
    return np.sin(2 * np.pi * hz * (t - delays[:, None])).astype(np.float32)


def test_delays_are_ways_over_the_speed_of_sound():
    delays = steering_delays(np.array([[0.0, 0, 0], [0.3432, 0, 0]]), np.array([-1.0, 0, 0]))
    assert delays == pytest.approx([0.0, 0.001])


@pytest.mark.parametrize("hz", [300, 3_000, 9_000, 18_000])
def test_the_direction_looked_at_passes_unchanged(hz):
    delays = steering_delays(LINE, np.array([0.5, 0.7, 0.1]))
    _, out = beam_step(delay_and_sum(delays, RATE), tone(delays, hz))
    late = beam_latency() / RATE + delays.max()
    expected = np.sin(2 * np.pi * hz * (np.arange(len(out)) / RATE - late))
    assert out[500:] == pytest.approx(expected[500:], abs=1e-4)


@pytest.mark.parametrize("n", [2, 4, 8])
def test_noise_of_the_microphones_falls_by_their_number(n):
    delays = steering_delays(LINE[:n], np.array([0.5, 0.7, 0.1]))
    noise = np.random.default_rng(0).normal(0, 1, (n, 2 * RATE)).astype(np.float32)
    _, out = beam_step(delay_and_sum(delays, RATE), noise)
    assert 10 * np.log10(1 / np.mean(out[500:] ** 2)) == pytest.approx(10 * np.log10(n), abs=0.6)


def test_another_direction_is_weaker_where_the_array_is_long_and_not_where_the_wave_is():
    there, elsewhere = np.array([0.14, 2.0, 0]), np.array([3.0, 0.0, 0])
    beam = delay_and_sum(steering_delays(LINE, there), RATE)
    levels = []
    for hz in (100, 3_000):
        _, out = beam_step(beam, tone(steering_delays(LINE, elsewhere), hz))
        levels.append(10 * np.log10(2 * np.mean(out[500:] ** 2)))
    assert levels[0] > -1.0
    assert levels[1] < -10.0


def test_pieces_give_what_the_whole_gives():
    delays = steering_delays(LINE, np.array([0.5, 0.7, 0.1]))
    sound = np.random.default_rng(1).normal(0, 1, (8, 5_000)).astype(np.float32)
    _, whole = beam_step(delay_and_sum(delays, RATE), sound)
    state, pieces = delay_and_sum(delays, RATE), []
    for first in range(0, 5_000, 77):
        state, out = beam_step(state, sound[:, first : first + 77])
        pieces.append(out)
    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("delays", [[-0.001, 0], [np.nan, 0]])
def test_what_is_no_delay_is_refused(delays):
    with pytest.raises(ValueError, match="no number, or below 0"):
        delay_and_sum(np.array(delays), RATE)
