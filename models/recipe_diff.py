"""What two recipes differ in, in words and numbers, and which parts they would judge differently."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import PartModel
from models.flat import Arrays, flatten
from models.recipe import Recipe
from models.taught import Heard, TaughtRows
from models.teach import scores_of

_NAMED = 5  #: names shown of a long list


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs; `before` and `after` are for people."""

    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Flip:
    """A part that one recipe rejects and the other does not, with its score in each."""

    name: str
    before: float
    after: float


def changes(before: Recipe, after: Recipe, rows: tuple[TaughtRows, TaughtRows]) -> list[Change]:
    """Say what differs between two recipes: first what a person asks for, then every other number.

    Parameters
    ----------
    before, after
        The recipes.
    rows
        What each was taught with.
    """
    said = [
        *_taught(rows[0].heard, rows[1].heard),
        *_if("promise", before.report.promise, after.report.promise),
        *_defects(before, after),
    ]
    old, new = _flat(before.model), _flat(after.model)
    for path in sorted({*old, *new}):
        said += _leaf(path, old.get(path), new.get(path))
    return said


def flips(before: PartModel, after: PartModel, rows: NDArray[np.float32], names: Sequence[str]) -> list[Flip]:
    """Name the parts, shape (n, width) of both models, that one rejects and the other does not.

    Scores alone are compared: what is not decidable for its sound stays so with either.
    """
    old, new = scores_of(before, rows), scores_of(after, rows)
    return [
        Flip(name, float(a), float(b))
        for name, a, b in zip(names, old, new, strict=True)
        if (float(a) > 1.0) != (float(b) > 1.0)
    ]


def comparable(before: PartModel, after: PartModel) -> str:
    """Say why no part can be scored by both without its sound; empty where it can."""
    if before.front_end != after.front_end:
        return "they listen differently, so the numbers of one mean nothing to the other"
    seconds = [(one.second.embedding, one.second.sha256) if one.second else None for one in (before, after)]
    if seconds[0] != seconds[1]:
        return "their second voters hear through different models"
    return ""


def _if(what: str, before: str, after: str) -> Iterator[Change]:
    if before != after:
        yield Change(what, before, after)


def _taught(before: Sequence[Heard], after: Sequence[Heard]) -> Iterator[Change]:
    for what, defect in [("good parts", ""), *((name, name) for name in _names(before, after))]:
        old, new = ({one.sha256: one.name for one in heard if one.defect == defect} for heard in (before, after))
        gone = [name for key, name in old.items() if key not in new]
        come = [name for key, name in new.items() if key not in old]
        if gone or come:
            yield Change(
                what, f"{len(old)} taught", f"{len(new)} taught{_listed('with', come)}{_listed('without', gone)}"
            )
    groups = [len({one.group for one in heard if not one.defect}) for heard in (before, after)]
    yield from _if("groups", *map(str, groups))


def _names(before: Sequence[Heard], after: Sequence[Heard]) -> list[str]:
    return sorted({one.defect for one in (*before, *after)} - {""})


def _listed(word: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f", {word} {', '.join(names[:_NAMED])}{more}"


def _defects(before: Recipe, after: Recipe) -> Iterator[Change]:
    old, new = ({one.name: one for one in recipe.report.defects} for recipe in (before, after))
    for name in sorted({*old, *new}):
        said = [
            f"{one.found} of {one.taught} found, {one.named} named" if one else "not taught"
            for one in (old.get(name), new.get(name))
        ]
        yield from _if(f"{name}, left out", *said)


def _flat(model: PartModel) -> dict[str, object]:
    arrays: Arrays = {}
    return dict(_leaves("", flatten(model, arrays), arrays))


def _leaves(path: str, tree: object, arrays: Arrays) -> Iterator[tuple[str, object]]:
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            yield from _leaves(f"{path}.{name}" if path else str(name), value, arrays)
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from _leaves(f"{path}.{index}", value, arrays)
    else:
        yield path, arrays[tree] if isinstance(tree, str) and tree in arrays else tree


def _leaf(path: str, before: object, after: object) -> Iterator[Change]:
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        if before.shape != after.shape:
            yield Change(path, f"{_shape(before)} numbers", f"{_shape(after)} numbers")
        elif not np.array_equal(before, after):
            spread = float(np.sqrt(np.mean(np.square(before.astype(float)))))
            moved = float(np.sqrt(np.mean(np.square(after.astype(float) - before.astype(float)))))
            share = f"{moved / spread:.2g} of their size" if spread > 0 else f"{moved:.3g}"
            yield Change(path, f"{_shape(before)} numbers", f"moved by {share} (RMS)")
    else:
        yield from _if(path, _said(before), _said(after))


def _shape(values: NDArray[np.float64]) -> str:
    return "x".join(map(str, values.shape)) or "1"


def _said(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, np.ndarray):
        return f"{_shape(value)} numbers"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
