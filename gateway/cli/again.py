"""Judges a stored part again: the same sound by the same recipe must give the same verdict, bit for bit."""

from dataclasses import dataclass, field
from pathlib import Path

from analytics.decision.judge import Embed, judge
from analytics.decision.verdict import Evaluation, Verdict
from gateway.processes.cut import Cut, capture_again, cut_from
from gateway.stations.part import doubted
from gateway.store.kept import KeptPart, NoSound, sound_of_part
from gateway.store.rescored import evaluation_of, scores_of_numbers
from models.recipe import Recipe, RecipeError, embed_of, load


class NotAgain(Exception):
    """A stored part cannot be judged again; one sentence, without a full stop."""


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A recipe, and what its second voter hears through."""

    recipe: Recipe
    embed: Embed | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A stored part, judged again.

    Parameters
    ----------
    kept
        As it is stored.
    recipe
        What judged it this time.
    evaluation, score, verdict
        The outcome; `verdict` is None where only its numbers were scored.
    same
        The very outcome that is stored.
    remark
        What must be known to compare the two; empty where nothing must.
    """

    kept: KeptPart
    recipe: Recipe
    evaluation: Evaluation
    score: float | None
    verdict: Verdict | None
    same: bool
    remark: str = ""


@dataclass(slots=True)
class Replayer:
    """Judges stored parts again.

    Parameters
    ----------
    store
        Folder of the store.
    models
        Folder of embedding models; None for the user's own.
    other
        Judges instead of the recipe that judged then.
    """

    store: Path
    models: Path | None = None
    other: Loaded | None = None
    _recipes: dict[str, Loaded] = field(default_factory=dict)

    def replay(self, kept: KeptPart) -> Replayed:
        """Judge one part again; NotAgain where that is not possible."""
        cut = _cut(kept)
        loaded = self.other or self._own(kept, cut)
        try:
            sound = sound_of_part(self.store, kept)
        except NoSound as fault:
            if self.other is None:
                raise NotAgain(str(fault)) from fault
            return _by_numbers(kept, loaded.recipe, str(fault))
        try:
            judgement = judge(capture_again(cut, sound), loaded.recipe.model, loaded.embed)
        except (ArithmeticError, ValueError) as fault:
            raise NotAgain(f"{loaded.recipe.title} cannot judge this sound: {fault}") from fault
        verdict = doubted(judgement.verdict, cut.ear)
        same, remark = _compare(kept, verdict)
        return Replayed(kept, loaded.recipe, verdict.evaluation, verdict.score, verdict, same, remark)

    def _own(self, kept: KeptPart, cut: Cut) -> Loaded:
        """Give the very version that judged then."""
        label = kept.row.recipe
        if not cut.recipe:
            raise NotAgain(f"no recipe judged it: {kept.row.reason.rstrip('.')}; --with names one")
        if cut.recipe not in self._recipes:
            try:
                recipe = load(Path(cut.recipe))
                self._recipes[cut.recipe] = Loaded(recipe, embed_of(recipe, self.models))
            except RecipeError as fault:
                raise NotAgain(f"{label} judged it and cannot be used any more: {fault}") from fault
        found = self._recipes[cut.recipe]
        if found.recipe.title != label:
            raise NotAgain(f"{label} judged it; {cut.recipe} now holds {found.recipe.title}")
        return found


def _cut(kept: KeptPart) -> Cut:
    if not kept.cut:
        raise NotAgain(f"nothing was heard of it: {kept.row.reason.rstrip('.')}")
    try:
        return cut_from(kept.cut)
    except ValueError as fault:
        raise NotAgain(f"the store does not say where it lies in its sound: {fault}") from fault


def _by_numbers(kept: KeptPart, recipe: Recipe, why: str) -> Replayed:
    (score,) = scores_of_numbers([kept], recipe.model)
    if isinstance(score, str):
        raise NotAgain(f"{why}, and {recipe.title} cannot score its numbers: {score}")
    evaluation = evaluation_of(kept, score)
    expected, stored = _stored(kept)
    return Replayed(kept, recipe, evaluation, score, None, (evaluation, score) == (expected, stored), "by its numbers")


def _stored(kept: KeptPart) -> tuple[Evaluation, float | None]:
    """Give the verdict that truly came, where the PLC had been told of a late one."""
    row = kept.row
    if row.true_evaluation is not None:
        return row.true_evaluation, row.true_score
    return row.evaluation, row.score


def _compare(kept: KeptPart, verdict: Verdict) -> tuple[bool, str]:
    """Say whether this is the stored outcome, and why the PLC was told otherwise where it was."""
    row, (expected, score) = kept.row, _stored(kept)
    numbers = verdict.score == score
    if row.true_evaluation is not None:
        return numbers and verdict.evaluation is expected, f"told {row.evaluation.word}: {row.reason}"
    numbers = numbers and dict(verdict.detectors) == row.detectors
    if expected is Evaluation.UNDEFINED:
        return numbers, "observed: no verdict was told"
    if row.outcome != "judged":  # no more than the refusal is stored, and its score is none
        return verdict.evaluation is expected, f"{row.outcome}: {row.reason}"
    return numbers and verdict.evaluation is expected and verdict.defect == row.defect, ""
