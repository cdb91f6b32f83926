"""What a station saves and costs a year, from the plant's own figures and the rates the pilot saw.

benefit = (missed today - missed by the station) x cost of a missed defect + labour saved + downtime saved
          - false rejects x cost of one - parts not decided x cost of one - false calls x cost of one - running cost
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.decision.proportions import Share


class CostsError(Exception):
    """The costs cannot be used; one sentence a fault."""


#: What the plant says: what it is, and what is taken where it says nothing (None: it must say).
INPUTS: Mapping[str, tuple[str, float | None]] = {
    "parts_per_year": ("parts a year", None),
    "defect_rate": ("share of parts with a defect", None),
    "missed_today": ("share of defects that pass today's check", None),
    "cost_missed": ("cost of a missed defect", None),
    "cost_false_reject": ("cost of a false reject (value lost, inspected again)", None),
    "cost_not_decided": ("cost of a part not decided (tested again)", 0.0),
    "labour_saved": ("listening labour saved a year", 0.0),
    "downtime_hours_saved": ("downtime avoided, hours a year", 0.0),
    "margin_per_hour": ("margin lost an hour of downtime", 0.0),
    "false_calls": ("false calls to a machine a year", 0.0),
    "cost_false_call": ("cost of a false call", 0.0),
    "running_cost": ("running cost a year", 0.0),
    "one_off": ("one-off cost", None),
}
SHARES = ("defect_rate", "missed_today")
SEEN = {
    "missed": "share of defects the station passed (seen, with its bounds)",
    "false_rejects": "share of good parts the station rejected (seen, with its bounds)",
    "not_decided": "share of good parts not decided (seen, with its bounds)",
}
_CORNERS_MOST = 18  #: inputs that vary; 2^18 corners are looked at in a moment


@dataclass(frozen=True, slots=True)
class Band:
    """A figure between its bounds."""

    low: float
    mid: float
    high: float


@dataclass(frozen=True, slots=True)
class Swing:
    """What a year is worth when one input goes to its ends and all others stay in the middle."""

    name: str
    words: str
    band: Band
    at_low: float
    at_high: float


@dataclass(frozen=True, slots=True)
class Payback:
    """What comes of it.

    Parameters
    ----------
    currency
        As the plant wrote it.
    net
        A year: with every input at its worst, in the middle, at its best.
    months
        Until the one-off cost is back: best, middle, worst; None for never.
    swings
        The inputs that vary, the one that matters most first.
    """

    currency: str
    inputs: dict[str, Band]
    net: Band
    months: tuple[float | None, float | None, float | None]
    swings: tuple[Swing, ...]


@dataclass(frozen=True, slots=True)
class Costs:
    """The plant's own figures."""

    currency: str
    bands: dict[str, Band]


def read_costs(path: Path | None, words: Sequence[str]) -> Costs | None:
    """Read costs from a TOML file and from words like ``cost_missed=100,250,400``; the words win.

    Returns
    -------
    Costs or None
        None where nothing was given.

    Raises
    ------
    CostsError
        All faults at once.
    """
    given: dict[str, Any] = {}
    if path is not None:
        try:
            given = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as fault:
            raise CostsError(f"{path}: cannot be read ({fault.strerror or fault})") from fault
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise CostsError(f"{path}: is no TOML: {fault}") from fault
    for word in words:
        name, _, text = word.partition("=")
        given[name.strip()] = text if name.strip() == "currency" else text.split(",")
    if not given:
        return None
    currency = str(given.pop("currency", "money"))
    faults = [f"{name}: no such cost; wanted one of {', '.join(INPUTS)}" for name in given if name not in INPUTS]
    bands = {}
    for name, (said, default) in INPUTS.items():
        value = given.get(name, default)
        if value is None:
            faults.append(f"{name}: missing; wanted the {said}, as one number or as low, middle, high")
            continue
        try:
            bands[name] = _band(name, value)
        except CostsError as fault:
            faults.append(str(fault))
    if faults:
        raise CostsError("\n".join(faults))
    return Costs(currency, bands)


def _band(name: str, value: Any) -> Band:  # noqa: ANN401  # whatever TOML may hold
    try:
        numbers = [float(one) for one in (value if isinstance(value, list) else [value])]
    except (TypeError, ValueError):
        raise CostsError(f"{name}: {value!r}; wanted one number or three, low, middle, high") from None
    low, mid, high = numbers * 3 if len(numbers) == 1 else numbers if len(numbers) == 3 else (1.0, 0.0, 0.0)
    top = 1.0 if name in SHARES else 1e15
    if not 0 <= low <= mid <= high <= top:
        wanted = "shares between 0 and 1" if name in SHARES else "numbers of 0 or above"
        raise CostsError(f"{name}: {value}; wanted one or three {wanted}, low, middle, high in this order")
    return Band(low, mid, high)


def net_of(inputs: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Say what a year is worth; every input an array of the same shape."""
    bad = inputs["parts_per_year"] * inputs["defect_rate"]
    good = inputs["parts_per_year"] * (1 - inputs["defect_rate"])
    return (
        bad * (inputs["missed_today"] - inputs["missed"]) * inputs["cost_missed"]
        + inputs["labour_saved"]
        + inputs["downtime_hours_saved"] * inputs["margin_per_hour"]
        - good * inputs["false_rejects"] * inputs["cost_false_reject"]
        - good * inputs["not_decided"] * inputs["cost_not_decided"]
        - inputs["false_calls"] * inputs["cost_false_call"]
        - inputs["running_cost"]
    )


def payback_of(costs: Costs, seen: Mapping[str, Share]) -> Payback:
    """Weigh costs against rates.

    A year is linear in each input, so that its worst and its best lie where every input is at one of its ends; all
    these corners are looked at.

    Parameters
    ----------
    costs
        The plant's own.
    seen
        The shares of `SEEN`; each of at least one part.
    """
    inputs = dict(costs.bands)
    for name in SEEN:
        share = seen[name]
        assert share.rate is not None
        inputs[name] = Band(share.low, share.rate, share.high)
    varied = [name for name, band in inputs.items() if band.low < band.high and name != "one_off"]
    corners = ((np.arange(2 ** len(varied))[:, None] >> np.arange(len(varied))) & 1).astype(bool)
    assert len(varied) <= _CORNERS_MOST
    at = {name: np.full(len(corners), band.mid) for name, band in inputs.items()}
    for place, name in enumerate(varied):
        at[name] = np.where(corners[:, place], inputs[name].high, inputs[name].low)
    nets = net_of(at)
    net = Band(float(nets.min()), _net_at(inputs, {}), float(nets.max()))
    swings = [_swing(inputs, name) for name in varied]
    one_off = inputs["one_off"]
    months = tuple(
        _months(*pair) for pair in ((one_off.low, net.high), (one_off.mid, net.mid), (one_off.high, net.low))
    )
    ordered = tuple(sorted(swings, key=lambda swing: -abs(swing.at_high - swing.at_low)))
    return Payback(costs.currency, inputs, net, (months[0], months[1], months[2]), ordered)


def _net_at(inputs: Mapping[str, Band], changed: Mapping[str, float]) -> float:
    return float(net_of({name: np.asarray(changed.get(name, band.mid)) for name, band in inputs.items()}))


def _swing(inputs: Mapping[str, Band], name: str) -> Swing:
    band = inputs[name]
    words = SEEN.get(name) or INPUTS[name][0]
    return Swing(name, words, band, _net_at(inputs, {name: band.low}), _net_at(inputs, {name: band.high}))


def _months(one_off: float, net: float) -> float | None:
    return 12 * one_off / net if net > 0 else None
