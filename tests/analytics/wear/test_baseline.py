"""A frozen normal."""

import numpy as np
import pytest

from analytics.wear.baseline import learn


def test_the_baseline_is_the_median_and_forgives_a_tenth_of_outliers():
    levels = np.array([[-30.0, -40.0]] * 27 + [[0.0, 0.0]] * 3) + 0.1 * np.arange(30)[:, None] % 0.3

    baseline = learn(levels)

    assert baseline.level_db == pytest.approx([-29.9, -39.9], abs=0.11)
    assert baseline.over(np.array([-23.9, -39.9])) == pytest.approx([6.0, 0.0], abs=0.11)


@pytest.mark.parametrize("levels", [np.zeros((19, 2)), np.zeros(30), np.full((30, 2), np.nan)])
def test_too_few_or_broken_windows_are_no_normal(levels):
    with pytest.raises(ValueError, match="20 windows"):
        learn(levels)
