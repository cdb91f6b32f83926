"""Wear, live: steps from windows, the load taken off, and nothing forgotten over a restart."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.wear.indicators import NAMES
from gateway.stations.wearing import PEAK, Wearing

WALL = datetime(2026, 3, 1, tzinfo=UTC)
EVERY_S = 60.0


class Machine:
    """Windows of a machine whose level follows its load by 0.1 dB a percent, and its wear."""

    def __init__(self, wearing=None, seed=1):
        self.wearing = wearing or Wearing(48_000, ("load",), EVERY_S)
        self.chance = np.random.default_rng(seed)
        self.now = 0.0
        self.views = []

    def run(self, steps, wear_db=0.0, load=None, excluded=""):
        """Let it run for so many steps; wear_db is the wear at the end of each, or of all."""
        rises = np.linspace(0, wear_db, steps) if np.isscalar(wear_db) else wear_db
        for rise in rises:
            asked = 40 + 30 * self.chance.random() if load is None else load
            for _ in range(120):
                level = -30 + 0.1 * asked + rise + 0.3 * self.chance.standard_normal(len(NAMES))
                self.wearing.hear(level, 10 ** ((level[0] + 12) / 20), {"load": asked})
                self.now += 0.5
                if self.wearing.passed(self.now, WALL + timedelta(seconds=self.now), excluded):
                    self.views.append(self.wearing.view)
        return self.wearing.view


def test_normal_is_learned_then_steady_whatever_the_load():
    machine = Machine()
    assert machine.run(30).trend == "learning"

    view = machine.run(100)

    assert (view.level, view.trend, view.life) == ("normal", "steady", None)
    assert {one.level for one in machine.views} == {"normal"}


def test_slow_wear_is_warned_of_then_alarmed_with_hours_of_life_between_low_and_high():
    machine = Machine()
    machine.run(70)
    machine.run(300, wear_db=14.0)

    levels = [view.level for view in machine.views]
    assert levels.index("warning") < levels.index("alarm")
    view = machine.views[levels.index("alarm")]
    assert view.trend == "rising"
    assert 6.0 <= view.over_db < 12.0
    assert 0 < view.life.low_h < view.life.mid_h < view.life.high_h < 1000
    assert "rising" in view.reason


def test_another_speed_is_not_compared_and_says_so():
    machine = Machine()
    machine.run(70)

    view = machine.run(20, wear_db=20.0, excluded="normal was learned at 1480 rpm, it turns at 900")

    assert (view.level, view.trend, view.over_db) == ("normal", "unknown", None)
    assert "it turns at 900" in view.reason


def test_a_load_nobody_tells_is_named():
    machine = Machine()
    machine.run(70)
    for _ in range(121):
        machine.wearing.hear(np.full(len(NAMES), -25.0), 0.1, {})
        machine.now += 0.5
        machine.wearing.passed(machine.now, WALL, "")

    assert machine.wearing.view.reason == "load is not known"


def test_a_machine_that_stands_takes_no_step():
    wearing = Wearing(48_000, (), EVERY_S)

    assert not any(wearing.passed(float(now), WALL, "") for now in range(1000))
    assert wearing.view is None


def test_over_a_restart_it_goes_on_as_if_nothing_had_been():
    whole, broken = Machine(seed=4), Machine(seed=4)
    whole.run(90)
    broken.run(90)
    text = json.dumps(broken.wearing.plain(), allow_nan=False)
    again = Wearing(48_000, ("load",), EVERY_S)
    assert again.recall(json.loads(text)) == ""
    assert again.view == broken.wearing.view
    broken.wearing = again
    for machine in (whole, broken):
        machine.views.clear()
        machine.run(150, wear_db=9.0)

    # Its minutes begin elsewhere, so single steps differ by the noise in them.
    first = [[v.level for v in machine.views].index("alarm") for machine in (whole, broken)]
    assert abs(first[0] - first[1]) <= 5
    assert broken.views[-1].over_db == pytest.approx(whole.views[-1].over_db, abs=0.5)
    assert broken.views[-1].life is not None


def test_maintenance_learns_anew_and_keeps_the_old_baseline():
    machine = Machine()
    machine.run(70)
    machine.run(60, wear_db=9.0)
    before = machine.wearing.plain()["state"]["frozen"]["level_db"]
    machine.wearing.restart()

    view = machine.run(10)

    assert (view.level, view.trend) == ("normal", "learning")
    (old,) = machine.wearing.plain()["state"]["old"]
    assert old[1] == pytest.approx(before[1], abs=1.0)


def test_bands_beyond_the_rate_are_not_waited_for():
    state = Wearing(8000, (), EVERY_S).plain()["state"]

    assert state["names"] == [*NAMES[:5], PEAK]


@pytest.mark.parametrize("broken", [None, [], {}, {"state": 1}, {"state": {}, "view": None}, "x"])
def test_a_state_that_is_none_is_said_and_nothing_is_changed(broken):
    wearing = Wearing(48_000, (), EVERY_S)

    assert "learned anew" in wearing.recall(broken)
    assert wearing.view is None


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.dictionaries(st.text(), x)))
@settings(max_examples=50, deadline=None)
def test_whatever_stands_for_a_view_is_refused_or_whole(found):
    plain = Wearing(48_000, (), EVERY_S).plain()
    wearing = Wearing(48_000, (), EVERY_S)

    sentence = wearing.recall({**plain, "view": found})

    assert (sentence == "") == (found is None)


def test_other_covariates_than_it_was_learned_with_begin_anew():
    plain = Machine().wearing.plain()

    assert "other indicators or covariates" in Wearing(48_000, ("flow",), EVERY_S).recall(plain)
