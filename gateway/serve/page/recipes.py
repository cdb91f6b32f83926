"""Recipes: what each station judges by, its versions, what they promise; propose the next, put one to use."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.processes.messages import RecipeView
from gateway.processes.snapshot import Snapshot
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf, form_of, wanted
from gateway.serve.page.show import Show
from gateway.serve.people import Role
from gateway.store.labels import proposals
from models.recipe import Recipe, RecipeError, load
from models.recipe_files import activations, current, versions

router = APIRouter(include_in_schema=False)

VERSIONS_MOST = 12  #: shown of one recipe, the newest
PROPOSALS_MOST = 20  #: shown, the newest


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a recipe, as far as it can be read."""

    number: int
    in_use: bool  #: what `current` names: judged by from the next start on, or already
    judging: bool  #: what the station judges by now
    recipe: Recipe | None
    fault: str
    used_at: str
    used_by: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """One recipe of one station."""

    station: str
    part_type: int
    view: RecipeView
    versions: tuple[Version, ...]
    left_out: int  #: older versions that are not shown
    fault: str = ""

    @property
    def waiting(self) -> bool:
        """Another version was put to use than the station judges by."""
        return any(one.in_use and not one.judging for one in self.versions)


@router.get("/recipes", response_class=HTMLResponse)
async def recipes_view(request: Request, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Show every recipe of every station."""
    shelves = await asyncio.to_thread(shelves_of, world.snapshot)
    made = await world.read(lambda reader: proposals(reader.db, PROPOSALS_MOST))
    show: Show = request.app.state.show
    return show.page("recipes.html", visitor, here="/recipes", shelves=shelves, proposals=made)


@router.post("/recipes/{station}/{part_type}/propose")
async def propose(
    request: Request, station: str, part_type: int, visitor: VisitorOf, world: WorldOf
) -> RedirectResponse:
    """Ask for the next version, made from what people said of the parts."""
    await form_of(request, visitor)
    who = wanted(visitor, Role.QUALITY).name
    answer = await world.ask("propose", station, who, {"type": str(part_type)})
    if not answer.accepted:
        raise Refused(409, answer.sentence)
    return RedirectResponse(f"/recipes#{station}-{part_type}", 303)


@router.post("/recipes/{station}/{part_type}/activate")
async def activate(
    request: Request, station: str, part_type: int, visitor: VisitorOf, world: WorldOf
) -> RedirectResponse:
    """Put a version to use: a later one, or an earlier one to go back."""
    form = await form_of(request, visitor)
    who = wanted(visitor, Role.QUALITY).name
    version = form.get("version", "")
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise Refused(422, f"version: found {version[:20]!r}; wanted a number")
    answer = await world.ask("activate", station, who, {"type": str(part_type), "version": version})
    if not answer.accepted:
        raise Refused(409, answer.sentence)
    return RedirectResponse(f"/recipes#{station}-{part_type}", 303)


def shelves_of(snapshot: Snapshot | None) -> list[Shelf]:
    """Look at the recipes of every station; reads disk, so it belongs into a thread."""
    return [
        _shelf(station.name, part_type, view)
        for station in (snapshot.stations if snapshot else ())
        if station.part is not None
        for part_type, view in sorted(station.part.recipes.items())
    ]


def _shelf(station: str, part_type: int, view: RecipeView) -> Shelf:
    if not view.folder:
        return Shelf(station, part_type, view, (), 0, view.fault)
    folder = Path(view.folder).parent
    try:
        numbers, in_use, noted = versions(folder), current(folder), activations(folder)
    except (OSError, RecipeError) as fault:
        return Shelf(station, part_type, view, (), 0, str(fault))
    shown = []
    for number in sorted(numbers, reverse=True)[:VERSIONS_MOST]:
        last: dict[str, Any] = next((one for one in reversed(noted) if one.get("version") == number), {})
        recipe, why = _loaded(folder / f"v{number}")
        used = (str(last.get("at", "")), str(last.get("who", "")))
        shown.append(Version(number, number == in_use, number == view.version, recipe, why, *used))
    return Shelf(station, part_type, view, tuple(shown), max(0, len(numbers) - VERSIONS_MOST))


def _loaded(folder: Path) -> tuple[Recipe | None, str]:
    try:
        return load(folder), ""
    except RecipeError as fault:
        return None, str(fault)
