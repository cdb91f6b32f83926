"""What an incident was raised on: the spectrum of that moment and, where it was kept, the sound of the event."""

import asyncio
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import Response

from analytics.features.log_mel import Profile, mel_plan
from analytics.signal.capture import Capture
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf
from gateway.serve.page.drawing import Picture, picture_of
from gateway.serve.page.listening import must_be_known, note_listener, ranged
from gateway.serve.page.playback import raised_db, wav_of
from gateway.serve.page.plot import Plot, spectrum_plot
from gateway.serve.page.sight import Heard, heard_picture
from gateway.serve.page.world import World
from gateway.store import telling
from gateway.store.event_clips import event_clip
from gateway.store.kept import NoSound

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page of an incident shows of how it sounded.

    Parameters
    ----------
    plot
        Spectrum it was raised on; None where there is none.
    drawn
        Axes of its spectrogram; None where there is no sound.
    raised_db
        By how much the sound is raised to be heard.
    why_no_sound
        Empty where there is one, and where none was ever to be expected.
    """

    plot: Plot | None
    drawn: Picture | None = None
    raised_db: float = 0.0
    why_no_sound: str = ""


def shown_of(db: sqlite3.Connection, store: Path, station: str, incident: str) -> Shown:
    """Gather it; reads disk, so it belongs into a thread."""
    spectrum = telling.spectrum(db, station, incident)
    plot = None if spectrum is None else spectrum_plot(spectrum)
    try:
        heard = _heard(db, store, incident)
    except NoSound as fault:
        return Shown(plot, why_no_sound=str(fault))
    if heard is None:
        return Shown(plot)
    return Shown(plot, picture_of(heard, ()), raised_db(heard.capture.samples))


@router.get("/incidents/{incident}/heard.png")
async def heard(incident: str, world: WorldOf) -> Response:
    """Draw the sound of an event."""
    sound = await _sound(world, incident)
    return Response(await asyncio.to_thread(heard_picture, sound), media_type="image/png")


@router.get("/incidents/{incident}/sound.wav")
async def sound(request: Request, incident: str, visitor: VisitorOf, world: WorldOf) -> Response:
    """Play the sound of an event; whoever listens stands in the audit trail."""
    must_be_known(world, visitor)
    found = await _sound(world, incident)
    await note_listener(request, world, visitor, incident, of="incident")
    content = await asyncio.to_thread(wav_of, found.capture.samples, found.capture.rate, 1, None)
    return ranged(content, request.headers.get("range"))


async def _sound(world: World, incident: str) -> Heard:
    store = Path(world.plan.store)
    try:
        found = await world.read(lambda reader: _heard(reader.db, store, incident))
    except NoSound as fault:
        raise Refused(404, f"incident {incident[:40]}: {fault}") from fault
    if found is None:
        raise Refused(404, f"incident {incident[:40]}: no sound was kept of it")
    return found


def _heard(db: sqlite3.Connection, store: Path, incident: str) -> Heard | None:
    clip = event_clip(db, incident)
    if clip is None:
        return None
    kept = clip.sound(store)
    samples = kept.samples[:, 0]
    plan = mel_plan(kept.rate, Profile.KNOCK)
    return Heard(Capture(samples, kept.rate, 0, len(samples)), plan, 0.0, len(samples) / kept.rate)
