"""Slow wear through the live path: minutes, hours, load and weather, as a station sums them up.

``python -m benchmarks.wear_live`` prints the table of docs/machines.md; about a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from analytics.wear.indicators import NAMES
from gateway.processes.condition import WearView
from gateway.stations.wearing import WINDOW_S, Wearing

MACHINES = 4
DAYS = 30
WEAR_PER_HOUR = 0.005  # of amplitude
BEGINS_H = 72  # after 60 h of commissioning and half a day
HOUR_S = 3600.0
MINUTES = 12  # heard of each hour; more changes nothing but the time this takes
WINDOWS = 4  # of each
_START = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hour:
    """What was said at the end of an hour, and the truth."""

    number: int
    wear_db: float
    view: WearView


def life(seed: int, wear_per_hour: float) -> Iterator[Hour]:
    """Run one machine: 0.12 dB a percent of load, -0.1 dB a kelvin, and noise that wanders from hour to hour."""
    chance = np.random.default_rng(seed)
    wearing = Wearing(48_000, ("load", "temperature"), HOUR_S)
    wander = 0.0
    for hour in range(24 * DAYS):
        wander = 0.9 * wander + 0.3 * chance.standard_normal()
        wear_db = 20 * np.log10(1 + wear_per_hour) * max(0, hour - BEGINS_H)
        for minute in range(MINUTES):
            now = (hour + (minute + 1) / MINUTES) * HOUR_S - 1
            load = 60 + 25 * np.sin(2 * np.pi * hour / 24) + 5 * chance.standard_normal()
            warmth = 22 + 6 * np.sin(2 * np.pi * (hour - 6) / 24) + 4 * np.sin(2 * np.pi * hour / (24 * 11))
            for _ in range(WINDOWS):
                noise_db = 0.2 * wander + 0.5 * chance.standard_normal(len(NAMES))
                levels = -30 + 0.12 * (load - 60) - 0.1 * (warmth - 22) + wear_db + noise_db
                peak = 10 ** ((levels[0] + 12 + chance.standard_normal()) / 20)
                wearing.hear(levels, peak, {"load": load, "temperature": warmth})
            if wearing.passed(now, _START + timedelta(seconds=now), "") and wearing.view is not None:
                yield Hour(hour, float(wear_db), wearing.view)


def table() -> Iterator[str]:
    """One line a machine."""
    yield "| machine | healthy, 30 days: levels said | wear of +0.5 % an hour: warned at | alarmed at |"
    yield "|---|---|---|---|"
    for seed in range(MACHINES):
        healthy = sorted({hour.view.level for hour in life(seed, 0.0)})
        worn = list(life(seed, WEAR_PER_HOUR))
        found = [next((h for h in worn if h.view.level == level), None) for level in ("warning", "alarm")]
        cells = ["never" if h is None else f"{h.wear_db:.1f} dB, {h.number - BEGINS_H} h after it began" for h in found]
        yield f"| {seed + 1} | {', '.join(healthy)} | {' | '.join(cells)} |"


if __name__ == "__main__":
    heard = WINDOWS * MINUTES * WINDOW_S
    print(f"{heard:.0f} s heard of each hour", *table(), sep="\n")
