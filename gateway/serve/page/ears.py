"""The ears: how every microphone is, and every alarm of the gateway itself."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from gateway.processes.snapshot import Snapshot, StationView
from gateway.serve.page.asked import VisitorOf
from gateway.serve.page.show import Show

router = APIRouter(include_in_schema=False)

QUIET_DB = -90.0  #: left end of the level's bar, dB re full scale; the right one is full scale


@dataclass(frozen=True, slots=True)
class Ear:
    """One microphone."""

    station: str
    title: str
    word: str
    tone: str
    shape: str
    sentence: str
    level_db: float | None = None
    bar: float = 0.0
    gaps: int = 0
    lost: int = 0
    age_s: float | None = None


@router.get("/ears", response_class=HTMLResponse)
async def ears_view(request: Request, visitor: VisitorOf) -> HTMLResponse:
    """Show them."""
    show: Show = request.app.state.show
    return show.page("ears.html", visitor, here="/ears", **_known(show))


def pieces(show: Show) -> dict[str, str]:
    """Render what lives of this view."""
    return {"ears": show.piece("_ears.html", **_known(show))}


def _known(show: Show) -> dict[str, Any]:
    snapshot = show.snapshot
    return {
        "ears": () if snapshot is None else tuple(_ear(snapshot, station) for station in snapshot.stations),
        "standing": () if snapshot is None else tuple(one for one in snapshot.alarms if one.active),
        "processes": () if snapshot is None else snapshot.processes,
    }


def _ear(snapshot: Snapshot, station: StationView) -> Ear:
    ear, title = station.ear, station.title or station.name
    if ear is None or not station.worker_alive:
        return Ear(station.name, title, "not heard", "unsure", "!", "nothing has come from this microphone yet")
    word = "good" if not ear.quality else ", ".join(ear.quality)
    tone, shape = ("ok", "✓") if not ear.quality else ("bad", "■") if ear.deaf else ("unsure", "▲")
    level = ear.level_db
    bar = 0.0 if level is None else min(max(1 - level / QUIET_DB, 0.0), 1.0)
    # Rounded, so that the piece changes when a person could see it, not at every breath.
    age = None if ear.last_sample_age_s is None else round(ear.last_sample_age_s)
    return Ear(station.name, title, word, tone, shape, ear.sentence, level, bar, ear.gaps, ear.lost_samples, age)
