"""Adds examples of defects to a recipe that stands, from the numbers it keeps: no old sound is needed."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analytics.decision.judge import Embed, numbers_of
from models.hearing import Progress, hearing_of
from models.recipe import Recipe, RecipeError, load
from models.recipe_files import ACTIVATIONS, read, versions
from models.report import Report
from models.review import settings_again
from models.taught import Heard, TaughtPart, TaughtRows, TeachError, fault_of, raise_all
from models.teach import Learned, learn_rows, warnings_of

_MORE = 1  #: example or good part; a difference of one is chance


def enrol(
    recipe: Recipe,
    taught: TaughtRows,
    parts: Sequence[TaughtPart],
    embed: Embed | None = None,
    progress: Progress | None = None,
) -> Learned:
    """Learn a recipe anew with further examples of defects.

    Parameters
    ----------
    recipe
        As loaded.
    taught
        Its stored rows.
    parts
        Examples at the recipe's rate, each with the name of its defect.
    embed
        What the recipe's second voter hears through, if it has one.
    progress
        Told (done, total, of what).

    Raises
    ------
    TeachError
        An example cannot be used or was taught before, or the recipe stands on its sisters.
    """
    report = recipe.report
    if report.sisters:
        raise TeachError(
            f"{recipe.title} stands on its sisters {', '.join(report.sisters)}: teach it again with --sisters and "
            "--defect, or with enough groups of its own"
        )
    rows = _joined(taught, parts, recipe, embed, progress or (lambda done, total, what: None))
    settings = settings_again(report, recipe.model.front_end)
    good = [one for one in taught.heard if not one.defect]
    known = warnings_of(good, report.defects)
    remarks = [one for one in report.warnings if one not in known]
    return learn_rows(rows, hearing_of(recipe.model, remarks), settings, progress)


def worse(before: Report, after: Report) -> list[str]:
    """Say, a sentence each, what the further examples made worse on parts left out; by one is chance."""
    said = []
    if after.rejected > before.rejected + _MORE:
        said.append(
            f"{after.rejected} of {after.good} good parts above the limit when left out, {before.rejected} before"
        )
    now = {one.name: one for one in after.defects}
    for old in before.defects:
        new = now[old.name]
        for word, was, is_ in (("found", old.found, new.found), ("named", old.named, new.named)):
            if is_ / new.taught < (was - _MORE) / old.taught:
                said.append(f"{old.name}: {is_} of {new.taught} {word} when left out, {was} of {old.taught} before")
    return said


def version_before(folder: Path) -> int:
    """Return the version from which the one in use was made: the one in use when it was first put to use.

    Raises
    ------
    RecipeError
        There is none, or it is gone.
    """
    number = load(folder).version
    try:
        noted = [json.loads(line) for line in read(folder / ACTIVATIONS).splitlines()]
        before = next(one["before"] for one in noted if one["version"] == number)
    except (ValueError, KeyError, TypeError, StopIteration) as fault:
        raise RecipeError(
            f"{folder}: it is not noted what stood before version {number}; name a version: wheeltapper recipe use"
        ) from fault
    if before is None or before not in versions(folder):
        raise RecipeError(f"{folder}: nothing stood before version {number}; there is nothing to undo")
    return int(before)


def _joined(
    taught: TaughtRows, parts: Sequence[TaughtPart], recipe: Recipe, embed: Embed | None, step: Progress
) -> TaughtRows:
    known = {one.sha256: one for one in taught.heard}
    heard: list[Heard] = []
    features, vectors, faults = [], [], []
    for done, part in enumerate(parts, 1):
        step(done, len(parts), "features")
        digest = hashlib.sha256(np.ascontiguousarray(part.capture.samples, "<f4").tobytes()).hexdigest()
        fault = fault_of(part.capture)
        if twin := known.get(digest):
            fault = f"the same sound as {twin.name}, taught as {twin.defect or 'good'}"
        if fault:
            faults.append(f"{part.name}: {fault}")
            continue
        try:
            row, vector = numbers_of(part.capture, recipe.model.front_end, embed)
        except ValueError as refused:
            faults.append(f"{part.name}: {refused}")
            continue
        known[digest] = Heard(part.name, digest, part.group, part.defect)
        heard.append(known[digest])
        features.append(row)
        vectors.append(vector)
    raise_all(faults)
    return TaughtRows(
        np.concatenate([taught.features, np.array(features, np.float32)]),
        None if taught.embeddings is None else np.concatenate([taught.embeddings, np.array(vectors, np.float32)]),
        (*taught.heard, *heard),
    )
