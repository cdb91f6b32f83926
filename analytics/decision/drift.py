"""Whether the parts that pass still score as the taught ones did: a test that may run for years.

Each part's score becomes its rank among the good parts taught, 0 to 1. While nothing drifts the rank is 1/2 on
average, give or take what the few taught parts leave open. A bet that it is more wins or loses with every part, and the
sum of all such bets, one begun at each part, is a Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo 2024, New
England Journal of Statistics in Data Science 2:229; bets on bounded numbers: Waudby-Smith and Ramdas 2024, JRSS B
86:1). Its mean grows by at most one a part while the mean rank, given all parts before, stays within the slack, so the
alarm comes no sooner than every `BUDGET` parts on average. Nothing is assumed of the shape of the scores or of how
parts hang together.

A rank is bounded and so is each bet: a run of real defects is worth no more than a run of slightly strange good parts,
and its evidence is lost again to the good parts after it (docs/teaching.md has the figures).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

BUDGET = 1e7  #: parts between false alarms, at least: a part every 3 s, day and night, for a year
_BETS = (0.1, 0.2, 0.4)  #: stakes; a larger one is quicker and would mistake a short run of defects for drift
_UNIMPORTANT = 0.15  #: of the mean rank, either way: a shift of 0.55 spreads, or 30 defects in 100 parts for ever
_SURE = 2.58  #: spreads of what n taught parts leave open of the mean rank: 99 %
_MOST_SLACK = 0.45  #: half would leave nothing to notice
_RANKS_KEPT = 256  #: scores of a reference
_CAP = 10.0  #: times the budget: evidence is kept no higher, so that an alarm can clear
_RECENT = 200  #: parts the typical rank is averaged over

Direction = Literal["", "stranger", "nearer"]


@dataclass(frozen=True, slots=True, eq=False)
class DriftReference:
    """How good parts scored when they were taught.

    Parameters
    ----------
    scores : ndarray, shape (r,), float64
        Ascending, 1.0 being the limit; of parts left out, at most 256 quantiles of them.
    slack
        How far the mean rank may lie from 1/2 without being drift, above 0 and below 1/2.
    """

    scores: NDArray[np.float64]
    slack: float

    def __post_init__(self) -> None:
        if self.scores.ndim != 1 or len(self.scores) == 0 or not np.isfinite(self.scores).all():
            raise ValueError("a reference of drift needs finite scores")
        if (np.diff(self.scores) < 0).any() or not 0 < self.slack < 0.5:
            raise ValueError(f"a reference of drift needs ascending scores and a slack below 1/2; found {self.slack}")

    def rank(self, score: float) -> float:
        """Share of the taught parts below a score, those that equal it counted half."""
        low, high = np.searchsorted(self.scores, score, "left"), np.searchsorted(self.scores, score, "right")
        return float(low + high) / (2 * len(self.scores))


def learn_drift(scores: NDArray[np.float64], groups: Sequence[str]) -> DriftReference:
    """Keep how good parts score by fits that left them out, and how much that leaves open.

    The mean rank of fresh parts among n taught ones has a spread of 1 / sqrt(12 n) over draws of these n. Where parts
    come in groups (shifts, takes), the groups differ too: as far as any one of them lies from the others is no drift.

    Parameters
    ----------
    scores : ndarray, shape (n,), n >= 1
        Finite, 1.0 being the limit.
    groups
        Of each part.
    """
    x, of = np.sort(np.asarray(scores, np.float64)), np.asarray(groups)
    open_ = _SURE / np.sqrt(12 * len(x))
    names = sorted(set(groups))
    aside = 0.0
    for name in names if len(names) > 1 else ():
        rest = DriftReference(np.sort(scores[of != name]), 0.25)
        aside = max(aside, abs(float(np.mean([rest.rank(float(score)) for score in scores[of == name]])) - 0.5))
    kept = x if len(x) <= _RANKS_KEPT else np.quantile(x, (np.arange(_RANKS_KEPT) + 0.5) / _RANKS_KEPT)
    return DriftReference(kept, float(min(max(_UNIMPORTANT, aside) + open_, _MOST_SLACK)))


class DriftWatch:
    """Follows the scores of one recipe's parts, one at a time; keeps a handful of numbers, whatever comes.

    Parameters
    ----------
    reference
        What the recipe was taught with.
    budget
        Fewest parts between false alarms, on average.
    """

    def __init__(self, reference: DriftReference, budget: float = BUDGET) -> None:
        self._reference = reference
        self._budget = budget
        self._evidence = [[0.0] * len(_BETS), [0.0] * len(_BETS)]  # that parts score higher, lower
        self.direction: Direction = ""  #: empty while nothing drifts
        self.typical = 0.5  #: rank of the typical part of late, 0 to 1

    @property
    def evidence(self) -> float:
        """Sum of the bets over the budget: an alarm from 1 on, cleared below the square root of the budget."""
        return sum(map(sum, self._evidence)) / (2 * len(_BETS)) / self._budget

    def plain(self) -> dict[str, object]:
        """Return what was gathered so far, as plain values."""
        return {"evidence": self._evidence, "direction": self.direction, "typical": self.typical}

    def recall(self, plain: Mapping[str, Any]) -> None:
        """Go on from what `plain` gave.

        Raises
        ------
        ValueError, KeyError, TypeError
            It is not what `plain` gives.
        """
        evidence = np.asarray(plain["evidence"], np.float64)
        typical, direction = float(plain["typical"]), plain["direction"]
        if evidence.shape != (2, len(_BETS)) or not ((evidence >= 0) & (evidence <= self._most)).all():
            raise ValueError("no evidence of drift")
        if not 0 <= typical <= 1 or direction not in get_args(Direction):
            raise ValueError("no state of drift")
        self._evidence = evidence.tolist()
        self.direction, self.typical = direction, typical

    @property
    def _most(self) -> float:
        return _CAP * self._budget * 2 * len(_BETS)

    def take(self, score: float) -> Direction:
        """Take in the score of a part whose sound could be trusted, whatever its verdict; say which way it drifts."""
        rank = self._reference.rank(score)
        self.typical += (rank - self.typical) / _RECENT
        free = 0.5 + self._reference.slack
        for side, won in ((0, rank - free), (1, 1.0 - rank - free)):
            self._evidence[side] = [
                min((1.0 + before) * (1.0 + bet * won), self._most)
                for before, bet in zip(self._evidence[side], _BETS, strict=True)
            ]
        if not self.direction and self.evidence >= 1.0:
            self.direction = "stranger" if sum(self._evidence[0]) > sum(self._evidence[1]) else "nearer"
        elif self.direction and self.evidence < self._budget**-0.5:
            self.direction = ""
        return self.direction
