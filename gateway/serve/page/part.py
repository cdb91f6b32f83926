"""The part view: what was said of one part, and everything that lets a person believe it or not."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from analytics.decision.verdict import Evaluation
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf, form_of, wanted
from gateway.serve.page.cards import VERDICTS
from gateway.serve.page.drawing import CHART_HEIGHT, HEIGHT, WIDTH, charts_of, picture_of, region_words
from gateway.serve.page.listening import may_listen, must_be_known, note_listener, ranged
from gateway.serve.page.playback import raised_db, wav_of
from gateway.serve.page.show import Show
from gateway.serve.page.sight import Heard, Sight, expected_picture, heard_picture, sight_of
from gateway.serve.page.world import World
from gateway.serve.people import Role
from gateway.store.finding import neighbours, newest_of
from gateway.store.kept import KeptPart
from gateway.store.labels import labels_of

router = APIRouter(include_in_schema=False)

WRITTEN_S = 2.0  #: a part that was just judged is in the store within that
_LOOK_S = 0.1
SLOWER = 4

Number = Annotated[int, InPath(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Voter:
    """One score against its limit."""

    name: str
    score: float
    bar: float  #: 0..1, 0.5 being the limit
    over: bool


@router.get("/stations/{station}/parts/{sequence}")
async def part_by_sequence(station: str, sequence: Number, world: WorldOf) -> RedirectResponse:
    """Lead to the newest part of this number; one that was just judged is waited for."""
    for _ in range(round(WRITTEN_S / _LOOK_S)):
        number = await world.read(lambda reader: newest_of(reader.db, station, sequence))
        if number is not None:
            return RedirectResponse(f"/parts/{number}", 303)
        if not _just_judged(world, station, sequence):
            break
        await asyncio.sleep(_LOOK_S)
    raise Refused(404, f"station {station[:60]}: no part #{sequence} in the store")


def _just_judged(world: World, station: str, sequence: int) -> bool:
    views = world.snapshot.stations if world.snapshot else ()
    lasts = (one.part.last for one in views if one.name == station and one.part is not None)
    return any(last is not None and last.sequence == sequence for last in lasts)


@router.get("/parts/{number}", response_class=HTMLResponse)
async def part_view(request: Request, number: Number, visitor: VisitorOf, world: WorldOf) -> HTMLResponse:
    """Show one part."""
    kept, sight = await _looked_at(world, number)
    row = kept.row
    earlier, later = await world.read(lambda reader: neighbours(reader.db, row.station, row.id))
    said = await world.read(lambda reader: labels_of(reader.db, row.id))
    word, tone, shape = VERDICTS[row.evaluation]
    heard = sight.heard
    show: Show = request.app.state.show
    return show.page(
        "part.html", visitor, here=f"/parts/{number}", row=row, word=word, tone=tone, shape=shape, sight=sight,
        late=None if row.true_evaluation is None else VERDICTS[row.true_evaluation], voters=_voters(row.detectors),
        labels=said, earlier=earlier, later=later, heard=heard, slower=SLOWER, may_listen=may_listen(world, visitor),
        drawn=picture_of(heard, sight.regions) if heard else None, charts=charts_of(sight),
        regions=[region_words(one) for one in sight.regions], width=WIDTH, height=HEIGHT, chart_height=CHART_HEIGHT,
        raised=raised_db(heard.capture.samples) if heard else 0.0, defects=_defects(sight),
        question=row.evaluation in (Evaluation.OK, Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE),
    )  # fmt: skip


@router.get("/parts/{number}/heard.png")
async def heard(number: Number, world: WorldOf) -> Response:
    """Draw what was heard."""
    sound = await _sound(world, number)
    return Response(await asyncio.to_thread(heard_picture, sound), media_type="image/png")


@router.get("/parts/{number}/expected.png")
async def expected(number: Number, world: WorldOf) -> Response:
    """Draw what the recipe expects of a good part."""
    sound = await _sound(world, number)
    drawn = await asyncio.to_thread(expected_picture, sound)
    if drawn is None:
        raise Refused(404, f"part {number}: its recipe is not there to say what it expected")
    return Response(drawn, media_type="image/png")


@router.get("/parts/{number}/sound.wav")
async def sound(
    request: Request,
    number: Number,
    visitor: VisitorOf,
    world: WorldOf,
    slow: Annotated[int, Query(ge=1, le=16)] = 1,
    region: Annotated[int, Query(ge=0, le=9)] = 0,
) -> Response:
    """Play a part; whoever listens stands in the audit trail."""
    must_be_known(world, visitor)
    _, sight = await _looked_at(world, number)
    if sight.heard is None:
        raise Refused(404, f"part {number}: {sight.why_no_sound}")
    if region > len(sight.regions):
        raise Refused(404, f"part {number}: {len(sight.regions)} regions are marked; found region {region}")
    band = (sight.regions[region - 1].low_hz, sight.regions[region - 1].high_hz) if region else None
    await note_listener(request, world, visitor, str(number))
    capture = sight.heard.capture
    content = await asyncio.to_thread(wav_of, capture.samples, capture.rate, slow, band)
    return ranged(content, request.headers.get("range"))


@router.post("/parts/{number}/label")
async def label(request: Request, number: Number, visitor: VisitorOf, world: WorldOf) -> RedirectResponse:
    """Say whether the verdict was right; the verdict itself stays as it was told."""
    form = await form_of(request, visitor)
    who = wanted(visitor, Role.QUALITY).name
    said = form.get("said", "")
    if said not in {"good", "bad"}:
        raise Refused(422, f"said: found {said[:20]!r}; wanted good or bad")
    told = {"said": said}
    if said == "bad":
        new = form.get("class_new", "").strip()
        told |= {"class": new, "new": "yes"} if new else {"class": form.get("class", "")}
    answer = await world.ask("label", str(number), who, told)
    if not answer.accepted:
        raise Refused(409, answer.sentence)
    return RedirectResponse(f"/parts/{number}", 303)


async def _looked_at(world: World, number: int) -> tuple[KeptPart, Sight]:
    kept = await world.read(lambda reader: reader.by_id(number))
    if kept is None:
        raise Refused(404, f"part {number}: the store has no such part")
    return kept, await asyncio.to_thread(sight_of, Path(world.plan.store), kept)


async def _sound(world: World, number: int) -> Heard:
    _, sight = await _looked_at(world, number)
    if sight.heard is None:
        raise Refused(404, f"part {number}: {sight.why_no_sound}")
    return sight.heard


def _voters(detectors: dict[str, float]) -> list[Voter]:
    ordered = sorted(detectors.items(), key=lambda one: -one[1])
    return [Voter(name, score, min(score / 2, 1.0), score > 1.0) for name, score in ordered]


def _defects(sight: Sight) -> tuple[str, ...]:
    return sight.recipe.model.defects if sight.recipe else ()
