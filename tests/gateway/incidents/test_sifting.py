"""What is kept back, and what the plant's tags say of the rest."""

from datetime import UTC, datetime

import pytest

from gateway.incidents.book import Book, Incident
from gateway.incidents.routes import About
from gateway.incidents.sifting import Inhibit, Witness, kept_back, weigh

STANDS = Inhibit("line stands", About(stations=frozenset({"press"})), runs="runs")
PARENT = Inhibit("no air", About(stations=frozenset({"press", "compressor"})), parent="compressor")
ABOUT = ("press", "hall 1", "abnormal sound")


def book(*, active=True):
    values = {"asset": "C", "failure_mode": "air leak", "severity": "critical", "text": "", "episodes": {"E": active}}
    return Book({"I": Incident("I", "compressor", raised_at=datetime(2026, 11, 24, tzinfo=UTC), **values)})


def test_a_station_of_a_line_that_stands_raises_nothing_and_one_beside_it_does():
    assert kept_back([STANDS], *ABOUT, Book(), {"runs": 0.0}) == "line stands: the line stands"
    assert not kept_back([STANDS], *ABOUT, Book(), {"runs": 1.0})
    assert not kept_back([STANDS], "fan", "hall 1", "gear", Book(), {"runs": 0.0})


def test_a_tag_that_nobody_knows_keeps_nothing_back():
    assert not kept_back([STANDS], *ABOUT, Book(), {})


def test_the_trouble_of_a_parent_explains_those_behind_it_while_it_is_heard_and_never_itself():
    assert kept_back([PARENT], *ABOUT, book(), {}) == "no air: explained by air leak at compressor"
    assert not kept_back([PARENT], *ABOUT, book(active=False), {})
    assert not kept_back([PARENT], "compressor", "", "gear", book(), {})


def test_a_witness_multiplies_the_odds_and_says_so():
    hot = Witness("bearing temperature", "t", above=70.0, times=3.0)
    belief = weigh([hot], ABOUT, None, {"t": 78.0})
    assert belief.confidence == pytest.approx(0.75)
    assert belief.sentence == "bearing temperature 78 is over 70: speaks for it; confidence no figure -> 75%"


def test_two_witnesses_may_undo_each_other():
    hot = Witness("temperature", "t", above=70.0)
    shut = Witness("valve", "v", below=30.0, speaks="against")
    assert weigh([hot, shut], ABOUT, 0.8, {"t": 78.0, "v": 20.0}).confidence == pytest.approx(0.8)


def test_a_witness_that_is_not_asked_or_not_known_says_nothing():
    elsewhere = Witness("temperature", "t", About(stations=frozenset({"fan"})), above=70.0)
    assert weigh([elsewhere], ABOUT, 0.8, {"t": 78.0}).sentence == ""
    assert weigh([Witness("temperature", "t", above=70.0)], ABOUT, 0.8, {}).confidence == pytest.approx(0.8)
