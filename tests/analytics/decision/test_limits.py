import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.decision.limits import (
    Costs,
    Limit,
    group_limit,
    highest_rate,
    order_statistic_limit,
    raised,
    scores_needed,
    weigh,
)


@pytest.mark.parametrize(("rate", "parts"), [(0.05, 59), (0.02, 149), (0.01, 299), (0.005, 598), (0.001, 2995)])
def test_so_many_parts_prove_a_rate(rate, parts):
    assert scores_needed(rate) == parts
    assert not order_statistic_limit(np.arange(1.0, parts + 1), rate).provisional
    one_short = order_statistic_limit(np.arange(1.0, parts), rate)
    assert one_short.provisional
    assert one_short.missing == 1


@pytest.mark.parametrize(
    ("n", "k"), [(59, 1), (92, 1), (93, 2), (123, 2), (124, 3), (207, 5), (208, 6)], ids=lambda value: str(value)
)
def test_the_limit_is_the_deepest_score_that_keeps_five_percent(n, k):
    limit = order_statistic_limit(np.arange(1.0, n + 1), 0.05)
    assert (limit.k, limit.value) == (k, n + 1 - k)


@pytest.mark.parametrize(("n", "promise"), [(5, 0.45), (10, 0.26), (20, 0.139), (50, 0.058), (100, 0.0295)])
def test_few_parts_promise_what_their_number_can(n, promise):
    limit = order_statistic_limit(np.random.default_rng(11).random(n), 0.01)
    assert limit.provisional
    assert limit.proven_rate == pytest.approx(promise, abs=0.005)
    assert limit.missing == 299 - n


def test_the_promise_holds_in_nineteen_lines_of_twenty():
    rng = np.random.default_rng(12)
    limits = [order_statistic_limit(rng.exponential(1, 124), 0.05).value for _ in range(4000)]
    rates = np.exp(-np.array(limits))  # true share above the limit
    assert 0.03 < np.mean(rates > 0.05) < 0.06


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=400), st.floats(0.001, 0.5))
def test_never_more_goods_are_above_the_limit_than_the_rank_says(scores, rate):
    limit = order_statistic_limit(scores, rate)
    assert sum(score > limit.value for score in scores) <= limit.k - 1
    assert limit.provisional == (limit.proven_rate > rate * (1 + 1e-9))
    assert limit.provisional == (limit.missing > 0)


def test_groups_count_as_one_each():
    scores, groups = np.arange(1.0, 101), [f"shift {index // 25}" for index in range(100)]
    limit = group_limit(scores, groups, 0.05)
    assert (limit.n, limit.value, limit.provisional, limit.missing) == (4, 100.0, True, 55)


def test_parts_and_groups_must_pair_up():
    with pytest.raises(ValueError, match="argument"):
        group_limit([1.0, 2.0], ["one"], 0.05)


@pytest.mark.parametrize("scores", [[], [1.0, float("nan")], [1.0, float("inf")]])
def test_scores_that_are_none_are_refused(scores):
    with pytest.raises(ValueError, match="finite scores"):
        order_statistic_limit(scores, 0.05)


@pytest.mark.parametrize(("rate", "confidence"), [(0.0, 0.95), (1.0, 0.95), (0.05, 1.0), (float("nan"), 0.95)])
def test_promises_nobody_can_give_are_refused(rate, confidence):
    with pytest.raises(ValueError, match="between 0 and 1"):
        order_statistic_limit([1.0], rate, confidence)


def test_a_limit_of_nothing_is_refused():
    with pytest.raises(ValueError, match="no limit"):
        Limit(0.0, 1, 1, 0.05, provisional=True, missing=58)


@pytest.mark.parametrize(("rejected", "n", "rate"), [(0, 50, 0.058), (1, 50, 0.091), (3, 100, 0.076), (5, 5, 1.0)])
def test_so_many_rejected_leave_a_rate_open(rejected, n, rate):
    assert highest_rate(rejected, n) == pytest.approx(rate, abs=0.001)


GOODS, DEFECTS = np.arange(1, 101) / 100, np.array([0.755, 0.905, 0.985, 1.5, 2.0])


def test_dear_defects_lower_the_limit_and_dear_good_parts_raise_it():
    low = weigh(GOODS, DEFECTS, Costs(1, 1000, 0.01))
    high = weigh(GOODS, DEFECTS, Costs(1000, 1, 0.01))
    assert (low.factor, low.missed) == (0.75, 0.0)
    assert low.rejected == pytest.approx(26 / 101)
    assert (high.factor, high.missed) == (1.0, 0.6)


def test_the_costs_find_the_cheapest_limit_of_all():
    costs = Costs(2.0, 30.0, 0.05)
    found = weigh(GOODS, DEFECTS, costs)
    by_hand = [costs.per_part((100 - i) / 101, float(np.mean(t >= DEFECTS))) for i, t in enumerate(GOODS)]
    assert costs.per_part(found.rejected, found.missed) == pytest.approx(min(by_hand))


def test_a_promise_is_a_floor_for_the_costs():
    assert weigh(GOODS, DEFECTS, Costs(1, 1000, 0.01), least=0.95).factor == 0.98  # misses no more than 0.95
    assert weigh(GOODS, DEFECTS, Costs(1000, 1, 0.01), least=0.95).factor == 1.0


@given(
    st.lists(st.floats(0.01, 3), min_size=1, max_size=60),
    st.lists(st.floats(0.01, 3), min_size=1, max_size=9),
    st.floats(0.01, 100),
    st.floats(0.001, 0.5),
)
def test_whatever_the_costs_the_floor_holds(goods, defects, missed, rate):
    assert weigh(np.array(goods), np.array(defects), Costs(1, missed, rate), least=1.0).factor >= 1.0


def test_a_raised_limit_promises_more_and_a_lowered_one_is_refused():
    scores = np.arange(1.0, 209)
    limit = order_statistic_limit(scores, 0.05)
    higher = raised(limit, 206.5, scores)
    assert (limit.k, higher.k) == (6, 3)
    assert higher.proven_rate < limit.proven_rate
    assert raised(limit, limit.value, scores) == limit
    with pytest.raises(ValueError, match="break its promise"):
        raised(limit, 200.0, scores)


@pytest.mark.parametrize("wrong", [(0, 1, 0.1), (1, -1, 0.1), (1, 1, 0), (1, 1, 1), (float("inf"), 1, 0.1)])
def test_costs_that_are_none_are_refused(wrong):
    with pytest.raises(ValueError, match="wanted"):
        Costs(*wrong)


def test_without_defects_there_is_nothing_to_weigh():
    with pytest.raises(ValueError, match="costs need"):
        weigh(GOODS, np.zeros(0), Costs(1, 1, 0.1))
