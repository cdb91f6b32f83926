"""Wear of one machine, a summary at a time: baseline, dB over it, warning, alarm, remaining life.

Everything is counted in summaries, so one setting serves snapshots of 10 s, minutes and hours alike. The state is in
the signature and is never changed in place; `analytics.wear.kept` turns it into plain numbers and back.

Two baselines. The *frozen* one is what was normal at commissioning in the state of load, speed and temperature then
(`analytics.wear.covariates`). The *adaptive* one follows a machine that runs in downwards, as the running minimum of
a long median, and never upwards: its fastest rise is 0 dB an hour, so it cannot learn wear as normal. The level is
judged over the lower of the two. Only a person starts them anew (`maintenance_done`).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analytics.wear.covariates import learn_expected
from analytics.wear.indicators import FLOOR_DB
from analytics.wear.life import END_DB, Life, remaining
from analytics.wear.state import Latch, Wear, WearState
from analytics.wear.summary import Summary

_USUAL_OF = 9  # spacings whose median is the usual one
_LOUDEST_DB = 400.0  # no unit of any sensor gets there
_LARGEST = 1e12  # of a covariate, and s of any clock: beyond it a tag or a clock is broken
_GAP = 10.0  # times the usual spacing: longer than this nobody knows whether the machine ran


def step(state: WearState, summary: Summary) -> tuple[WearState, Wear]:
    """Take one summary in.

    Raises
    ------
    ValueError
        It has another number of indicators or covariates than the state: a bug of the caller, not of the plant.
    """
    if (len(summary.levels_db), len(summary.covariates)) != (len(state.names), len(state.covariates)):
        raise ValueError(
            f"wear: found {len(summary.levels_db)} indicators and {len(summary.covariates)} covariates; "
            f"wanted {len(state.names)} and {len(state.covariates)}"
        )
    state = _aged(state, summary)
    levels = np.array(summary.levels_db, dtype=np.float64)
    levels[~((levels > FLOOR_DB) & (levels < _LOUDEST_DB))] = np.nan
    beside = np.array(summary.covariates, dtype=np.float64)
    beside[~(np.abs(beside) < _LARGEST)] = np.nan
    why_not = summary.excluded or _unknown(state, levels, beside)
    if why_not:
        return state, _unjudged(state, why_not)
    if state.frozen is None:
        return _learn(state, levels, beside)
    over = levels - state.frozen.of(beside)
    over[over < -state.setting.fall_db] = np.nan
    if np.isnan(over).all():
        fall = f"{state.setting.fall_db:.0f} dB"
        return state, _unjudged(state, f"more than {fall} below normal: it stands, or the ear is deaf")
    return _judge(_heard(state, over))


def _aged(state: WearState, summary: Summary) -> WearState:
    """Let running time pass: only forwards, and over a gap only a usual step."""
    t_s = summary.t_s if abs(summary.t_s) < _LARGEST else state.t_s
    passed = 0.0 if state.t_s is None or t_s is None else max(0.0, t_s - state.t_s)
    spacings = (*state.spacings_s, passed)[-_USUAL_OF:] if passed > 0 else state.spacings_s
    usual = float(np.median(spacings)) if spacings else 0.0
    ran = summary.running_s if summary.running_s is not None else (passed if passed <= _GAP * usual else usual)
    ran = ran if 0 < ran < _LARGEST else 0.0
    return replace(state, t_s=t_s, spacings_s=spacings, age_s=state.age_s + ran)


def _unknown(state: WearState, levels: NDArray[np.float64], beside: NDArray[np.float64]) -> str:
    """Say why a summary cannot be judged; empty = it can."""
    if np.isnan(levels).all():
        return "nothing was heard"
    broken = ~np.isfinite(beside)
    if broken.any():
        return f"{state.covariates[int(np.argmax(broken))]} is not known"
    strange = None if state.frozen is None else state.frozen.strange(beside)
    if state.frozen is not None and strange is not None:
        low, high = state.frozen.low[strange], state.frozen.high[strange]
        found = f"{state.covariates[strange]} {beside[strange]:.4g}"
        return f"{found} is far from the {low:.4g} to {high:.4g} normal was learned at"
    return ""


def _unjudged(state: WearState, why: str) -> Wear:
    return Wear(state.names[0], None, state.level, None, why, False)


def _learn(state: WearState, levels: NDArray[np.float64], beside: NDArray[np.float64]) -> tuple[WearState, Wear]:
    setting, k = state.setting, len(state.names)
    rows = np.vstack([state.learning, np.concatenate([levels, beside])])
    state = replace(state, learning=rows, steps=len(rows))
    if len(rows) < setting.learn:
        return state, _unjudged(state, f"learning what is normal: {len(rows)} of {setting.learn}")
    known = np.isfinite(rows[:, :k]).sum(axis=0)
    if (known < setting.learn / 2).any():
        # An indicator heard in fewer than half of them has no normal; drop the oldest and wait.
        name = state.names[int(np.argmin(known))]
        return replace(state, learning=rows[1:]), _unjudged(state, f"learning: {name} is heard too seldom")
    frozen = learn_expected(rows[:, :k], rows[:, k:])
    recent = rows[:, :k] - frozen.of(rows[:, k:])
    state = replace(
        state,
        learning=np.empty((0, rows.shape[1])),
        frozen=frozen,
        noise_db=_noise_db(recent, setting.short),
        recent=recent[-setting.long :],
        lowest_db=np.zeros(k),
    )
    return state, _unjudged(state, f"normal is learned from {setting.learn} summaries")


def _noise_db(over: NDArray[np.float64], short: int) -> NDArray[np.float64]:
    """Give the standard deviation of the short median, shape (k,).

    From differences of neighbouring blocks, so that slow running-in does not count as noise, while noise that is
    correlated within a block does (von Neumann 1941, Ann. Math. Statist. 12, 367-395).
    """
    medians = np.array([_median(over[i : i + short]) for i in range(len(over) - short + 1)])
    if len(medians) <= short:
        return np.zeros(over.shape[1])
    # The median of squares: one step of running-in, or one forklift, is no noise. 0.4549 is chi-square(1)'s median.
    typical = _median(np.square(medians[short:] - medians[:-short])) / (2 * 0.4549)
    return np.sqrt(np.where(np.isfinite(typical), typical, 0.0))


def _median(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of each column over what is known in it; NaN where nothing is."""
    if np.isfinite(rows).all():
        return np.asarray(np.median(rows, axis=0))
    return np.array([np.median(c[k]) if (k := np.isfinite(c)).any() else np.nan for c in rows.T])


def _heard(state: WearState, over: NDArray[np.float64]) -> WearState:
    recent = np.vstack([state.recent, over])[-state.setting.long :]
    return replace(
        state,
        recent=recent,
        steps=state.steps + 1,
        lowest_db=np.fmin(state.lowest_db, _median(recent)),
    )


def _judge(state: WearState) -> tuple[WearState, Wear]:
    setting = state.setting
    db = _median(state.recent[-setting.short :]) - state.lowest_db
    # Each indicator in units of its own warning, so that noisy and quiet ones may stand side by side.
    # The greatest of k normal variables is as rare at sqrt(z^2 + 2 ln k) as one is at z, nearly.
    factor = np.sqrt(setting.noise_factor**2 + 2 * np.log(len(state.names)))
    warning = np.maximum(setting.warning_db, factor * state.noise_db)
    lead = int(np.nanargmax(db / warning)) if np.isfinite(db).any() else 0
    if not np.isfinite(db[lead]):
        return state, _unjudged(state, "nothing was heard for a while")
    over, scale = float(db[lead]), float(warning[lead]) / setting.warning_db
    state = replace(
        state,
        calm_s=state.age_s if over <= setting.calm_db else state.calm_s,
        warning=_latched(state, state.warning, over, setting.warning_db * scale),
        alarm=_latched(state, state.alarm, over, setting.alarm_db * scale),
    )
    began = state.warning.since_s
    life = None if began is None else remaining(over, state.age_s - began)
    return state, Wear(state.names[lead], over, state.level, life, _reason(state, lead, over, life), True)


def _latched(state: WearState, latch: Latch, db: float, limit_db: float) -> Latch:
    """Switch a limit on or off once that was wanted `persist` times in a row."""
    wanted = db < limit_db - state.setting.back_db if latch.on else db > limit_db
    if not wanted:
        return replace(latch, count=0)
    if latch.count + 1 < state.setting.persist:
        return replace(latch, count=latch.count + 1)
    return Latch() if latch.on else Latch(True, 0, state.calm_s)


def _reason(state: WearState, lead: int, db: float, life: Life | None) -> str:
    at = f"{state.names[lead]} {db:+.1f} dB over baseline"
    if life is None or state.warning.since_s is None:
        return f"{at}; no trend"
    rising = f"{at}, rising since {_span(state.age_s - state.warning.since_s)} of running"
    return f"{rising}; machines like it had ended at {END_DB:.0f} dB" if db >= END_DB else rising


def _span(seconds: float) -> str:
    for unit, size in (("days", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
