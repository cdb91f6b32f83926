"""A recipe that drifts is told of, and nothing else changes by it."""

import numpy as np
import pytest

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
