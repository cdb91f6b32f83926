"""The live table of the demo: one line a station, from snapshots alone."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from analytics.decision.verdict import Evaluation
from gateway.cli.output import say
from gateway.processes.snapshot import PartView, Snapshot, StationView

PLAIN_EVERY_S = 10.0  #: between two lines where the output is no terminal

_STYLES = {
    Evaluation.OK: "green",
    Evaluation.NOT_OK: "bold red",
    Evaluation.NOT_DECIDABLE: "yellow",
    Evaluation.UNDEFINED: "dim",
}


@contextmanager
def live_table(*, quiet: bool) -> Iterator[Callable[[Snapshot], None]]:
    """Show each snapshot in place on a terminal; elsewhere a line now and then; nothing where `quiet`."""
    console = Console(file=sys.stdout)
    if quiet:
        yield lambda snapshot: None
    elif not console.is_terminal:
        yield _plain()
    else:
        starting = Text("starting a line, a gateway and a Maximo ...", style="dim")
        with Live(starting, console=console, auto_refresh=False, transient=False) as live:
            yield lambda snapshot: live.update(render(snapshot), refresh=True)


def _plain() -> Callable[[Snapshot], None]:
    said_at = -PLAIN_EVERY_S

    def show(snapshot: Snapshot) -> None:
        nonlocal said_at
        if snapshot.at - said_at >= PLAIN_EVERY_S:
            say("  ".join([_time(snapshot), *(_in_short(s) for s in snapshot.stations)]))
            said_at = snapshot.at

    return show


def render(snapshot: Snapshot) -> RenderableType:
    """Lay a snapshot out for a person."""
    active = sum(1 for s in snapshot.stations if s.part is not None and s.part.mode == "active")
    head = Text(f"{snapshot.line} (simulated)", style="bold")
    head.append(f"   {_time(snapshot)}   {active} of {len(snapshot.stations)} stations active", style="dim")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name, right in (
        ("station", False), ("mode", False), ("last part", False), ("verdict", False), ("score", True),
        ("quality", False), ("parts", True), ("NotOK", True), ("NotDecidable", True), ("p50/p99", True),
    ):  # fmt: skip
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for station in snapshot.stations:
        if station.part is not None:
            table.add_row(*_part_row(station, station.part))
        else:
            table.add_row(*_machine_row(snapshot, station))
    notes = [_one_line(f"  {s.name}: {text}", "dim") for s in snapshot.stations if (text := _note(s))]
    alarms = [_one_line(f"  ! {a.station or 'gateway'}: {a.text}", "yellow") for a in snapshot.alarms]
    return Group(head, table, *notes, *alarms[:4])


def _one_line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _time(snapshot: Snapshot) -> str:
    return f"{datetime.fromisoformat(snapshot.wall).astimezone():%H:%M:%S}"


def _part_row(station: StationView, part: PartView) -> list[str | Text]:
    counters, last = part.counters, part.last
    answered = sorted(part.latencies_ms)
    speed = f"{_share(answered, 0.5):.0f}/{_share(answered, 0.99):.0f} ms" if answered else "-"
    if last is None:
        waiting = "learning" if counters.taught else "waiting" if part.link == "up" else part.link
        shown: list[str | Text] = ["-", Text(waiting, style="dim"), "-", "-"]
    else:
        verdict = last.verdict
        word = " ".join(filter(None, (verdict.evaluation.word, verdict.defect)))
        score = "-" if verdict.score is None else f"{verdict.score:.2f}"
        quality = ", ".join(verdict.quality) or "good"
        shown = [f"#{last.sequence} {last.part_id}", Text(word, style=_STYLES[verdict.evaluation]), score, quality]
    numbers = [str(counters.parts), str(counters.not_ok), str(counters.not_decidable)]
    return [station.name, part.mode, *shown, *numbers, speed]


def _machine_row(snapshot: Snapshot, station: StationView) -> list[str | Text]:
    condition = station.condition
    if condition is None:
        return [station.name, "-", "-", Text("waiting", style="dim"), "-", "-", "", "", "", ""]
    level = condition.level_over_baseline_db
    speed = "-" if condition.rpm is None else f"{condition.rpm:.0f} rpm"
    fault = condition.diagnosis.name not in ("none", "undecided")
    word = Text(condition.diagnosis.name, style="bold red" if fault else "green" if level is not None else "dim")
    orders = [i for i in snapshot.incidents if i.station == station.name]
    order = f"order {orders[0].order}" if orders else ""
    quality = ", ".join(condition.quality) or "good"
    return [station.name, "-", speed, word, "-" if level is None else f"{level:+.0f} dB", quality, order, "", "", ""]


def _note(station: StationView) -> str:
    """Say what is being learned, and what the limit is worth so far."""
    if station.part is not None:
        if not station.part.recipes or all(recipe.fault for recipe in station.part.recipes.values()):
            return f"learning from known-good parts (Mode 3), {station.part.counters.taught} heard"
        promises = [recipe.promise for recipe in station.part.recipes.values() if recipe.provisional]
        return f"limit {promises[0]}" if promises else ""
    if station.condition is not None and station.condition.level_over_baseline_db is None:
        return f"baseline: {station.condition.baseline}"
    return ""


def _in_short(station: StationView) -> str:
    if station.part is not None:
        counters = station.part.counters
        return (
            f"{station.name}: {counters.parts} parts, {counters.not_ok} NotOK, {counters.not_decidable} NotDecidable;"
        )
    if station.condition is None:
        return f"{station.name}: waiting;"
    level = station.condition.level_over_baseline_db
    return f"{station.name}: {station.condition.diagnosis.name}{'' if level is None else f', {level:+.0f} dB'};"


def _share(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
