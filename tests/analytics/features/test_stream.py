from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.features.log_mel import BANDS, Profile, lay_out, log_mel, mel_plan
from analytics.features.stream import log_mel_from, log_mel_step
from analytics.signal.spectra import frames_of

SOUND = np.random.default_rng(6).normal(0, 0.1, 24_000).astype(np.float32)
PLANS = [lay_out(48_000, 1024, 4), lay_out(48_000, 480, 1), mel_plan(16_000, Profile.STEADY), lay_out(44_100, 360, 8)]


def heard_in_pieces(plan, cuts, start=0):
    state, rows = log_mel_from(plan, start), []
    edges = [start, *sorted(cut for cut in cuts if cut > start), len(SOUND)]
    for first, last in pairwise(edges):
        state, fresh = log_mel_step(state, SOUND[first:last])
        assert len(state.tail) < plan.frame
        rows.append(fresh)
    return np.concatenate(rows)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan.frame}/{plan.hop}")
@settings(deadline=None, max_examples=40)
@given(cuts=st.lists(st.integers(0, len(SOUND)), max_size=12))
def test_any_cut_of_the_stream_gives_the_same_frames_to_the_last_bit(plan, cuts):
    whole = log_mel(frames_of(SOUND, plan.frame, plan.hop), plan)
    assert np.array_equal(heard_in_pieces(plan, cuts), whole)


def test_even_sample_by_sample():
    plan = PLANS[0]
    whole = log_mel(frames_of(SOUND, plan.frame, plan.hop), plan)
    assert np.array_equal(heard_in_pieces(plan, range(1, 3000)), whole)


@settings(deadline=None, max_examples=40)
@given(start=st.integers(0, 20_000))
def test_after_a_gap_frames_keep_their_place_in_the_stream(start):
    plan = PLANS[0]
    whole = log_mel(frames_of(SOUND, plan.frame, plan.hop), plan)
    state = log_mel_from(plan, start)
    assert state.frame * plan.hop >= start
    assert np.array_equal(heard_in_pieces(plan, [], start), whole[state.frame :])


def test_nothing_heard_gives_no_frame():
    state, frames = log_mel_step(log_mel_from(PLANS[0]), SOUND[:0])
    assert frames.shape == (0, BANDS)
    assert (state.frame, state.position) == (0, 0)


def test_the_caller_may_reuse_its_block():
    block = SOUND[:1000].copy()
    state, _ = log_mel_step(log_mel_from(PLANS[0]), block)
    block[:] = 9.0
    assert np.array_equal(state.tail, SOUND[:1000])
