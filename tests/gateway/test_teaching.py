import numpy as np

from analytics.quality.words import Quality
from gateway.processes.messages import Taught
from gateway.teaching import Lesson, TeachingDesk

RATE = 48_000


def a_part(number, part_type=1, quality=()):
    return Taught("ring", number, part_type, RATE, np.zeros(10, np.float32), 2, 8, quality)


def a_desk(parts=3):
    started = []
    return TeachingDesk({("ring", 1): Lesson("recipes/a", parts, 0.01)}, started.append), started


def test_a_learner_is_started_with_the_last_part_that_was_missing_and_with_all_of_them():
    desk, started = a_desk()
    assert desk.heard(a_part(1), known=False) == "part 1 of 3 to learn type 1 from"
    desk.heard(a_part(2), known=False)
    assert started == []
    assert desk.heard(a_part(3), known=False) == "learning type 1 from 3 parts"
    (plan,) = started
    assert (plan.station, plan.part_type, plan.folder) == ("ring", 1, "recipes/a")
    assert [part.ticket for part in plan.parts] == [1, 2, 3]


def test_after_a_lesson_that_failed_the_next_begins_with_nothing():
    desk, started = a_desk(parts=2)
    for number in (1, 2, 3):
        desk.heard(a_part(number), known=False)
    assert "already" in desk.heard(a_part(4), known=False)
    desk.ended("ring", 1)
    for number in (5, 6):
        desk.heard(a_part(number), known=False)
    assert [[part.ticket for part in plan.parts] for plan in started] == [[1, 2], [5, 6]]


def test_a_recipe_that_stands_is_never_replaced_by_mode_3():
    desk, started = a_desk(parts=1)
    assert "replaces none" in desk.heard(a_part(1), known=True)
    assert started == []


def test_a_part_that_was_not_heard_well_is_not_learned_from():
    desk, started = a_desk(parts=1)
    assert "gap" in desk.heard(a_part(1, quality=(Quality.GAP,)), known=False)
    assert started == []


def test_a_type_that_is_not_to_be_learned_is_dropped_and_said():
    desk, started = a_desk(parts=1)
    assert "teach_parts is off" in desk.heard(a_part(1, part_type=9), known=False)
    assert started == []
