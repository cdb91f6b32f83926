"""Gap-free sound in blocks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stations.running import RunningSound

RATE = 1000  # blocks of 50 samples
SOUND = np.random.default_rng(1).standard_normal(4000).astype(np.float32)


def fed(cuts, start=0, over_s=1.0):
    sound = RunningSound(RATE, over_s)
    at = start
    for n in cuts:
        for _ in sound.feed(SOUND[at : at + n], at):
            pass
        at += n
    return sound, at


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 180), min_size=1, max_size=20), st.integers(0, 200))
def test_what_is_kept_does_not_depend_on_the_cut(cuts, start):
    pieces, end = fed(cuts, start)
    whole, _ = fed([sum(cuts)], start)

    assert pieces.blocks == whole.blocks
    if whole.blocks:
        assert np.array_equal(pieces.record(), whole.record())
        assert np.array_equal(pieces.window(), whole.window())
        assert pieces.end == whole.end <= end
        kept = pieces.record()
        assert np.array_equal(kept, SOUND[pieces.end - len(kept) : pieces.end])
        assert pieces.end % 50 == 0


def test_a_gap_forgets_what_was_and_begins_at_the_next_whole_block():
    sound, end = fed([1200])
    assert sound.full
    for _ in sound.feed(SOUND[end + 30 : end + 330], end + 30):
        pass

    assert sound.blocks == 5
    assert not sound.full
    assert sound.seconds(RATE) == pytest.approx(0.25)
    assert np.array_equal(sound.record(), SOUND[end + 50 : end + 300])


def test_levels_come_one_a_window_of_half_a_second():
    sound, _ = fed([2300], over_s=2.0)

    assert sound.levels().shape[0] == 4
