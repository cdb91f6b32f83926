"""What can be shown of one stored part: its numbers against its recipe and, where it was kept, its sound."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytics.decision.judge import align
from analytics.decision.model import FrontEnd
from analytics.decision.regions import Course, Region, course_of, differences, regions_of
from analytics.decision.verdict import Evaluation
from analytics.features.log_mel import MelPlan, Profile, log_mel, mel_plan
from analytics.few_shot.prototypes import Near
from analytics.signal.capture import Capture
from analytics.signal.spectra import frames_of
from gateway.processes.cut import capture_again, cut_from
from gateway.serve.page.png import picture
from gateway.serve.page.versions import version_of
from gateway.store.kept import KeptPart, NoSound, sound_of_part
from models.recipe import Recipe, RecipeError

SHOWN_DB = 70.0  #: below the loudest; quieter is drawn as silence
_LN_DB = np.log(10) / 10


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """The sound of a part, as far as it was kept.

    Parameters
    ----------
    capture
        With its surroundings.
    plan
        Frames and bands of the pictures: those of the recipe, where it can be read.
    begin_s, length_s
        Where the judged part lies in the capture.
    course
        The part beside what the recipe expects; None without a recipe.
    """

    capture: Capture
    plan: MelPlan
    begin_s: float
    length_s: float
    course: Course | None = None

    @property
    def seconds(self) -> float:
        """Length of the capture."""
        return len(self.capture.samples) / self.capture.rate


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """Everything the part view shows beyond the row itself.

    Parameters
    ----------
    recipe, why_no_recipe
        The very version that judged, or why it is not shown.
    heard, why_no_sound
        Its sound, or why there is none.
    regions
        Where it differs plainly.
    changes_db, spreads : ndarray, shape (2, bands), or None
        Level and course of each band against good parts.
    nearest
        Taught examples it is most like; of a rejected part alone.
    """

    recipe: Recipe | None
    why_no_recipe: str
    heard: Heard | None
    why_no_sound: str
    regions: tuple[Region, ...] = ()
    changes_db: NDArray[np.float64] | None = None
    spreads: NDArray[np.float64] | None = None
    nearest: tuple[Near, ...] = ()


def sight_of(store: Path, kept: KeptPart) -> Sight:
    """Gather what can be shown; reads disk, so it belongs into a thread."""
    recipe, why_no_recipe = _recipe_of(kept)
    heard, why_no_sound = _heard_of(store, kept, recipe)
    if recipe is None:
        return Sight(None, why_no_recipe, heard, why_no_sound)
    model, features = recipe.model, kept.features
    if features is None or len(features) != len(model.detector.mean):
        return Sight(recipe, "", heard, why_no_sound)
    changes, spreads = differences(features, model)
    regions = regions_of(features, model, heard.course if heard else None)
    rejected = kept.row.evaluation is Evaluation.NOT_OK and model.prototypes is not None
    nearest = model.prototypes.recognise(features).nearest if rejected and model.prototypes else ()
    return Sight(recipe, "", heard, why_no_sound, regions, changes, spreads, nearest)


def _recipe_of(kept: KeptPart) -> tuple[Recipe | None, str]:
    if not kept.cut:
        return None, "nothing was heard of it"
    try:
        folder = cut_from(kept.cut).recipe
        if not folder:
            return None, "no recipe judged it"
        recipe = version_of(Path(folder))
    except (ValueError, RecipeError) as fault:
        return None, str(fault)
    if kept.row.recipe and recipe.title != kept.row.recipe:
        return None, f"{kept.row.recipe} judged it; {folder} now holds {recipe.title}"
    return recipe, ""


def _heard_of(store: Path, kept: KeptPart, recipe: Recipe | None) -> tuple[Heard | None, str]:
    try:
        capture = capture_again(cut_from(kept.cut), sound_of_part(store, kept))
    except NoSound as fault:
        return None, str(fault)
    except ValueError as fault:
        return None, f"the store does not say where it lies in its sound: {fault}"
    if recipe is None or capture.rate != recipe.model.front_end.rate:
        plan = mel_plan(capture.rate, Profile.KNOCK)
        return Heard(capture, plan, capture.start / capture.rate, len(capture.part) / capture.rate), ""
    front_end: FrontEnd = recipe.model.front_end
    aligned = align(capture, front_end)
    plan = mel_plan(front_end.rate, front_end.profile, front_end.low_hz)
    course = course_of(aligned, recipe.model) if len(aligned.part) >= plan.frame + plan.hop else None
    return Heard(capture, plan, aligned.start / capture.rate, len(aligned.part) / capture.rate, course), ""


def heard_picture(heard: Heard) -> bytes:
    """Draw the whole capture; PNG. The lightest colour is the part's own loudest moment."""
    plan = heard.plan
    shown = log_mel(frames_of(heard.capture.samples, plan.frame, plan.hop), plan)
    first = round(heard.begin_s * plan.rate / plan.hop)
    within = shown[first : first + max(1, round(heard.length_s * plan.rate / plan.hop))]
    return _drawn(shown, within if len(within) else shown)


def expected_picture(heard: Heard) -> bytes | None:
    """Draw what the recipe expects of a good part, in the colours of `heard_picture`; None without a recipe."""
    return None if heard.course is None else _drawn(heard.course.expected, heard.course.heard)


def _drawn(values: NDArray[np.float32], loudest_of: NDArray[np.float32]) -> bytes:
    if len(values) == 0:
        return picture(np.zeros((1, 1), np.float32), 0.0, 1.0)
    top = float(loudest_of.max())
    return picture(values, top - SHOWN_DB * _LN_DB, top)
