"""Wear, a summary at a time, against machines whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.wear.state import DEFAULT, OLD_KEPT, Level, Setting, maintenance_done, start
from analytics.wear.summary import Summary
from analytics.wear.trend import step

HOUR = 3600.0
QUICK = Setting(learn=12, short=3, long=15, persist=2)


def noise(n, sigma=0.3, seed=0):
    return sigma * np.random.default_rng(seed).standard_normal(n) - 40


def run(levels, state=None, beside=None, every_s=HOUR, **more):
    """Judge hourly levels, shape (n,) or (n, k)."""
    rows = np.asarray(levels, dtype=float).reshape(len(levels), -1)
    state = state or start(tuple(f"i{i}" for i in range(rows.shape[1])), **more)
    began = state.t_s + every_s if state.t_s is not None else 0.0
    told = []
    for i, row in enumerate(rows):
        covariates = () if beside is None else tuple(np.atleast_1d(beside[i]).tolist())
        state, wear = step(state, Summary(began + i * every_s, tuple(row.tolist()), covariates))
        told.append(wear)
    return state, told


def first(told, *levels):
    return next((i for i, wear in enumerate(told) if wear.level in levels), None)


def test_while_it_learns_it_says_how_far_it_is_and_nothing_else():
    _, told = run(noise(60))

    assert told[11].reason == "learning what is normal: 12 of 60"
    assert all(wear.db is None and wear.level is Level.NORMAL and not wear.judged for wear in told)
    assert told[-1].reason == "normal is learned from 60 summaries"


def test_a_healthy_machine_has_no_trend_and_no_number_for_its_life():
    _, told = run(noise(400))

    assert {wear.level for wear in told} == {Level.NORMAL}
    assert all(wear.remaining_life_s is None for wear in told)
    assert told[-1].reason.endswith("dB over baseline; no trend")
    assert abs(told[-1].db) < 1


def test_wear_is_warned_of_then_alarmed_and_never_learned_as_normal():
    wear = 0.02 * np.maximum(0, np.arange(700) - 100)

    _, told = run(noise(700) + wear)

    warned, alarmed = first(told, Level.WARNING, Level.ALARM), first(told, Level.ALARM)
    assert 3.0 < wear[warned] < 3.6
    assert 6.0 < wear[alarmed] < 6.6
    assert told[-1].db == pytest.approx(wear[-1], abs=0.6)


def test_remaining_life_follows_a_straight_rise_to_where_machines_ended():
    rate = 0.05
    wear = rate * np.maximum(0, np.arange(400) - 100)

    _, told = run(noise(400, 0.1) + wear)

    at = 340  # 12 dB
    left_s = (22.5 - wear[at]) / rate * HOUR
    life = told[at].remaining_life_s
    assert life.low < left_s < life.high
    assert 0.4 * left_s < life.mid < left_s  # early rather than late
    assert told[at].reason == f"i0 {told[at].db:+.1f} dB over baseline, rising since 9 days of running"
    assert told[-1].reason.endswith("machines like it had ended at 22 dB") is (told[-1].db >= 22.5)


def test_running_in_is_forgiven_and_wear_counts_from_where_it_ended():
    n = np.arange(600)
    level = noise(600) - 5 * (1 - np.exp(-n / 60)) + np.where(n > 450, 3.8, 0.0)

    state, told = run(level)

    assert first(told, Level.WARNING) > 450  # still below the level of commissioning, and yet a rise
    assert state.lowest_db[0] == pytest.approx(-3.2, abs=0.5)
    assert told[440].level is Level.NORMAL


def test_an_indicator_that_follows_load_and_temperature_is_no_wear_but_the_same_rise_is():
    rng = np.random.default_rng(3)
    load, warm = rng.uniform(40, 100, 500), 20 + 8 * np.sin(np.arange(500) / 4)
    owed = 0.1 * load - 0.15 * warm
    beside = np.column_stack([load, warm])

    _, healthy = run(noise(500) + owed, beside=beside, covariates=("load", "temperature"))
    _, blind = run(noise(500) + owed)
    _, worn = run(noise(500) + owed + 0.03 * np.maximum(0, np.arange(500) - 100), beside=beside, covariates=("l", "t"))

    assert first(healthy, Level.WARNING, Level.ALARM) is None
    assert np.std([w.db for w in blind if w.judged]) > 2 * np.std([w.db for w in healthy if w.judged])
    assert first(worn, Level.ALARM) in range(300, 330)


def test_a_state_never_seen_at_commissioning_is_not_judged_and_says_so():
    beside = np.where(np.arange(100) < 80, 80.0, 20.0)

    _, told = run(noise(100) - 0.1 * (80 - beside), beside=beside, covariates=("load",))

    assert told[79].judged
    assert not told[80].judged
    assert told[80].reason == "load 20 is far from the 80 to 80 normal was learned at"


def test_one_loud_hour_in_eight_raises_nothing():
    level = noise(500)
    level[::8] += 15

    _, told = run(level)

    assert first(told, Level.WARNING, Level.ALARM) is None


def test_levels_are_left_with_hysteresis_and_a_passed_rise_leaves_no_life():
    level = noise(500, 0.1)
    level[100:200] += 8
    level[200:300] += 2.5  # within 1 dB of the warning: stays on

    _, told = run(level)

    assert told[150].level is Level.ALARM
    assert told[290].level is Level.WARNING
    assert told[-1].level is Level.NORMAL
    assert told[-1].remaining_life_s is None


def test_noise_raises_the_limits_of_a_noisy_machine():
    step_up = 4.0 * (np.arange(200) > 100)
    quiet, _ = run(noise(200, 0.2, seed=5) + step_up)
    noisy, told = run(noise(200, 4.0, seed=5) + step_up)

    assert quiet.warning.on
    assert 1.0 < noisy.noise_db[0] < 2.5  # a median of nine of 4 dB: 1.6 dB
    assert not noisy.warning.on
    assert told[-1].db > 3


def test_the_worst_of_several_indicators_leads_and_is_named():
    rows = np.column_stack([noise(200), noise(200, seed=1), noise(200, seed=2)])
    rows[100:, 1] += 9

    _, told = run(rows)

    assert told[-1].indicator == "i1"
    assert told[-1].level is Level.ALARM


def test_an_indicator_that_is_lost_leaves_the_others_to_speak():
    rows = np.column_stack([noise(200), noise(200, seed=1)])
    rows[90:, 0] = np.nan
    rows[120:, 1] += 9

    _, told = run(rows)

    assert told[-1].judged
    assert told[-1].level is Level.ALARM


def test_a_fall_of_twenty_db_is_a_machine_that_stands_and_no_new_normal():
    level = noise(300)
    level[100:180] -= 60

    state, told = run(level)

    assert told[150].reason == "more than 20 dB below normal: it stands, or the ear is deaf"
    assert not told[150].judged
    assert state.lowest_db[0] > -1
    assert told[-1].level is Level.NORMAL


@pytest.mark.parametrize("silence", [float("nan"), -120.0, -300.0, float("-inf"), float("inf"), 1e300])
def test_an_hour_of_silence_or_nonsense_is_not_judged_and_changes_no_level(silence):
    state, _ = run(noise(100))
    after, wear = step(state, Summary(100 * HOUR, (silence,)))

    assert not wear.judged
    assert wear.reason == "nothing was heard"
    assert after.level is state.level


def test_an_excluded_summary_is_repeated_with_its_reason():
    state, _ = run(noise(100))

    _, wear = step(state, Summary(100 * HOUR, (0.0,), excluded="the machine stands"))

    assert (wear.judged, wear.reason, wear.level) == (False, "the machine stands", Level.NORMAL)


def test_maintenance_learns_anew_and_keeps_what_was_normal_before():
    state, told = run(np.concatenate([noise(100), noise(60) + 9]))
    assert told[-1].level is Level.ALARM

    state = maintenance_done(state)
    assert (state.level, state.age_s, state.frozen) == (Level.NORMAL, 0.0, None)
    assert state.old[0] == pytest.approx([-40], abs=0.3)

    state, told = run(noise(100) + 9, state)
    assert told[-1].level is Level.NORMAL
    for _ in range(2 * OLD_KEPT):
        state = maintenance_done(run(noise(60), state)[0])
    assert len(state.old) == OLD_KEPT


def test_life_is_counted_in_running_time_and_a_month_off_is_none():
    state, _ = run(noise(100))
    month = state.age_s

    state, _ = step(state, Summary(100 * HOUR + 30 * 86400, (-40.0,)))
    assert state.age_s - month == pytest.approx(HOUR)

    state, _ = step(state, Summary(101 * HOUR + 30 * 86400, (-40.0,), running_s=600.0))
    assert state.age_s - month == pytest.approx(HOUR + 600)


def test_a_clock_set_back_costs_no_summary_and_no_age():
    state, _ = run(noise(100))
    age = state.age_s

    state, wear = step(state, Summary(0.0, (-40.0,)))

    assert wear.judged
    assert state.age_s == age
    state, _ = step(state, Summary(HOUR, (-40.0,)))
    assert state.age_s == age + HOUR


def test_the_state_given_is_never_changed():
    state, _ = run(noise(100))
    before = [array.copy() for array in (state.recent, state.lowest_db, state.noise_db)]

    run(noise(50) - 3, state)

    for kept, array in zip(before, (state.recent, state.lowest_db, state.noise_db), strict=True):
        np.testing.assert_array_equal(kept, array)


def test_another_number_of_indicators_is_a_bug_of_the_caller():
    with pytest.raises(ValueError, match="found 2 indicators and 0 covariates; wanted 1 and 0"):
        step(start(("level",)), Summary(0.0, (1.0, 2.0)))
    with pytest.raises(ValueError, match="no indicator"):
        start(())


@pytest.mark.parametrize(
    "wrong", [{"short": 0}, {"short": 200}, {"persist": 0}, {"warning_db": 7.0}, {"fall_db": 5.0}, {"learn": 60.5}]
)
def test_a_setting_that_could_never_judge_is_refused(wrong):
    with pytest.raises(ValueError, match="wanted"):
        replace(DEFAULT, **wrong)


@given(st.floats(-60, 60), st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_gain_changes_nothing_of_what_is_said(gain, seed):
    level = noise(80, 1.0, seed) + np.linspace(0, 12, 80)

    _, told = run(level, setting=QUICK)
    _, louder = run(level + gain, setting=QUICK)

    assert [wear.level for wear in told] == [wear.level for wear in louder]
    assert [wear.db or 0 for wear in louder] == pytest.approx([wear.db or 0 for wear in told], abs=1e-6)


_wild = st.one_of(
    st.floats(-80, 10), st.sampled_from([float("nan"), float("inf"), -float("inf"), -120.0, 1e308, -1e308])
)
_summaries = st.lists(
    st.builds(
        lambda t, a, b, c, ran, why: Summary(t, (a, b), (c,), ran, why),
        st.one_of(st.floats(-1e7, 1e7), st.floats()),
        _wild,
        _wild,
        st.one_of(st.floats(0, 100), st.floats()),
        st.one_of(st.none(), st.floats()),
        st.sampled_from(["", "", "", "it stands"]),
    ),
    max_size=60,
)


@given(_summaries)
@settings(max_examples=60, deadline=None)
def test_whatever_comes_the_numbers_stay_finite_and_the_baseline_never_rises(summaries):
    state = start(("a", "b"), ("load",), QUICK)
    lowest = np.zeros(2)
    for summary in summaries:
        age = state.age_s
        state, wear = step(state, summary)
        assert state.age_s >= age
        assert wear.db is None or np.isfinite(wear.db)
        assert wear.judged is (wear.db is not None)
        if state.frozen is not None:
            assert (state.lowest_db <= lowest).all()
            lowest = state.lowest_db
        if wear.remaining_life_s is not None:
            life = wear.remaining_life_s
            assert 0 < life.low < life.mid < life.high < np.inf
            assert wear.level is not Level.NORMAL
        assert len(state.recent) <= QUICK.long


@given(st.lists(st.floats(-50, -30), min_size=13, max_size=60), st.data())
@settings(max_examples=25, deadline=None)
def test_unjudged_hours_anywhere_change_nothing_of_what_the_others_say(levels, data):
    _, plain = run(levels, setting=QUICK)
    state, told = start(("i0",), setting=QUICK), []
    for i, level in enumerate(levels):
        for _ in range(data.draw(st.integers(0, 2))):
            state, _ = step(state, Summary(i * HOUR, (float("nan"),)))
        state, wear = step(state, Summary(i * HOUR, (level,)))
        told.append(wear)

    assert [(w.db, w.level) for w in told] == [(w.db, w.level) for w in plain]
