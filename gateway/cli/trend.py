"""`wheeltapper trend`: the wear of a machine over a recorded history, by the code that judges it live."""

from pathlib import Path
from typing import Annotated, Any

import typer

from analytics.wear.state import Level, Wear, start
from analytics.wear.trend import step
from gateway.cli.history import History, histories
from gateway.cli.output import emit, note, say

ROWS = 24  #: of the table, beside those where the level changes


def command(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="npz with a history, folders of recordings, or recordings.")
    ],
    channel: Annotated[
        str | None, typer.Option(help="Column of an npz, channel of recordings: its name, or number from 1.")
    ] = None,
    every: Annotated[
        float | None, typer.Option(min=0.001, help="Seconds from one recording to the next, if no name holds a time.")
    ] = None,
    rate: Annotated[int | None, typer.Option(min=1, help="Samples a second, for files that do not say.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a step on stdout, nothing else.")] = False,
) -> None:
    """Show wear over time: dB over baseline, warning and alarm, remaining life or "no trend".

    The first 60 steps are taken as normal. Remaining life is running time until machines like it were worn out, and
    four of five ends lie between low and high; without a rise there is no number. It is an indication by sound.
    """
    found = histories(paths, channel, every, rate)
    for history in found:
        note(f"{history.file}: {len(history.steps)} steps of {', '.join(history.indicators)}")
        told = run(history)
        rows = [record(history.steps[index].t_s, wear) for index, wear in enumerate(told)]
        end = summary(history, rows)
        if as_json:
            whose = {"file": history.file} if len(found) > 1 else {}
            for row in (*rows, end):
                emit({**row, **whose})
        else:
            _table(rows)
            say(_words(end))


def run(history: History) -> list[Wear]:
    """Judge a history step by step."""
    state, told = start(history.indicators), []
    for one in history.steps:
        state, wear = step(state, one)
        told.append(wear)
    return told


def record(t_s: float, wear: Wear) -> dict[str, Any]:
    """Say for programs what one step says; seconds."""
    life = wear.remaining_life_s
    return {
        "t_s": t_s if abs(t_s) < float("inf") else None,
        "indicator": wear.indicator,
        "db": None if wear.db is None else round(wear.db, 2),
        "level": str(wear.level),
        "remaining_life_s": None
        if life is None
        else {"low": round(life.low, 1), "mid": round(life.mid, 1), "high": round(life.high, 1)},
        "reason": wear.reason,
    }


def summary(history: History, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Say when a warning and an alarm were first on."""
    warning = next((row["t_s"] for row in rows if row["level"] != Level.NORMAL), None)
    alarm = next((row["t_s"] for row in rows if row["level"] == Level.ALARM), None)
    return {
        "file": history.file,
        "indicators": list(history.indicators),
        "steps": len(rows),
        "level": rows[-1]["level"] if rows else str(Level.NORMAL),
        "warning_t_s": warning,
        "alarm_t_s": alarm,
    }


def _table(rows: list[dict[str, Any]]) -> None:
    """Show where the level changes, and steps evenly between."""
    every = max(1, len(rows) // ROWS)
    say(f"{'time':>10}  {'dB':>6}  {'level':<8} {'remaining life':<28} reason")
    for index, row in enumerate(rows):
        turned = index > 0 and row["level"] != rows[index - 1]["level"]
        if not (turned or index % every == 0 or index == len(rows) - 1):
            continue
        db = "-" if row["db"] is None else f"{row['db']:+.1f}"
        say(f"{span(row['t_s']):>10}  {db:>6}  {row['level']:<8} {_life(row):<28} {row['reason']}")


def _life(row: dict[str, Any]) -> str:
    life = row["remaining_life_s"]
    return "-" if life is None else f"{span(life['mid'])} ({span(life['low'])} to {span(life['high'])})"


def span(seconds: float | None) -> str:
    """Give a span as people say it."""
    if seconds is None:
        return "-"
    for unit, size in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"


def _words(end: dict[str, Any]) -> str:
    first = [
        f"first {word} at {span(end[f'{word}_t_s'])}" for word in ("warning", "alarm") if end[f"{word}_t_s"] is not None
    ]
    return f"{end['file']}: {end['steps']} steps, {', '.join(first) or 'no warning'}; now {end['level']}"
