"""Recipes: what each station judges by; propose the next version, put one to use, go back."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from gateway.processes.snapshot import Snapshot
from gateway.serve.api.door import Done, Last, Name, Type, asked, router_of
from gateway.serve.page.asked import VisitorOf, WorldOf
from gateway.serve.people import Role
from gateway.store.labels import ProposalRow, proposals
from models.recipe_files import RecipeError, current, versions

router = router_of("recipes")


class Recipe(BaseModel):
    """What a station judges one PartType by."""

    station: str
    part_type: int
    name: str
    judging: int = Field(description="The version that judges now.")
    in_use: int | None = Field(description="The version that was put to use; it judges from the next start on at last.")
    versions: list[int]
    hash: str
    promise: str
    provisional: bool
    defects: list[str]
    fault: str


class Proposal(BaseModel):
    """An attempt at a next version; `version` is null where it was refused."""

    id: int
    wall: str
    station: str
    part_type: int
    who: str
    based_on: str
    version: int | None
    sentence: str
    figures: dict[str, Any] = Field(
        description="On held-out labelled parts: the version in use before, the next after."
    )


class Chosen(BaseModel):
    """Which version is to judge."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[int, Field(ge=1, le=999_999_999)] | Literal["before"] = Field(
        description='Its number, or "before" for one step back.'
    )


@router.get("/recipes")
async def recipes(world: WorldOf) -> list[Recipe]:
    """Give every recipe of every station."""
    return await asyncio.to_thread(_recipes, world.snapshot)


@router.get("/proposals")
async def proposed(
    world: WorldOf, station: Annotated[str | None, Query(max_length=100)] = None, last: Last = 50
) -> list[Proposal]:
    """Give the last proposals with their figures, newest first."""
    rows = await world.read(lambda reader: proposals(reader.db, last, station))
    return [_proposal(row) for row in rows]


@router.post("/recipes/{station}/{part_type}/propose")
async def propose(station: Name, part_type: Type, visitor: VisitorOf, world: WorldOf) -> Done:
    """Have the next version made from the labels; it is not put to use, /proposals has the figures. Role quality."""
    return await asked(world, visitor, Role.QUALITY, ("propose", station), type=str(part_type))


@router.post("/recipes/{station}/{part_type}/activate")
async def activate(station: Name, part_type: Type, chosen: Chosen, visitor: VisitorOf, world: WorldOf) -> Done:
    """Put a version to use from the next part on, a later or an earlier one. Role quality."""
    arguments = {"type": str(part_type), "version": str(chosen.version)}
    return await asked(world, visitor, Role.QUALITY, ("activate", station), **arguments)


def _recipes(snapshot: Snapshot | None) -> list[Recipe]:
    found = []
    for station in snapshot.stations if snapshot else ():
        for part_type, view in sorted(station.part.recipes.items()) if station.part else ():
            known, in_use, fault = [], None, view.fault
            if view.folder:
                folder = Path(view.folder).parent
                try:
                    known, in_use = versions(folder), current(folder)
                except (OSError, RecipeError) as wrong:
                    fault = fault or str(wrong)
            found.append(
                Recipe(
                    station=station.name, part_type=part_type, name=view.name, judging=view.version, in_use=in_use,
                    versions=known, hash=view.hash, promise=view.promise, provisional=view.provisional,
                    defects=list(view.defects), fault=fault,
                )
            )  # fmt: skip
    return found


def _proposal(row: ProposalRow) -> Proposal:
    return Proposal(
        id=row.id, wall=row.wall, station=row.station, part_type=row.part_type, who=row.who, based_on=row.based_on,
        version=row.version, sentence=row.sentence, figures=dict(row.figures),
    )  # fmt: skip
