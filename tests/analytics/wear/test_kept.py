"""Wear over a restart."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.wear.kept import from_plain, to_plain
from analytics.wear.state import Setting, maintenance_done, start
from analytics.wear.summary import Summary
from analytics.wear.trend import step

QUICK = Setting(learn=12, short=3, long=15, persist=2)


def worn(n, seed=0):
    """A machine after n summaries, half of them of wear."""
    rng = np.random.default_rng(seed)
    state = start(("peak", "level"), ("load",), QUICK)
    for i in range(n):
        rise = max(0.0, i - 15) * 0.8
        levels = (-30 + rise + rng.normal(), float("nan") if i % 7 == 3 else -40 + rise + rng.normal())
        state, _ = step(state, Summary(60.0 * i, levels, (50 + rng.normal(),)))
    return state


@pytest.mark.parametrize("n", [0, 1, 11, 12, 13, 25, 60])
def test_it_goes_on_as_if_nothing_had_been(n):
    state = worn(n)
    back = from_plain(json.loads(json.dumps(to_plain(state), allow_nan=False)))

    for i in range(20):
        summary = Summary(60.0 * (n + i), (-25.0 + i, -35.0), (50.0,))
        state, wear = step(state, summary)
        back, again = step(back, summary)
        assert wear == again
    assert to_plain(state) == to_plain(back)


def test_old_baselines_are_kept_too():
    state = maintenance_done(worn(30))

    assert from_plain(to_plain(state)).old[0] == pytest.approx(state.old[0])


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda p: p.update(version=2), "version 2"),
        (lambda p: p.pop("recent"), "no 'recent'"),
        (lambda p: p.update(names=[]), "no indicator"),
        (lambda p: p.update(names=["one"]), "an array of shape"),
        (lambda p: p["recent"][1].pop(), "an array of shape"),
        (lambda p: p["frozen"].update(level_db=[[2], [None, 1.0]]), "not finite"),
        (lambda p: p.update(age_s="old"), "'old' for a number"),
        (lambda p: p["setting"].update(short=0), "wanted 1 <= short"),
        (lambda p: p["setting"].update(colour="red"), "colour"),
        (lambda p: p["warning"].update(on=True, since_s=None), "on since never"),
    ],
)
def test_a_damaged_state_is_refused_in_a_sentence(spoil, found):
    plain = json.loads(json.dumps(to_plain(worn(14))))
    spoil(plain)

    with pytest.raises(
        ValueError, match=r"^stored wear: found .* wanted version 1, whole; start the baseline anew$"
    ) as e:
        from_plain(plain)
    assert found in str(e.value)


_json = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-5, 10**30) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(sorted(to_plain(worn(14)))), _json)
@settings(max_examples=80, deadline=None)
def test_any_value_anywhere_is_a_state_that_works_or_a_sentence(key, value):
    plain = json.loads(json.dumps(to_plain(worn(14))))
    plain[key] = value
    try:
        state = from_plain(plain)
    except ValueError:
        with pytest.raises(ValueError, match=r"^stored wear: found "):
            from_plain(plain)
        return
    summary = Summary(9e5, (-20.0,) * len(state.names), (50.0,) * len(state.covariates))
    for _ in range(3):
        state, _ = step(state, summary)
