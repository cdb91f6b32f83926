"""The audit trail: who asked for what, when, and what came of it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse

from gateway.serve.page.asked import VisitorOf, WorldOf, wanted
from gateway.serve.page.show import Show
from gateway.serve.people import PeopleError, Role
from gateway.store import telling

router = APIRouter(include_in_schema=False)
ROWS = 50


@router.get("/audit", response_class=HTMLResponse)
async def audit_view(
    request: Request, visitor: VisitorOf, world: WorldOf, before: Annotated[int, Query(ge=0, lt=2**62)] = 0
) -> HTMLResponse:
    """Show it, newest first; to an admin alone once there are people."""
    try:
        open_to_all = not world.people.read().users
    except PeopleError:
        open_to_all = False
    if not open_to_all:
        wanted(visitor, Role.ADMIN)
    found = await world.read(lambda reader: telling.audit(reader.db, ROWS + 1, before=before))
    show: Show = request.app.state.show
    older = found[ROWS - 1].id if len(found) > ROWS else 0
    return show.page("audit.html", visitor, here="/audit", entries=found[:ROWS], older=older, newest=not before)
