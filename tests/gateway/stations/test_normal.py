"""What is normal, and since when."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gateway.stations.normal import Normal

WALL = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
LEVELS = np.array([-30.0, -40.0])


def learned():
    normal = Normal(10.0)
    for _ in range(20):
        normal.hear(LEVELS, 1500.0, WALL)
    return normal


def test_it_is_frozen_after_its_span_and_learns_no_more():
    normal = learned()
    assert normal.words == "frozen 2026-03-01T06:30Z"

    normal.hear(LEVELS + 50, 1500.0, WALL)

    assert normal.over_db((LEVELS + 6)[None, :], 1500.0) == pytest.approx([6.0])


def test_levels_are_compared_at_the_speed_they_were_learned_at_alone():
    normal = learned()

    assert normal.over_db(LEVELS[None, :], 1600.0) is not None
    assert normal.over_db(LEVELS[None, :], 1200.0) is None
    assert normal.over_db(np.empty((0, 2)), 1500.0) is None


def test_while_it_is_learned_it_says_how_far_it_is_even_where_the_span_is_too_short_to_learn_from():
    normal = Normal(2.0)
    for _ in range(4):
        normal.hear(LEVELS, None, WALL)

    assert normal.words == "learning 2 of 10 s"
    assert normal.over_db(LEVELS[None, :], None) is None
    normal.restart()
    assert normal.words == "learning 0 of 10 s"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (timedelta(seconds=15), "15 s"),
        (timedelta(minutes=5), "5 min"),
        (timedelta(hours=30), "30 h"),
        (timedelta(days=6), "6 days"),
        (timedelta(seconds=-3), "0 s"),
    ],
)
def test_its_age_is_said_in_the_unit_a_person_would_use(after, words):
    assert learned().since(WALL + after) == words
