import numpy as np
import pytest

from analytics.quality.ear_gain import LATER_S, LOOK_S, gain_of, together, unmoved, usual_step

BANDS = 14


def room(seconds, seed=0, wanders=None):
    """Band levels by the second, dB: still but for their own scatter."""
    scatter = np.full(BANDS, 0.3) if wanders is None else wanders
    return -60 + np.random.default_rng(seed).normal(0, scatter, (seconds, BANDS))


def said(levels):
    """Every second's answer; what is usual is learned as it goes."""
    usual, answers = unmoved(BANDS), []
    for stop in range(1, len(levels) + 1):
        if stop >= LOOK_S + LATER_S:
            usual = usual_step(usual, levels[stop - LOOK_S - LATER_S : stop - LATER_S])
        answers.append(gain_of(usual, levels[stop - LOOK_S : stop]) if stop >= LOOK_S else None)
    return answers


@pytest.mark.parametrize("step_db", [-3.0, 3.0, -6.0, 6.0, 12.0])
def test_a_step_in_all_bands_is_found_within_seven_seconds_and_told_in_decibel(step_db):
    levels = room(60)
    levels[40:] += step_db
    answers = said(levels)
    assert not any(answers[:40])
    found = [one for one in answers[40:47] if one is not None]
    assert found
    assert found[-1] == pytest.approx(step_db, abs=0.6)


def test_bands_that_wander_by_themselves_do_not_hide_a_step():
    wanders = np.r_[np.full(5, 3.0), np.full(9, 0.3)]
    levels = room(60, seed=1, wanders=wanders)
    levels[45:] -= 3.0
    assert any(said(levels)[45:54])


@pytest.mark.parametrize("seed", range(3))
def test_a_machine_that_is_louder_in_some_bands_is_no_step(seed):
    levels = room(60, seed=seed)
    levels[40:] += 8.0 * np.exp(-0.5 * ((np.arange(BANDS) - 4 - 3 * seed) / 3) ** 2)
    assert not any(said(levels))


def test_what_lasts_three_seconds_is_no_step_but_its_end_looks_like_one():
    levels = room(60, seed=2)
    levels[40:43] += 6.0
    steps = [one for one in said(levels) if one is not None]
    assert all(one < 0 for one in steps)  # that the room came back to what is normal is for the watch to know


def test_a_room_whose_level_wanders_must_step_further():
    levels = room(180, seed=3)
    levels[:144] += np.repeat(np.tile([-0.8, 0.8], 12), 6)[:, None]
    levels[150:] += 2.2
    assert not any(said(levels))
    levels = room(180, seed=3)
    levels[150:] += 2.2
    assert any(said(levels))


def test_no_single_event_moves_what_is_usual_far():
    usual = unmoved(BANDS)
    for stop in range(LOOK_S, 60):
        usual = usual_step(usual, room(60, seed=4)[stop - LOOK_S : stop])
    levels = room(LOOK_S, seed=5)
    levels[-5:, :4] += 40.0
    after = usual_step(usual, levels)
    assert np.all(after.apart <= 1.1 * usual.apart)
    assert after.together <= 1.1 * usual.together


def test_bands_a_few_of_which_are_off_still_agree():
    moved = np.full(BANDS, -3.0)
    moved[3] = 5.0
    gain, alike = together(unmoved(BANDS), moved)
    assert gain == pytest.approx(-3.0, abs=0.2)
    assert alike
    moved[:6] = np.arange(6.0)
    assert not together(unmoved(BANDS), moved)[1]
