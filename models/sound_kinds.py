"""Learns kinds of sound from a few recordings of each and from the background they are to be heard in; keeps them.

kinds/hall-3/
    kinds.json     card and figures, for people and programs
    kinds.npz      the numbers
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.few_shot.sound_kinds import STRIDE_S, WINDOW_S, SoundKinds
from models.embedding import Embedding
from models.recipe_files import RecipeError

Rows = NDArray[np.float32]
OTHER = "other"  #: rival of every kind: sounds that must not alarm
FOLDS = 5
_DENSE_S = 0.1  #: from window to window of an example: where in it a live window will lie is not known
_LOUD_DB = 12.0  #: windows of an example quieter than its loudest by more hold its tail or the silence after it
_MIXED_DB = (0.0, 0.0, 5.0, 10.0)  #: over the background's own level, each example once at each
_RIDGE = 1e-3  #: of the mean variance, so that columns that never moved divide by something
_TAIL = 0.05  #: share of the background's highest values its tail is told from
_FEWEST_TAIL = 15
_SHORTEST_S = 30.0  #: of background


class KindsError(RecipeError):
    """Kinds of sound cannot be learned, read or written; one sentence."""


@dataclass(frozen=True, slots=True)
class KindReport:
    """What was learned of one kind."""

    name: str
    recordings: int
    found: int  #: recordings heard by what was learned without them, at the limit
    found_in_background: float  #: share of them heard in the background, as loud as it and up to 10 dB louder


@dataclass(frozen=True, slots=True)
class KindsReport:
    """What was learned, and from how much."""

    kinds: tuple[KindReport, ...]
    background_s: float
    others: int  #: recordings of sounds that must not alarm
    others_heard: int  #: of them heard as some kind by what was learned without them
    alarms_per_hour: float  #: of each kind, that the limit was set for
    beyond: float  #: how many times longer than the background heard one false alarm is to take; > 1 is extrapolated


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One recording of a kind: by itself, and laid over the background several times."""

    alone: Rows
    mixed: tuple[Rows, ...] = ()

    @property
    def rows(self) -> Rows:
        """All windows, shape (n, d)."""
        return np.concatenate([self.alone, *self.mixed])


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """Vectors of every recording: of each kind, of the background, of sounds that must not alarm.

    Background is cut every 250 ms in the order of time, the rest every 100 ms.
    """

    kinds: Mapping[str, tuple[Example, ...]]
    background: tuple[Rows, ...]
    others: tuple[Rows, ...] = ()


def background_rows(samples: Rows, rate: int, embedding: Embedding) -> Rows:
    """Turn a background into vectors of windows of 500 ms, cut as a station cuts it, shape (n, d)."""
    window, stride = round(WINDOW_S * rate), round(STRIDE_S * rate)
    starts = np.arange(0, max(1, len(samples) - window + 1), stride)
    return _embedded(_filled(samples, window), starts, rate, embedding)


def event_rows(samples: Rows, rate: int, embedding: Embedding) -> Rows:
    """Turn an example into vectors of its loud windows, cut densely, shape (n, d), n >= 1."""
    samples = _filled(samples, round(WINDOW_S * rate))
    return _embedded(samples, _loud(samples, rate)[0], rate, embedding)


def example_rows(samples: Rows, background: Sequence[Rows], rate: int, embedding: Embedding, seed: int) -> Example:
    """Turn an example of a kind into vectors, by itself and laid over the background it is to be heard in.

    An event is told from a machine by what it sounds like beside that machine: learned from clean examples alone, more
    of the breaking glass as loud as the machine is missed (docs/sounds.md).
    """
    window = round(WINDOW_S * rate)
    event = _filled(samples, window)
    starts, loudest = _loud(event, rate)
    alone = _embedded(event, starts, rate, embedding)
    rng, beds = np.random.default_rng(seed), [one for one in background if len(one) >= window]
    mixed = []
    for level_db in _MIXED_DB if beds and loudest > 0 else ():
        bed = beds[rng.integers(len(beds))]
        under = np.resize(np.roll(bed, int(rng.integers(len(bed)))), len(event))
        gain = np.sqrt(np.mean(np.square(under, dtype=np.float64))) / loudest * 10 ** (level_db / 20)
        if gain > 0:
            mixed.append(_embedded((under + np.float32(gain) * event).astype(np.float32), starts, rate, embedding))
    return Example(alone, tuple(mixed))


def _filled(samples: Rows, least: int) -> Rows:
    return np.pad(samples, (0, max(0, least - len(samples))))


def _loud(samples: Rows, rate: int) -> tuple[NDArray[np.intp], float]:
    """Find where the loud windows of an event begin, and the RMS of the loudest."""
    window = round(WINDOW_S * rate)
    starts = np.arange(0, len(samples) - window + 1, round(_DENSE_S * rate))
    power = np.array([np.mean(np.square(samples[start : start + window], dtype=np.float64)) for start in starts])
    return starts[power >= power.max() * 10 ** (-_LOUD_DB / 10)], float(np.sqrt(power.max()))


def _embedded(samples: Rows, starts: NDArray[np.intp], rate: int, embedding: Embedding) -> Rows:
    window = round(WINDOW_S * rate)
    cut = (np.ascontiguousarray(samples[start : start + window]) for start in starts)
    return unit(np.array([embedding.embed(one, rate) for one in cut], np.float32))


def unit(vectors: Rows) -> Rows:
    """Bring vectors (n, d) to length 1: how loud or pure an event is must not decide."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, np.float32(1e-9)), np.float32)


def learn(taught: Taught, alarms_per_hour: float) -> tuple[SoundKinds, KindsReport]:
    """Learn kinds of sound.

    Raises
    ------
    KindsError
        Too little background to set a limit by.
    """
    seconds = STRIDE_S * sum(len(rows) for rows in taught.background)
    if seconds < _SHORTEST_S:
        raise KindsError(
            f"{seconds:.0f} s of background; wanted {_SHORTEST_S:.0f} s at least of the place as it sounds when nothing"
            " happens, an hour if it can be had"
        )
    folds = [_fold(taught, fold) for fold in range(FOLDS)]
    blind = [(lines_between(known), held) for known, held in folds]
    quiet = _quiet(blind)
    limits = [_limit(values, alarms_per_hour) for values in quiet]
    kinds = lines_between(taught)
    shifts = np.array(limits)[kinds.kind_of]
    alone, mixed = _left_out(blind, taught, limits)
    fits = [_platt(np.concatenate([alone[i], mixed[i]]), quiet[i] - limits[i]) for i in range(len(limits))]
    slopes, offsets = np.array(fits).T
    learned = SoundKinds(kinds.names, kinds.weights, kinds.limits + shifts, kinds.kind_of, slopes, offsets)
    heard = sum(bool((k.clear(rows) > limits).any()) for k, held in blind for rows in held.others)
    reports = tuple(
        KindReport(
            name,
            len(taught.kinds[name]),
            int(np.count_nonzero(alone[index] > 0)),
            float(np.mean(mixed[index] > 0)) if len(mixed[index]) else 0.0,
        )
        for index, name in enumerate(kinds.names)
    )
    beyond = 3600 / alarms_per_hour / seconds
    return learned, KindsReport(reports, seconds, len(taught.others), heard, alarms_per_hour, beyond)


# ---- lines ----------------------------------------------------------------------------------------------------------


def lines_between(taught: Taught) -> SoundKinds:
    """Draw a line between kind and rival, by the covariance all share (Fisher 1936, Annals of Eugenics 7:179).

    Each class' own covariance is shrunk (Ledoit and Wolf 2004, J. Multivariate Analysis 88:365) and counts the same,
    however many windows it has.

    Returns
    -------
    SoundKinds
        With each line halfway between the two: no limit for false alarms is set yet, and no probability.
    """
    from sklearn.covariance import ledoit_wolf

    classes = {
        name: np.concatenate([one.rows for one in examples]).astype(np.float64)
        for name, examples in taught.kinds.items()
    }
    names = tuple(classes)
    rivals = {**classes, "": np.concatenate(taught.background).astype(np.float64)}
    if taught.others:
        rivals["\n" + OTHER] = np.concatenate(taught.others).astype(np.float64)
    means = {name: rows.mean(axis=0) for name, rows in rivals.items()}
    own = [ledoit_wolf(rows - means[name], assume_centered=True)[0] for name, rows in rivals.items()]
    shared = np.mean(own, axis=0)
    shared += _RIDGE * np.trace(shared) / len(shared) * np.eye(len(shared))
    pairs = [(index, name, rival) for index, name in enumerate(names) for rival in rivals if rival != name]
    weights, limits = [], []
    for _, name, rival in pairs:
        apart = means[name] - means[rival]
        weight = np.linalg.solve(shared, apart)
        weight /= np.sqrt(weight @ shared @ weight)  # along it, each class spreads by about 1
        weights.append(weight)
        limits.append(float(weight @ (means[name] + means[rival]) / 2))
    zeros = np.zeros(len(names))
    kind_of = np.array([index for index, _, _ in pairs], np.int64)
    return SoundKinds(names, np.array(weights), np.array(limits), kind_of, zeros, zeros)


def _fold(taught: Taught, fold: int) -> tuple[Taught, Taught]:
    """Part into what is learned from and what is held out: every fifth recording, of few long ones every fifth."""
    kinds, held = {}, {}
    for name, rows in taught.kinds.items():
        known = tuple(one for index, one in enumerate(rows) if index % FOLDS != fold or len(rows) == 1)
        kinds[name] = known
        held[name] = tuple(one for index, one in enumerate(rows) if index % FOLDS == fold and len(rows) > 1)
    stretches = _stretches(taught.background)
    background = tuple(one for index, one in enumerate(stretches) if index % FOLDS != fold)
    others = tuple(one for index, one in enumerate(taught.others) if index % FOLDS != fold)
    return Taught(kinds, background, others), Taught(held, stretches[fold::FOLDS], taught.others[fold::FOLDS])


def _stretches(background: Sequence[Rows]) -> tuple[Rows, ...]:
    """Cut a background of fewer than five recordings into five pieces each, so that folds are whole stretches."""
    if len(background) >= FOLDS:
        return tuple(background)
    return tuple(piece for rows in background for piece in np.array_split(rows, FOLDS) if len(piece))


# ---- limits ---------------------------------------------------------------------------------------------------------


def _quiet(blind: Sequence[tuple[SoundKinds, Taught]]) -> list[NDArray[np.float64]]:
    """Give what each kind makes of background it did not learn from."""
    return list(np.concatenate([kinds.clear(rows) for kinds, held in blind for rows in held.background]).T)


def _limit(values: NDArray[np.float64], alarms_per_hour: float) -> float:
    """Value exceeded so often an hour by the background: where it is rarer than was heard, by an exponential tail.

    The tail of a sum of many numbers falls at least exponentially, so the extrapolation errs towards fewer alarms. It
    is never below 0: closer to a rival than to the kind is no alarm however quiet the place.
    """
    share = alarms_per_hour * STRIDE_S / 3600
    ordered = np.sort(values)[::-1]
    top = min(len(ordered) - 1, max(_FEWEST_TAIL, round(_TAIL * len(ordered))))
    beyond = float(np.mean(ordered[:top]) - ordered[top])
    tail = float(ordered[top]) + beyond * max(0.0, float(np.log(top / len(ordered) / share)))
    return max(0.0, tail)


def _left_out(
    blind: Sequence[tuple[SoundKinds, Taught]], taught: Taught, limits: Sequence[float]
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Tell how far each example is over its limit by what was learned without it: alone, and over background."""
    alone: list[list[float]] = [[] for _ in limits]
    mixed: list[list[float]] = [[] for _ in limits]
    for kinds, held in blind:
        for index, name in enumerate(taught.kinds):
            for one in held.kinds[name]:
                alone[index].append(float(kinds.clear(one.alone)[:, index].max()) - limits[index])
                mixed[index] += [float(kinds.clear(rows)[:, index].max()) - limits[index] for rows in one.mixed]
    return [np.array(one) for one in alone], [np.array(one) for one in mixed]


def _platt(events: NDArray[np.float64], quiet: NDArray[np.float64]) -> tuple[float, float]:
    """Fit slope and offset of a logistic to left-out events and background, as likely as each other (Platt 1999)."""
    if len(events) < 2:
        return 1.0, 0.0
    from sklearn.linear_model import LogisticRegression

    x, y = np.concatenate([events, quiet])[:, None], np.repeat([1, 0], [len(events), len(quiet)])
    fitted = LogisticRegression(class_weight="balanced").fit(x, y)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])
