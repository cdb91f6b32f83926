import numpy as np
import pytest

from analytics.decision.limits import order_statistic_limit
from models.calibration import Fits, calibrate, limit_finder
from models.teach import fit_logistic, fit_mahalanobis

FITS = Fits(fit_mahalanobis, fit_logistic)
D = 12


def goods(n, seed=0):
    return np.random.default_rng(seed).normal(size=(n, D)).astype(np.float32)


def shots(n, seed=1):
    rows = goods(n, seed)
    rows[:, 0] += 4
    return rows


def scores_of(found, rows):
    distance = found.detector.score(rows) / found.limit.value
    return distance if found.taught is None else np.maximum(distance, found.taught.score(found.detector.whiten(rows)))


def test_the_limit_that_is_proven_is_the_order_statistic():
    scores = np.random.default_rng(0).lognormal(size=400)

    assert limit_finder([""] * 400, 0.01, 0.95)(scores) == order_statistic_limit(scores, 0.01)


def test_a_limit_that_cannot_be_proven_is_the_tolerance_limit_of_normal_logarithms():
    """k = 2.911 for n = 24 at 1 % with 90 %, 3.181 with 95 % (tables of Owen 1968)."""
    logs = np.linspace(-1, 1, 24)

    limit = limit_finder([""] * 24, 0.01, 0.95)(np.exp(logs))

    assert limit.provisional
    assert np.log(limit.value) == pytest.approx(3.181 * logs.std(ddof=1), abs=1e-3)


def test_a_provisional_limit_is_never_below_the_largest_score():
    scores = np.ones(24) + 1e-3 * np.arange(24)
    scores[3] = 50

    assert limit_finder([""] * 24, 0.01, 0.95)(scores).value >= 50


def test_groups_are_counted_and_not_their_parts():
    scores = np.concatenate([np.full(50, 1.0), np.full(50, 2.0), np.full(50, 3.0)])

    limit = limit_finder(["a"] * 50 + ["b"] * 50 + ["c"] * 50, 0.05, 0.95)(scores)

    assert (limit.value, limit.n, limit.provisional) == (3.0, 3, True)


@pytest.mark.parametrize(("taught", "lines", "most"), [(0, 20, 3), (6, 4, 1)])
def test_the_promise_holds_for_fresh_good_parts(taught, lines, most):
    """59 parts prove 5 % with 95 %: more lines above it than `most` happen by chance in under 2 of 100 cases."""
    above = 0
    for seed in range(lines):
        found = calibrate(
            goods(59, seed), [""] * 59, {"crack": shots(taught, seed + 100)} if taught else {},
            limit_finder([""] * 59, 0.05, 0.95), FITS,
        )  # fmt: skip
        above += np.mean(scores_of(found, goods(2000, seed + 1000)) > 1) > 0.05

    assert above <= most


def test_taught_defects_are_found_where_the_distance_alone_is_blind():
    blind = calibrate(goods(200), [""] * 200, {}, limit_finder([""] * 200, 0.02, 0.95), FITS)
    found = calibrate(goods(200), [""] * 200, {"crack": shots(10)}, limit_finder([""] * 200, 0.02, 0.95), FITS)
    fresh = shots(500, seed=77)

    assert np.mean(scores_of(blind, fresh) > 1) < 0.5
    assert np.mean(scores_of(found, fresh) > 1) > 0.7
    assert np.sum(found.shots["crack"] > 1) >= 6  # of ten, each left out


def test_the_scores_kept_are_those_of_parts_left_out():
    found = calibrate(goods(100), [""] * 100, {"crack": shots(5)}, limit_finder([""] * 100, 0.05, 0.95), FITS)

    assert np.sum(found.goods > 1) == found.limit.k - 1
    assert found.suspicion.shape == (100,)


def test_the_same_parts_give_the_same_limits():
    twice = [calibrate(goods(50), [""] * 50, {}, limit_finder([""] * 50, 0.01, 0.95), FITS) for _ in range(2)]

    assert twice[0].limit == twice[1].limit
