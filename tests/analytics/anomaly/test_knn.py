import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.anomaly.knn import Nearest

FLAT = Nearest(np.zeros(2), np.array([1.0, 10.0]), np.array([[0.0, 0.0], [3.0, 0.0]]))


def test_a_taught_part_is_no_stranger_and_another_is_as_strange_as_it_is_far():
    scores = FLAT.score(np.array([[0, 0], [3, 0], [3, 10], [-2, 0]], np.float32))
    assert scores == pytest.approx([0, 0, np.sqrt(0.5), np.sqrt(2)])


def test_no_parts_have_no_scores():
    assert FLAT.score(np.empty((0, 2), np.float32)).shape == (0,)


@pytest.mark.parametrize("bank", [np.empty((0, 2)), np.ones((1, 3)), np.full((1, 2), np.nan)])
def test_a_bank_that_cannot_be_one_is_refused(bank):
    with pytest.raises(ValueError, match=r"does not fit|not finite"):
        Nearest(np.zeros(2), np.ones(2), bank)


@given(st.integers(0, 2**32 - 1), st.floats(-6, 12), st.integers(1, 200))
def test_the_quick_look_rules_out_none_that_is_nearest(seed, log_spread, count):
    """Near copies, far strangers, one part or many: the distance is the exact one, to the last rounding of a mean."""
    rng = np.random.default_rng(seed)
    bank = rng.normal(size=(count, 16)) * rng.choice([1e-6, 1, 1e3])
    row = (bank[seed % count] + rng.normal(size=16) * 10**log_spread).astype(np.float32)
    exact = np.sqrt(np.min(np.mean(np.square(bank - row.astype(np.float64)), axis=1)))
    assert Nearest(np.zeros(16), np.ones(16), bank).score(row[None])[0] == pytest.approx(exact, rel=1e-12)
