import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.few_shot.certainty import Certainty
from analytics.few_shot.kinds import KindNamer

ROUND = Mahalanobis(np.ones(3), np.ones(3), np.empty((0, 3)), np.empty(0), 1.0)


def two_kinds(**change):
    given_ = {"prototypes": np.eye(3)[:2], "counts": np.array([5, 5]), "limits": np.full(2, 0.5)} | change
    return KindNamer(("glass", "horn"), ROUND, **given_)


@pytest.mark.parametrize(
    ("vector", "name"),
    [
        ([3, 1.2, 1], "glass"),
        ([1, 9, 1], "horn"),
        ([1, 1, 9], "unknown"),
        ([-3, 1, 1], "unknown"),
        ([1, 1, 1], "unknown"),
    ],
)
def test_a_sound_is_named_by_its_direction_from_the_mean(vector, name):
    assert two_kinds().name(np.array(vector, np.float32)) == (name, None)


def test_how_far_it_goes_that_way_does_not_change_the_name():
    near, far = (np.array([1 + 2 * by, 1 + by, 1], np.float32) for by in (0.01, 100))

    assert two_kinds().name(near)[0] == two_kinds().name(far)[0] == "glass"
    assert two_kinds().similarities(np.array([near, far]))[0] == pytest.approx(two_kinds().similarities(far[None])[0])


def test_on_its_limit_a_sound_is_of_the_kind():
    assert two_kinds(limits=np.array([1.0, 1.0])).name(np.array([2, 1, 1], np.float32))[0] == "glass"


def test_each_kind_is_measured_by_its_own_limit():
    between = np.array([1 + 0.8, 1 + 0.6, 1], np.float32)

    assert two_kinds().name(between)[0] == "glass"
    assert two_kinds(limits=np.array([0.75, 0.2])).name(between)[0] == "horn"


def test_how_sure_a_name_is_falls_towards_its_limit_and_towards_another_kind():
    namer = two_kinds(certainty=Certainty(8.0, 98))
    plain, weak, torn = (
        namer.name(np.array(v, np.float32) + 1)[1] for v in ([1, 0, 0], [0.55, 0, 0.83], [0.72, 0.69, 0])
    )

    assert 0.99 >= plain > 0.9
    assert 0.4 < weak < 0.7
    assert 0.4 < torn < 0.6


@given(arrays(np.float32, 3, elements=st.floats(-1e6, 1e6, width=32)))
def test_any_finite_vector_gets_a_name_and_a_probability(vector):
    namer = two_kinds(certainty=Certainty(20.0, 10))
    name, sure = namer.name(vector)

    assert name in {"glass", "horn", "unknown"}
    assert 0 < sure <= namer.certainty.most
    assert (np.abs(namer.similarities(vector[None])) <= 1).all()


@pytest.mark.parametrize("names", [(), ("glass", "glass"), ("glass", "unknown")])
def test_names_that_cannot_be_told_apart_are_refused(names):
    with pytest.raises(ValueError, match="must be distinct"):
        KindNamer(names, ROUND, np.eye(3)[: len(names)], np.ones(len(names), np.int64), np.ones(len(names)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prototypes": np.eye(3)}, "do not fit 2 kinds"),
        ({"prototypes": np.eye(3)[:2] * 2}, "not of length 1"),
        ({"counts": np.array([0, 1])}, "a count is below 1"),
        ({"limits": np.array([0.5, 1.5])}, "a limit outside"),
    ],
)
def test_impossible_kinds_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        two_kinds(**change)
