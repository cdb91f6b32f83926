"""Incidents and their orders."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.serve.api.door import Done, Last, Name, asked, router_of
from gateway.serve.page.asked import VisitorOf, WorldOf
from gateway.serve.people import Role
from gateway.store.kept import KeptReader
from gateway.store.labels import feedback
from gateway.store.read import OrderRow

router = router_of("incidents")


class Found(BaseModel):
    """What maintenance found, by the failure code of the closed order."""

    code: str
    said: str


class Incident(BaseModel):
    """What a person or the CMMS hears of."""

    id: str
    station: str
    zone: str
    asset: str
    failure_mode: str
    severity: str
    text: str
    raised_at: str
    cleared_at: str | None
    ended_at: str | None
    acknowledged_by: str | None
    acknowledged_at: str | None
    found: Found | None


class Order(BaseModel):
    """What became of an incident's order."""

    incident: str
    asset: str
    fate: str = Field(description="withheld | queued | unsettled | stands | rejected")
    why: str
    number: str
    state: str
    raw: str
    memo: str


class Quiet(BaseModel):
    """How long."""

    model_config = ConfigDict(extra="forbid")

    for_: str = Field(alias="for", max_length=20, pattern=r"^\s*[0-9]{1,7}(\.[0-9]{1,3})?\s*(s|min|h|d)\s*$",
                      description="A time with its unit, as 8h; between 1 min and 7 d.")  # fmt: skip


@router.get("/incidents")
async def incidents(world: WorldOf, state: Literal["open", "all"] = "open", last: Last = 50) -> list[Incident]:
    """Give incidents, newest first."""

    def look(reader: KeptReader) -> list[Incident]:
        rows = [row for row in reversed(reader.orders(last)) if state == "all" or row.ended_at is None]
        found = feedback(reader.db, [row.incident for row in rows])
        return [_incident(row, found.get(row.incident)) for row in rows]

    return await world.read(look)


@router.get("/orders")
async def orders(world: WorldOf, last: Last = 50) -> list[Order]:
    """Give the orders of the last incidents, newest first."""
    rows = await world.read(lambda reader: reader.orders(last))
    return [_order(row) for row in reversed(rows)]


@router.post("/incidents/{incident}/acknowledge")
async def acknowledge(incident: Name, visitor: VisitorOf, world: WorldOf) -> Done:
    """Say that somebody looks after it. Role operator."""
    return await asked(world, visitor, Role.OPERATOR, ("acknowledge", incident))


@router.post("/incidents/{incident}/shelve")
async def shelve(incident: Name, quiet: Quiet, visitor: VisitorOf, world: WorldOf) -> Done:
    """Be quiet about it for a time. Role operator."""
    return await asked(world, visitor, Role.OPERATOR, ("shelve", incident), **{"for": quiet.for_})


@router.post("/incidents/{incident}/unshelve")
async def unshelve(incident: Name, visitor: VisitorOf, world: WorldOf) -> Done:
    """Take it off the shelf before its time. Role operator."""
    return await asked(world, visitor, Role.OPERATOR, ("unshelve", incident))


@router.post("/incidents/{incident}/order")
async def order(incident: Name, visitor: VisitorOf, world: WorldOf) -> Done:
    """Ask for the order that the rules withheld. Role operator."""
    return await asked(world, visitor, Role.OPERATOR, ("order", incident))


Window = Annotated[Quiet, Field()]


@router.post("/stations/{station}/window")
async def window(station: Name, quiet: Window, visitor: VisitorOf, world: WorldOf) -> Done:
    """Begin a maintenance window: no alarms from this station for a time. Role operator."""
    return await asked(world, visitor, Role.OPERATOR, ("window", station), **{"for": quiet.for_})


def _incident(row: OrderRow, found: tuple[str, str] | None) -> Incident:
    return Incident(
        id=row.incident, station=row.station, zone=row.zone, asset=row.asset, failure_mode=row.failure_mode,
        severity=row.severity, text=row.text, raised_at=row.raised_at, cleared_at=row.cleared_at, ended_at=row.ended_at,
        acknowledged_by=row.acknowledged_by, acknowledged_at=row.acknowledged_at,
        found=None if found is None else Found(code=found[0], said=found[1]),
    )  # fmt: skip


def _order(row: OrderRow) -> Order:
    return Order(
        incident=row.incident, asset=row.asset, fate=row.fate, why=row.why, number=row.number, state=row.state,
        raw=row.raw, memo=row.memo,
    )  # fmt: skip
