"""Whether the parts of a station still score as those its recipes were taught with."""

from dataclasses import dataclass

from analytics.decision.drift import DriftWatch
from analytics.decision.verdict import Evaluation, Verdict
from gateway.stations.shelf import Shelved

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
        watched.watch.take(max(learned))

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
