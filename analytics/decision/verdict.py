"""What is said of one part."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from analytics.quality.words import Quality


class Evaluation(IntEnum):
    """The result of a part, with the integers of OPC 40001-101 1.01.0, 10.3 (ResultEvaluationEnum)."""

    UNDEFINED = 0
    OK = 1
    NOT_OK = 2
    NOT_DECIDABLE = 3

    @property
    def word(self) -> str:
        """The word people and programs read."""
        return _WORDS[self]


_WORDS = {
    Evaluation.UNDEFINED: "Undefined",
    Evaluation.OK: "OK",
    Evaluation.NOT_OK: "NotOK",
    Evaluation.NOT_DECIDABLE: "NotDecidable",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement of one part.

    Parameters
    ----------
    evaluation
        OK, NotOK or NotDecidable. NotOK if and only if `score` > 1 and the sound may be trusted.
    score
        At least 0; 1.0 is the limit and equality is OK. None where the sound was not finite or nothing was scored.
    defect
        Name of the taught class, ``"unknown"`` for a defect nobody taught, None for none.
    confidence
        Probability that `defect` is the right name, calibrated on examples left out of what was taught
        (docs/few-shot.md); None where too few were taught to know.
    reason
        One sentence for a person.
    quality
        What is wrong with the sound; empty means good.
    detectors
        Score of each detector by name, 1.0 being its own limit.
    """

    evaluation: Evaluation
    score: float | None
    defect: str | None
    confidence: float | None
    reason: str
    quality: tuple[Quality, ...] = ()
    detectors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.score is None or (math.isfinite(self.score) and self.score >= 0), self.score
        assert self.evaluation is not Evaluation.OK or (self.score is not None and self.score <= 1.0), self
        assert self.evaluation is not Evaluation.NOT_OK or (self.score is not None and self.score > 1.0), self


def not_decidable(reason: str, *quality: Quality, score: float | None = None) -> Verdict:
    """Abstain, with the reason: the honest answer when in doubt."""
    return Verdict(Evaluation.NOT_DECIDABLE, score, None, None, reason, tuple(quality))
