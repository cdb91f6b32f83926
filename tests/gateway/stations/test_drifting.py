"""A recipe that drifts is told of, and nothing else changes by it."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.decision.drift import learn_drift
from analytics.decision.fixed import FixedLimit
from analytics.decision.verdict import Evaluation, Verdict, not_decidable
from analytics.quality.words import Quality
from gateway.processes.messages import RecipeView
from gateway.stations.drifting import Drifting
from gateway.stations.shelf import Shelved


class Model:
    """As much of a recipe's model as is looked at."""

    def __init__(self, fixed=(), drift=True):
        taught = 0.5 * np.exp(0.2 * np.random.default_rng(0).normal(size=200))
        self.drift = learn_drift(taught, [""] * 200) if drift else None
        self.fixed = fixed


def shelved(model, version=1):
    return Shelved(RecipeView("bracket", version, "a" * 12, False, "", ()), model)


def scored(score, **detectors):
    evaluation = Evaluation.NOT_OK if score > 1 else Evaluation.OK
    return Verdict(evaluation, score, None, None, "", detectors={"mahalanobis": score, **detectors})


def parts(count, shift, seed=1):
    return 0.5 * np.exp(0.2 * (np.random.default_rng(seed).normal(size=count) + shift))


def test_parts_that_become_stranger_are_told_of_and_a_new_version_begins_anew():
    drifting, recipe = Drifting(), shelved(Model())
    for score in parts(1000, 0):
        drifting.take(1, recipe, scored(float(score)))
    assert drifting.sentence == ""
    for score in parts(1000, 2):
        drifting.take(1, recipe, scored(float(score)))
    assert "stranger than those bracket v1 aaaaaaaaaaaa was taught with" in drifting.sentence
    assert "teach the next version" in drifting.sentence
    drifting.take(1, shelved(recipe.model, version=2), scored(0.5))
    assert drifting.sentence == ""


@pytest.mark.parametrize("what", ["disturbed", "fixed", "unknown"])
def test_what_says_nothing_of_the_recipe_is_no_drift(what):
    limit = FixedLimit("level", True, -12)
    drifting, recipe = Drifting(), shelved(Model((limit,), drift=what != "unknown"))
    for score in parts(1500, 0):
        verdict = {
            "disturbed": not_decidable("", Quality.DISTURBED, score=9.0),
            "fixed": Verdict(
                Evaluation.NOT_OK, 9.0, "unknown", None, "", detectors={"mahalanobis": score, str(limit): 9.0}
            ),
            "unknown": scored(9.0),
        }[what]
        drifting.take(1, recipe, verdict)
    assert drifting.sentence == ""


def taking(drifting, recipe, count, shift, seed=1):
    for score in parts(count, shift, seed):
        drifting.take(1, recipe, scored(float(score)))


def test_the_evidence_goes_on_after_a_restart_where_it_was():
    recipe = shelved(Model())
    whole, first, second = Drifting(), Drifting(), Drifting()
    taking(whole, recipe, 50, 0.7)
    taking(first, recipe, 50, 0.7)
    assert second.recall(first.to_keep()) == ""
    taking(whole, recipe, 50, 0.7, seed=2)
    taking(second, recipe, 50, 0.7, seed=2)
    assert json.loads(second.to_keep()) == json.loads(whole.to_keep())


def test_it_is_kept_every_fifty_parts_and_at_once_when_drift_is_found():
    drifting, recipe, kept = Drifting(), shelved(Model()), []
    for index, score in enumerate(parts(400, 2)):
        drifting.take(1, recipe, scored(float(score)))
        if drifting.to_keep() is not None:
            kept.append(index + 1)
    found = next(index for index in kept if index % 50)
    assert kept[: kept.index(found)] == list(range(50, found, 50))


def test_of_another_version_of_a_recipe_nothing_is_taken_up():
    drifting, recipe, again = Drifting(), shelved(Model()), Drifting()
    taking(drifting, recipe, 1000, 2)
    assert drifting.sentence
    assert again.recall(drifting.to_keep()) == ""
    taking(again, shelved(recipe.model, version=2), 1, 0)
    assert again.sentence == ""


@settings(deadline=None, max_examples=40)
@given(st.text() | st.recursive(st.none() | st.floats() | st.text(), st.lists).map(json.dumps))
def test_whatever_stands_in_the_store_is_one_sentence(text):
    assert "watched anew" in Drifting().recall(text)


@pytest.mark.parametrize(
    "change",
    [
        {"evidence": [[0, 0, 0]]},
        {"evidence": [[-1, 0, 0]] * 2},
        {"typical": 3},
        {"direction": "sideways"},
        {"label": 1},
    ],
)
def test_evidence_that_cannot_be_is_one_sentence(change):
    drifting, recipe = Drifting(), shelved(Model())
    taking(drifting, recipe, 50, 0)
    kept = json.loads(drifting.to_keep())
    kept["recipes"]["1"].update(change)
    assert "watched anew" in Drifting().recall(json.dumps(kept))
