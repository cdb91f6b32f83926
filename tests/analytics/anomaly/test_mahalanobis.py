import numpy as np
import pytest

from analytics.anomaly.mahalanobis import Mahalanobis


def learned(n=40, d=12, shrink=0.2, seed=8):
    """A shrunk covariance as its directions and, beside it, whole: the same S written twice."""
    rng = np.random.default_rng(seed)
    goods = rng.normal(0, 1, (n, d)) @ rng.normal(0, 1, (d, d)) + 3
    mean, scale = goods.mean(axis=0), goods.std(axis=0, ddof=1)
    z = (goods - mean) / scale
    _, s, vectors = np.linalg.svd(z, full_matrices=False)
    raw = z.T @ z / (n - 1)
    average = np.trace(raw) / d
    kept = s > 1e-9 * s[0]
    variances = (1 - shrink) * s[kept] ** 2 / (n - 1) + shrink * average
    detector = Mahalanobis(mean, scale, vectors[kept], variances, float(shrink * average))
    return detector, (1 - shrink) * raw + shrink * average * np.eye(d), goods.astype(np.float32)


@pytest.mark.parametrize("n", [40, 12, 5])
def test_directions_and_a_rest_are_the_whole_covariance(n):
    detector, covariance, goods = learned(n=n)
    z = (goods.astype(float) - detector.mean) / detector.scale
    wanted = np.sqrt(np.einsum("ij,ij->i", z, np.linalg.solve(covariance, z.T).T) / 12)
    assert detector.score(goods) == pytest.approx(wanted, rel=1e-9)


def test_whitening_makes_the_good_cloud_round():
    detector, covariance, _ = learned()
    rng = np.random.default_rng(9)
    z = rng.multivariate_normal(np.zeros(12), covariance, 100_000)
    white = detector.whiten((z * detector.scale + detector.mean).astype(np.float32))
    assert np.cov(white.T) == pytest.approx(np.eye(12), abs=0.03)
    assert np.mean(detector.score((z * detector.scale + detector.mean).astype(np.float32)) ** 2) == pytest.approx(
        1, abs=0.01
    )


def test_one_part_scores_as_it_does_among_many():
    detector, _, goods = learned()
    alone = np.concatenate([detector.score(row[None]) for row in goods])
    assert alone == pytest.approx(detector.score(goods), rel=1e-12)


def test_without_a_direction_it_is_the_plain_distance():
    flat = Mahalanobis(np.zeros(4), np.full(4, 2.0), np.empty((0, 4)), np.empty(0), 1.0)
    assert flat.score(np.array([[2, 2, 2, 2]], np.float32))[0] == 1.0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"scale": np.zeros(4)}, "not above 0"),
        ({"rest": 0.0}, "not above 0"),
        ({"rest": float("nan")}, "not above 0"),
        ({"mean": np.full(4, np.nan)}, "not finite"),
        ({"vectors": np.ones((1, 3))}, "shapes do not fit"),
    ],
)
def test_arrays_that_cannot_be_a_detector_are_refused(change, sentence):
    whole = {"mean": np.zeros(4), "scale": np.ones(4), "vectors": np.empty((0, 4)), "variances": np.empty(0), "rest": 1}
    with pytest.raises(ValueError, match=sentence):
        Mahalanobis(**(whole | change))
