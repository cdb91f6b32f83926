"""Puts the page together: routes, templates, guard, and one face for every refusal."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from gateway.serve import health, metrics
from gateway.serve.api import budget as api_budget
from gateway.serve.api import incidents as api_incidents
from gateway.serve.api import line as api_line
from gateway.serve.api import parts as api_parts
from gateway.serve.api import recipes as api_recipes
from gateway.serve.asking import Busy
from gateway.serve.page import (
    audit,
    budget,
    doors,
    ears,
    event,
    incidents,
    line,
    machine,
    part,
    parts,
    recipes,
    stations,
    statistics,
)
from gateway.serve.page.asked import Refused, visitor_of
from gateway.serve.page.guard import App, Guard
from gateway.serve.page.live import Live
from gateway.serve.page.sessions import NOBODY, Sessions
from gateway.serve.page.show import Show
from gateway.serve.page.world import World
from gateway.store.database import StoreError

_HERE = Path(__file__).parent
ROUTERS = (line.router, parts.router, part.router, stations.router, recipes.router, doors.router)
MACHINES = (machine.router, incidents.router, event.router, ears.router, statistics.router, audit.router)
WATCHED = (metrics.router, health.router)
API = (api_line.router, api_parts.router, api_incidents.router, api_recipes.router, api_budget.router)


def make_app(world: World) -> tuple[FastAPI, App]:
    """Build the app for a world; the second is the first behind its guard, to be served."""
    app = FastAPI(title="wheeltapper", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.world = world
    app.state.sessions = Sessions(world.people, world.clock)
    app.state.live = Live()
    app.state.show = Show(_templates(), world)
    app.state.show.more = (incidents.pieces, budget.pieces, recipes.pieces, ears.pieces)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    for router in (*ROUTERS, *MACHINES, *WATCHED, *API):
        app.include_router(router)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Busy, _busy)
    app.add_exception_handler(StoreError, _no_store)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    return app, Guard(app, frozenset(world.plan.names))


def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, Refused)
    return await _said(request, fault.status, fault.sentence, fault.headers)


async def _busy(request: Request, fault: Exception) -> Response:
    return await _said(request, 503, str(fault), {"retry-after": "2"})


async def _no_store(request: Request, fault: Exception) -> Response:
    return await _said(request, 503, str(fault), {"retry-after": "5"})


async def _http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    sentence = f"{request.url.path[:200]}: no such page" if fault.status_code == 404 else str(fault.detail)
    return await _said(request, fault.status_code, sentence, dict(fault.headers or {}))


async def _invalid(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestValidationError)
    first: dict[str, Any] = fault.errors()[0]
    where = ".".join(str(one) for one in first["loc"][1:]) or str(first["loc"][0])
    return await _said(request, 422, f"{where}: {first['msg']}", {})


async def _said(request: Request, status: int, sentence: str, headers: dict[str, str]) -> Response:
    """One sentence: as JSON to a program, as a page to a person."""
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": sentence}, status, headers=headers)
    try:
        visitor = await visitor_of(request)
    except Refused:
        visitor = NOBODY
    show: Show = request.app.state.show
    return show.page("error.html", visitor, status=status, headers=headers, sentence=sentence, here=request.url.path)
