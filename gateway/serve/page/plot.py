"""Curves for the templates' SVG: where points, ticks and marks lie, as plain numbers and short text."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np

from gateway.store.telling import Point, Spectrum

WIDTH, HEIGHT = 720.0, 180.0
_LEFT, _BOTTOM = 44.0, 22.0  #: room for the words of the axes
_HARMONICS = 6
_LEAST_DB = 6.0  #: of the upright axis: a machine at rest must not look like a mountain range
_COLUMNS = 600  #: of a curve; a screen has no more


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and the word beside it."""

    at: float
    word: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An upright line and what it says."""

    x: float
    word: str
    number: int = 0  #: of the list beside; and which dash it has
    strong: bool = True


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with two axes."""

    label: str
    curves: tuple[tuple[str, str], ...]  #: class of the curve, points of its polyline; a hole begins a new one
    across: tuple[Tick, ...]
    upright: tuple[Tick, ...]
    marks: tuple[Mark, ...] = ()
    zero: float | None = None  #: height of 0


def trend(
    points: Sequence[Point], zone: tzinfo, since: datetime, until: datetime, marks: Sequence[tuple[str, str]]
) -> Plot | None:
    """Draw dB over normal and, where it is judged, wear, over time; None where there is nothing to draw."""
    levels = [db for one in points for db in (one.level_db, one.wear_db) if db is not None]
    if not levels:
        return None
    low, high = min(0.0, *levels), max(_LEAST_DB, *levels)
    low, high = math.floor(low / 3) * 3, math.ceil(high / 3) * 3
    span = max((until - since).total_seconds(), 1.0)

    def x(wall: str) -> float:
        return _x((datetime.fromisoformat(wall) - since).total_seconds() / span)

    def y(db: float) -> float:
        return _y((db - low) / (high - low))

    hole = max(span / 100, 5400.0 if span > 172_800 else 180.0)
    curves = []
    for name in ("level", "wear"):
        values = [(one.wall, getattr(one, f"{name}_db")) for one in points]
        curves += [(name, _points(piece, x, y)) for piece in _pieces(values, hole)]
    steps = np.arange(low, high + 0.1, max(3.0, 3 * math.ceil((high - low) / 15)))
    upright = tuple(Tick(y(db), f"{db:+.0f} dB" if db else "0 dB") for db in steps)
    placed = tuple(Mark(x(wall), word, number) for number, (wall, word) in enumerate(marks, 1))
    said = f"dB over normal; last {levels[-1]:+.1f} dB, highest {max(levels):+.1f} dB"
    return Plot(said, tuple(curves), _times(since, until, zone), upright, placed, y(0.0))


def spectrum_plot(found: Spectrum) -> Plot | None:
    """Draw a spectrum with a cursor at every line and its harmonics."""
    if found.frequency_hz.size < 2:
        return None
    highest = max((hz for _, hz in found.lines), default=0.0) * (_HARMONICS + 0.5)
    last = float(found.frequency_hz[-1])
    end = min(last, highest) if highest > 0 else last
    shown = found.frequency_hz <= end
    frequency, level = found.frequency_hz[shown], np.nan_to_num(found.level[shown])
    if found.kind == "sound":
        top = math.ceil(float(level.max()) / 10) * 10.0
        bottom = max(math.floor(float(level.min()) / 10) * 10.0, top - 90.0)
        bottom = min(bottom, top - 10.0)
        steps = np.arange(bottom, top + 1, 20)
        upright = tuple(Tick(_y((db - bottom) / (top - bottom)), f"{db:.0f} dB") for db in steps)
    else:
        top, bottom = max(float(level.max()), 1e-30), 0.0
        upright = tuple(Tick(_y(share), f"{share:.1f}") for share in (0.0, 0.5, 1.0))
    heights = np.clip((level - bottom) / max(top - bottom, 1e-30), 0, 1)
    points = " ".join(f"{_x(f / end):.1f},{_y(h):.1f}" for f, h in zip(frequency, heights, strict=True))
    marks = [
        Mark(_x(hz * k / end), f"{name} {hz:.1f} Hz" if k == 1 else f"{k}x", number, k == 1)
        for number, (name, hz) in enumerate(found.lines, 1)
        for k in range(1, _HARMONICS + 1)
        if hz * k <= end
    ]
    step = _round_step(end / 6)
    across = tuple(Tick(_x(hz / end), f"{hz:.0f} Hz") for hz in np.arange(0.0, end + 1e-6, step))
    named = ", ".join(f"{name} {hz:.1f} Hz" for name, hz in found.lines) or "no line of a known part"
    return Plot(f"{found.kind} spectrum; {named}", (("level", points),), across, upright, tuple(marks))


def _pieces(values: Sequence[tuple[str, float | None]], hole_s: float) -> list[list[tuple[str, float]]]:
    """Cut where nothing was heard: a hole is never bridged."""
    found: list[list[tuple[str, float]]] = []
    before: datetime | None = None
    for wall, value in values:
        if value is None or not math.isfinite(value):
            before = None
            continue
        at = datetime.fromisoformat(wall)
        if before is None or (at - before).total_seconds() > hole_s:
            found.append([])
        found[-1].append((wall, value))
        before = at
    return found


def _points(piece: Sequence[tuple[str, float]], x: Callable[[str], float], y: Callable[[float], float]) -> str:
    step = max(1, len(piece) // _COLUMNS)
    if len(piece) == 1:
        at, height = x(piece[0][0]), y(piece[0][1])
        return f"{at - 1:.1f},{height:.1f} {at + 1:.1f},{height:.1f}"
    return " ".join(f"{x(wall):.1f},{y(db):.1f}" for wall, db in piece[::step])


def _times(since: datetime, until: datetime, zone: tzinfo) -> tuple[Tick, ...]:
    hours = (until - since).total_seconds() / 3600
    every = timedelta(hours=next((h for h in (1, 3, 6, 24, 72, 168, 336) if hours / h <= 9), 672))
    form = "%H:%M" if every < timedelta(days=1) else "%d %b"
    at = since.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = []
    while at <= until:
        if at >= since:
            found.append(Tick(_x((at - since).total_seconds() / (hours * 3600)), f"{at:{form}}"))
        at += every
    return tuple(found)


def _round_step(wanted: float) -> float:
    ten = 10.0 ** math.floor(math.log10(max(wanted, 1e-6)))
    return next((ten * k for k in (1, 2, 5) if ten * k >= wanted), 10 * ten)


def _x(share: float) -> float:
    return round(_LEFT + float(share) * (WIDTH - _LEFT), 1)


def _y(share: float) -> float:
    return round((1 - float(share)) * (HEIGHT - _BOTTOM - 8) + 8, 1)
