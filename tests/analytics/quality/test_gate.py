from dataclasses import replace

import numpy as np
import pytest

from analytics.quality.gate import learn_gate, octave_levels, surroundings_of
from analytics.signal.capture import Capture

RATE = 48_000
QUIET, PART = 4_800, 9_600


def capture(seed, burst=None, burst_level=0.02, ambient=0.001):
    """A struck part in a quiet hall; `burst` is where another sound lasts 40 ms."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, ambient, 2 * QUIET + PART)
    t = np.arange(PART) / RATE
    x[QUIET : QUIET + PART] += 0.3 * np.exp(-t / 0.02) * rng.normal(0, 1, PART)
    if burst is not None:
        x[burst : burst + 1_920] += rng.normal(0, burst_level, 1_920)
    return Capture(x.astype(np.float32), RATE, QUIET, QUIET + PART)


@pytest.fixture(scope="module")
def gate():
    sides = [surroundings_of(capture(seed)) for seed in range(60)]
    return learn_gate(np.array([side[0] for side in sides]), np.array([side[1] for side in sides]))


def test_undisturbed_parts_pass(gate):
    assert max(gate.excess(*surroundings_of(capture(seed))) for seed in range(100, 300)) < 1.0


@pytest.mark.parametrize("burst", [1_000, QUIET + PART + 2_000])
def test_a_burst_before_or_after_is_noticed(gate, burst):
    assert gate.excess(*surroundings_of(capture(500, burst))) > 1.0


def test_a_quieter_hall_is_no_disturbance(gate):
    assert gate.excess(*surroundings_of(capture(501, ambient=0.0001))) < 0.0


def test_the_part_itself_is_not_looked_at(gate):
    assert gate.excess(*surroundings_of(capture(502, QUIET + 3_000, burst_level=0.3))) < 1.0


def test_what_was_not_heard_is_none():
    whole = capture(0)
    assert surroundings_of(Capture(whole.part, RATE, 0, PART, before=False, after=False)) == (None, None)
    before, after = surroundings_of(Capture(whole.samples, RATE, QUIET, QUIET + PART, after=False))
    assert before is not None
    assert after is None
    before, after = surroundings_of(Capture(whole.samples, RATE, QUIET, QUIET + PART, gaps=((500, 600),)))
    assert before is None
    assert after is not None


def test_surroundings_under_half_their_length_say_nothing():
    whole = capture(0)
    before, _ = surroundings_of(Capture(whole.samples[3_000:], RATE, 1_800, 1_800 + PART))
    assert before is None


def test_one_side_is_enough_to_notice_and_none_is_no_answer(gate):
    _, after = surroundings_of(capture(503, QUIET + PART + 2_000))
    assert gate.excess(None, after) > 1.0
    assert gate.excess(None, None) is None


@pytest.mark.parametrize(("rate", "bands"), [(48_000, 6), (44_100, 6), (32_000, 6), (16_000, 5), (8_000, 4)])
def test_octaves_are_those_the_rate_reaches(rate, bands):
    assert octave_levels(np.ones(rate // 10, np.float32), rate).shape == (bands,)


def test_a_tone_is_found_in_its_octave_with_its_power():
    tone = (0.1 * np.sin(2 * np.pi * 1500 * np.arange(4_560) / RATE)).astype(np.float32)
    levels = octave_levels(tone, RATE)
    assert int(np.argmax(levels)) == 2  # 1 to 2 kHz
    assert levels[2] == pytest.approx(np.log(0.005), abs=0.05)


def test_digital_silence_around_parts_is_finite():
    assert np.isfinite(octave_levels(np.zeros(4_560, np.float32), RATE)).all()


def test_an_hour_of_digital_silence_teaches_a_gate_that_is_still_one():
    silent = np.array([octave_levels(np.zeros(4_560, np.float32), RATE)] * 10)
    quiet = learn_gate(silent, silent)
    breath = octave_levels(np.random.default_rng(1).normal(0, 3e-6, 4_560).astype(np.float32), RATE)  # -110 dB
    assert abs(quiet.excess(silent[0], silent[0])) < 1e-9
    assert quiet.excess(breath, breath) < 1.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"mean": np.full(6, np.nan)}, "not finite"),
        ({"spread": np.ones(5)}, "do not fit each other"),
        ({"others": np.ones((6, 5))}, "do not fit each other"),
        ({"spread": np.zeros(6)}, "not above 0"),
        ({"limit": float("nan")}, "not above 0"),
    ],
)
def test_arrays_that_cannot_be_a_gate_are_refused(gate, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        replace(gate.before, **change)


def test_sides_of_different_bands_are_no_gate(gate):
    five = learn_gate(np.zeros((9, 5)), np.zeros((9, 5)))
    with pytest.raises(ValueError, match="different bands"):
        replace(gate, after=five.after)


def test_three_good_parts_teach_no_gate():
    with pytest.raises(ValueError, match="at least 4 good parts"):
        learn_gate(np.zeros((3, 6)), np.zeros((3, 6)))


@pytest.mark.parametrize(("n", "low", "high"), [(4, 8, 14), (24, 4.4, 5.1), (500, 3.5, 4.0)])
def test_fewer_goods_leave_more_room(n, low, high):
    still = np.zeros((n, 6))
    assert low < learn_gate(still, still).before.limit < high


def levels(loudness, seed):
    """Octaves of a hall that is louder or quieter as a whole, by up to 5 dB."""
    rng = np.random.default_rng(seed)
    return -10 + loudness * rng.normal(0, 1.0, (200, 1)) + rng.normal(0, 0.2, (200, 6))


def test_a_hall_that_grows_louder_as_a_whole_is_none_but_one_band_of_it_that_does_is_a_disturbance():
    gate = learn_gate(levels(1.0, 0), levels(1.0, 1))
    louder = np.full(6, -8.0)
    one_band = np.full(6, -10.0)
    one_band[3] += 2.0
    assert gate.excess(louder, None) < 1.0
    assert gate.excess(one_band, None) > 1.0
    assert gate.excess(np.full(6, -14.0), None) < 1.0
