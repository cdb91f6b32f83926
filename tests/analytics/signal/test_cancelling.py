from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import fftconvolve

from analytics.signal.cancelling import (
    cancel_step,
    canceller_at_rest,
    canceller_of,
    hall_gap,
    hall_unheard,
    hear_hall,
    learn_canceller,
)

RATE = 16_000


def hall(seconds, seed, own=0.0):
    """What the two microphones hear of a hall: the main one by a way with echoes, each with noise of its own."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.1, seconds * RATE)
    way = np.zeros(400)
    way[[20, 45, 105, 195]] = 1.0, -0.5, 0.3, 0.2
    main = fftconvolve(noise, way)[: len(noise)] + own * rng.normal(0, 0.1, len(noise))
    return main.astype(np.float32), noise.astype(np.float32)


def cancelled(canceller, main, ambient):
    _, out = cancel_step(canceller_at_rest(canceller.taps, canceller.ahead), main, ambient)
    return out[canceller.ahead :], main[: len(out) - canceller.ahead]


@pytest.mark.parametrize("own", [0.1, 0.3, 1.0])
def test_what_remains_is_what_coherence_allows(own):
    canceller = learn_canceller(*hall(40, 0, own), RATE)
    out, before = cancelled(canceller, *hall(10, 1, own))
    reduction_db = 10 * np.log10(np.mean(before**2) / np.mean(out**2))
    truth_db = 10 * np.log10(1 + 1.38 / own**2)
    assert canceller.bound_db == pytest.approx(truth_db, abs=1.0)
    assert reduction_db == pytest.approx(canceller.bound_db, abs=1.2)
    assert reduction_db < truth_db + 0.1


def test_a_machine_that_only_the_main_microphone_hears_stays():
    canceller = learn_canceller(*hall(20, 2, 0.1), RATE)
    main, ambient = hall(4, 3, 0.1)
    tone = (0.02 * np.sin(2 * np.pi * 1_000 * np.arange(len(main)) / RATE)).astype(np.float32)
    with_tone, _ = cancelled(canceller, main + tone, ambient)
    without, _ = cancelled(canceller, main, ambient)
    assert with_tone - without == pytest.approx(tone[: len(without)], abs=1e-6)
    assert np.mean(without**2) < 0.05 * np.mean(main**2)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 3 * RATE), max_size=6))
def test_any_cut_of_the_stream_gives_the_same_samples(cuts):
    canceller = learn_canceller(*hall(8, 4, 0.1), RATE)
    main, ambient = hall(3, 5)
    _, whole = cancel_step(canceller_at_rest(canceller.taps, canceller.ahead), main, ambient)
    state, pieces = canceller_at_rest(canceller.taps, canceller.ahead), []
    edges = [0, *sorted(cuts), len(main)]
    for first, last in pairwise(edges):
        state, out = cancel_step(state, main[first:last], ambient[first:last])
        pieces.append(out)
    assert np.array_equal(np.concatenate(pieces), whole)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 8 * RATE), max_size=6))
def test_a_hall_heard_in_pieces_is_the_hall_heard_at_once(cuts):
    main, ambient = hall(8, 4, 0.1)
    heard = hall_unheard(RATE)
    for first, last in pairwise([0, *sorted(cuts), len(main)]):
        heard = hear_hall(heard, main[first:last], ambient[first:last])
    whole = learn_canceller(main, ambient, RATE)
    assert np.array_equal(canceller_of(heard).taps, whole.taps)


def test_frames_never_lie_over_a_gap():
    main, ambient = hall(8, 4, 0.1)
    half = len(main) // 2 + 1000
    heard = hear_hall(hall_gap(hear_hall(hall_unheard(RATE), main[:half], ambient[:half])), main[half:], ambient[half:])
    assert canceller_of(heard).bound_db == pytest.approx(learn_canceller(main, ambient, RATE).bound_db, abs=0.5)
    with pytest.raises(ValueError, match="more than 20"):
        canceller_of(hall_unheard(RATE))


def test_silence_in_either_microphone_changes_nothing():
    main, ambient = hall(8, 6)
    canceller = learn_canceller(main, np.zeros_like(ambient), RATE)
    out, before = cancelled(canceller, main, ambient)
    assert out == pytest.approx(before, abs=1e-9)
    assert canceller.bound_db == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("n", "m"), [(100, 100), (4 * RATE, 3 * RATE)])
def test_too_little_sound_teaches_nothing(n, m):
    with pytest.raises(ValueError, match="wanted both"):
        learn_canceller(np.zeros(n, np.float32), np.zeros(m, np.float32), RATE)
