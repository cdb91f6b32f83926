"""Whether the parts of a station still score as those its recipes were taught with."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.decision.drift import DriftReference, DriftWatch
from analytics.decision.verdict import Evaluation, Verdict
from gateway.stations.shelf import Shelved

VERSION = 1
KEEP_PARTS = 50  #: a restart costs the evidence of no more parts than that
_WORDS = {"stranger": "stranger than", "nearer": "nearer to each other than"}


@dataclass(slots=True)
class _Watched:
    """A recipe's watch; a later version begins anew."""

    label: str
    watch: DriftWatch


class Drifting:
    """Follows the scores of every recipe of one station, and says which drift.

    A proposal to a person and nothing more: no verdict, no limit and no recipe changes by it.
    """

    def __init__(self) -> None:
        self._watched: dict[int, _Watched] = {}
        self._recalled: dict[int, Mapping[str, Any]] = {}  # by PartType; taken up with its recipe's next part
        self._unkept = 0  # parts since it was last kept

    def take(self, part_type: int, recipe: Shelved, verdict: Verdict) -> None:
        """Take in a part as it was judged; one whose sound cannot be trusted says nothing of its recipe."""
        model = recipe.model
        if model is None or model.drift is None or verdict.evaluation not in (Evaluation.OK, Evaluation.NOT_OK):
            return
        fixed = {str(limit) for limit in model.fixed}
        learned = [score for name, score in verdict.detectors.items() if name not in fixed]
        if not learned:
            return
        watched = self._watched.get(part_type)
        if watched is None or watched.label != recipe.label:
            watched = self._watched[part_type] = _Watched(recipe.label, DriftWatch(model.drift))
            kept = self._recalled.pop(part_type, None)
            if kept is not None and kept["label"] == recipe.label:
                watched.watch.recall(kept)
        before = watched.watch.direction
        turned = watched.watch.take(max(learned)) != before
        self._unkept += KEEP_PARTS if turned else 1

    def to_keep(self) -> str | None:
        """Give what is to be told again after a restart; None while too little has changed since it was last given."""
        if self._unkept < KEEP_PARTS:
            return None
        self._unkept = 0
        now = {str(part_type): {"label": one.label, **one.watch.plain()} for part_type, one in self._watched.items()}
        waiting = {str(part_type): dict(one) for part_type, one in self._recalled.items()}
        return json.dumps({"version": VERSION, "recipes": {**waiting, **now}})

    def recall(self, text: str) -> str:
        """Take up what was kept, for recipes of the very same version; gives a sentence where it could not be."""
        try:
            plain = json.loads(text)
            if plain["version"] != VERSION:
                return f"what was known of drift is of version {plain['version']}: it is watched anew"
            recalled = {int(part_type): _checked(one) for part_type, one in plain["recipes"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            return f"what was known of drift cannot be read ({fault}): it is watched anew"
        self._recalled = {key: one for key, one in recalled.items() if key not in self._watched}
        return ""

    @property
    def sentence(self) -> str:
        """What a person should know and do; empty where nothing drifts."""
        said = []
        for one in self._watched.values():
            if one.watch.direction:
                beyond = one.watch.typical if one.watch.direction == "stranger" else 1 - one.watch.typical
                said.append(
                    f"Parts sound {_WORDS[one.watch.direction]} those {one.label} was taught with: the typical one is "
                    f"beyond {beyond:.0%} of them; look at process and microphone, then teach the next version"
                )
        return "; ".join(said)


def _checked(plain: Mapping[str, Any]) -> Mapping[str, Any]:
    """Try it out: what cannot be taken up is to be said now, and not with the next part.

    Raises
    ------
    ValueError, KeyError, TypeError
        It cannot be taken up.
    """
    DriftWatch(DriftReference(np.zeros(1), 0.25)).recall(plain)
    if not isinstance(plain["label"], str):
        raise TypeError("no recipe is named")
    return plain
