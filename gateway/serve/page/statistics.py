"""What was judged in a shift: verdicts by station, false rejects as far as people said, and what stands out."""

import csv
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from analytics.decision.verdict import Evaluation
from gateway.serve.page.asked import Refused, VisitorOf, WorldOf
from gateway.serve.page.show import Show
from gateway.serve.page.world import World
from gateway.store import telling
from gateway.store.telling import Counted

router = APIRouter(include_in_schema=False)

BACK = 12  #: shifts to choose from
PARETO = 8
COLUMNS = (
    "shift_from", "shift_until", "station", "parts", "ok", "not_ok", "not_decidable", "false_rejects_labelled",
    "rejects_confirmed", "missed_labelled",
)  # fmt: skip
Start = Annotated[str, Query(max_length=40)]


@dataclass(frozen=True, slots=True)
class Shift:
    """From when to when, in the site's time."""

    start: datetime
    end: datetime

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"{self.start:%Y-%m-%dT%H:%M}"


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a Pareto."""

    name: str
    count: int
    share: float  #: of all
    together: float  #: with those above


@router.get("/statistics", response_class=HTMLResponse)
async def statistics_view(request: Request, visitor: VisitorOf, world: WorldOf, shift: Start = "") -> HTMLResponse:
    """Show a shift."""
    show: Show = request.app.state.show
    shifts, chosen, found = await _asked(world, show.zone, shift)
    verdicts: Counter[Evaluation] = sum((one.verdicts for one in found), Counter())
    return show.page(
        "statistics.html", visitor, here="/statistics", shifts=shifts, chosen=chosen, found=found,
        total=verdicts.total(), ok=Evaluation.OK, not_ok=Evaluation.NOT_OK, unsure=Evaluation.NOT_DECIDABLE,
        defects=pareto(sum((one.defects for one in found), Counter())),
        reasons=pareto(sum((one.reasons for one in found), Counter())),
        labelled=sum(one.false_rejects + one.confirmed + one.missed for one in found),
    )  # fmt: skip


@router.get("/statistics.csv")
async def statistics_csv(request: Request, world: WorldOf, shift: Start = "") -> Response:
    """Give a shift as a table for a spreadsheet."""
    show: Show = request.app.state.show
    _, chosen, found = await _asked(world, show.zone, shift)
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(COLUMNS)
    for one in found:
        counts = [one.verdicts[word] for word in (Evaluation.OK, Evaluation.NOT_OK, Evaluation.NOT_DECIDABLE)]
        said = (one.false_rejects, one.confirmed, one.missed)
        rows.writerow([chosen.start.isoformat(), chosen.end.isoformat(), one.station, one.parts, *counts, *said])
    name = f"wheeltapper-{chosen.start:%Y-%m-%d-%H%M}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def shifts_until(now: datetime, starts: Sequence[str], zone: tzinfo, most: int) -> list[Shift]:
    """Give the shift that is going on and those before it, newest first.

    Starts are times of the wall clock: in the nights in which clocks change, a shift is an hour longer or shorter.
    """
    times = sorted(time.fromisoformat(one) for one in starts)
    today = now.astimezone(zone).date()
    days = [today + timedelta(days=back) for back in range(1, -(most // len(times)) - 3, -1)]
    begun = sorted({_at(day, one, zone) for day in days for one in times}, key=lambda at: at.astimezone(UTC))
    pairs = [Shift(a, b) for a, b in pairwise(begun) if a <= now]
    return pairs[::-1][:most]


def pareto(counts: Counter[str]) -> list[Bar]:
    """Order by count; what is rare is put together at the end."""
    whole, above, bars = counts.total(), 0, []
    ordered = counts.most_common()
    rare = sum(count for _, count in ordered[PARETO:])
    for name, count in [*ordered[:PARETO], *([("all others", rare)] if rare else [])]:
        above += count
        bars.append(Bar(name, count, count / whole, above / whole))
    return bars


async def _asked(world: World, zone: tzinfo, key: str) -> tuple[list[Shift], Shift, list[Counted]]:
    now = datetime.fromisoformat(world.snapshot.wall) if world.snapshot else datetime.now(UTC)
    shifts = shifts_until(now, world.plan.shifts, zone, BACK)
    chosen = shifts[0]
    if key:
        try:
            wanted = datetime.fromisoformat(key).replace(tzinfo=zone)
            before = shifts_until(wanted, world.plan.shifts, zone, 1)
        except (ValueError, OverflowError):
            before = []
        if not before or before[0].key != key:
            raise Refused(422, f"shift: found {key[:40]!r}; wanted the start of one, as {chosen.key}")
        chosen = before[0]
    since, until = (at.astimezone(UTC).isoformat() for at in (chosen.start, chosen.end))
    return shifts, chosen, await world.read(lambda reader: telling.counted(reader.db, since, until))


def _at(day: date, at: time, zone: tzinfo) -> datetime:
    return datetime.combine(day, at, zone)
