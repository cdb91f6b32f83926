"""Makes the next version of a recipe from labels that people gave, and says whether it is any better.

Labels are split by time: from the earlier ones it learns, on the later ones it stands beside the version in use. What
is written is the very version that was measured so. Labels that cannot be believed are refused before
(`models.label_doubts`), a version that does worse after; both with the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

from analytics.decision.limits import Costs
from analytics.decision.model import PartModel
from models.hearing import Progress, hearing_of
from models.label_doubts import Labelled, Labels, doubts_of
from models.recipe import Recipe
from models.report import percent
from models.review import settings_again
from models.taught import Heard, TaughtRows, TeachError
from models.teach import Learned, learn_rows, scores_of, warnings_of

__all__ = ["Beside", "Figures", "Labelled", "Labels", "Proposal", "Refused", "propose"]

FEWEST = 10  #: labelled parts; with fewer, the held-out third shows nothing
HELD_OUT = 0.3  #: of the labelled parts, the latest
_MORE = 1  #: part; a difference of one is chance
_SURE = 0.95

Rows = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one version says of labelled parts it has not learned from."""

    good: int
    false_rejects: int  #: of the good
    bad: int
    missed: int  #: of the bad
    named: int  #: of the bad with a class that were found: called by it
    to_name: int

    @property
    def errors(self) -> int:
        """Parts judged wrongly."""
        return self.false_rejects + self.missed

    def cost(self, costs: Costs | None) -> float:
        """Weigh the errors; alike where nobody said what they cost."""
        if costs is None:
            return float(self.errors)
        rejected = self.false_rejects / self.good if self.good else 0.0
        missed = self.missed / self.bad if self.bad else 0.0
        return costs.per_part(rejected, missed)

    @property
    def sentence(self) -> str:
        """Say it with exact intervals (Clopper and Pearson 1934, 95 %)."""
        said = []
        for word, k, n in (("false rejects", self.false_rejects, self.good), ("missed defects", self.missed, self.bad)):
            low, high = interval(k, n)
            said.append(
                f"{k} of {n} {word} ({percent(low)} to {percent(high)})" if n else f"no part to count {word} by"
            )
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Beside:
    """The version in use and the next one, on the same held-out labelled parts."""

    before: Figures
    after: Figures
    better: tuple[str, ...]  #: parts the next one judges rightly and the one in use did not
    worse: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Say both."""
        return f"version in use: {self.before.sentence}; next: {self.after.sentence}"


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """The next version, not yet written."""

    learned: Learned
    beside: Beside
    used: int  #: labelled parts it learned from
    held_out: int
    remarks: tuple[str, ...] = ()


class Refused(Exception):
    """No version is proposed; the message says why, `beside` has the figures where it came to any."""

    def __init__(self, sentence: str, beside: Beside | None = None) -> None:
        super().__init__(sentence)
        self.beside = beside


def propose(recipe: Recipe, taught: TaughtRows, labels: Labels, progress: Progress | None = None) -> Proposal:
    """Learn the next version from what was taught and what was labelled.

    Parameters
    ----------
    recipe, taught
        The version in use and its stored rows.
    labels
        Labelled parts in order of time, each with its numbers as the recipe would hear them, and how many parts the
        station judged meanwhile.
    progress
        Told (done, total, of what).

    Raises
    ------
    Refused
        Too few labels, labels that cannot be believed, or a version that does worse.
    TeachError
        Nothing can be learned from these numbers.
    """
    if recipe.report.sisters:
        raise Refused(f"{recipe.title} stands on its sisters: teach it again with groups of its own")
    news = [one for one in labels.parts if not _known(one, taught)]
    if len(news) < FEWEST:
        more = (
            f"{len(labels.parts) - len(news)} more are in {recipe.title} already; "
            if len(news) < len(labels.parts)
            else ""
        )
        raise Refused(f"{len(news)} labelled parts; {more}wanted at least {FEWEST} new ones: label more, good ones too")
    if faults := doubts_of(recipe.model, recipe.report.median, taught, labels):
        raise Refused("; ".join(faults))
    cut = len(news) - max(3, round(HELD_OUT * len(news)))
    learned = _learn(recipe, taught, news[:cut], progress)
    beside = _beside(recipe, learned, news[cut:])
    if why := _worse(recipe, learned, taught, beside):
        raise Refused(f"it does worse than {recipe.title}: {why}", beside)
    return Proposal(learned, beside, cut, len(news) - cut, _remarks(news, beside))


def interval(k: int, n: int) -> tuple[float, float]:
    """Exact interval of a share, k of n (Clopper and Pearson, Biometrika 26:404, 1934); 0..1 where n is 0."""
    tail = (1 - _SURE) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return low, high


def figures_of(model: PartModel, parts: Sequence[Labelled]) -> tuple[Figures, NDArray[np.bool_]]:
    """Count what a version says of labelled parts, and which it judges rightly, shape (n,)."""
    rejected = scores_of(model, _joined(parts)) > 1.0
    bad = np.array([one.bad for one in parts])
    to_name = [i for i, one in enumerate(parts) if one.defect and rejected[i]]
    names = model.prototypes
    named = sum(names.name(parts[i].features) == parts[i].defect for i in to_name) if names else 0
    figures = Figures(
        int(np.count_nonzero(~bad)),
        int(np.count_nonzero(rejected & ~bad)),
        int(np.count_nonzero(bad)),
        int(np.count_nonzero(~rejected & bad)),
        named,
        len(to_name),
    )
    return figures, rejected == bad


def _known(one: Labelled, taught: TaughtRows) -> bool:
    return any(heard.sha256 == one.sha256 and heard.defect == one.defect for heard in taught.heard)


def _joined(parts: Sequence[Labelled]) -> Rows:
    rows = [one.features if one.embedding is None else np.concatenate([one.features, one.embedding]) for one in parts]
    return np.array(rows, np.float32)


def _learn(recipe: Recipe, taught: TaughtRows, parts: Sequence[Labelled], progress: Progress | None) -> Learned:
    # A label that was changed since an earlier proposal takes its part's old place.
    anew = {one.sha256 for one in parts}
    kept = np.array([one.sha256 not in anew for one in taught.heard])
    heard = [one for one, stays in zip(taught.heard, kept, strict=True) if stays]
    # Parts taught in one run are one kind; of several, each day of labels is one more.
    groups = {one.group for one in heard}
    lone = groups.pop() if len(groups) == 1 else None
    heard += [Heard(one.name, one.sha256, one.day if lone is None else lone, one.defect) for one in parts]
    embeddings = None
    if taught.embeddings is not None:
        new = [one.embedding for one in parts if one.embedding is not None]
        if len(new) != len(parts):
            raise TeachError("a labelled part was stored without what the second voter hears")
        embeddings = np.concatenate([taught.embeddings[kept], np.array(new, np.float32)])
    features = np.concatenate([taught.features[kept], np.array([one.features for one in parts], np.float32)])
    good = [one for one in taught.heard if not one.defect]
    known = warnings_of(good, recipe.report.defects)
    remarks = [one for one in recipe.report.warnings if one not in known]
    remarks.append(f"{len(parts)} of its parts were labelled by people after they were judged")
    settings = settings_again(recipe.report, recipe.model.front_end)
    rows = TaughtRows(features, embeddings, tuple(heard))
    return learn_rows(rows, hearing_of(recipe.model, remarks), settings, progress)


def _beside(recipe: Recipe, learned: Learned, parts: Sequence[Labelled]) -> Beside:
    before, was_right = figures_of(recipe.model, parts)
    after, is_right = figures_of(learned.model, parts)
    changed = [(one.name, now) for one, was, now in zip(parts, was_right, is_right, strict=True) if was != now]
    return Beside(
        before, after, tuple(name for name, now in changed if now), tuple(name for name, now in changed if not now)
    )


def _worse(recipe: Recipe, learned: Learned, taught: TaughtRows, beside: Beside) -> str:
    costs = recipe.report.weighing.costs if recipe.report.weighing else None
    if beside.after.cost(costs) > beside.before.cost(costs):
        return beside.sentence
    if beside.after.missed > beside.before.missed + _MORE:
        return f"more defects would pass; {beside.sentence}"
    bad = np.array([bool(one.defect) for one in taught.heard])
    was, now = (scores_of(model, taught.joined) > 1.0 for model in (recipe.model, learned.model))
    passing, rejected = int(np.count_nonzero(bad & was & ~now)), int(np.count_nonzero(~bad & ~was & now))
    if passing > _MORE:
        return f"{passing} of {np.count_nonzero(bad)} taught defects would pass; {beside.sentence}"
    if rejected > _MORE + recipe.report.reject_rate * np.count_nonzero(~bad):
        return f"{rejected} of {np.count_nonzero(~bad)} good parts taught would be rejected; {beside.sentence}"
    return ""


def _remarks(parts: Sequence[Labelled], beside: Beside) -> tuple[str, ...]:
    said = []
    good = [one for one in parts if not one.bad]
    if good and sum(one.rejected for one in good) > len(good) / 2:
        said.append(
            "most parts labelled good had been rejected: label some accepted ones too, or the limit rises too far"
        )
    if beside.before.errors == beside.after.errors:
        said.append("no better on the held-out parts than the version in use")
    if beside.after.bad == 0:
        said.append("no bad part among the held-out ones: what it misses was not measured")
    return tuple(said)
