"""The recipes of one station."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from analytics.decision.judge import Embed
from analytics.decision.model import PartModel
from analytics.quality.words import Quality
from analytics.signal.beamforming import Beam
from gateway.processes.cut import front_end_text
from gateway.processes.messages import RecipeView
from gateway.stations.plan import PartPlan
from models.recipe import Recipe, RecipeError, embed_of, load
from models.report import percent

ROUNDING_MS = 1.0  #: site files give whole milliseconds, recordings end where they end


@dataclass(frozen=True, slots=True, eq=False)
class Shelved:
    """A recipe that was looked at: with its model where it can be used, else with the reason in `view.fault`."""

    view: RecipeView
    model: PartModel | None
    embed: Embed | None = None  #: what its second voter hears through
    front_end: str = ""  #: JSON, as it stands beside the numbers of every part

    @property
    def label(self) -> str:
        """What a result says it was judged by."""
        return f"{self.view.name} v{self.view.version} {self.view.hash[:12]}"


class Shelf:
    """Recipes by PartType; a recipe that cannot be used stays visible with its fault.

    Parameters
    ----------
    plan
        The part flow they are for.
    rate
        Samples per second of the station's source.
    """

    def __init__(self, plan: PartPlan, rate: int) -> None:
        self._plan = plan
        self._rate = rate
        self._recipes: dict[int, Shelved] = {}
        for part_type, folder in plan.recipes.items():
            self.use(part_type, folder)

    def use(self, part_type: int, folder: str) -> RecipeView:
        """Judge by the recipe in this folder from now on; says what it learned, or why it cannot be used."""
        self._recipes[part_type] = self._load(folder)
        return self._recipes[part_type].view

    def views(self) -> Mapping[int, RecipeView]:
        """Tell what every recipe learned, by PartType."""
        return {part_type: one.view for part_type, one in self._recipes.items()}

    def recipe(self, part_type: int) -> Shelved | None:
        """Get the recipe of a PartType; None where there is none."""
        return self._recipes.get(part_type)

    def _load(self, folder: str) -> Shelved:
        name = Path(folder).name
        try:
            recipe = load(Path(folder))
            embed = embed_of(recipe, Path(self._plan.models) if self._plan.models else None)
        except RecipeError as fault:
            return Shelved(RecipeView(name, 0, "", False, "", (), str(fault)), None)
        fault_found = self._unfit(folder, recipe)
        view = RecipeView(
            recipe.name,
            recipe.version,
            recipe.hash,
            recipe.model.limit.provisional,
            recipe.report.promise,
            recipe.model.defects,
            fault_found,
            recipe.folder.as_posix(),
        )
        if fault_found:
            return Shelved(view, None)
        return Shelved(view, recipe.model, embed, front_end_text(recipe.model))

    def _unfit(self, folder: str, recipe: Recipe) -> str:
        """Say why a sound recipe cannot be used at this very station; empty where it can."""
        front_end, plan = recipe.model.front_end, self._plan
        if front_end.rate != self._rate:
            return (
                f"{folder}: taught at {front_end.rate} samples a second, the source gives {self._rate}; "
                f"set rate = {front_end.rate} or teach it again"
            )
        if recipe.model.beam != plan.beam:
            taught, here = _heard(recipe.model.beam), _heard(plan.beam)
            return f"{folder}: taught through {taught}, the station hears {here}; teach it again"
        if front_end.length_s > (plan.length_ms + ROUNDING_MS) / 1000:
            return (
                f"{folder}: needs {1000 * front_end.length_s:.0f} ms of a part, capture.length_ms is "
                f"{plan.length_ms:g}; set it to {1000 * front_end.length_s:.0f} or more, or teach shorter parts"
            )
        if recipe.report.reject_rate > plan.reject_rate:
            return (
                f"{folder}: promises {percent(recipe.report.reject_rate)} false rejects, reject_rate wants "
                f"{percent(plan.reject_rate)}; teach it with --reject-rate {plan.reject_rate:g} or change reject_rate"
            )
        return ""

    def why_not(self, part_type: int) -> tuple[str, Quality]:
        """Say why this PartType cannot be judged."""
        if part_type in self._recipes:
            return self._recipes[part_type].view.fault, Quality.NO_RECIPE
        known = ", ".join(str(one) for one in sorted(self._recipes)) or "none"
        return f"PartType {part_type} has no recipe; known: {known}.", Quality.UNKNOWN_TYPE


def _heard(beam: Beam | None) -> str:
    return "one microphone" if beam is None else f"the array {beam}"
