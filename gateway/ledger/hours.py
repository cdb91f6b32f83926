"""A machine's minutes of one hour as one documented record (docs/condition-record.md), for whoever follows many.

Made from stored minutes, in the transaction that stores the first minute of the next hour: whatever the gateway dies
of, no hour is lost or made twice.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import median
from typing import Any

from gateway.processes.condition import WearView
from gateway.store.records import ConditionMinute, add_hour, minutes_since_hour

SCHEMA = "wheeltapper.condition-hour"
VERSION = 1


def close_hours(db: sqlite3.Connection, line: str, asset: str, station: str) -> None:
    """Write the hours of a machine that are over: all of its stored minutes but those of the latest one's hour."""
    waiting = minutes_since_hour(db, station)
    hours = [(hour, list(rows)) for hour, rows in groupby(waiting, key=lambda row: _hour(row[1].wall))]
    for _, rows in hours[:-1]:  # the last one is still going on
        minutes = [row for _, row in rows]
        add_hour(db, minutes[0].wall, station, rows[-1][0], record(line, asset, minutes))


def record(line: str, asset: str, minutes: Sequence[ConditionMinute]) -> dict[str, Any]:
    """Sum up the minutes of one hour of one machine.

    Parameters
    ----------
    line, asset
        Names in the site file.
    minutes
        One or more, oldest first.
    """
    last = minutes[-1]
    levels = [m.level_mean_db for m in minutes if m.level_mean_db is not None]
    highest = [m.level_max_db for m in minutes if m.level_max_db is not None]
    speeds = [m.rpm for m in minutes if m.rpm is not None]
    running = [m.running for m in minutes if m.running is not None]
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "line": line,
        "station": last.station,
        "asset": asset,
        "from": minutes[0].wall,
        "last": last.wall,
        "minutes": len(minutes),
        "running_share": sum(running) / len(running) if running else None,
        "rpm": _spread(speeds),
        "level_over_baseline_db": {"median": median(levels), "max": max(highest)} if levels and highest else None,
        "baseline": last.baseline,
        "indicators": _medians(m.indicators for m in minutes),
        "named_over_baseline_db": _medians(m.named for m in minutes),
        "covariates": _medians(m.covariates for m in minutes),
        "diagnosis": _diagnosis(minutes),
        "wear": _wear(last.wear),
        "quality": dict(sorted(Counter(word for minute in minutes for word in minute.quality).items())),
    }


def _hour(wall: str) -> str:
    """Cut a wall time, UTC, to its hour: ``2026-11-24T12``."""
    return wall[:13]


def _spread(values: Sequence[float]) -> dict[str, float] | None:
    return {"median": median(values), "min": min(values), "max": max(values)} if values else None


def _medians(minutes: Iterable[Mapping[str, float]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for minute in minutes:
        for name, value in minute.items():
            found.setdefault(name, []).append(value)
    return {name: median(values) for name, values in sorted(found.items())}


def _diagnosis(minutes: Sequence[ConditionMinute]) -> dict[str, Any]:
    """Find the word of most minutes that said one, and how many minutes said what."""
    counts = Counter(minute.diagnosis for minute in minutes)
    said = [(count, word) for word, count in counts.items() if word != "undecided"]
    word = max(said)[1] if said else "undecided"
    bearing = next((m.bearing for m in reversed(minutes) if m.diagnosis == word), "")
    return {"word": word, "bearing": bearing, "minutes": dict(sorted(counts.items()))}


def _wear(wear: WearView | None) -> dict[str, Any] | None:
    if wear is None:
        return None
    life = wear.life
    return {
        "level": wear.level,
        "trend": wear.trend,
        "over_baseline_db": wear.over_db,
        "remaining_life_h": None if life is None else {"low": life.low_h, "mid": life.mid_h, "high": life.high_h},
        "reason": wear.reason,
    }
