import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.decision.panel import Second, Standing, Voices, fuse, standing_of
from models.teach import fit_mahalanobis

RNG = np.random.default_rng(3)


def lognormal(n, sigma=0.2, centre=0.0, seed=0):
    return np.exp(np.random.default_rng(seed).normal(centre, sigma, n))


def test_the_median_good_part_is_at_one_whatever_the_voters_scale():
    voters = lognormal(501, 0.1, 3.0), lognormal(501, 0.4, -2.0, seed=1)
    standings = tuple(standing_of(one) for one in voters)

    fused = fuse(tuple(np.exp([one.centre]) for one in standings), standings)

    assert fused == pytest.approx([1.0])


def test_each_voter_counts_in_its_own_spread():
    narrow, wide = Standing(0.0, 0.1), Standing(0.0, 0.4)

    by_narrow = fuse((np.exp([0.1]), np.ones(1)), (narrow, wide))
    by_wide = fuse((np.ones(1), np.exp([0.4])), (narrow, wide))

    assert by_narrow == pytest.approx(by_wide)
    assert np.log(by_narrow) == pytest.approx([0.25 * 0.5])


def test_few_parts_that_lie_together_make_no_voter_shout():
    assert standing_of(np.ones(8)).spread == pytest.approx(0.03)


@given(st.floats(0, 1e300), st.floats(0, 1e300))
def test_whatever_two_voters_say_the_distance_is_finite_and_grows_with_either(a, b):
    standings = Standing(0.0, 0.1), Standing(1.0, 0.03)
    less, more = (float(fuse((np.array([a * k]), np.array([b * k])), standings)[0]) for k in (1.0, 1.5))
    assert np.isfinite([less, more]).all()
    assert 0 < less <= more


@pytest.mark.parametrize(("centre", "spread"), [(np.nan, 1.0), (0.0, 0.0), (0.0, np.inf)])
def test_a_standing_that_is_none_is_refused(centre, spread):
    with pytest.raises(ValueError, match="no standing"):
        Standing(centre, spread)


def test_a_row_scores_alike_alone_and_among_others():
    goods = RNG.normal(size=(40, 10)).astype(np.float32)
    standing = Standing(0.0, 0.2)
    voices = Voices(
        fit_mahalanobis(goods[:, :6]), Second("e", "0" * 64, fit_mahalanobis(goods[:, 6:]), standing, standing)
    )

    together = voices.score(goods)
    alone = np.concatenate([voices.score(row[None]) for row in goods])

    assert together == pytest.approx(alone, rel=1e-12)
    assert np.array_equal(alone, np.concatenate([voices.score(row[None]) for row in goods]))
