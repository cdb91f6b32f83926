"""One machine: its condition, how it came to it, and what the diagnosis rests on."""

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from gateway.incidents.text import evidence_line
from gateway.processes.condition import ConditionReport
from gateway.processes.ledger_messages import IncidentView
from gateway.processes.snapshot import StationView
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf, form_of, wanted
from gateway.serve.page.cards import machine_card
from gateway.serve.page.plot import spectrum_plot, trend
from gateway.serve.page.sessions import Visitor
from gateway.serve.page.show import Show
from gateway.serve.page.world import World
from gateway.serve.people import Role
from gateway.store import telling
from gateway.store.read import Reader

router = APIRouter(include_in_schema=False)

DAY, MONTH = timedelta(days=1), timedelta(days=30)
Past = tuple[list[telling.Point], list[telling.Point], list[tuple[str, str, str]], telling.Spectrum | None]
MARKS = ("maintenance-done", "window-opened")


@router.get("/stations/{name}/machine", response_class=HTMLResponse)
async def machine_view(request: Request, name: str, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Show the machine of a station that judges parts besides."""
    return await machine_page(request, visitor, world, machine_of(world, name))


@router.post("/stations/{name}/maintenance-done")
async def maintenance_done(request: Request, name: str, visitor: VisitorOf, world: WorldOf) -> RedirectResponse:
    """Have the normal sound learned anew."""
    await form_of(request, visitor)
    answer = await world.ask("maintenance-done", name, wanted(visitor, Role.OPERATOR).name)
    return _back(answer.accepted, answer.sentence, f"/stations/{name}")


@router.post("/stations/{name}/window")
async def window(request: Request, name: str, visitor: VisitorOf, world: WorldOf) -> RedirectResponse:
    """Begin or end maintenance at a station."""
    form = await form_of(request, visitor)
    path = "/incidents" if form.get("from") == "incidents" else f"/stations/{name}"
    return await _window(world, name, wanted(visitor, Role.OPERATOR).name, form.get("for", ""), path)


@router.post("/windows")
async def window_of(request: Request, visitor: VisitorOf, world: WorldOf) -> RedirectResponse:
    """Begin maintenance at the station a form names."""
    form = await form_of(request, visitor)
    who = wanted(visitor, Role.OPERATOR).name
    return await _window(world, form.get("station", ""), who, form.get("for", ""), "/incidents")


async def _window(world: World, name: str, who: str, span: str, path: str) -> RedirectResponse:
    asked = ("window", {"for": span[:20]}) if span else ("window-over", {})
    answer = await world.ask(asked[0], name, who, asked[1])
    return _back(answer.accepted, answer.sentence, path)


def machine_of(world: World, name: str) -> StationView:
    """Give a station that watches a machine.

    Raises
    ------
    Refused
        404 where there is none of this name; 503 before the first snapshot.
    """
    if world.snapshot is None:
        raise Refused(503, "the gateway has not reported yet; load the page again", {"retry-after": "2"})
    found = next((one for one in world.snapshot.stations if one.name == name and one.asset), None)
    if found is None:
        known = ", ".join(one.name for one in world.snapshot.stations if one.asset) or "none"
        raise Refused(404, f"no machine at station {name[:60]!r}; machines are watched at {known}")
    return found


async def machine_page(request: Request, visitor: Visitor, world: World, station: StationView) -> HTMLResponse:
    """Render a machine."""
    show: Show = request.app.state.show
    snapshot = world.snapshot
    assert snapshot is not None
    now = datetime.fromisoformat(snapshot.wall).astimezone(UTC)

    def ask(reader: Reader) -> Past:
        db, name = reader.db, station.name
        marks = telling.happened(db, name, MARKS, (now - MONTH).isoformat())
        day = telling.minutes(db, name, (now - DAY).isoformat())
        return day, telling.hours(db, name, 30 * 24), marks, telling.spectrum(db, name)

    day, month, marks, spectrum = await world.read(ask)
    found = [(wall, "maintenance done" if kind == MARKS[0] else sentence) for wall, kind, sentence in marks]
    lately = [one for one in found if one[0] >= (now - DAY).isoformat()]
    return show.page(
        "machine.html", visitor, here=f"/stations/{station.name}", station=station,
        card=machine_card(snapshot, station, stale=world.stale),
        day=trend(day, show.zone, now - DAY, now, lately),
        month=trend(month, show.zone, now - MONTH, now, found),
        day_marks=lately, month_marks=found, spectrum=spectrum,
        picture=spectrum_plot(spectrum) if spectrum else None,
        incidents=_incidents(station, snapshot.incidents),
        window=next((one for one in snapshot.windows if one.station == station.name), None),
        **(_condition(station.condition) if station.condition else {"condition": None}),
    )  # fmt: skip


def _condition(condition: ConditionReport) -> dict[str, Any]:
    said, wear = condition.diagnosis, condition.wear
    return {
        "condition": condition,
        "diagnosis": said,
        "heard": [evidence_line(line) for line in said.lines if line.fault == said.fault],
        "rivals": [(line.fault, evidence_line(line)) for line in said.lines if line.fault != said.fault],
        "wear": wear,
        "life": wear.life if wear else None,
        "named": [(name, over) for name, over in sorted(condition.named.items()) if over is not None],
        "covariates": sorted(condition.covariates.items()),
    }


def _incidents(station: StationView, incidents: tuple[IncidentView, ...]) -> list[IncidentView]:
    return [one for one in incidents if one.station == station.name][:10]


def _back(accepted: bool, sentence: str, path: str) -> RedirectResponse:
    if not accepted:
        raise Refused(409, sentence)
    return RedirectResponse(path, 303)
