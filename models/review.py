"""What a person says of the good parts of a recipe that stands: drop this one, that one is good. No sound is needed."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analytics.decision.model import FrontEnd
from models.hearing import Progress, hearing_of
from models.recipe import Recipe
from models.report import Report
from models.taught import TaughtRows, TeachError, TeachSettings
from models.teach import Learned, learn_rows, warnings_of


def settings_again(report: Report, front_end: FrontEnd) -> TeachSettings:
    """Return the settings a recipe was taught with, for learning from its stored rows again."""
    return TeachSettings(
        front_end.profile if report.profile_given else None,
        front_end.level,
        report.reject_rate,
        report.confidence,
        front_end.length_s,
        front_end.low_hz,
        costs=report.weighing.costs if report.weighing else None,
        confirmed=report.confirmed,
    )


def names_meant(taught: TaughtRows, words: Sequence[str], option: str) -> list[str]:
    """Find the good parts meant by their names, or by endings that belong to one of them alone.

    Raises
    ------
    TeachError
        A word names none of them, or several.
    """
    good = [one.name for one in taught.heard if not one.defect]
    meant = []
    for word in words:
        found = [name for name in good if name == word] or [name for name in good if name.endswith(f"/{word}")]
        if len(found) != 1:
            several = f"{len(found)} good parts are called so" if found else "no good part is called so"
            raise TeachError(f"{option} {word}: {several}; wanted a name as it stands under look at")
        meant.append(found[0])
    return meant


def review(
    recipe: Recipe,
    taught: TaughtRows,
    settings: TeachSettings,
    drop: Sequence[str] = (),
    progress: Progress | None = None,
) -> Learned:
    """Learn a recipe anew from its stored rows.

    Parameters
    ----------
    recipe, taught
        As loaded; groups in `taught` may have been read anew.
    settings
        From `settings_again`, with what is to be different: rate, costs, the parts confirmed.
    drop
        Names of good parts to leave out.

    Raises
    ------
    TeachError
        Too few good parts are left, or the recipe stands on its sisters.
    """
    report = recipe.report
    if report.sisters:
        raise TeachError(f"{recipe.title} stands on its sisters {', '.join(report.sisters)}: teach it with --sisters")
    kept = np.array([bool(one.defect) or one.name not in drop for one in taught.heard])
    rows = TaughtRows(
        taught.features[kept],
        None if taught.embeddings is None else taught.embeddings[kept],
        tuple(one for one, stays in zip(taught.heard, kept, strict=True) if stays),
    )
    known = warnings_of([one for one in taught.heard if not one.defect], report.defects)
    remarks = [one for one in report.warnings if one not in known]
    if drop:
        remarks.append(f"{', '.join(drop)} dropped by a person: the promise is about parts like those that stayed")
    settings = replace(settings, confirmed=tuple(name for name in settings.confirmed if name not in drop))
    return learn_rows(rows, hearing_of(recipe.model, remarks), settings, progress)
