import numpy as np
import pytest

from models.training.sounds import SOURCES, N, short_knock, sound


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_every_source_gives_a_second_of_finite_sound(source, seed):
    made = source(np.random.default_rng(seed))

    assert made.shape == (N,)
    assert np.isfinite(made).all()
    assert np.abs(made).max() > 0


@pytest.mark.parametrize("make", [sound, short_knock])
def test_the_same_seed_gives_the_same_sound_of_unit_level(make):
    first, again = (make(np.random.default_rng(5)) for _ in range(2))

    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert np.sqrt(np.mean(np.square(first))) == pytest.approx(1.0, abs=1e-3)
