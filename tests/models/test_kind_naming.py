import numpy as np
import pytest

from models.kind_naming import learn_kinds, named_kinds_when_left_out

D = 40


def kind(seed, n=8, spread=0.6):
    """Examples along a direction of their own, each of another strength."""
    rng = np.random.default_rng(seed)
    way = rng.normal(size=D)
    return ((1 + rng.random((n, 1))) * way + spread * rng.normal(size=(n, D)) + 3).astype(np.float32)


def kinds(count, n=8, spread=0.6):
    return {f"kind {index}": kind(index, n, spread) for index in range(count)}


def test_fresh_examples_get_their_name_and_strangers_none():
    taught = {name: rows[:8] for name, rows in kinds(6, 28).items()}
    namer = learn_kinds(taught)
    said = {name: [namer.name(row)[0] for row in rows[8:]] for name, rows in kinds(6, 28).items()}
    strangers = [namer.name(row)[0] for seed in range(100, 105) for row in kind(seed)]

    assert np.mean([name == word for name, words in said.items() for word in words]) > 0.9
    assert strangers.count("unknown") > 0.7 * len(strangers)


def test_what_is_said_of_how_sure_a_name_is_comes_true():
    taught = {name: rows[:6] for name, rows in kinds(12, 46, spread=2.6).items()}
    namer = learn_kinds(taught)
    told = [(*namer.name(row), name) for name, rows in kinds(12, 46, spread=2.6).items() for row in rows[6:]]
    sure = np.array([one[1] for one in told])
    right = np.array([one[0] == one[2] for one in told])
    named = np.array([one[0] != "unknown" for one in told])

    assert 0.3 < np.mean(right[named]) < 0.98  # neither trivial nor hopeless
    # Half of what it was calibrated on were strangers; here there are none, so names are right more often than said.
    assert np.mean(right[named]) >= np.mean(sure[named]) - 0.05


def test_one_example_of_each_gives_names_but_nothing_says_how_sure():
    namer = learn_kinds(kinds(2, 1))

    assert namer.certainty is None
    assert namer.counts.tolist() == [1, 1]
    assert namer.name(kind(0, 9)[8])[0] == "kind 0"


def test_names_are_counted_on_examples_left_out():
    assert named_kinds_when_left_out(kinds(3) | {"rare": kind(7, 1)}) == {
        "kind 0": 8, "kind 1": 8, "kind 2": 8, "rare": 0,
    }  # fmt: skip


def test_columns_that_never_move_do_not_matter():
    still = {name: np.pad(rows, ((0, 0), (0, 30))) for name, rows in kinds(3).items()}

    assert named_kinds_when_left_out(still) == named_kinds_when_left_out(kinds(3))


def test_the_same_examples_teach_the_same_namer():
    one, other = learn_kinds(kinds(4)), learn_kinds(kinds(4))

    assert np.array_equal(one.prototypes, other.prototypes)
    assert one.certainty == other.certainty


def test_one_kind_alone_is_refused():
    with pytest.raises(ValueError, match="wanted two at least"):
        learn_kinds(kinds(1))


def test_examples_that_do_not_differ_are_refused():
    with pytest.raises(ValueError, match="do not differ at all"):
        learn_kinds({"a": np.ones((3, D), np.float32), "b": np.ones((3, D), np.float32)})
