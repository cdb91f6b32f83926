import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.signal.filters import at_rest, filter_step, high_pass

SOUND = np.random.default_rng(2).normal(0, 0.1, 4000).astype(np.float32)


@given(st.lists(st.integers(0, len(SOUND)), max_size=6))
def test_a_filtered_stream_is_the_same_to_the_last_bit_however_it_was_cut(cuts):
    whole = filter_step(at_rest(high_pass(48_000, 300.0)), SOUND)[1]

    state, pieces = at_rest(high_pass(48_000, 300.0)), []
    for first, last in zip([0, *sorted(cuts)], [*sorted(cuts), len(SOUND)], strict=True):
        if last > first:
            state, piece = filter_step(state, SOUND[first:last])
            pieces.append(piece)

    assert np.array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize(("hz", "gain_db"), [(150, -36.1), (300, -3.0), (600, -0.01)])
def test_the_high_pass_falls_by_36_db_an_octave(hz, gain_db):
    tone = np.sin(2 * np.pi * hz * np.arange(48_000) / 48_000).astype(np.float32)
    out = filter_step(at_rest(high_pass(48_000, 300.0)), tone)[1][24_000:]
    assert 10 * np.log10(np.mean(out**2) / 0.5) == pytest.approx(gain_db, abs=0.2)
