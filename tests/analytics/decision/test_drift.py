"""Drift of the scores is noticed, and a healthy year, a burst of defects or a few taught parts are not taken for it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analytics.decision.drift import BUDGET, DriftReference, DriftWatch, learn_drift

SEEDS = range(4)
Numbers = NDArray[np.float64]


def scores(normal: Numbers) -> Numbers:
    """Scores whose logarithm is normal: median half of the limit, a spread of 20 %."""
    return np.asarray(0.5 * np.exp(0.2 * normal))


def watched(n: int, seed: int) -> DriftWatch:
    return DriftWatch(learn_drift(scores(np.random.default_rng([seed, n]).normal(size=n)), [""] * n))


def first_alarm(watch: DriftWatch, parts: Numbers) -> int:
    """Parts until the alarm, -1 where there is none."""
    return next((index for index, score in enumerate(parts) if watch.take(float(score))), -1)


@pytest.mark.parametrize("n", [50, 300])
def test_a_step_of_two_spreads_is_found_within_three_hundred_parts_and_its_direction_told(n: int) -> None:
    for seed in SEEDS:
        normal = np.random.default_rng(seed).normal(size=3000)
        for step, direction in ((2.0, "stranger"), (-2.0, "nearer")):
            watch = watched(n, seed)
            assert first_alarm(watch, scores(normal[:1000])) == -1
            assert 0 <= first_alarm(watch, scores(normal[1000:] + step)) < 300
            assert watch.direction == direction


def test_a_slow_drift_is_found_before_it_has_reached_two_spreads() -> None:
    for seed in SEEDS:
        drifting = np.random.default_rng(seed).normal(size=8000) + np.arange(8000) / 4000
        assert 0 < first_alarm(watched(300, seed), scores(drifting)) < 8000


def test_a_healthy_year_with_its_ups_and_downs_and_two_percent_defects_raises_nothing() -> None:
    """Forty thousand parts, a slow wander of 0.15 spreads among them: what shifts and weather do."""
    for seed in SEEDS:
        random = np.random.default_rng(seed)
        wander = 0.15 * np.sin(2 * np.pi * np.arange(40_000) / 2500) + 0.1 * np.sin(np.arange(40_000) / 3000)
        parts = scores(random.normal(size=40_000) + wander)
        parts[random.random(40_000) < 0.02] = 3.0
        assert first_alarm(watched(100, seed), parts) == -1


def test_a_hundred_defects_in_a_row_are_no_drift_and_are_forgotten() -> None:
    for seed in SEEDS:
        normal = np.random.default_rng(seed).normal(size=(6, 500))
        watch = watched(300, seed)
        for some in normal:  # six bursts, five hundred good parts between
            assert first_alarm(watch, scores(some)) == -1
            assert first_alarm(watch, np.full(100, 5.0)) == -1


def test_an_alarm_clears_when_the_parts_are_as_they_were_taught() -> None:
    watch, random = watched(100, 0), np.random.default_rng(0)
    for score in scores(random.normal(size=5000) + 3):
        watch.take(float(score))
    assert watch.direction == "stranger"
    for score in scores(random.normal(size=1000)):
        watch.take(float(score))
    assert watch.direction == ""


def test_the_evidence_of_parts_at_the_edge_of_the_slack_grows_no_faster_than_the_budget_allows() -> None:
    """At the very edge, the worst that is still no drift, a small budget is overrun no more often than once in it."""
    watch = DriftWatch(DriftReference(np.array([0.0, 1.0]), 0.2), budget=200.0)
    random, alarms, waits = np.random.default_rng(1), 0, 0
    for _ in range(150_000):
        waits += 1
        if watch.take(2.0 if random.random() < 0.7 else -1.0):  # ranks 1 and 0, 0.7 on average
            alarms += 1
            watch = DriftWatch(DriftReference(np.array([0.0, 1.0]), 0.2), budget=200.0)
    assert alarms <= waits / 200


def test_fewer_parts_and_groups_that_differ_leave_more_open() -> None:
    random = np.random.default_rng(0)
    few, many = (learn_drift(scores(random.normal(size=n)), [""] * n) for n in (20, 500))
    assert few.slack > many.slack > 0.15
    assert len(many.scores) == 256
    shifts = np.repeat([0.0, 0.0, 1.0], 100)
    apart = learn_drift(scores(random.normal(size=300) + shifts), [str(shift) for shift in np.repeat([1, 2, 3], 100)])
    assert apart.slack > 0.25


def test_a_reference_that_cannot_be_is_refused() -> None:
    for held, slack in (([], 0.2), ([np.nan], 0.2), ([2.0, 1.0], 0.2), ([1.0], 0.5)):
        with pytest.raises(ValueError, match="reference of drift"):
            DriftReference(np.array(held), slack)


@given(st.lists(st.floats(0, 1e300), max_size=300), st.integers(0, 5))
def test_whatever_the_scores_the_evidence_stays_finite_and_small(parts: list[float], seed: int) -> None:
    watch = watched(20, seed)
    for score in parts:
        watch.take(score)
    assert 0 <= watch.evidence <= 10 * BUDGET
    assert 0 <= watch.typical <= 1
