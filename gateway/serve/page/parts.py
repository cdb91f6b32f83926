"""The list of parts: filtered, a screenful at a time, the newest first."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from analytics.decision.verdict import Evaluation
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf
from gateway.serve.page.cards import VERDICTS
from gateway.serve.page.show import Show
from gateway.store.finding import Wanted, find_parts

router = APIRouter(include_in_schema=False)

ROWS = 50
WORDS = {one.word: one for one in (Evaluation.OK, Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE)}

Text = Annotated[str, Query(max_length=100)]
RowId = Annotated[int, Query(ge=0, le=2**63 - 1)]


@router.get("/parts", response_class=HTMLResponse)
async def parts_view(
    request: Request,
    visitor: VisitorOf,
    world: WorldOf,
    station: Text = "",
    verdict: Text = "",
    name: Text = "",
    before: RowId = 0,
    after: RowId = 0,
) -> HTMLResponse:
    """Show parts."""
    wanted = _wanted(station, verdict, name, before, after)
    rows = await world.read(lambda reader: find_parts(reader.db, wanted, ROWS + 1))
    more = len(rows) > ROWS
    shown = rows[-ROWS:] if after and not before else rows[:ROWS]
    kept = {"station": station, "verdict": verdict, "name": name.strip()}
    kept = {key: value for key, value in kept.items() if value}
    newest = not (before or (after and more))
    views = world.snapshot.stations if world.snapshot else ()
    show: Show = request.app.state.show
    return show.page(
        "parts.html", visitor, here="/parts", parts=shown, wanted=wanted, verdict=verdict, words=tuple(WORDS),
        stations=[one.name for one in views if one.part is not None], with_station=True, verdicts=VERDICTS,
        newest=newest, first=_address(kept), fresh=f"/parts/rows?{urlencode(kept)}",
        older=_address(kept, before=shown[-1].id) if shown and (more or after) else "",
        newer=_address(kept, after=shown[0].id) if shown and not newest else "",
    )  # fmt: skip


@router.get("/parts/rows", response_class=HTMLResponse)
async def rows_alone(
    request: Request, world: WorldOf, station: Text = "", verdict: Text = "", name: Text = "", narrow: bool = False
) -> HTMLResponse:
    """Give the newest rows, to be put in place on a page that is open."""
    wanted = _wanted(station, verdict, name, 0, 0)
    rows = await world.read(lambda reader: find_parts(reader.db, wanted, ROWS))
    show: Show = request.app.state.show
    return HTMLResponse(show.piece("_part_rows.html", parts=rows, with_station=not narrow, verdicts=VERDICTS))


def _wanted(station: str, verdict: str, name: str, before: int, after: int) -> Wanted:
    if verdict and verdict not in WORDS:
        raise Refused(422, f"verdict: found {verdict!r}; wanted {', '.join(WORDS)}")
    return Wanted(station or None, WORDS.get(verdict), name.strip(), before, after)


def _address(kept: dict[str, str], **more: int) -> str:
    said = urlencode({**kept, **more})
    return f"/parts?{said}" if said else "/parts"
