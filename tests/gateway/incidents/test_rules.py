"""From episodes to incidents and orders: one each, however the reports come."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.cmms.port import OrderState
from gateway.incidents.book import Book, Fate, Policy, What
from gateway.incidents.rules import Heard, acknowledge, hear, order_by_hand, review

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = Policy(routed={"pump-7": "maximo", "pump-8": "maximo", "fan": "maximo"})


def heard(episode="E1", *, active=True, severity="warning", mode="outer race", station="pump-7", text="+12 dB"):
    return Heard(station, station.upper(), episode, mode, severity, active, text)


class Run:
    """A book, a clock and everything that was told."""

    def __init__(self, policy=POLICY):
        self.book, self.now, self.policy, self.told = Book(), NOW, policy, []
        ids = count(1)
        self.make_id = lambda: f"I{next(ids)}"

    def hear(self, *args, **kwargs):
        self._take(hear(self.book, heard(*args, **kwargs), self.now, self.policy, self.make_id))

    def pass_(self, span):
        self.now += span
        self._take(review(self.book, self.now, self.policy, self.make_id))

    def order_is(self, incident, state, number="1001"):
        link = replace(self.book.orders[incident], fate=Fate.STANDS, number=number, state=state)
        self.book = replace(self.book, orders={**self.book.orders, incident: link})

    def _take(self, told):
        self.book, tells = told
        self.told += tells

    def said(self, what):
        return [t.incident for t in self.told if t.what is what]


@pytest.fixture
def run():
    return Run()


def test_an_episode_raises_one_incident_and_wants_one_order(run):
    for _ in range(10):
        run.hear()

    assert run.said(What.RAISED) == ["I1"]
    assert run.said(What.ORDER) == ["I1"]


def test_a_second_episode_of_the_same_fault_joins(run):
    run.hear("E1")
    run.hear("E2")

    assert list(run.book.incidents) == ["I1"]
    assert run.said(What.ORDER) == ["I1"]


def test_another_fault_of_the_same_asset_is_noted_on_the_order_it_has(run):
    run.hear("E1")
    run.hear("E2", mode="inner race")

    assert run.said(What.RAISED) == ["I1", "I2"]
    assert run.said(What.ORDER) == ["I1"]
    assert run.said(What.WITHHELD) == ["I2"]
    assert run.said(What.NOTE) == ["I1"]


def test_the_weekly_cap_withholds_and_frees_itself_after_a_week():
    run = Run(replace(POLICY, per_week=1))
    run.hear("E1", station="pump-7")
    run.hear("E2", station="pump-8")
    assert run.said(What.WITHHELD) == ["I2"]

    run.order_is("I1", OrderState.PROPOSED)
    run.now += timedelta(days=8)
    run.hear("E3", station="fan")

    assert run.said(What.ORDER) == ["I1", "I3"]


def test_a_station_without_a_cmms_has_incidents_and_no_orders():
    run = Run(Policy())
    run.hear()

    assert run.said(What.RAISED) == ["I1"]
    assert run.said(What.ORDER) == []
    assert "names no CMMS" in run.book.orders["I1"].why


def test_clearing_does_not_end_an_incident_whose_order_is_open(run):
    run.hear()
    run.order_is("I1", OrderState.PROPOSED)
    run.hear(active=False)
    run.pass_(timedelta(days=30))

    assert run.said(What.CLEARED) == ["I1"]
    assert run.said(What.ENDED) == []
    run.hear("E2")
    assert run.said(What.RAISED) == ["I1"]


def test_without_an_order_it_ends_after_the_quiet_time():
    run = Run(Policy())
    run.hear()
    run.hear(active=False)
    run.pass_(23 * HOUR)
    assert run.said(What.ENDED) == []
    run.pass_(2 * HOUR)
    assert run.said(What.ENDED) == ["I1"]
    run.pass_(HOUR)
    assert run.book.incidents == {}


def test_heard_again_within_the_quiet_time_joins_the_same_incident():
    run = Run(Policy())
    run.hear()
    run.hear(active=False)
    run.pass_(12 * HOUR)
    run.hear("E2")

    assert run.said(What.HEARD_AGAIN) == ["I1"]
    assert run.book.incidents["I1"].cleared_at is None


def test_a_graver_episode_is_told_and_noted_at_once(run):
    run.hear("E1")
    run.hear("E1", severity="critical")
    run.hear("E1", severity="warning")

    assert run.said(What.GRAVER) == ["I1"]
    assert run.said(What.NOTE) == ["I1"]
    assert run.book.incidents["I1"].severity == "critical"


def test_a_flapping_machine_is_noted_once_a_day(run):
    for turn in range(50):
        run.hear("E1", active=turn % 2 == 0)

    assert run.said(What.ORDER) == ["I1"]
    assert run.said(What.NOTE) == ["I1"]


def test_a_done_order_ends_the_incident_and_a_fault_heard_again_soon_is_noted_there(run):
    run.hear("E1")
    run.order_is("I1", OrderState.DONE)
    run.pass_(HOUR)
    assert run.said(What.ENDED) == ["I1"]

    run.hear("E1", active=False)
    run.hear("E2")

    assert run.said(What.RAISED) == ["I1"]
    assert "I1" in run.said(What.NOTE)


def test_a_fault_still_heard_a_quiet_time_after_the_repair_is_a_new_incident():
    run = Run(replace(POLICY, per_asset_week=9))
    run.hear("E1")
    run.order_is("I1", OrderState.DONE)
    run.pass_(HOUR)
    run.pass_(25 * HOUR)

    assert run.said(What.RAISED) == ["I1", "I2"]
    assert run.said(What.ORDER) == ["I1", "I2"]
    assert "still heard after order 1001 done" in run.book.incidents["I2"].text


def test_a_cancelled_order_mutes_the_fault_for_a_week(run):
    run.hear("E1")
    run.order_is("I1", OrderState.CANCELLED)
    run.pass_(HOUR)
    for day in range(6):
        run.hear(f"D{day}")
        run.pass_(timedelta(days=1))
    assert run.said(What.ORDER) == ["I1"]

    run.pass_(timedelta(days=2))
    assert run.said(What.RAISED) == ["I1", "I2"]


def test_a_deleted_order_does_not_keep_a_cleared_incident_open(run):
    run.hear("E1")
    run.order_is("I1", OrderState.UNKNOWN)
    run.hear("E1", active=False)
    run.pass_(25 * HOUR)

    assert run.said(What.ENDED) == ["I1"]


def test_an_episode_that_cleared_before_it_was_reported_still_becomes_known(run):
    run.hear("E1", active=False)

    assert run.said(What.RAISED) == ["I1"]
    assert run.said(What.CLEARED) == ["I1"]


def test_an_adopted_order_uses_up_no_allowance(run):
    run.hear("E1")
    run.book = replace(
        run.book, orders={"I1": replace(run.book.orders["I1"], fate=Fate.STANDS, number="77", adopted=True)}
    )
    run.hear("E2", mode="inner race")

    assert run.said(What.ORDER) == ["I1", "I2"]


def test_a_person_can_have_the_order_that_was_withheld():
    run = Run(replace(POLICY, per_week=0))
    run.hear("E1")
    run._take(order_by_hand(run.book, run.book.incidents["I1"], run.now, run.policy))

    assert run.said(What.ORDER) == ["I1"]
    assert run.book.orders["I1"].fate is Fate.QUEUED


def test_acknowledging_ends_nothing(run):
    run.hear("E1")
    run._take(acknowledge(run.book, run.book.incidents["I1"], "Ana", run.now))

    assert run.book.incidents["I1"].acknowledged_by == "Ana"
    assert run.book.incidents["I1"].ended_at is None


EPISODES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
MODES = {"a": "outer race", "b": "outer race", "c": "inner race", "d": "outer race", "e": "cage", "f": "inner race"}
STATIONS = {"a": "pump-7", "b": "pump-7", "c": "pump-7", "d": "pump-8", "e": "fan", "f": "pump-8"}
STEPS = st.one_of(
    st.tuples(st.just("hear"), EPISODES, st.booleans(), st.sampled_from(["warning", "critical", "odd"])),
    st.tuples(st.just("pass"), st.integers(-30, 200)),
    st.tuples(st.just("order"), st.integers(0, 9), st.sampled_from(list(OrderState))),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_whatever_happens_the_rules_hold(steps):
    run = Run(replace(POLICY, per_week=3))
    for step in steps:
        match step:
            case ("hear", name, active, severity):
                args = {"active": active, "severity": severity, "mode": MODES[name], "station": STATIONS[name]}
                run.hear(name, **args)
                before, told = run.book, len(run.told)
                run.hear(name, **args)
                assert run.book == before, "the same report twice changed something"
                assert len(run.told) == told
            case ("pass", hours):
                run.pass_(timedelta(hours=hours))
            case ("order", number, state):
                queued = sorted(i for i, o in run.book.orders.items() if o.open)
                if queued:
                    run.order_is(queued[number % len(queued)], state, str(number))
        _check(run)


def _check(run):
    open_ = [(i.asset, i.failure_mode) for i in run.book.incidents.values() if i.ended_at is None]
    assert len(open_) == len(set(open_)), "two open incidents of one fault"
    orders = run.said(What.ORDER)
    assert len(orders) == len(set(orders)), "two orders of one incident"
    for incident in run.book.incidents.values():
        assert incident.id in run.book.orders, "an incident whose order nobody decided"
        assert (incident.cleared_at is None) == incident.active
    episodes = [e for i in run.book.incidents.values() for e in i.episodes]
    assert len(episodes) == len(set(episodes)), "an episode of two incidents"
