"""Remaining life from a rise."""

import pytest

from analytics.wear.life import EARLY, END_DB, remaining


def test_a_rise_is_led_on_to_where_machines_ended():
    life = remaining(END_DB / 4, 1000.0)

    assert life.mid == pytest.approx(EARLY * 3000)
    assert life.low < life.mid < life.high


def test_beyond_that_as_much_is_left_as_has_passed():
    assert remaining(2 * END_DB, 1000.0).mid == pytest.approx(EARLY * 1000)


@pytest.mark.parametrize(("db", "since"), [(0.0, 1000.0), (-3.0, 1000.0), (6.0, 0.0), (float("nan"), 1.0)])
def test_without_a_rise_there_is_no_number(db, since):
    assert remaining(db, since) is None
