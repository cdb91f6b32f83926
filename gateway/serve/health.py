"""`GET /healthz` and `/readyz`, for whoever watches the gateway from outside: a container engine, a load balancer."""

from collections.abc import Iterator

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from gateway.processes.snapshot import PartView, Snapshot, StationView
from gateway.serve.page.asked import WorldOf

router = APIRouter(include_in_schema=False)
SILENT = "the main process is silent"


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def healthz(world: WorldOf) -> JSONResponse:
    """Say that the gateway lives: this process answers, and main reports."""
    healthy = world.snapshot is not None and not world.stale
    return JSONResponse({"healthy": healthy, "reasons": [] if healthy else [SILENT]}, 200 if healthy else 503)


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(world: WorldOf) -> JSONResponse:
    """Say whether every station would do its work now; 503 with the reasons where one would not."""
    if world.snapshot is None or world.stale:
        found = [{"station": "", "reason": SILENT}]
    else:
        found = [{"station": name, "reason": reason} for name, reason in not_ready(world.snapshot)]
    return JSONResponse({"ready": not found, "reasons": found}, 503 if found else 200)


def not_ready(snapshot: Snapshot) -> Iterator[tuple[str, str]]:
    """Yield each station that would not do its work, and why, as a sentence."""
    for station in snapshot.stations:
        yield from ((station.name, reason) for reason in _reasons(station))


def _reasons(station: StationView) -> Iterator[str]:
    if not station.worker_alive:
        yield "its judging process is down"
    elif station.ear is None:
        yield "its microphone was not heard of yet"
    elif station.ear.deaf:
        yield f"its microphone hears nothing: {station.ear.sentence}"
    if station.part is not None:
        yield from _part_reasons(station.part)


def _part_reasons(part: PartView) -> Iterator[str]:
    if part.link != "up":
        yield f"no connection to the PLC: {part.link_sentence}"
    elif part.locked:
        yield "locked until its master parts were judged right"
    elif not part.ready:
        faults = "; ".join(one.fault for one in part.recipes.values() if one.fault)
        yield f"no part can be judged: {faults or 'no recipe is loaded'}"
