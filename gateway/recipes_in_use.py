"""Which version of each recipe the stations judge by: it changes by a person's word, and by no change on disk."""

from collections.abc import Mapping

from gateway.processes.messages import RecipeView, UseRecipe


class RecipesInUse:
    """What every station has loaded since main started, by PartType."""

    def __init__(self) -> None:
        self._known: dict[str, dict[int, RecipeView]] = {}
        self._chosen: dict[tuple[str, int], str] = {}  # folder a person chose while this gateway runs

    def chosen(self, asked: UseRecipe) -> None:
        """Remember what a person put to use, for a worker that begins anew."""
        self._chosen[asked.station, asked.part_type] = asked.folder

    def loaded(self, station: str, recipes: Mapping[int, RecipeView]) -> Mapping[int, RecipeView]:
        """Take what a station has loaded; gives all it has now."""
        known = self._known.setdefault(station, {})
        known.update(recipes)
        return known

    def judges(self, station: str, part_type: int) -> bool:
        """Whether a recipe stands that can be used."""
        recipe = self._known.get(station, {}).get(part_type)
        return recipe is not None and not recipe.fault

    def before(self, station: str, recipes: Mapping[int, RecipeView]) -> Mapping[int, RecipeView]:
        """Give the versions of before that a worker which came back has to take up again, by PartType.

        What was changed on disk meanwhile waits for a restart, unless a person chose that very folder. A version of
        before is found by the folder it was written to.
        """
        known = self._known.get(station, {})
        return {
            part_type: known[part_type]
            for part_type, recipe in recipes.items()
            if self.judges(station, part_type)
            and known[part_type].hash != recipe.hash
            and self._chosen.get((station, part_type)) != recipe.folder
        }
