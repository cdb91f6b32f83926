"""Parts of the store scored anew by their numbers: what another version would have said of them. No sound is needed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import PartModel
from analytics.decision.verdict import Evaluation
from gateway.processes.cut import why_other_numbers
from gateway.store.kept import KeptPart
from gateway.store.read import PartRow


@dataclass(frozen=True, slots=True)
class Changed:
    """A part whose verdict would be another one, with its score by each model."""

    row: PartRow
    before: float
    after: float

    @property
    def name(self) -> str:
        """For people."""
        return f"#{self.row.sequence} {self.row.part_id}".strip()


@dataclass(frozen=True, slots=True)
class Rescored:
    """What two models say of the same stored parts.

    Parameters
    ----------
    parts
        That both could score.
    changed
        Those of them that one accepts and the other rejects, oldest first.
    undecidable
        Those of them whose sound was not believed: no limit changes that.
    left_out
        Why others could not be scored -> how many.
    """

    parts: int
    changed: tuple[Changed, ...]
    undecidable: int
    left_out: Mapping[str, int]

    @property
    def rejected(self) -> int:
        """How many go from OK to NotOK."""
        return sum(one.after > 1.0 for one in self.changed)

    @property
    def accepted(self) -> int:
        """How many go from NotOK to OK."""
        return len(self.changed) - self.rejected

    @property
    def why_not(self) -> str:
        """Say in one clause what was left out; empty where nothing was."""
        return "; ".join(f"{count} more left out: {why}" for why, count in self.left_out.items())


def rescored(before: PartModel, after: PartModel, kept: Sequence[KeptPart]) -> Rescored:
    """Score parts by two models and name those that one accepts and the other rejects.

    What was heard to be taught from, or to check the station, is no part of its production.
    """
    kept = [one for one in kept if one.row.outcome not in ("taught", "master")]
    scores = [scores_of_numbers(kept, model) for model in (before, after)]
    changed, left_out = [], Counter[str]()
    parts = undecidable = 0
    for part, old, new in zip(kept, *scores, strict=True):
        if isinstance(old, str) or isinstance(new, str):
            left_out[old if isinstance(old, str) else str(new)] += 1
            continue
        parts += 1
        said = evaluation_of(part, old)
        undecidable += said is Evaluation.NOT_DECIDABLE
        if said is not evaluation_of(part, new):
            changed.append(Changed(part.row, old, new))
    return Rescored(parts, tuple(changed), undecidable, left_out)


def scores_of_numbers(kept: Sequence[KeptPart], model: PartModel) -> list[float | str]:
    """Score stored parts without their sound; instead of a score, why there is none: one clause.

    What a person fixed on plain indicators is known only where the recipe that judged then had the same limit.
    """
    other = {text: why_other_numbers(text, model) for text in {part.front_end for part in kept}}
    rows = [_row(part, model, other[part.front_end]) for part in kept]
    numbers = [row for row in rows if not isinstance(row, str)]
    if not numbers:
        return [str(row) for row in rows]
    learned = iter(np.max(list(model.scores(np.stack(numbers)).values()), axis=0))
    return [
        row if isinstance(row, str) else _with_fixed(part, model, float(next(learned)))
        for part, row in zip(kept, rows, strict=True)
    ]


def evaluation_of(kept: KeptPart, score: float) -> Evaluation:
    """Say what a part would be with another score: what was not decidable by its sound stays so."""
    if kept.row.evaluation is Evaluation.NOT_DECIDABLE and kept.row.true_evaluation is None:
        return Evaluation.NOT_DECIDABLE
    return Evaluation.NOT_OK if score > 1.0 else Evaluation.OK


def _row(kept: KeptPart, model: PartModel, other: str) -> NDArray[np.float32] | str:
    if kept.features is None:
        return "no stored numbers"
    if other:
        return other
    heard = model.second is not None
    if heard and kept.embedding is None:
        return "what the second voter hears was not stored"
    row = np.concatenate([kept.features, kept.embedding]) if heard and kept.embedding is not None else kept.features
    return row if len(row) == model.width else f"{len(row)} stored numbers; wanted {model.width}"


def _with_fixed(kept: KeptPart, model: PartModel, learned: float) -> float | str:
    fixed = [one.score(learned) if one.what == "score" else kept.row.detectors.get(str(one)) for one in model.fixed]
    known = [score for score in fixed if score is not None]
    return max([learned, *known]) if len(known) == len(fixed) else "a limit that a person set was not measured"
