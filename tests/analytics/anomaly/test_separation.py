import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from analytics.anomaly.separation import auc, caught_at, partial_auc

SIDE = st.lists(st.integers(0, 30), min_size=1, max_size=40).map(lambda found: np.array(found, np.float64))


@given(SIDE, SIDE)
def test_areas_are_those_of_scikit_learn_ties_included(good, bad):
    truth = np.repeat([0, 1], [len(good), len(bad)])
    scores = np.concatenate([good, bad])
    assert auc(good, bad) == pytest.approx(roc_auc_score(truth, scores))
    assert partial_auc(good, bad, 0.1) == pytest.approx(roc_auc_score(truth, scores, max_fpr=0.1))


def test_perfect_scores_and_useless_ones():
    good, bad = np.arange(10.0), np.arange(10.0) + 10
    assert (auc(good, bad), partial_auc(good, bad), caught_at(good, bad)) == (1, 1, 1)
    assert auc(good, good) == 0.5
    assert caught_at(good, good) == 0


def test_with_two_hundred_goods_two_may_be_rejected_at_one_percent():
    good = np.arange(200.0)
    assert caught_at(good, np.array([196.0, 197.0, 198.0, 199.0])) == 0.5  # equality is no reject


@pytest.mark.parametrize(("good", "bad"), [(np.empty(0), np.ones(1)), (np.ones(1), np.empty(0))])
def test_one_side_alone_has_no_curve(good, bad):
    with pytest.raises(ValueError, match="no curve"):
        auc(good, bad)
