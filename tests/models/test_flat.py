from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.flat import FlatError, build, flatten


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Inner:
    values: NDArray[np.float64]
    share: float


@dataclass(frozen=True)
class Outer:
    name: str
    count: int
    flag: bool
    colour: Colour
    inner: Inner
    maybe: Inner | None
    many: tuple[Inner, ...]
    scores: Mapping[str, float]

    def __post_init__(self):
        if self.count < 0:
            raise ValueError("count below 0")


def an_outer(**other):
    inner = Inner(np.arange(3.0), 0.5)
    fields = {"name": "x", "count": 3, "flag": True, "colour": Colour.RED, "inner": inner, "maybe": None,
              "many": (inner, inner), "scores": {"a": 1.0}}  # fmt: skip
    return Outer(**{**fields, **other})


def test_what_is_flattened_is_built_again():
    arrays = {}

    again = build(Outer, flatten(an_outer(), arrays), arrays)

    assert sorted(arrays) == ["inner.values", "many.0.values", "many.1.values"]
    assert (again.name, again.count, again.flag, again.colour, again.maybe) == ("x", 3, True, Colour.RED, None)
    assert again.scores == {"a": 1.0}
    np.testing.assert_array_equal(again.many[1].values, np.arange(3.0))


def test_built_arrays_cannot_be_changed():
    arrays = {}
    again = build(Outer, flatten(an_outer(), arrays), arrays)

    with pytest.raises(ValueError, match="read-only"):
        again.inner.values[0] = 1


@pytest.mark.parametrize(
    ("where", "value", "sentence"),
    [
        ("count", 1.5, "count: found 1.5, wanted int"),
        ("count", True, "count: found True, wanted int"),
        ("count", -1, "count below 0"),
        ("name", None, "name: found None"),
        ("flag", 1, "flag: found 1, wanted bool"),
        ("colour", "green", "colour: 'green' is not a valid Colour"),
        ("inner", None, "inner: wanted named fields"),
        ("inner", {"values": "inner.values"}, "inner: missing or unknown: share"),
        ("inner", {"values": "nowhere", "share": 1.0}, "inner.values: its array is missing"),
        ("inner", {"values": "inner.values", "share": float("nan")}, "inner.share: found nan"),
        ("many", {}, "many: wanted a list"),
        ("scores", {"a": "b"}, "scores.a: found 'b', wanted float"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_path(where, value, sentence):
    arrays = {}
    tree = flatten(an_outer(), arrays) | {where: value}

    with pytest.raises(FlatError, match=sentence):
        build(Outer, tree, arrays)


@pytest.mark.parametrize("array", [np.arange(3), np.array([1.0, np.inf, 0.0]), np.array(["a"])])
def test_an_array_of_another_kind_is_refused(array):
    arrays = {}
    tree = flatten(an_outer(), arrays)

    with pytest.raises(FlatError, match=r"inner\.values"):
        build(Outer, tree, {**arrays, "inner.values": array})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(tree=json_values, where=st.sampled_from(["name", "inner", "many", "maybe", "scores", "colour", ""]))
def test_any_tree_is_a_record_or_a_flat_error(tree, where):
    arrays = {}
    whole = flatten(an_outer(), arrays)
    try:
        build(Outer, {**whole, where: tree} if where else tree, arrays)
    except FlatError:
        return
