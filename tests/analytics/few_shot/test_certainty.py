import numpy as np
import pytest

from analytics.few_shot.certainty import FEWEST, Certainty, calibrate_certainty


def drawn(n, sharpness, seed=0, classes=4):
    """Evidence whose truth is drawn by softmax of a known sharpness."""
    rng = np.random.default_rng(seed)
    evidence = rng.normal(size=(n, classes))
    odds = np.exp(sharpness * evidence)
    odds /= odds.sum(axis=1, keepdims=True)
    return evidence, np.array([rng.choice(classes, p=row) for row in odds])


@pytest.mark.parametrize("sharpness", [0.5, 2.0, 8.0])
def test_the_sharpness_that_made_the_truth_is_found(sharpness):
    evidence, right = drawn(3000, sharpness)

    assert calibrate_certainty(evidence, right).sharpness == pytest.approx(sharpness, rel=0.2)


def test_a_name_said_to_be_right_so_often_is_right_so_often():
    found = calibrate_certainty(*drawn(2000, 3.0))
    evidence, right = drawn(4000, 3.0, seed=1)
    chosen = evidence.argmax(axis=1)
    said = np.array([found.of(row, index) for row, index in zip(evidence, chosen, strict=True)])

    for low, high in ((0.4, 0.6), (0.6, 0.8), (0.8, 1.0)):
        of_these = (said >= low) & (said < high)
        assert np.mean(chosen[of_these] == right[of_these]) == pytest.approx(said[of_these].mean(), abs=0.06)


def test_no_more_is_claimed_than_so_many_examples_without_a_fault_can_show():
    evidence = np.tile([10.0, 0.0], (8, 1))
    found = calibrate_certainty(evidence, np.zeros(8, np.intp))

    assert found.of(np.array([1e6, 0.0]), 0) == pytest.approx(9 / 10)


def test_of_too_few_examples_nothing_is_claimed():
    evidence, right = drawn(FEWEST - 1, 2.0)

    assert calibrate_certainty(evidence, right) is None


def test_strangers_that_come_close_lower_what_is_claimed():
    evidence, right = np.tile([1.0, 0.0], (40, 1)), np.zeros(40, np.intp)
    alone = calibrate_certainty(evidence, right)
    beside = calibrate_certainty(evidence, right, strangers=np.tile([0.8, 0.0], (10, 1)))

    assert beside.of(np.array([1.0, 0.0]), 0) < alone.of(np.array([1.0, 0.0]), 0) - 0.2


@pytest.mark.parametrize(("sharpness", "examples"), [(0.0, 9), (np.inf, 9), (np.nan, 9), (1.0, FEWEST - 1)])
def test_impossible_certainty_is_refused(sharpness, examples):
    with pytest.raises(ValueError, match="no certainty"):
        Certainty(sharpness, examples)
