"""Whether a recipe answers as it did when it was taught: what reads well and answers differently must not judge."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytics.decision.judge import Embed, judge
from analytics.decision.model import PartModel
from analytics.signal.capture import Capture
from models.flat import Arrays
from models.recipe_files import ARRAYS, RecipeError
from models.teach import scores_of

CHECK_FEATURES, CHECK_SCORES = "check.features", "check.scores"  #: names of its stored parts among its arrays
_LONGEST = 2**24  #: samples of a part, far beyond any; what is longer is a damaged card
_SAME = 1e-6  #: relative; between processors and versions of NumPy the last digits differ


def check(place: Path, model: PartModel, arrays: Arrays) -> None:
    """Score the stored parts again and judge one sound; RecipeError where it answers otherwise."""
    features, scores = arrays.get(CHECK_FEATURES), arrays.get(CHECK_SCORES)
    if features is None or scores is None or scores.ndim != 1 or features.shape != (len(scores), model.width):
        raise RecipeError(f"{place / ARRAYS}: its parts for checking are missing; teach it again")
    if not 0 < model.front_end.length <= _LONGEST:
        raise RecipeError(f"{place}: a part of {model.front_end.length_s:g} s; wanted less, teach it again")
    try:
        found = scores_of(model, features)
        noise = np.random.default_rng(0).normal(0, 0.1, model.front_end.length + model.front_end.rate)
        edge = model.front_end.rate // 2
        capture = Capture(noise.astype(np.float32), model.front_end.rate, edge, len(noise) - edge)
        judge(capture, model, _nothing_of(model))
    except (ValueError, IndexError, TypeError) as fault:
        raise RecipeError(f"{place}: its numbers do not fit each other ({fault}); teach it again") from fault
    if not np.allclose(found, scores, rtol=_SAME, atol=0.0):
        raise RecipeError(f"{place}: scores its own stored parts {found[0]:.6g} instead of {scores[0]:.6g}; "
                          "teach it again with this version")  # fmt: skip


def _nothing_of(model: PartModel) -> Embed:
    """Stand in for the embedding: whether the numbers fit can be told without it."""
    size = len(model.second.detector.mean) if model.second else 0

    def embed(samples: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
        return np.zeros(size, np.float32)

    return embed
