"""A machine that wears, simulated by the hour: load, temperature, noise and knocks, with known truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.wear.state import Level, start
from analytics.wear.summary import Summary
from analytics.wear.trend import step

DAY = 24
RISE_DB = 20 * np.log10(1.005)  #: an hour: amplitude times 1.005
LOAD_DB, COLD_DB = 0.08, 0.10  #: per % of load, per degree colder: 4 dB between half and full load, 1 dB day and night


@dataclass(frozen=True)
class Hours:
    """So many hours of one machine.

    Parameters
    ----------
    level_db : ndarray, shape (n,) or (n, k)
        What is heard.
    wear_db : ndarray, shape (n,)
        How much of it is wear.
    beside : ndarray, shape (n, 2)
        Load in %, temperature in °C.
    """

    level_db: NDArray[np.float64]
    wear_db: NDArray[np.float64]
    beside: NDArray[np.float64]


def machine(seed: int, days: int, wear_from_h: int | None, noise_db: float = 0.5, correlation: float = 0.5) -> Hours:
    """Two shifts at changing load, nights at half load, idle weekends; the weather turns by 10 degrees."""
    rng = np.random.default_rng(seed)
    h = np.arange(days * DAY)
    night, weekend = (h % DAY >= 22) | (h % DAY < 6), (h // DAY) % 7 >= 5
    load = np.where(night, 50.0, rng.uniform(70, 100, len(h)))
    load = np.where(weekend, 20.0, load)
    cold = 20 + 5 * np.sin(2 * np.pi * (h - 9) / DAY) + 10 * np.sin(2 * np.pi * h / (days * DAY))
    wear = np.zeros(len(h)) if wear_from_h is None else RISE_DB * np.maximum(0, h - wear_from_h)
    level = -40 + LOAD_DB * (load - 75) - COLD_DB * (cold - 20) + wear + correlated(rng, len(h), noise_db, correlation)
    level[rng.random(len(h)) < 0.05] += 10.0  # a forklift, all hour long
    return Hours(level, wear, np.column_stack([load, cold]))


def correlated(rng: np.random.Generator, n: int, sigma: float, correlation: float) -> NDArray[np.float64]:
    """Make first-order autoregressive noise of the given standard deviation."""
    x: NDArray[np.float64] = rng.standard_normal(n) * sigma * np.sqrt(1 - correlation**2)
    x[0] = rng.standard_normal() * sigma
    for i in range(1, n):
        x[i] += correlation * x[i - 1]
    return x


def judged(hours: Hours, covariates: bool = True) -> tuple[int | None, int | None]:
    """Give the hours at which warning and alarm are first on."""
    names = ("load", "temperature") if covariates else ()
    rows = hours.level_db.reshape(len(hours.level_db), -1)
    state = start(tuple(f"level {i}" for i in range(rows.shape[1])), names)
    first: dict[Level, int] = {}
    for h, (row, beside) in enumerate(zip(rows, hours.beside, strict=True)):
        summary = Summary(h * 3600.0, tuple(row.tolist()), tuple(beside.tolist()) if covariates else ())
        state, wear = step(state, summary)
        first.setdefault(wear.level, h)
    warning, alarm = first.get(Level.WARNING), first.get(Level.ALARM)
    return min((x for x in (warning, alarm) if x is not None), default=None), alarm
