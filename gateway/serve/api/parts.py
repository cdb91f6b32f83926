"""Parts, their sound, and what people say of them."""

import io
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import soundfile
from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from analytics.decision.verdict import Evaluation
from gateway.processes.cut import cut_from
from gateway.serve.api.door import Before, Done, Last, Number, asked, router_of
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf, wanted
from gateway.serve.people import Role
from gateway.store.finding import Wanted, find_parts
from gateway.store.kept import KeptPart, KeptReader, NoSound, sound_of_part
from gateway.store.labels import LabelRow, labels_of, labels_that_count, last_labels
from gateway.store.read import PartRow

router = router_of("parts")

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
PartId = Annotated[str, Field(min_length=1, max_length=100, pattern=_PRINTABLE)]


class Verdicts(StrEnum):
    """The word of a verdict, as a filter."""

    OK = "OK"
    NOT_OK = "NotOK"
    NOT_DECIDABLE = "NotDecidable"
    UNDEFINED = "Undefined"


_EVALUATIONS = {Verdicts(one.word): one for one in Evaluation}


class Label(BaseModel):
    """What one person, or one tester, said of one part."""

    id: int
    part: int
    station: str
    part_id: str
    said: str
    defect: str = Field(description="Class of a bad part; empty where it was not said.")
    who: str
    via: str
    wall: str


class Part(BaseModel):
    """A part as it was told; a label never changes it."""

    id: int
    wall: str
    station: str
    mode: str
    sequence: int
    part_id: str
    part_type: int
    verdict: str
    score: float | None
    defect: str | None
    confidence: float | None
    reason: str
    quality: list[str]
    detectors: dict[str, float]
    recipe: str
    outcome: str
    latency_ms: float | None
    sound: bool = Field(description="Its sound was kept.")
    label: Label | None = Field(description="The last label, which counts.")


class Said(BaseModel):
    """What is said of a part."""

    model_config = ConfigDict(extra="forbid")

    said: Literal["good", "bad"]
    defect: str = Field("", max_length=40, pattern=_PRINTABLE, description="Class of a bad part, if known.")
    new: bool = Field(False, description="The class is new at this station; else an unknown one is refused.")


class SaidById(Said):
    """What is said of a part by its id, as a tester downstream knows it."""

    part_id: PartId
    station: str = Field("", max_length=100, pattern=_PRINTABLE, description="Where more than one judged it.")


@router.get("/parts")
async def parts(
    world: WorldOf,
    station: Annotated[str | None, Query(max_length=100)] = None,
    verdict: Verdicts | None = None,
    part_id: Annotated[str, Query(max_length=100, description="Part id, or sequence number.")] = "",
    before: Before = 0,
    last: Last = 50,
) -> list[Part]:
    """Give parts, newest first; page on with `before` = the id of the last one."""
    looked = Wanted(station, None if verdict is None else _EVALUATIONS[verdict], part_id, before)

    def look(reader: KeptReader) -> list[Part]:
        rows = find_parts(reader.db, looked, last)
        labels = labels_that_count(reader.db, [row.id for row in rows])
        return [_part(row, labels.get(row.id)) for row in rows]

    return await world.read(look)


@router.get("/parts/{number}")
async def part(number: Number, world: WorldOf) -> Part:
    """Give one part."""

    def look(reader: KeptReader) -> Part:
        kept = _kept(reader, number)
        return _part(kept.row, labels_that_count(reader.db, [number]).get(number))

    return await world.read(look)


@router.get(
    "/parts/{number}/sound",
    response_class=Response,
    responses={200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def sound(number: Number, visitor: VisitorOf, world: WorldOf) -> Response:
    """Give the sound of a part as float WAV, the very samples that were judged; whoever listens is named in the log."""
    who = wanted(visitor, Role.VIEWER).name

    def look(reader: KeptReader) -> bytes:
        kept = _kept(reader, number)
        try:
            samples, rate = sound_of_part(Path(world.plan.store), kept), cut_from(kept.cut).rate
        except (NoSound, ValueError) as fault:
            raise Refused(404, f"part {number}: {fault}") from fault
        file = io.BytesIO()
        soundfile.write(file, samples, rate, format="WAV", subtype="FLOAT")
        return file.getvalue()

    content = await world.read(look)
    answer = await world.ask("listen", str(number), who, via="api")
    if not answer.accepted:
        raise Refused(409, answer.sentence)
    return Response(content, media_type="audio/wav")


@router.get("/parts/{number}/labels")
async def part_labels(number: Number, world: WorldOf) -> list[Label]:
    """Give every label of a part, oldest first: the last one counts."""

    def look(reader: KeptReader) -> list[Label]:
        _kept(reader, number)
        return [_label(one) for one in labels_of(reader.db, number)]

    return await world.read(look)


@router.post("/parts/{number}/labels")
async def label(number: Number, said: Said, visitor: VisitorOf, world: WorldOf) -> Done:
    """Say what a part was; its verdict stays as it was told. Role quality."""
    wanted(visitor, Role.QUALITY)
    await world.read(lambda reader: _kept(reader, number))
    new = "yes" if said.new else ""
    arguments = {"said": said.said, "class": said.defect, "new": new}
    return await asked(world, visitor, Role.QUALITY, ("label", str(number)), **arguments)


@router.get("/labels")
async def labels(
    world: WorldOf, station: Annotated[str | None, Query(max_length=100)] = None, last: Last = 50
) -> list[Label]:
    """Give the last labels, newest first."""
    return await world.read(lambda reader: [_label(one) for one in last_labels(reader.db, last, station)])


@router.post("/labels")
async def label_by_id(said: SaidById, visitor: VisitorOf, world: WorldOf) -> Done:
    """Say what the newest part of this part id was: for a tester downstream. Role quality."""
    wanted(visitor, Role.QUALITY)
    where = said.station or None

    def look(reader: KeptReader) -> int:
        rows = find_parts(reader.db, Wanted(where, None, said.part_id), 20)
        rows = [row for row in rows if row.part_id == said.part_id]
        if not rows:
            raise Refused(404, f"no part {said.part_id!r} in the store")
        heard = sorted({row.station for row in rows})
        if len(heard) > 1:
            raise Refused(409, f"part {said.part_id!r} was judged at {', '.join(heard)}; say at which station")
        return rows[0].id

    number = await world.read(look)
    arguments = {"said": said.said, "class": said.defect, "new": "yes" if said.new else ""}
    return await asked(world, visitor, Role.QUALITY, ("label", str(number)), **arguments)


def _kept(reader: KeptReader, number: int) -> KeptPart:
    found = reader.by_id(number)
    if found is None:
        raise Refused(404, f"no part {number} in the store")
    return found


def _part(row: PartRow, said: LabelRow | None) -> Part:
    return Part(
        id=row.id, wall=row.wall, station=row.station, mode=row.mode, sequence=row.sequence, part_id=row.part_id,
        part_type=row.part_type, verdict=row.evaluation.word, score=row.score, defect=row.defect,
        confidence=row.confidence, reason=row.reason, quality=list(row.quality), detectors=row.detectors,
        recipe=row.recipe, outcome=row.outcome, latency_ms=row.latency_ms, sound=row.clip is not None,
        label=None if said is None else _label(said),
    )  # fmt: skip


def _label(row: LabelRow) -> Label:
    return Label(
        id=row.id, part=row.part, station=row.station, part_id=row.part_id, said=row.said, defect=row.defect,
        who=row.who, via=row.via, wall=row.wall,
    )  # fmt: skip
