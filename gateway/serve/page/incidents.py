"""Incidents and their orders: one line each, what one may do about them, and the whole story of one."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.processes.ledger_messages import IncidentView
from gateway.serve.page import budget
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf, form_of, wanted
from gateway.serve.page.drawing import HEIGHT, WIDTH
from gateway.serve.page.event import Shown, shown_of
from gateway.serve.page.listening import may_listen
from gateway.serve.page.show import Show
from gateway.serve.page.world import World
from gateway.serve.people import Role
from gateway.store import telling
from gateway.store.read import OrderRow, Reader

router = APIRouter(include_in_schema=False)

ORDERS = 200
#: What may be asked for by a button, and who may ask.
DOES = {
    "acknowledge": Role.OPERATOR,
    "shelve": Role.OPERATOR,
    "unshelve": Role.OPERATOR,
    "order": Role.QUALITY,
}

_Past = tuple[OrderRow | None, list[tuple[str, str, str, str]], list[telling.Told], str, Shown | None]


@dataclass(frozen=True, slots=True)
class Row:
    """An incident, and how it stands: word, class and shape."""

    view: IncidentView
    word: str
    tone: str
    shape: str


@router.get("/incidents", response_class=HTMLResponse)
async def incidents_view(request: Request, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Show what is open, and what ended lately."""
    show: Show = request.app.state.show
    rung = budget.known(world.snapshot.budget if world.snapshot else None)
    return show.page(
        "incidents.html", visitor, here="/incidents", mark=pieces(show)["incidents-mark"], **_rows(world), **rung
    )


@router.get("/incidents/rows", response_class=HTMLResponse)
async def rows_alone(request: Request, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Give the list alone, to be put in place on a page that is open."""
    show: Show = request.app.state.show
    return HTMLResponse(show.piece("_incident_rows.html", **show.everywhere(visitor), **_rows(world)))


@router.get("/orders", response_class=HTMLResponse)
async def orders_view(request: Request, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Show every order, and why there is none."""
    show: Show = request.app.state.show
    found = await world.read(lambda reader: reader.orders(ORDERS))
    return show.page("orders.html", visitor, here="/incidents", orders=found[::-1])


@router.get("/incidents/{incident}", response_class=HTMLResponse)
async def incident_view(request: Request, incident: str, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Tell the whole story of one."""

    def ask(reader: Reader) -> _Past:
        row = next((one for one in reader.orders(5000) if one.incident == incident), None)
        found = reader.db.execute("SELECT href FROM order_status WHERE incident = ?", (incident,)).fetchone()
        shown = None if row is None else shown_of(reader.db, Path(world.plan.store), row.station, incident)
        return (
            row, telling.story(reader.db, incident), telling.sent(reader.db, incident), found[0] if found else "",
            shown,
        )  # fmt: skip

    row, story, sent, href, shown = await world.read(ask)
    if row is None or shown is None:
        raise Refused(404, f"no incident {incident[:40]!r} in the store")
    view = next((one for one in _views(world) if one.id == incident), None)
    show: Show = request.app.state.show
    return show.page(
        "incident.html", visitor, here="/incidents", row=row, story=story, sent=sent, href=_link(href),
        one=None if view is None else _row(view), shown=shown, may_listen=may_listen(world, visitor),
        width=WIDTH, height=HEIGHT,
        asked=await world.read(lambda reader: telling.audit(reader.db, 50, target=incident)),
    )  # fmt: skip


@router.post("/incidents/{incident}/{does}")
async def do(request: Request, incident: str, does: str, visitor: VisitorOf, world: WorldOf) -> RedirectResponse:
    """Carry out what a button says."""
    if does not in DOES:
        raise Refused(404, f"nobody can {does[:20]!r} an incident; there are {', '.join(DOES)}")
    form = await form_of(request, visitor)
    who = wanted(visitor, DOES[does]).name
    arguments = {"for": form.get("for", "")[:20]} if does == "shelve" else {}
    answer = await world.ask(does, incident, who, arguments)
    if not answer.accepted:
        raise Refused(409, answer.sentence)
    return RedirectResponse(f"/incidents/{incident}" if form.get("from") == "one" else "/incidents", 303)


def pieces(show: Show) -> dict[str, str]:
    """Mark that something has changed: whoever looks at the list fetches it anew, with the buttons that are theirs."""
    snapshot = show.snapshot
    said = "" if snapshot is None else repr((snapshot.incidents, snapshot.windows))
    return {"incidents-mark": show.piece("_mark.html", name="incidents-mark", mark=f"{zlib.crc32(said.encode()):08x}")}


def _views(world: World) -> tuple[IncidentView, ...]:
    return world.snapshot.incidents if world.snapshot else ()


def _rows(world: World) -> dict[str, Any]:
    rows = [_row(one) for one in _views(world)]
    snapshot = world.snapshot
    return {
        "open": sorted((one for one in rows if not one.view.ended_at), key=lambda one: _RANK[one.word]),
        "ended": [one for one in rows if one.view.ended_at],
        "windows": snapshot.windows if snapshot else (),
        "stations": [one.name for one in snapshot.stations] if snapshot else [],
    }


_RANK = {"critical": 0, "warning": 1, "seen": 2, "cleared": 3, "shelved": 4, "over": 5}


def _row(view: IncidentView) -> Row:
    if view.ended_at:
        return Row(view, "over", "idle", "–")
    if view.shelved_until:
        return Row(view, "shelved", "idle", "◇")
    if view.cleared_at:
        return Row(view, "cleared", "calm", "○")
    if view.acknowledged_by:
        return Row(view, "seen", "ok", "✓")
    return Row(view, "critical", "bad", "■") if view.severity == "critical" else Row(view, "warning", "unsure", "▲")


def _link(href: str) -> str:
    """Keep only what leads to a web page somewhere."""
    parts = urlsplit(href)
    return href if parts.scheme in ("http", "https") and parts.hostname else ""
