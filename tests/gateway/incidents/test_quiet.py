"""A shelf and a window keep an incident from people for a time, and lose nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.incidents import quiet
from gateway.incidents.book import Book, Policy, What
from gateway.incidents.rules import Heard, hear, review

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
POLICY = Policy(routed={"pump-7": "maximo", "fan": "maximo"})


class Run:
    """A book, a clock and everything that was told."""

    def __init__(self):
        self.book, self.now, self.told = Book(), NOW, []
        ids = count(1)
        self.make_id = lambda: f"I{next(ids)}"

    def take(self, told):
        self.book, tells = told
        self.told += tells

    def hear(self, episode="E1", *, active=True, severity="warning", station="pump-7", mode="outer race"):
        one = Heard(station, station.upper(), episode, mode, severity, active, f"{station}: {mode}")
        self.take(hear(self.book, one, self.now, POLICY, self.make_id))

    def later(self, span):
        self.now += span
        self.take(review(self.book, self.now, POLICY, self.make_id))

    def window(self, span=HOUR, station="pump-7"):
        self.take(quiet.open_window(self.book, station, "ana", self.now, self.now + span))

    def shelve(self, incident="I1", span=HOUR):
        self.take(quiet.shelve(self.book, self.book.incidents[incident], "ana", self.now + span))

    def kinds(self, *wanted):
        return [one.what for one in self.told if one.what in wanted]


@pytest.fixture
def run():
    return Run()


def test_a_shelved_incident_rests_until_its_time_is_over_and_that_is_told_once(run):
    run.hear()
    run.shelve()
    assert "shelved by ana until 2026-11-24 13:00" in quiet.resting(run.book, run.book.incidents["I1"])

    run.later(HOUR - timedelta(seconds=1))
    assert quiet.resting(run.book, run.book.incidents["I1"])
    run.later(timedelta(seconds=1))
    run.later(HOUR)

    assert not quiet.resting(run.book, run.book.incidents["I1"])
    assert run.kinds(What.SHELVED, What.UNSHELVED) == [What.SHELVED, What.UNSHELVED]


def test_a_shelved_incident_is_heard_on_but_writes_nothing_on_its_order(run):
    run.hear()
    run.shelve()
    run.hear(active=False)
    run.hear("E2", severity="critical")

    assert run.book.incidents["I1"].severity == "critical"
    assert run.kinds(What.CLEARED, What.GRAVER) == [What.CLEARED, What.GRAVER]
    assert not run.kinds(What.NOTE)


def test_in_a_window_a_station_raises_nothing_and_each_episode_is_written_down_once(run):
    run.window()
    for _ in range(5):
        run.hear()
        run.hear("E2")
        run.hear("E3", station="fan")

    assert [one.station for one in run.book.incidents.values()] == ["fan"]
    assert len(run.kinds(What.IN_WINDOW)) == 2


def test_what_is_heard_still_after_a_window_becomes_an_incident_with_its_order(run):
    run.window()
    run.hear()
    run.later(HOUR)
    run.hear()

    assert run.kinds(What.IN_WINDOW, What.WINDOW_OVER, What.RAISED, What.ORDER) == [
        What.IN_WINDOW,
        What.WINDOW_OVER,
        What.RAISED,
        What.ORDER,
    ]


def test_a_window_that_is_given_another_time_forgets_nothing(run):
    run.window()
    run.hear()
    run.window(2 * HOUR)
    run.hear()

    assert run.book.windows["pump-7"].until == NOW + 2 * HOUR
    assert run.book.windows["pump-7"].since == NOW
    assert len(run.kinds(What.IN_WINDOW)) == 1


def test_a_window_remembers_a_bounded_number_of_episodes(run):
    run.window()
    for number in range(quiet.NOTED_MAX + 50):
        run.hear(f"E{number}")

    assert len(run.book.windows["pump-7"].noted) == quiet.NOTED_MAX


def test_an_ended_incident_that_lasts_is_not_raised_anew_inside_a_window(run):
    run.hear()
    incident = replace(run.book.incidents["I1"], ended_at=NOW, ended_why="order 1 done", held_until=NOW + HOUR)
    run.book = replace(run.book, incidents={"I1": incident})
    run.window(2 * HOUR)

    run.later(1.5 * HOUR)
    assert list(run.book.incidents) == ["I1"]
    run.later(HOUR)
    assert list(run.book.incidents) == ["I2"]


def test_a_clock_that_was_set_back_makes_no_quiet_longer_than_could_be_asked_for(run):
    run.hear()
    run.shelve()
    run.window()
    run.later(-timedelta(days=30))

    assert not quiet.resting(run.book, run.book.incidents["I1"])
    assert not run.book.windows


STEPS = st.one_of(
    st.tuples(st.just("hear"), st.sampled_from(["E1", "E2", "E3"]), st.booleans()),
    st.tuples(st.just("later"), st.integers(1, 200), st.none()),
    st.tuples(st.just("window"), st.integers(1, 200), st.none()),
    st.tuples(st.just("shelve"), st.integers(1, 200), st.none()),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=30))
def test_whatever_happens_nothing_is_raised_in_a_window_and_all_quiet_ends(steps):
    run = Run()
    for what, value, active in steps:
        before = len(run.book.incidents)
        if what == "hear":
            run.hear(value, active=active)
            assert len(run.book.incidents) == before or "pump-7" not in run.book.windows
        elif what == "later":
            run.later(value * timedelta(minutes=1))
        elif what == "window":
            run.window(value * timedelta(minutes=1))
        elif (one := next((i for i in run.book.incidents.values() if i.ended_at is None), None)) is not None:
            run.shelve(one.id, value * timedelta(minutes=1))
    run.later(quiet.LONGEST)

    assert not run.book.windows
    assert not any(one.shelved_until for one in run.book.incidents.values())
