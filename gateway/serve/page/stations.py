"""One station: its card, what became of its last parts, and the parts themselves."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.processes.snapshot import StationView
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf
from gateway.serve.page.cards import VERDICTS
from gateway.serve.page.machine import machine_page
from gateway.serve.page.show import Show
from gateway.serve.page.world import World
from gateway.store.finding import Tally, Wanted, find_parts, tally

router = APIRouter(include_in_schema=False)

COUNTED = 10_000  #: last parts whose verdicts are counted
ROWS = 25


@router.get("/stations/{name}", response_class=HTMLResponse)
async def station_view(request: Request, name: str, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Show a station."""
    station = station_of(world, name)
    show: Show = request.app.state.show
    card = next(one for one in show.cards() if one.name == name)
    if station.part is None:
        return await machine_page(request, visitor, world, station)
    found = await world.read(lambda reader: tally(reader.db, name, COUNTED))
    rows = await world.read(lambda reader: find_parts(reader.db, Wanted(name), ROWS))
    return show.page(
        "station.html", visitor, here=f"/stations/{name}", station=station, card=card, tally=found, parts=rows,
        counts=_counts(found), verdicts=VERDICTS, with_station=False,
        defects=sorted(found.defects.items(), key=lambda one: -one[1]),
        reasons=sorted(found.reasons.items(), key=lambda one: -one[1]),
    )  # fmt: skip


def station_of(world: World, name: str) -> StationView:
    """Give a station by its name.

    Raises
    ------
    Refused
        404 where the line has none of this name; 503 before the first snapshot.
    """
    if world.snapshot is None:
        raise Refused(503, "the gateway has not reported yet; load the page again", {"retry-after": "2"})
    found = next((one for one in world.snapshot.stations if one.name == name), None)
    if found is None:
        known = ", ".join(one.name for one in world.snapshot.stations)
        raise Refused(404, f"no station {name[:60]!r}; there are {known}")
    return found


def _counts(found: Tally) -> list[tuple[tuple[str, str, str], int, float]]:
    return [(VERDICTS[one], count, count / found.parts) for one, count in sorted(found.verdicts.items())]
