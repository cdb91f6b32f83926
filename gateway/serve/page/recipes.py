"""Recipes: what each station judges by, its versions, what they promise and would change; propose, put one to use."""

import asyncio
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.processes.messages import RecipeView
from gateway.processes.snapshot import Snapshot
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf, form_of, wanted
from gateway.serve.page.show import Show
from gateway.serve.page.versions import version_of
from gateway.serve.page.world import World
from gateway.serve.people import Role
from gateway.store.labels import proposals
from gateway.store.rescored import Rescored, rescored
from models.recipe import Recipe, RecipeError
from models.recipe_diff import comparable
from models.recipe_files import activations, current, versions

router = APIRouter(include_in_schema=False)

VERSIONS_MOST = 12  #: shown of one recipe, the newest
PROPOSALS_MOST = 20  #: shown, the newest
MADE_S = 120.0  #: a proposal of which nothing came by then was lost with the gateway that made it
LOOKED_BACK = 1000  #: parts of the store that another version is tried on


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
class Change:
    """What a version would have said of the last parts otherwise than the one that judges now."""

    version: int
    judging: int
    found: Rescored | None
    why_not: str = ""


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

    @property
    def newer(self) -> int | None:
        """The newest version, where the station judges by an earlier one."""
        newest = self.versions[0] if self.versions else None
        return None if newest is None or newest.recipe is None or newest.number <= self.view.version else newest.number


@router.get("/recipes", response_class=HTMLResponse)
async def recipes_view(request: Request, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Show every recipe of every station."""
    show: Show = request.app.state.show
    mark = pieces(show)["recipes-mark"]
    return show.page("recipes.html", visitor, here="/recipes", mark=mark, **await _known(world))


@router.get("/recipes/rows", response_class=HTMLResponse)
async def shelves_alone(request: Request, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Give the recipes alone, to be put in place on a page that is open."""
    show: Show = request.app.state.show
    return HTMLResponse(show.piece("_shelves.html", **show.everywhere(visitor), **await _known(world)))


def pieces(show: Show) -> dict[str, str]:
    """Mark that another version judges: whoever looks at the recipes fetches them anew."""
    stations = show.snapshot.stations if show.snapshot else ()
    said = repr([(one.name, sorted(one.part.recipes.items())) for one in stations if one.part is not None])
    return {"recipes-mark": show.piece("_mark.html", name="recipes-mark", mark=f"{zlib.crc32(said.encode()):08x}")}


async def _known(world: World) -> dict[str, Any]:
    shelves = await asyncio.to_thread(shelves_of, world.snapshot)
    made = await world.read(lambda reader: proposals(reader.db, PROPOSALS_MOST))
    changed = {
        (shelf.station, shelf.part_type): await change_of(world, shelf, shelf.newer)
        for shelf in shelves
        if shelf.newer is not None
    }
    newest = {(one.station, one.part_type): one.id for one in reversed(made)}
    now = world.clock.now()
    making = {key for key, (seen, at) in world.proposing.items() if newest.get(key, 0) <= seen and now - at < MADE_S}
    return {"shelves": shelves, "proposals": made, "changed": changed, "making": making}


@router.get("/recipes/{station}/{part_type}/{version}", response_class=HTMLResponse)
async def change_view(
    request: Request, station: str, part_type: int, version: int, visitor: VisitorOf, world: WorldOf
) -> HTMLResponse:
    """Show which of the last parts another version would judge otherwise."""
    shelves = await asyncio.to_thread(shelves_of, world.snapshot)
    shelf = next((one for one in shelves if (one.station, one.part_type) == (station, part_type)), None)
    if shelf is None or not shelf.view.folder:
        raise Refused(404, f"no recipe of type {part_type} at station {station[:60]!r}")
    if version == shelf.view.version:
        raise Refused(404, f"{station} judges type {part_type} by version {version} already: nothing would change")
    change = await change_of(world, shelf, version)
    show: Show = request.app.state.show
    return show.page("change.html", visitor, here="/recipes", shelf=shelf, change=change)


@router.post("/recipes/{station}/{part_type}/propose")
async def propose(
    request: Request, station: str, part_type: int, visitor: VisitorOf, world: WorldOf
) -> RedirectResponse:
    """Ask for the next version, made from what people said of the parts."""
    await form_of(request, visitor)
    who = wanted(visitor, Role.QUALITY).name
    made = await world.read(lambda reader: proposals(reader.db, 1))
    answer = await world.ask("propose", station, who, {"type": str(part_type)})
    if not answer.accepted:
        raise Refused(409, answer.sentence)
    world.proposing[station, part_type] = (made[0].id if made else 0, world.clock.now())
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


async def change_of(world: World, shelf: Shelf, version: int) -> Change:
    """Try a version on the last parts of its station, by their stored numbers."""
    judging = Path(shelf.view.folder)

    def pair() -> tuple[Recipe, Recipe]:
        return version_of(judging), version_of(judging.parent / f"v{version}")

    try:
        old, new = await asyncio.to_thread(pair)
    except (OSError, RecipeError) as fault:
        return Change(version, shelf.view.version, None, str(fault))
    if why := comparable(old.model, new.model):
        return Change(version, shelf.view.version, None, why)
    found = await world.read(
        lambda reader: rescored(
            old.model, new.model, reader.last(LOOKED_BACK, station=shelf.station, part_type=shelf.part_type)
        )
    )
    return Change(version, shelf.view.version, found)


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
        return version_of(folder), ""
    except RecipeError as fault:
        return None, str(fault)
