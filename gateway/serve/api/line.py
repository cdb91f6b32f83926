"""The line, its stations and the health of the gateway."""

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from analytics.decision.verdict import Evaluation
from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.api.door import Name, router_of
from gateway.serve.asking import Busy
from gateway.serve.page.asked import Refused, WorldOf
from gateway.serve.page.world import World

router = router_of("line")


class LastPart(BaseModel):
    """The part judged last."""

    sequence: int
    part_id: str
    part_type: int
    wall: str
    verdict: str
    score: float | None
    defect: str | None
    confidence: float | None
    reason: str
    quality: list[str]
    recipe: str
    latency_ms: float | None


class Condition(BaseModel):
    """A machine now."""

    wall: str
    running: bool | None
    rpm: float | None
    level_over_baseline_db: float | None
    diagnosis: str
    confidence: float | None
    reason: str
    quality: list[str]


class Station(BaseModel):
    """A place where sound is heard."""

    name: str
    title: str
    asset: str
    hears: bool
    quality: list[str]
    mode: str | None = None
    ready: bool | None = None
    plc: str | None = None
    counters: dict[str, int] | None = None
    last: LastPart | None = None
    recipes: dict[int, str] | None = None
    condition: Condition | None = None


class Line(BaseModel):
    """The whole line, at one moment."""

    line: str
    version: str
    wall: str
    stations: list[Station]
    open_incidents: int
    alarms: list[str]
    outbox_waiting: int


class Health(BaseModel):
    """Whether the gateway is well."""

    healthy: bool
    wall: str | None
    processes: dict[str, bool]
    alarms: list[str]


@router.get("/line")
async def line(world: WorldOf) -> Line:
    """Give the state of the whole line."""
    snapshot = _newest(world)
    return Line(
        line=snapshot.line,
        version=snapshot.version,
        wall=snapshot.wall,
        stations=[_station(one) for one in snapshot.stations],
        open_incidents=sum(one.acknowledged_by is None for one in snapshot.incidents),
        alarms=[one.text for one in snapshot.alarms if one.active],
        outbox_waiting=snapshot.outbox_waiting,
    )


@router.get("/stations")
async def stations(world: WorldOf) -> list[Station]:
    """Give the state of every station."""
    return [_station(one) for one in _newest(world).stations]


@router.get("/stations/{station}")
async def station(station: Name, world: WorldOf) -> Station:
    """Give the state of one station."""
    found = next((one for one in _newest(world).stations if one.name == station), None)
    if found is None:
        raise Refused(404, f"no station {station}")
    return _station(found)


@router.get("/health")
async def health(world: WorldOf, answer: Response) -> Health:
    """Say whether every process lives and no alarm of high priority is active; 503 where not."""
    snapshot = world.snapshot
    if snapshot is None or world.stale:
        answer.status_code = 503
        wall = snapshot.wall if snapshot else None
        return Health(healthy=False, wall=wall, processes={}, alarms=["nothing is heard from the gateway"])
    processes = {one.name: one.alive for one in snapshot.processes}
    alarms = [one.text for one in snapshot.alarms if one.active and one.priority == "high"]
    healthy = all(processes.values()) and not alarms
    answer.status_code = 200 if healthy else 503
    return Health(healthy=healthy, wall=snapshot.wall, processes=processes, alarms=alarms)


def _newest(world: World) -> Snapshot:
    if world.snapshot is None or world.stale:
        raise Busy("nothing is heard from the gateway; ask again")
    return world.snapshot


def _station(view: StationView) -> Station:
    known: dict[str, Any] = {
        "name": view.name,
        "title": view.title or view.name,
        "asset": view.asset,
        "hears": view.worker_alive and view.ear is not None and not view.ear.deaf,
        "quality": list(view.ear.quality) if view.ear else [],
    }
    part, condition = view.part, view.condition
    if part is not None:
        counters = part.counters
        known |= {
            "mode": part.mode,
            "ready": part.ready,
            "plc": part.link,
            "counters": {name: getattr(counters, name) for name in type(counters).__slots__},
            "recipes": {number: f"{one.name} v{one.version}" for number, one in part.recipes.items()},
        }
        if part.last is not None:
            last, verdict = part.last, part.last.verdict
            known["last"] = LastPart(
                sequence=last.sequence, part_id=last.part_id, part_type=last.part_type, wall=last.wall,
                verdict=Evaluation(verdict.evaluation).word, score=verdict.score, defect=verdict.defect,
                confidence=verdict.confidence, reason=verdict.reason, quality=list(verdict.quality),
                recipe=last.recipe, latency_ms=last.latency_ms,
            )  # fmt: skip
    if condition is not None:
        said = condition.diagnosis
        known["condition"] = Condition(
            wall=condition.wall, running=condition.running, rpm=condition.rpm,
            level_over_baseline_db=condition.level_over_baseline_db, diagnosis=said.name, confidence=said.confidence,
            reason=said.reason, quality=list(condition.quality),
        )  # fmt: skip
    return Station(**known)
