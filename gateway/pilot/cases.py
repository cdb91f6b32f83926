"""Labelled parts with what was said of them: from the store of a line, or recordings judged by a recipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analytics.decision.judge import Embed, judge
from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from gateway.audio.files import SoundFileError, at_rate, capture_of, one_channel, read_recording
from gateway.pilot.labels import Label
from gateway.processes.cut import cut_from
from gateway.store.kept import KeptPart, KeptReader
from gateway.store.labels import LabelRow, labels_that_count
from gateway.store.read import ROWS_MAX
from models.recipe import Recipe, RecipeError, load, load_taught

Step = Callable[[int, int, str], None]

_WITHOUT_VERDICT = ("observed", "taught")  #: outcomes of parts that nobody meant to judge


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One labelled part and the verdict on it.

    Parameters
    ----------
    label
        The truth.
    evaluation, score, defect, reason, quality
        What was told. `score` is None where nothing could be scored.
    station, recipe, wall
        Where, by what and when (ISO 8601, UTC; empty for a recording).
    latency_ms
        Trigger to result; of a recording, the time judging took. None where it is not known.
    features : ndarray, shape (d,), float32, or None
        What was scored.
    kept, path
        Where its sound may be: a part of the store, or a recording.
    """

    label: Label
    evaluation: Evaluation
    score: float | None
    defect: str | None
    reason: str
    quality: tuple[str, ...]
    station: str
    recipe: str
    wall: str
    latency_ms: float | None
    features: NDArray[np.float32] | None = None
    kept: KeptPart | None = None
    path: Path | None = None

    @property
    def rejected(self) -> bool | None:
        """True NotOK, False OK, None NotDecidable."""
        return {Evaluation.NOT_OK: True, Evaluation.OK: False}.get(self.evaluation)

    @property
    def together(self) -> str:
        """What it is counted with: its group, or the part it is."""
        return f"group {self.label.group}" if self.label.group else f"part {self.label.part}"


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """Everything the report is about.

    Parameters
    ----------
    cases
        Labelled parts that the recipe was not taught with, nor with anything of their group.
    taught
        Names of labelled parts that are left out because it was.
    unknown
        Labels that name no part, with why where that is known.
    heard
        Every part of the time, labelled or not; of recordings, the cases.
    recipes
        Titles of what judged.
    unchecked
        Recipes whose taught parts could not be read, so that nobody knows whether a labelled part is among them.
    unjudged
        Number of parts that got no verdict and were to get none: observed, or heard to be taught from.
    """

    cases: tuple[Case, ...]
    taught: tuple[str, ...]
    unknown: tuple[str, ...]
    heard: tuple[Case, ...]
    recipes: tuple[str, ...]
    unchecked: tuple[str, ...] = ()
    unjudged: int = 0


def from_recordings(
    folder: Path,
    labels: Sequence[Label],
    by: tuple[Recipe, Embed | None],
    given: tuple[int | None, int | None, bool],
    told: tuple[Callable[[], float], Step],
) -> Gathered:
    """Judge the labelled recordings of a folder.

    Parameters
    ----------
    folder
        That the names of the labels are relative to.
    labels
        The truth.
    by
        The recipe, and what its second voter hears through.
    given
        Channel from 1, rate for files that do not say it, and whether 100 ms of surroundings are in each.
    told
        A monotonic clock in seconds, and who is told how far it is.
    """
    (recipe, embed), (now, step) = by, told
    cases, unknown = [], []
    for done, label in enumerate(labels, 1):
        path = folder / label.name
        try:
            cases.append(_judged(path, label, recipe, embed, given, now))
        except SoundFileError as fault:
            unknown.append(str(fault))
        step(done, len(labels), "judging")
    rows, unchecked = _taught_rows(recipe.folder, recipe.title)
    kept, taught = _apart(cases, rows)
    return Gathered(kept, taught, tuple(unknown), kept, (recipe.title,), unchecked)


def _judged(
    path: Path,
    label: Label,
    recipe: Recipe,
    embed: Embed | None,
    given: tuple[int | None, int | None, bool],
    now: Callable[[], float],
) -> Case:
    channel, rate, surroundings = given
    recording = read_recording(path, rate)
    wanted = recipe.model.front_end.rate
    capture = capture_of(
        at_rate(one_channel(recording, channel), recording.rate, wanted, path), wanted, surroundings, None
    )
    begun = now()
    judgement = judge(capture, recipe.model, embed)
    took = 1000 * (now() - begun)
    verdict = judgement.verdict
    return Case(
        label, verdict.evaluation, verdict.score, verdict.defect, verdict.reason, tuple(map(str, verdict.quality)),
        "", recipe.title, "", took, judgement.features, None, path,
    )  # fmt: skip


def from_store(store: Path, labels: Sequence[Label] | None, station: str | None, last: int = ROWS_MAX) -> Gathered:
    """Join the parts of a store with their labels; a part id that passed again was heard again.

    Parameters
    ----------
    store
        Its folder.
    labels
        By part id; None for what people said of the parts in the store itself, where the last word on a part counts.
    station
        Of this station alone; None for all.
    last
        So many parts, at most.
    """
    reader = KeptReader(store)
    with reader:
        stored = reader.last(last, station=station)
        found = [part for part in stored if part.row.outcome not in _WITHOUT_VERDICT]
        said = labels_that_count(reader.db, [part.row.id for part in found]) if labels is None else {}
    by_name = {label.name: label for label in labels or ()}
    by_row = {number: _said(row) for number, row in said.items()}
    nothing = Label("", "", False, "", "", "", ())
    heard = tuple(_stored(part, by_row.get(part.row.id) or by_name.get(part.row.part_id, nothing)) for part in found)
    cases = [case for case in heard if case.label.name]
    there = {case.label.name for case in cases}
    unknown = tuple(f"{name}: no judged part in the store is called so" for name in by_name if name not in there)
    rows: dict[str, frozenset[bytes]] = {}
    unchecked: list[str] = []
    for case in cases:
        if case.recipe and case.recipe not in rows:
            rows[case.recipe], faults = _taught_rows(_recipe_folder(case), case.recipe)
            unchecked += faults
    kept, taught = _apart(cases, frozenset().union(*rows.values()) if rows else frozenset())
    recipes = tuple(sorted({case.recipe for case in kept if case.recipe}))
    unjudged = len(stored) - len(found)
    return Gathered(kept, taught, unknown, heard, recipes, tuple(unchecked), unjudged)


def _said(row: LabelRow) -> Label:
    name = row.part_id or f"row {row.part}"
    return Label(name, row.defect or row.said, row.said == "bad", name, "", "", ())


def _stored(part: KeptPart, label: Label) -> Case:
    row = part.row
    if label.name and not label.appraiser:
        label = replace(label, appraiser=row.station)
    return Case(
        label, row.evaluation, row.score, row.defect, row.reason, row.quality, row.station, row.recipe, row.wall,
        row.latency_ms, part.features, part,
    )  # fmt: skip


def _recipe_folder(case: Case) -> Path | None:
    try:
        folder = cut_from(case.kept.cut).recipe if case.kept and case.kept.cut else ""
    except ValueError:
        return None
    return Path(folder) if folder else None


def _taught_rows(folder: Path | None, title: str) -> tuple[frozenset[bytes], tuple[str, ...]]:
    """Give the numbers of everything a recipe was taught with; what cannot be looked up is said."""
    if folder is None:
        return frozenset(), (title,)
    try:
        if load(folder).title != title:
            return frozenset(), (title,)
        features = load_taught(folder).features
    except RecipeError:
        return frozenset(), (title,)
    return frozenset(row.astype(np.float32).tobytes() for row in features), ()


def _apart(cases: Sequence[Case], rows: frozenset[bytes]) -> tuple[tuple[Case, ...], tuple[str, ...]]:
    """Leave out what was taught, and every near copy of it: an exam on the exercises proves nothing."""
    known = {one.together for one in cases if one.features is not None and one.features.tobytes() in rows}
    kept = tuple(one for one in cases if one.together not in known)
    return kept, tuple(one.label.name for one in cases if one.together in known)


def is_late(case: Case) -> bool:
    """Say whether the PLC had its answer too late."""
    return str(Quality.LATE) in case.quality
