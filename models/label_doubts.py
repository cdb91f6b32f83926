"""Whether a set of labels can be believed: what people say against what was heard.

A single label may always be right and the recipe wrong: that is what labels are for. A whole set that contradicts what
was taught is more likely swapped, careless or hostile, and must not move a limit. The bounds were measured on honest
and on poisoned labels of real parts (docs/labels.md).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from analytics.decision.model import PartModel
from models.report import percent
from models.taught import TaughtRows

AMONG_DEFECTS = 0.05  #: of the labels good, on parts as like a taught defect as the typical one
IN_THE_MIDDLE = 0.15  #: of the labels bad, on parts that sound better than the typical good one
MOVED = 0.25  #: of all parts judged meanwhile, whose verdict the labels contradict
CHANCE = 0.01  #: that a recipe which keeps its promise rejects so many good parts
CHANGED = 0.1  #: of the parts, labelled again with the opposite
_LEAST = 3  #: parts; fewer show nothing


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """A part with what people said of it, and its numbers as the recipe hears them.

    Parameters
    ----------
    name
        For people.
    sha256
        Of its numbers: one sound is one part.
    defect
        Class; empty for a good part.
    features : ndarray, shape (d,), float32
    embedding : ndarray, shape (e,), float32, or None
    day
        Of production, as YYYY-MM-DD.
    rejected
        What it was judged.
    who
        Gave the label that counts.
    contradicted
        Earlier labels said the opposite.
    """

    name: str
    sha256: str
    defect: str
    features: NDArray[np.float32]
    embedding: NDArray[np.float32] | None = None
    day: str = ""
    rejected: bool = False
    who: str = ""
    contradicted: bool = False

    @property
    def bad(self) -> bool:
        """Whether it was called bad."""
        return bool(self.defect)

    @property
    def row(self) -> NDArray[np.float32]:
        """All its numbers, as `PartModel.scores` wants them."""
        return self.features if self.embedding is None else np.concatenate([self.features, self.embedding])


@dataclass(frozen=True, slots=True)
class Labels:
    """Labelled parts in order of time, and how many parts were judged from the first to the last of them."""

    parts: tuple[Labelled, ...]
    judged: int


def doubts_of(model: PartModel, middle: float, taught: TaughtRows, labels: Labels) -> list[str]:
    """Say, a sentence each, why these labels are not believed; empty where they are.

    Parameters
    ----------
    model, taught
        The version in use and its stored rows.
    middle
        Score of its median good part when left out.
    labels
        To be believed or not.
    """
    found = (
        _contradicted(labels),
        _twins(labels.parts),
        _moved(labels),
        _false_rejects(model, labels),
        _among_defects(model, taught, labels),
        _in_the_middle(model, middle, labels),
    )
    return [one for one in found if one]


def _beyond(count: int, of: int, share: float) -> bool:
    return count >= _LEAST and count > share * of


def _contradicted(labels: Labels) -> str:
    parts = [one for one in labels.parts if one.contradicted]
    if not _beyond(len(parts), len(labels.parts), CHANGED):
        return ""
    who, most = Counter(one.who for one in parts).most_common(1)[0]
    return (
        f"{len(parts)} of {len(labels.parts)} parts were called good and bad in turn, {most} of them last by {who}; "
        f"wanted at most {percent(CHANGED)}: agree on what is good, and label these anew"
    )


def _moved(labels: Labels) -> str:
    moved = sum(one.bad != one.rejected for one in labels.parts)
    if not _beyond(moved, labels.judged, MOVED):
        return ""
    return (
        f"the labels contradict the verdicts of {moved} of {labels.judged} parts judged meanwhile; wanted at most "
        f"{percent(MOVED)}: are good and bad swapped, or the parts mixed up? else teach the recipe anew"
    )


def _false_rejects(model: PartModel, labels: Labels) -> str:
    """Weigh the false rejects that the labels claim against what the recipe has proven of its limit."""
    claimed, rate = sum(one.rejected and not one.bad for one in labels.parts), model.limit.proven_rate
    if claimed < _LEAST or claimed > labels.judged or not 0 < rate < 1:
        return ""
    # P(X >= k) of a binomial is a regularised incomplete beta function (NIST DLMF 8.17.5).
    if float(betainc(claimed, labels.judged - claimed + 1, rate)) >= CHANCE:
        return ""
    return (
        f"the labels call {claimed} of {labels.judged} parts judged meanwhile false rejects; the limit is proven to "
        f"{percent(rate)}: are they truly good? if the good parts sound different now, teach them"
    )


def _among_defects(model: PartModel, taught: TaughtRows, labels: Labels) -> str:
    bad = np.array([bool(one.defect) for one in taught.heard])
    good = [one for one in labels.parts if not one.bad]
    if not bad.any() or not good:
        return ""
    of_taught, of_labelled = _likeness(model, taught.joined[bad]), _likeness(model, np.array([one.row for one in good]))
    like = [one for one, score in zip(good, of_labelled, strict=True) if score >= max(1.0, float(np.median(of_taught)))]
    if not _beyond(len(like), len(good), AMONG_DEFECTS):
        return ""
    return (
        f"{len(like)} of {len(good)} parts labelled good lie among the taught defects ({_some(like)}); wanted at most "
        f"{percent(AMONG_DEFECTS)}: listen to them, and label them anew"
    )


def _in_the_middle(model: PartModel, middle: float, labels: Labels) -> str:
    bad = [one for one in labels.parts if one.bad]
    if not bad:
        return ""
    near = [
        one
        for one, score in zip(bad, _strangeness(model, np.array([one.row for one in bad])), strict=True)
        if score < middle
    ]
    if not _beyond(len(near), len(bad), IN_THE_MIDDLE):
        return ""
    return (
        f"{len(near)} of {len(bad)} parts labelled bad sound better than the typical good one ({_some(near)}); wanted "
        f"at most {percent(IN_THE_MIDDLE)}: are labels swapped? a defect that cannot be heard is not learned"
    )


def _twins(parts: Sequence[Labelled]) -> str:
    said: dict[str, set[bool]] = {}
    for one in parts:
        said.setdefault(one.sha256, set()).add(one.bad)
    both = sum(len(words) > 1 for words in said.values())
    return f"{both} sounds stand there twice, once good and once bad: label one of them anew" if both else ""


def _likeness(model: PartModel, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    scores = model.scores(rows)
    return scores.get("taught", scores[next(iter(scores))])


def _strangeness(model: PartModel, rows: NDArray[np.float32]) -> NDArray[np.float64]:
    return np.asarray(np.max(list(model.scores(rows).values()), axis=0))


def _some(parts: Sequence[Labelled]) -> str:
    more = ", ..." if len(parts) > _LEAST else ""
    return ", ".join(one.name for one in parts[:_LEAST]) + more
