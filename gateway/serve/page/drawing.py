"""Where things lie in the pictures of a part: plain numbers for the templates' SVG."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.decision.regions import PLAIN, Region
from analytics.features.log_mel import MelPlan, Profile, mel_plan
from gateway.serve.page.sight import Heard, Sight

WIDTH, HEIGHT = 400.0, 150.0  #: of a picture, in units of its view box
CHART_HEIGHT = 90.0
_TICKS_HZ = (100, 200, 500, 1000, 2000, 5000, 10_000)
_NEAR = 11.0  #: units between the words of two ticks, at least
_TIMES = 6  #: ticks of time, at most


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and the word beside it."""

    at: float
    word: str


@dataclass(frozen=True, slots=True)
class Box:
    """A region, marked; numbered, so that the list beside says what it is."""

    number: int
    x: float
    y: float
    width: float
    height: float
    word: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The two pictures of a part, one over the other on the same axes."""

    hz: tuple[Tick, ...]
    seconds: tuple[Tick, ...]
    part: tuple[float, float]  #: first and last x of the judged part
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """One band against good parts: from the middle line upwards is louder."""

    x: float
    y: float
    width: float
    height: float
    plain: bool  #: differs more than every other good part does somewhere


@dataclass(frozen=True, slots=True)
class Chart:
    """The bands of one kind: level, or course in time."""

    title: str
    bars: tuple[Bar, ...]
    hz: tuple[Tick, ...]
    most: float  #: spreads at the top


def picture_of(heard: Heard, regions: tuple[Region, ...]) -> Picture:
    """Lay axes and marks over the pictures of a part."""
    across = WIDTH / max(heard.seconds, 1e-9)
    boxes = []
    for number, one in enumerate(regions, 1):
        top, bottom = _height(heard.plan, one.high_hz), _height(heard.plan, one.low_hz)
        x = (heard.begin_s + one.begin_s) * across
        width = min((one.end_s - one.begin_s) * across, WIDTH - x)
        boxes.append(Box(number, x, top, max(width, 2.0), max(bottom - top, 2.0), region_words(one)))
    part = (heard.begin_s * across, min((heard.begin_s + heard.length_s) * across, WIDTH))
    ticks = tuple(Tick(seconds * across, f"{1000 * seconds:.0f}") for seconds in _round_times(heard.seconds))
    hz = tuple(Tick(_height(heard.plan, hz), _hz_word(hz)) for hz in _ticks(heard.plan, _NEAR / HEIGHT))
    return Picture(hz, ticks, part, tuple(boxes))


def charts_of(sight: Sight) -> tuple[Chart, ...]:
    """Draw level and course of each band against good parts, in the good parts' own spread."""
    if sight.spreads is None or sight.recipe is None:
        return ()
    front_end = sight.recipe.model.front_end
    plan = mel_plan(front_end.rate, front_end.profile, front_end.low_hz)
    course = "decay of each band" if front_end.profile is Profile.KNOCK else "restlessness of each band"
    most = float(max(2 * PLAIN, np.ceil(np.max(np.abs(sight.spreads)))))
    hz = tuple(Tick((1 - _height(plan, hz) / HEIGHT) * WIDTH, _hz_word(hz)) for hz in _ticks(plan, 2.4 * _NEAR / WIDTH))
    titles = ("level of each band", course)
    return tuple(Chart(title, _bars(row, most), hz, most) for title, row in zip(titles, sight.spreads, strict=True))


def _bars(spreads: NDArray[np.float64], most: float) -> tuple[Bar, ...]:
    width, half = WIDTH / len(spreads), CHART_HEIGHT / 2
    bars = []
    for place, value in enumerate(spreads):
        height = abs(float(value)) / most * half
        y = half - height if value > 0 else half
        bars.append(Bar(place * width, y, width * 0.8, height, bool(abs(value) >= PLAIN)))
    return tuple(bars)


def region_words(one: Region) -> str:
    """Say what a region is."""
    low, high = one.low_hz, one.high_hz
    where = f"{low / 1000:.1f} to {high / 1000:.1f} kHz" if high >= 1000 else f"{low:.0f} to {high:.0f} Hz"
    more = one.change_db > 0
    if one.of == "level":
        when = f", {1000 * one.begin_s:.0f} to {1000 * one.end_s:.0f} ms of the part"
        what = f"{abs(one.change_db):.1f} dB {'louder' if more else 'quieter'} than good parts{when}"
    elif one.of == "decay":
        what = f"dies away {'slower' if more else 'faster'} than good parts"
    else:
        what = f"{'more' if more else 'less'} restless than good parts"
    return f"{where}: {what} ({one.spreads:.1f} of their spreads)"


def _height(plan: MelPlan, hz: float) -> float:
    """Y of a frequency; bands are rows of equal height, the lowest at the bottom."""
    edges = plan.edges_hz
    bands = len(edges) - 2
    place = float(np.interp(hz, edges, np.arange(bands + 2)))  # band b has its middle at b + 1
    return (1 - float(np.clip((place - 0.5) / bands, 0.0, 1.0))) * HEIGHT


def _ticks(plan: MelPlan, apart: float) -> list[int]:
    shown: list[int] = []
    for hz in _TICKS_HZ:
        inside = plan.edges_hz[0] <= hz <= plan.edges_hz[-1]
        if inside and (not shown or _height(plan, shown[-1]) - _height(plan, hz) >= apart * HEIGHT):
            shown.append(hz)
    return shown


def _round_times(seconds: float) -> list[float]:
    for step in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50):
        if seconds / step <= _TIMES:
            return [number * step for number in range(int(seconds / step) + 1)]
    return [0.0]


def _hz_word(hz: float) -> str:
    return f"{hz / 1000:.3g} k" if hz >= 1000 else f"{hz:.0f}"
