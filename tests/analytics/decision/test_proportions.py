import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analytics.decision.proportions import at_most, bounds, needed, quantile_of, share_of, spread_within


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_bounds_are_those_of_clopper_and_pearson(seen):
    events, n = seen
    peer = binomtest(events, n).proportion_ci(method="exact")
    assert bounds(events, n) == pytest.approx((peer.low, peer.high), abs=1e-9)


def test_nothing_seen_is_nothing_known():
    share = share_of([])
    assert (share.rate, share.low, share.high) == (None, 0.0, 1.0)
    assert at_most(0, 0) == 1.0


def test_the_rule_of_three_is_told_exactly():
    assert at_most(0, 60) < 0.05 < at_most(0, 58)
    assert [needed(0, rate) for rate in (0.05, 0.02, 0.01)] == [59, 149, 299]
    assert at_most(0, 300) == pytest.approx(3 / 300, rel=0.01)


@given(st.integers(0, 20), st.sampled_from([0.3, 0.1, 0.05, 0.02]))
def test_as_many_as_needed_prove_it_and_one_fewer_does_not(events, rate):
    n = needed(events, rate)
    assert at_most(events, n) <= rate < at_most(events, n - 1)


@pytest.mark.parametrize("rate", [0, 1, -0.1])
def test_a_rate_that_nothing_can_prove_is_refused(rate):
    with pytest.raises(ValueError, match="wanted one between 0 and 1"):
        needed(0, rate)


def test_copies_of_one_another_are_worth_one():
    alone, copies = share_of([False] * 40), share_of([False] * 40, [str(index // 4) for index in range(40)])
    assert copies.effective == 10
    assert copies.high == pytest.approx(share_of([False] * 10).high)
    assert copies.high > alone.high


def test_a_large_group_is_worth_less_than_its_name():
    share = share_of([False] * 100, ["one"] * 91 + list("abcdefghi"))
    assert 1 < share.effective < 2


def test_intervals_by_groups_hold_where_groups_are_copies_and_part_by_part_they_do_not():
    draw = np.random.default_rng(9)
    groups = [str(index // 5) for index in range(100)]
    held = {"groups": 0, "alone": 0}
    for _ in range(300):
        events = list(np.repeat(draw.random(20) < 0.1, 5))
        for name, share in (("groups", share_of(events, groups)), ("alone", share_of(events))):
            held[name] += share.low <= 0.1 <= share.high
    assert held["groups"] >= 0.95 * 300
    assert held["alone"] < 0.8 * 300


def test_a_quantile_is_bounded_by_what_was_seen_or_not_at_all():
    values = np.arange(1.0, 101.0)
    median, high = quantile_of(values, 0.5), quantile_of(values, 0.99)
    assert median.value == 50
    assert 38 <= median.low < 50 < median.high <= 62
    assert high.low is not None
    assert high.high is None  # 100 values do not bound the 99th of 100 from above


def test_the_bounds_of_a_quantile_hold_as_often_as_they_say():
    draw = np.random.default_rng(4)
    held = 0
    for _ in range(400):
        found = quantile_of(draw.exponential(size=60), 0.5)
        held += found.low <= np.log(2) <= found.high
    assert held >= 0.94 * 400


def test_the_spread_of_repeats_is_pooled_and_bounded():
    draw = np.random.default_rng(3)
    parts = [list(draw.normal(part, 0.5, 3)) for part in range(60)]
    spread = spread_within(parts)
    assert spread.freedom == 120
    assert spread.low < 0.5 < spread.high
    assert spread.value == pytest.approx(0.5, rel=0.15)


def test_parts_heard_once_have_no_spread():
    assert spread_within([[1.0], [2.0], []]) is None
