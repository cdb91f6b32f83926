"""Windows to minutes to hours."""

import numpy as np
import pytest

from analytics.wear.summary import Summary, roll_up, summarise


def test_a_minute_is_the_median_of_its_windows_and_forgives_a_forklift():
    levels = np.full((120, 2), -40.0)
    levels[:50] += 20

    assert summarise(60.0, levels).levels_db == (-40.0, -40.0)


def test_silence_and_nonsense_do_not_count():
    levels = np.array([[-40.0], [np.nan], [-120.0], [np.inf], [-42.0], [-41.0]])

    assert summarise(60.0, levels).levels_db == (-41.0,)


def test_fewer_than_three_windows_say_nothing():
    (level,) = summarise(60.0, np.array([[-40.0], [-41.0], [np.nan]])).levels_db

    assert np.isnan(level)


def test_covariates_and_running_time_go_with_it():
    told = summarise(60.0, np.full((3, 1), -40.0), np.array([[1.0, 7.0], [2.0, np.nan], [9.0, 7.0]]), running_s=55.0)

    assert told.covariates[0] == 2.0
    assert np.isnan(told.covariates[1])
    assert told.running_s == 55.0


def test_an_hour_is_the_median_of_its_minutes_without_the_excluded():
    minutes = [Summary(60.0 * i, (-40.0 + (i % 3),), (float(i),), 60.0) for i in range(50)]
    minutes += [Summary(3000.0, (0.0,), (0.0,), 0.0, "it stands")] * 10

    hour = roll_up(3600.0, minutes)

    assert (hour.t_s, hour.levels_db, hour.running_s, hour.excluded) == (3600.0, (-39.0,), 3000.0, "")


def test_an_hour_of_excluded_minutes_is_excluded_for_their_reason():
    hour = roll_up(3600.0, [Summary(0.0, (0.0,), excluded="it stands")] * 3)

    assert hour.excluded == "it stands"
    assert np.isnan(hour.levels_db[0])
    assert hour.running_s is None


def test_no_parts_or_different_ones_make_no_hour():
    for parts in ([], [Summary(0.0, (1.0,)), Summary(0.0, (1.0, 2.0))]):
        with pytest.raises(ValueError, match="parts of one shape"):
            roll_up(0.0, parts)
