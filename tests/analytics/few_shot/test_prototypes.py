import numpy as np
import pytest

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.few_shot.certainty import Certainty
from analytics.few_shot.prototypes import Examples, Prototypes, TaughtScore

ROUND = Mahalanobis(np.zeros(4), np.ones(4), np.empty((0, 4)), np.empty(0), 1.0)


def two_classes(counts=(1000, 1000), limits=(1.5, 1.5)):
    centres = np.array([[10.0, 0, 0, 0], [0, 10.0, 0, 0]])
    return Prototypes(("crack", "chip"), ROUND, centres, np.array(counts), np.array(limits))


@pytest.mark.parametrize(
    ("part", "name"),
    [([9, 1, 0, 0], "crack"), ([1, 9, 1, 1], "chip"), ([0, 0, 10, 0], "unknown"), ([5, 5, 0, 0], "unknown")],
)
def test_a_defect_gets_the_name_of_its_class_or_none(part, name):
    assert two_classes().name(np.array(part, np.float32)) == name


def test_the_edge_of_a_class_still_belongs_to_it():
    part = np.array([10, 3.0, 0, 0], np.float32)  # 3 from the centre in 4 dimensions: 1.5 a dimension
    assert two_classes(counts=(10**9, 1)).name(part) == "crack"
    assert two_classes(counts=(10**9, 1), limits=(1.4999, 1.0)).name(part) == "unknown"


def test_a_class_of_one_example_does_not_look_far_away_for_that_alone():
    rng = np.random.default_rng(10)
    squared = []
    for _ in range(2000):
        example, member = rng.normal(0, 1, (2, 4))
        one = Prototypes(("crack",), ROUND, example[None], np.array([1]), np.array([1.5]))
        squared.append(one.distances(member[None].astype(np.float32))[0, 0] ** 2)
    assert np.mean(squared) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    "names", [(), ("crack", "crack"), ("crack", "unknown")], ids=["none", "the same twice", "unknown"]
)
def test_names_that_cannot_be_told_apart_are_refused(names):
    with pytest.raises(ValueError, match="must be distinct"):
        Prototypes(names, ROUND, np.zeros((len(names), 4)), np.ones(len(names), np.int64), np.ones(len(names)))


@pytest.mark.parametrize(
    "change",
    [{"counts": np.array([0, 1])}, {"limits": np.array([0.0, 1.0])}, {"centres": np.full((2, 4), np.inf)}],
    ids=["no example", "no limit", "no number"],
)
def test_impossible_classes_are_refused(change):
    good = {"centres": np.zeros((2, 4)), "counts": np.array([1, 1]), "limits": np.ones(2)}
    with pytest.raises(ValueError, match="not finite, a count below 1"):
        Prototypes(("crack", "chip"), ROUND, **(good | change))


@pytest.mark.parametrize("change", [{"counts": np.array([1])}, {"centres": np.zeros((2, 3))}])
def test_arrays_of_another_number_of_classes_are_refused(change):
    good = {"centres": np.zeros((2, 4)), "counts": np.array([1, 1]), "limits": np.ones(2)}
    with pytest.raises(ValueError, match="do not fit 2 classes"):
        Prototypes(("crack", "chip"), ROUND, **(good | change))


def test_the_taught_score_is_one_at_its_limit_and_finite_anywhere():
    taught = TaughtScore(np.array([1.0, 0]), 0.5, limit=2.5, spread=2.0)
    rows = np.array([[2.0, 9], [4.0, 9], [1e9, 0], [-1e9, 0]])
    assert taught.score(rows)[:2] == pytest.approx([1.0, np.e])
    assert np.isfinite(taught.score(rows)).all()
    assert (taught.score(rows) >= 0).all()


def test_a_taught_score_without_a_spread_is_refused():
    with pytest.raises(ValueError, match="spread"):
        TaughtScore(np.array([1.0]), 0.0, 0.0, 0.0)


def with_examples():
    white = np.array([[9, 0, 0, 0], [11, 0, 0, 0], [0, 9, 0, 0]], np.float32)
    examples = Examples(("a.wav", "b.wav", "c.wav"), np.array([0, 0, 1]), white)
    found = two_classes()
    return Prototypes(found.names, ROUND, found.centres, found.counts, found.limits, Certainty(6.0, 20), examples)


def test_on_the_edge_of_its_class_a_name_is_as_likely_as_none():
    far = np.sqrt(4 * 1.5**2 * 1001 / 1000) * (1 - 1e-6)
    named = with_examples().recognise(np.array([10, -far, 0, 0], np.float32))

    assert named.name == "crack"
    assert named.confidence == pytest.approx(0.5, abs=0.01)


def test_the_nearest_examples_are_named_with_their_distance():
    nearest = with_examples().recognise(np.array([9, 1, 0, 0], np.float32)).nearest

    assert [(one.recording, one.defect) for one in nearest] == [
        ("a.wav", "crack"),
        ("b.wav", "crack"),
        ("c.wav", "chip"),
    ]
    assert nearest[0].distance == pytest.approx(np.sqrt(1 / 4 / 2))


@pytest.mark.parametrize("classes", [np.array([0, 0, 2]), np.array([-1, 0, 0])])
def test_examples_of_classes_that_are_not_there_are_refused(classes):
    found = two_classes()
    examples = Examples(("a", "b", "c"), classes, np.zeros((3, 4), np.float32))
    with pytest.raises(ValueError, match="other numbers or classes"):
        Prototypes(found.names, ROUND, found.centres, found.counts, found.limits, examples=examples)


def test_examples_whose_arrays_differ_in_length_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        Examples(("a", "b"), np.array([0]), np.zeros((2, 4), np.float32))
