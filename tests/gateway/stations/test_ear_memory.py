"""What an ear knows to be normal outlives its worker; whatever stands in the store is one sentence."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.quality.ear_second import bands_at
from analytics.quality.ear_watch import LEARN_S, PLACES, Place, places_of, unheard
from gateway.stations.ear_memory import AGAIN_S, EarMemory
from gateway.stations.plan import SourcePlan

RATE = 16_000
PLAN = SourcePlan("microphone", RATE, device="MK4")
BANDS = bands_at(RATE)


def place(level, radius=1.0):
    return Place(np.full(BANDS, float(level)), radius)


def learned(level=-60.0, known=()):
    return replace(unheard(), heard=LEARN_S, centre=np.full(BANDS, level), radius=1.0, known=known)


def test_what_was_normal_is_normal_after_a_restart():
    kept = EarMemory(PLAN, 0).to_keep(learned(known=(place(-40), place(-50))), 0.0)
    watch, sentence = EarMemory(PLAN, 0).recall(unheard(), kept)
    assert sentence == ""
    assert [float(one.centre[0]) for one in places_of(watch)] == [-40, -50, -60]


def test_nothing_is_kept_before_anything_is_learned_and_then_when_it_changes_or_an_hour_is_over():
    memory = EarMemory(PLAN, 0)
    watch = learned()
    assert memory.to_keep(unheard(), 0.0) is None
    assert memory.to_keep(watch, 10.0)
    assert memory.to_keep(watch, 20.0) is None
    assert memory.to_keep(replace(watch, known=(place(-40),)), 30.0)
    watch = replace(watch, known=())
    assert memory.to_keep(watch, 40.0)
    assert memory.to_keep(watch, 40.0 + AGAIN_S)


def test_a_hundred_restarts_in_the_same_room_push_out_no_place():
    watch, memory = learned(known=(place(-40),)), EarMemory(PLAN, 0)
    for _ in range(100):
        watch, sentence = EarMemory(PLAN, 0).recall(learned(), EarMemory(PLAN, 0).to_keep(watch, 0.0))
        assert sentence == ""
    assert memory.to_keep(watch, 0.0).count("centre") == 2


def test_no_more_places_are_known_than_a_watch_holds():
    kept = EarMemory(PLAN, 0).to_keep(learned(known=tuple(place(-10 * k) for k in range(PLACES))), 0.0)
    watch, _ = EarMemory(PLAN, 0).recall(learned(), kept)
    assert len(places_of(watch)) <= PLACES


@pytest.mark.parametrize(
    "other",
    [
        EarMemory(replace(PLAN, device="another"), 0),
        EarMemory(PLAN, 1),
        EarMemory(replace(PLAN, rate=48_000), 0),
        EarMemory(PLAN, 0, beam=((0, 0.0), (1, 0.1))),
    ],
)
def test_nothing_is_taken_up_of_another_microphone(other):
    kept = other.to_keep(learned(), 0.0)
    watch, sentence = EarMemory(PLAN, 0).recall(unheard(), kept)
    assert watch.known == ()
    assert "another microphone's" in sentence


@settings(deadline=None, max_examples=40)
@given(st.text() | st.binary().map(str) | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_whatever_stands_in_the_store_is_one_sentence(text):
    watch, sentence = EarMemory(PLAN, 0).recall(unheard(), text)
    assert watch.known == ()
    assert sentence


@pytest.mark.parametrize(
    "places",
    [None, 3, [{}], [{"centre": [0.0], "radius": 1}], [{"centre": [float("nan")] * BANDS, "radius": 1}], [[1, 2]]],
)
def test_places_that_are_none_are_one_sentence(places):
    plain = json.loads(EarMemory(PLAN, 0).to_keep(learned(), 0.0))
    watch, sentence = EarMemory(PLAN, 0).recall(unheard(), json.dumps({**plain, "places": places}))
    assert watch.known == ()
    assert "learned anew" in sentence
