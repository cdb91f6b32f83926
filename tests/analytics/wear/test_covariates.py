"""What load, speed and temperature do, from machines whose slopes are known."""

import numpy as np
import pytest

from analytics.wear.covariates import learn_expected


def machine(n=60, seed=0):
    rng = np.random.default_rng(seed)
    beside = np.column_stack([rng.uniform(40, 100, n), rng.uniform(10, 30, n)])
    levels = -40 + (beside - [70, 20]) @ np.array([[0.1, 0.0], [-0.2, 0.05]])
    return levels + 0.3 * rng.standard_normal((n, 2)), beside


def test_the_slopes_are_found():
    learned = learn_expected(*machine(400))

    assert learned.slope_db == pytest.approx(np.array([[0.1, 0.0], [-0.2, 0.05]]), abs=0.01)
    assert learned.of(np.array([70.0, 20.0])) == pytest.approx([-40, -40], abs=0.1)


def test_a_tenth_of_loud_hours_moves_them_little():
    levels, beside = machine(100)
    levels[::10] += 15

    assert learn_expected(levels, beside).slope_db[0] == pytest.approx([0.1, 0.0], abs=0.02)


def test_a_covariate_that_never_moved_and_an_indicator_now_and_then_unknown_are_no_trouble():
    levels, beside = machine()
    beside[:, 1] = 20.0
    levels[::3, 0] = np.nan

    learned = learn_expected(levels, beside)

    assert learned.slope_db[1] == pytest.approx([0, 0])
    assert np.isfinite(learned.of(np.array([80.0, 25.0]))).all()
    assert learned.strange(np.array([80.0, 21.0])) is None  # within a tenth it is the same state
    assert learned.strange(np.array([80.0, 25.0])) == 1


def test_without_covariates_it_is_the_median():
    levels = np.array([[1.0], [2.0], [3.0], [50.0], [2.0]])

    assert learn_expected(levels, np.empty((5, 0))).of(np.empty(0)) == pytest.approx([2.0])


def test_two_covariates_that_move_together_share_the_slope_and_do_not_explode():
    rng = np.random.default_rng(1)
    load = rng.uniform(40, 100, 60)
    learned = learn_expected((0.1 * load)[:, None] - 40, np.column_stack([load, 2 * load]))

    assert np.abs(learned.slope_db).max() < 0.11
    assert learned.of(np.array([90.0, 180.0])) == pytest.approx([-31], abs=0.1)


def test_half_the_range_beyond_commissioning_is_known_and_more_is_strange():
    learned = learn_expected(*machine())
    low, high = learned.low[0], learned.high[0]

    assert learned.strange(np.array([high + 0.4 * (high - low), 20.0])) is None
    assert learned.strange(np.array([high + 0.6 * (high - low), 20.0])) == 0
