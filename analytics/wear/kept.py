"""Wear over restarts: the state as plain numbers and words, ready for JSON, and back."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.wear.covariates import Expected
from analytics.wear.state import Latch, Setting, WearState

VERSION = 1
_MOST = 10_000  # numbers in one array; a state has a few hundred


def to_plain(state: WearState) -> dict[str, Any]:
    """Turn a state into dicts, lists, numbers, words and None; NaN becomes None, as JSON has none."""
    frozen = state.frozen
    return {
        "version": VERSION,
        "names": list(state.names),
        "covariates": list(state.covariates),
        "setting": asdict(state.setting),
        "t_s": state.t_s,
        "spacings_s": list(state.spacings_s),
        "age_s": state.age_s,
        "steps": state.steps,
        "learning": _plain(state.learning),
        "frozen": None if frozen is None else {name: _plain(getattr(frozen, name)) for name in _FROZEN},
        "noise_db": _plain(state.noise_db),
        "recent": _plain(state.recent),
        "lowest_db": _plain(state.lowest_db),
        "warning": asdict(state.warning),
        "alarm": asdict(state.alarm),
        "calm_s": state.calm_s,
        "old": [_plain(one) for one in state.old],
    }


def from_plain(plain: Mapping[str, Any]) -> WearState:
    """Make the state `to_plain` was given.

    Raises
    ------
    ValueError
        It is of another version, incomplete or damaged. Nobody may go on from half a baseline: learn anew.
    """
    try:
        return _state(plain)
    except (LookupError, TypeError, AttributeError, OverflowError, ValueError) as fault:
        what = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
        raise ValueError(
            f"stored wear: found {what}; wanted version {VERSION}, whole; start the baseline anew"
        ) from fault


_FROZEN = ("level_db", "middle", "low", "high", "slope_db")


def _state(plain: Mapping[str, Any]) -> WearState:
    if plain["version"] != VERSION:
        raise ValueError(f"version {plain['version']!r}")
    names, covariates = _words(plain["names"]), _words(plain["covariates"])
    k, c = len(names), len(covariates)
    if not k:
        raise ValueError("no indicator")
    setting = Setting(**plain["setting"])
    frozen = None
    if plain["frozen"] is not None:
        shapes = {"level_db": (k,), "middle": (c,), "low": (c,), "high": (c,), "slope_db": (c, k)}
        frozen = Expected(**{name: _array(plain["frozen"][name], shapes[name]) for name in _FROZEN})
        if not all(np.isfinite(getattr(frozen, name)).all() for name in _FROZEN):
            raise ValueError("a baseline that is not finite")
    judging = (k,) if frozen is not None else (0,)
    return WearState(
        names,
        covariates,
        setting,
        None if plain["t_s"] is None else _number(plain["t_s"]),
        tuple(map(_number, plain["spacings_s"])),
        _number(plain["age_s"]),
        int(plain["steps"]),
        _array(plain["learning"], (None, k + c)),
        frozen,
        _array(plain["noise_db"], judging),
        _array(plain["recent"], (None, *judging)),
        _array(plain["lowest_db"], judging),
        _latch(plain["warning"]),
        _latch(plain["alarm"]),
        _number(plain["calm_s"]),
        tuple(_array(one, (k,)) for one in plain["old"]),
    )


def _plain(array: NDArray[np.float64]) -> list[Any]:
    """Shape first, since a list of no rows has forgotten how long they were."""
    flat = [float(v) if math.isfinite(v) else None for v in array.ravel()]
    return [list(array.shape), flat]


def _array(plain: Sequence[Any], wanted: tuple[int | None, ...]) -> NDArray[np.float64]:
    shape, flat = tuple(int(n) for n in plain[0]), plain[1]
    fits = len(shape) == len(wanted) and all(w is None or w == n for n, w in zip(shape, wanted, strict=True))
    if not fits or math.prod(shape) != len(flat) or len(flat) > _MOST or min(shape, default=0) < 0:
        raise ValueError(f"an array of shape {shape}")
    return np.array([float("nan") if v is None else _number(v) for v in flat], dtype=np.float64).reshape(shape)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{str(value)[:20]!r} for a number")
    return float(value)


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("no list of names")
    return tuple(str(one) for one in value)


def _latch(value: Mapping[str, Any]) -> Latch:
    on, since = value["on"], value["since_s"]
    if not isinstance(on, bool) or on is (since is None):
        raise ValueError("a limit that is on since never")
    return Latch(on, int(value["count"]), None if since is None else _number(since))
