"""m of n, with hysteresis."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.decision.persistence import Change, Observation, Persistence, Rule, step

P, A, U = Observation.PRESENT, Observation.ABSENT, Observation.UNDECIDED
RULE = Rule(3, 4)


def run(observations, rule=RULE):
    state, changes = Persistence(), []
    for seen in observations:
        state, change = step(state, seen, rule)
        changes.append(change)
    return state, changes


def test_three_of_four_raise_and_the_first_of_three_does_not():
    assert run([P, P])[1] == [None, None]
    assert run([P, A, P, P])[1] == [None, None, None, Change.RAISED]
    assert run([P, A, A, P, P])[1] == [None] * 5


def test_three_of_four_absent_clear_and_what_was_seen_before_the_raise_does_not_count():
    state, changes = run([A, P, P, P, A, A, P, A])

    assert changes == [None, None, None, Change.RAISED, None, None, None, Change.CLEARED]
    assert not state.active


def test_undecided_looks_neither_raise_nor_clear_and_keep_rare_calls_apart():
    assert run([P, U, P, U, U, P, U, P])[1] == [None] * 8
    state, changes = run([P, P, P, U, U, U, A, A, U, U, A])
    assert changes[3:] == [None] * 8
    assert state.active


rules = st.integers(1, 6).flatmap(lambda n: st.builds(Rule, st.integers(1, n), st.just(n)))


@given(rules, st.lists(st.sampled_from(list(Observation)), max_size=80))
def test_raised_and_cleared_alternate_and_each_has_its_m_looks_behind_it(rule, observations):
    state, changes = run(observations, rule)

    happened = [change for change in changes if change is not None]
    assert happened == [Change.RAISED, Change.CLEARED] * (len(happened) // 2) + [Change.RAISED] * (len(happened) % 2)
    assert state.active == bool(len(happened) % 2)
    assert len(state.seen) <= rule.n
    for i, change in enumerate(changes):
        if change is not None:
            wanted = P if change is Change.RAISED else A
            assert observations[max(0, i - rule.n + 1) : i + 1].count(wanted) >= rule.m


@pytest.mark.parametrize(("m", "n"), [(0, 3), (4, 3), (-1, 2), (0, 0)])
def test_a_rule_that_nothing_or_everything_satisfies_is_refused(m, n):
    with pytest.raises(ValueError, match=f"{m} of {n}"):
        Rule(m, n)
