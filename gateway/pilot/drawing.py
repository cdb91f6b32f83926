"""Where things lie in the report's pictures: plain numbers for the template's SVG."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.pilot.cases import Case

WIDTH, HALF = 640.0, 80.0  #: of the histogram: good parts above the middle line, bad ones below it
_LOW, _HIGH = 0.1, 10.0  #: scores beyond are drawn at the ends
_BINS = 48
_TICKS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `words` say what it counts."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """Scores on a logarithmic axis, the limit at `limit`."""

    goods: tuple[Bar, ...]
    bads: tuple[Bar, ...]
    ticks: tuple[tuple[float, str], ...]
    limit: float
    good_top: int  #: parts in the highest bar, above and below
    bad_top: int


def histogram_of(cases: Sequence[Case]) -> Histogram:
    """Lay out the scores of good and of bad parts, each side to its own height."""
    goods = [case.score for case in cases if case.score is not None and not case.label.bad]
    bads = [case.score for case in cases if case.score is not None and case.label.bad]
    ticks = tuple((place_of(score) * WIDTH, f"{score:g}") for score in _TICKS)
    (up, good_top), (down, bad_top) = _bars(goods, above=True), _bars(bads, above=False)
    return Histogram(up, down, ticks, place_of(1.0) * WIDTH, good_top, bad_top)


def place_of(score: float) -> float:
    """Place of a score on the axis, 0..1."""
    within = min(max(score, _LOW), _HIGH)
    return math.log(within / _LOW) / math.log(_HIGH / _LOW)


def _bars(scores: Sequence[float], *, above: bool) -> tuple[tuple[Bar, ...], int]:
    counts = [0] * _BINS
    for score in scores:
        # 1.0 is an edge between two bars, and a score of exactly 1.0 is OK: it belongs to the lower one.
        place = math.ceil(place_of(score) * _BINS - 1e-9) - 1
        counts[min(max(place, 0), _BINS - 1)] += 1
    top = max(counts)
    width = WIDTH / _BINS
    bars = []
    for number, count in enumerate(counts):
        if count:
            height = max(HALF * count / top, 1.5)
            edges = [_LOW * (_HIGH / _LOW) ** (edge / _BINS) for edge in (number, number + 1)]
            words = f"{count} with a score of {edges[0]:.2g} to {edges[1]:.2g}"
            bars.append(Bar(number * width + 0.5, HALF - height if above else HALF, width - 1, height, words))
    return tuple(bars), top


@dataclass(frozen=True, slots=True)
class Ruler:
    """A share with its bounds and the target on one line from 0 to `top`."""

    low: float
    seen: float | None
    high: float
    target: float
    top: float


def ruler_of(share_low: float, rate: float | None, share_high: float, target: float) -> Ruler:
    """Lay a share out, so that its bounds and the target are seen; places are 0..1."""
    top = min(1.0, 1.1 * max(share_high, 2 * target))
    return Ruler(share_low / top, None if rate is None else rate / top, share_high / top, target / top, top)
