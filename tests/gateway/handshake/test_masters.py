"""Until its master parts were judged right a station passes nothing, and they never count."""

from dataclasses import replace

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from analytics.decision.verdict import Evaluation
from connectors.plc.port import GwState, Mode
from gateway.handshake import events
from gateway.handshake.masters import PATIENCE_S, Check, MasterRules, due, judged, minded
from gateway.handshake.state import StationRules
from gateway.handshake.tally import Tally
from gateway.handshake.writes import gw_state
from gateway.processes.clock import SystemClock

OK, NOT_OK, NOT_DECIDABLE = Evaluation.OK, Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE
RULES = MasterRules(("M-OK-1", "M-OK-2"), ("M-NOK-1",), every_s=8 * 3600)


def shown(check, *answers, now=10.0):
    said = []
    for part_id, evaluation in answers:
        check, more = judged(check, part_id, evaluation, now)
        said += more
    return check, [one.kind for one in said]


RIGHT = [("M-OK-1", OK), ("M-NOK-1", NOT_OK), ("M-OK-2", OK)]


def test_a_station_is_locked_until_every_master_part_was_judged_right():
    check, kinds = shown(Check(RULES), *RIGHT[:2])
    assert check.locked
    assert check.sentence == (
        "The station is locked: the gateway was started, and the master parts were not checked since; "
        "let it judge M-OK-2"
    )
    check, kinds = shown(check, RIGHT[2])
    assert not check.locked
    assert kinds == ["master-part", "station-unlocked"]


def test_a_wrong_answer_locks_says_why_and_asks_for_every_master_part_again():
    check, _ = shown(Check(RULES), *RIGHT)

    check, said = judged(check, "M-NOK-1", OK, 20.0)

    assert check.sentence == (
        "The station is locked: master part M-NOK-1 was judged OK, and it is known to be NotOK; "
        "let it judge M-NOK-1, M-OK-1, M-OK-2"
    )
    assert [(one.kind, one.level) for one in said] == [("master-wrong", "error")]
    assert said[0].sentence.endswith("every part since the check before is suspect")
    assert not shown(check, *RIGHT)[0].locked


def test_a_master_part_that_is_not_decidable_is_no_answer():
    check, kinds = shown(Check(RULES), *RIGHT[:2], ("M-OK-2", NOT_DECIDABLE))
    assert check.right == {"M-OK-1", "M-NOK-1"}
    assert kinds[-1] == "master-part"
    assert not shown(check, RIGHT[2])[0].locked


def test_a_check_runs_out_between_two_parts_or_a_minute_later():
    check, _ = shown(Check(RULES), *RIGHT, now=10.0)
    ends = 10.0 + RULES.every_s

    assert not minded(check, ends - 1, idle=True)[0].locked
    assert not minded(check, ends + PATIENCE_S - 1, idle=False)[0].locked
    assert minded(check, ends, idle=True)[0].locked
    locked, said = minded(check, ends + PATIENCE_S, idle=False)
    assert locked.sentence.startswith("The station is locked: 8 h have passed, and")
    assert [one.kind for one in said] == ["station-locked"]


class Masters(RuleBasedStateMachine):
    """Whatever comes: open means that, since the check became due, each master part was judged right and none wrong."""

    def __init__(self):
        super().__init__()
        self.check, self.now = Check(RULES), 0.0
        self.since = []  # answers of master parts since the check became due, or since the last wrong one
        self.opened_at = None

    @rule(part_id=st.sampled_from(["M-OK-1", "M-OK-2", "M-NOK-1", "P-7", ""]), evaluation=st.sampled_from(Evaluation))
    def a_part_is_judged(self, part_id, evaluation):
        wanted = RULES.wanted(part_id)
        was_open = self.opened_at is not None
        self.check, said = judged(self.check, part_id, evaluation, self.now)
        assert bool(said) == (wanted is not None)
        if wanted is None or evaluation not in (OK, NOT_OK):
            return
        if evaluation is not wanted:
            self.since, self.opened_at = [], None
        elif not was_open:
            self.since.append(part_id)
            if set(self.since) == RULES.parts:
                self.opened_at = self.now

    @rule(seconds=st.sampled_from([1.0, 59.0, 3600.0, 8 * 3600.0]), idle=st.booleans())
    def time_passes(self, seconds, idle):
        self.now += seconds
        self.check, _ = minded(self.check, self.now, idle=idle)
        if self.opened_at is not None:
            over = self.now - self.opened_at - RULES.every_s
            if over >= PATIENCE_S or (over >= 0 and idle):
                self.since, self.opened_at = [], None

    @rule()
    def a_recipe_is_changed(self):
        self.check, _ = due(self.check, "a recipe was changed")
        self.since, self.opened_at = [], None

    @invariant()
    def open_means_checked(self):
        assert self.check.locked == (self.opened_at is None)
        assert bool(self.check.sentence) == self.check.locked


TestMasters = Masters.TestCase


# ---- in the handshake ---------------------------------------------------------------------------------------------


@pytest.fixture
def locked(make_rig):
    rig = make_rig(rules=StationRules("ring", deadline_s=0.5, masters=RULES))
    rig.start()
    rig.feed(events.ReadyChanged(frozenset({1}), locked=True))
    return rig


def test_a_locked_station_refuses_parts_and_judges_master_parts(locked):
    locked.arrive("P-1", OK)
    locked.run(0.8)
    locked.arrive("M-NOK-1", NOT_OK)
    locked.run(0.8)

    assert gw_state(locked.state) is GwState.LOCKED
    assert locked.g.state == GwState.LOCKED
    ordinary, master = (record.part for record in locked.records)
    assert ordinary.answer.told.evaluation is NOT_DECIDABLE
    assert ordinary.ticket == 0, "its sound is not even recorded"
    assert master.answer.told.evaluation is NOT_OK
    assert master.answer.outcome == "master"


@pytest.mark.parametrize("is_locked", [True, False])
def test_a_good_master_part_is_judged_ok_and_never_passed_on(locked, is_locked):
    locked.feed(events.ReadyChanged(frozenset({1}), locked=is_locked))
    locked.arrive("M-OK-1", OK)
    locked.run(0.8)

    (record,) = locked.records
    assert record.part.judged.verdict.evaluation is OK
    assert record.part.answer.told.evaluation is NOT_DECIDABLE
    assert locked.g.pass_key == 0
    assert locked.g.quality_code & 1 << 9
    assert not locked.passed("M-OK-1")


def test_after_the_check_parts_pass_again(locked):
    locked.feed(events.ReadyChanged(frozenset({1}), locked=False))
    locked.arrive("P-1", OK)
    locked.run(0.8)

    assert locked.passed("P-1")


def test_a_master_part_counts_in_no_number(locked):
    locked.arrive("M-OK-1", OK)
    locked.run(0.8)
    tally = Tally(locked.rules)

    record = tally.record(locked.records[0].part, SystemClock())

    assert record.outcome == "master"
    assert tally.counters.parts == 0
    assert tally.view(locked.state, "up", "", {}).chips == ()


def test_a_master_part_is_not_taught_from(locked):
    locked.program.mode = Mode.TEACH
    locked.run(0.1)
    locked.arrive("M-NOK-1", NOT_OK)
    locked.run(0.8)

    assert locked.records[-1].part.ticket == 0
    assert "not taught from" in locked.records[-1].part.answer.told.reason


def test_a_station_with_master_parts_is_locked_from_its_first_moment(make_rig):
    assert make_rig(rules=StationRules("ring", masters=RULES)).state.locked
    assert not make_rig(rules=StationRules("ring")).state.locked
    assert replace(RULES, every_s=1.0).parts == RULES.parts
