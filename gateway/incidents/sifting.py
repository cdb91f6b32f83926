"""What is kept back before it becomes an incident, and what the plant's tags say of the rest.

Inhibition is suppression by design (ISA-18.2-2016, 11.8): a line that stands, a parent whose trouble explains this one.
What is kept back is written down once; if it is still heard when the cause is over, it becomes an incident then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.incidents.book import Book
from gateway.incidents.routes import About


@dataclass(frozen=True, slots=True)
class Inhibit:
    """One rule that keeps episodes back."""

    name: str
    about: About = field(default_factory=About)
    runs: str = ""  #: plain tag that is true while the line runs; empty = by the parent
    parent: str = ""  #: station whose open incident explains the others'


@dataclass(frozen=True, slots=True)
class Witness:
    """A plain tag that makes an incident more or less believable."""

    name: str
    tag: str
    about: About = field(default_factory=About)
    above: float | None = None
    below: float | None = None
    speaks: str = "for"  #: for | against
    times: float = 3.0  #: likelihood ratio, as the site file assumes it


def kept_back(
    rules: Sequence[Inhibit], station: str, zone: str, failure_mode: str, book: Book, tags: Mapping[str, float]
) -> str:
    """Say why a new episode is kept back; empty where it is not. A tag nobody knows keeps nothing back."""
    for rule in rules:
        if not rule.about.means(station, zone, failure_mode) or station == rule.parent:
            continue
        if rule.runs and rule.runs in tags and not tags[rule.runs]:
            return f"{rule.name}: the line stands"
        parent = rule.parent and next(
            (i for i in book.incidents.values() if i.station == rule.parent and i.ended_at is None and i.active), None
        )
        if parent:
            return f"{rule.name}: explained by {parent.failure_mode} at {rule.parent}"
    return ""


@dataclass(frozen=True, slots=True)
class Belief:
    """How believable an incident is, and the sentence that says why."""

    confidence: float
    sentence: str = ""


def weigh(
    witnesses: Sequence[Witness],
    about: tuple[str, str, str],
    confidence: float | None,
    tags: Mapping[str, float],
) -> Belief:
    """Weigh an episode by the plant's tags.

    Each witness that speaks multiplies the odds by its likelihood ratio (Bayes' theorem in odds; they are taken as
    independent of each other, as a site file that names two should make sure).

    Parameters
    ----------
    about
        Station, zone, failure mode.
    confidence
        Before the tags are asked, 0..1; None = nobody has a figure, which counts as 0.5.
    tags
        What the plant's tags say now; a tag nobody knows says nothing.
    """
    prior = 0.5 if confidence is None else confidence
    odds = prior / max(1e-6, 1.0 - prior)
    said: list[str] = []
    for one in witnesses:
        value = tags.get(one.tag)
        if value is None or not one.about.means(*about):
            continue
        if one.above is not None and value > one.above:
            what = f"{one.name} {value:.4g} is over {one.above:.4g}"
        elif one.below is not None and value < one.below:
            what = f"{one.name} {value:.4g} is under {one.below:.4g}"
        else:
            continue
        odds = odds * one.times if one.speaks == "for" else odds / one.times
        said.append(f"{what}: speaks {one.speaks} it")
    after = min(0.999, odds / (1.0 + odds))
    if not said:
        return Belief(prior)
    before = "no figure" if confidence is None else f"{prior:.0%}"
    return Belief(after, f"{'; '.join(said)}; confidence {before} -> {after:.0%}")
