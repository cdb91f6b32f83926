"""One part, from its sound to its verdict. Teaching, the live station and `wheeltapper judge` all come through here."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.decision.model import FrontEnd, PartModel
from analytics.decision.reason import why_strange
from analytics.decision.verdict import Evaluation, Verdict, not_decidable
from analytics.features.indicators import Indicators, indicators_of
from analytics.features.log_mel import LOW_HZ, Profile
from analytics.features.part import numbers_of_part
from analytics.few_shot.prototypes import UNKNOWN, Named, Near
from analytics.quality.doubts import doubts
from analytics.quality.part_sound import clipped_share, is_finite
from analytics.quality.words import Quality
from analytics.signal.capture import SURROUNDINGS_S, Capture
from analytics.signal.filters import at_rest, filter_step, high_pass
from analytics.signal.onset import find_onset

Embed = Callable[[NDArray[np.float32], int], NDArray[np.float32]]  #: samples (n,) and their rate -> one vector

_QUIET_KEPT_S = SURROUNDINGS_S / 2  #: of each surroundings, left to the gate when a knock is looked for


class Unfit(ValueError):
    """There is no whole, finite part to make numbers of; `word` says what is wrong with the sound."""

    def __init__(self, sentence: str, word: Quality) -> None:
        super().__init__(sentence)
        self.word = word


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """A verdict and the numbers behind it.

    Parameters
    ----------
    verdict
        What is said of the part.
    features : ndarray, shape (d,), float32, or None
        What was scored; None where nothing could be.
    indicators
        Plain numbers of the part's sound; None where it was not finite or not whole.
    clipped_share
        Share of the part's samples at full scale.
    disturbance
        Loudest surroundings against the gate's limit, 1 being the limit; None where they were not looked at.
    onset
        Index of the part's first sample within the capture, after alignment.
    embedding : ndarray, shape (e,), float32, or None
        What the second voter heard; None where there is none.
    nearest
        Taught examples of defects that a rejected part is most like, nearest first.
    """

    verdict: Verdict
    features: NDArray[np.float32] | None = None
    indicators: Indicators | None = None
    clipped_share: float = 0.0
    disturbance: float | None = None
    onset: int | None = None
    embedding: NDArray[np.float32] | None = None
    nearest: tuple[Near, ...] = ()

    @property
    def level_db(self) -> float | None:
        """RMS of the part, dB re full scale; None where it was not finite or not whole."""
        return self.indicators.rms_db if self.indicators else None


def align(capture: Capture, front_end: FrontEnd) -> Capture:
    """Move the part to where it truly begins, and give it the length that is judged.

    A knock is looked for from half the surroundings before the cut to where a whole part still fits; a running part
    begins where it was cut. Never looks across a gap. The part comes out shorter than `front_end.length` where the
    sound ends before.
    """
    start = capture.start
    heard_from = max([0, *(gap_stop for _, gap_stop in capture.gaps if gap_stop <= start)])
    heard_to = min([len(capture.samples), *(gap_start for gap_start, _ in capture.gaps if gap_start >= start)])
    if front_end.profile is Profile.KNOCK:
        kept = round(_QUIET_KEPT_S * capture.rate)
        first = max(heard_from, start - kept)
        last = max(start, heard_to - front_end.length - (kept if capture.after else 0))
        found = find_onset(capture.samples, capture.rate, first, min(last + front_end.length // 2, heard_to))
        start = start if found is None else min(found, last)
    return replace(capture, start=start, stop=min(start + front_end.length, heard_to))


def features_of(capture: Capture, front_end: FrontEnd) -> NDArray[np.float32]:
    """Reduce the part of a capture to numbers, shape (d,).

    Raises
    ------
    ValueError
        Where the sound has another rate; `Unfit`, one of its kind, where the part is not whole and finite.
    """
    return numbers_of(capture, front_end)[0]


def numbers_of(
    capture: Capture, front_end: FrontEnd, embed: Embed | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Reduce the part of a capture to its features (d,) and, where `embed` is given, its embedding (e,).

    Raises as `features_of` does.
    """
    return _numbers(_whole(capture, front_end), front_end, embed)


def _whole(capture: Capture, front_end: FrontEnd) -> Capture:
    """Return the aligned part, whole and finite, or raise."""
    if capture.rate != front_end.rate:
        raise ValueError(f"the sound has {capture.rate} Hz; the recipe wants {front_end.rate} Hz")
    if not _all_finite(capture):
        raise Unfit("the sound holds values that are no numbers", Quality.NOT_FINITE)
    if any(first < capture.stop and capture.start < last for first, last in capture.gaps):
        raise Unfit("samples are missing inside the part", Quality.GAP)
    aligned = align(capture, front_end)
    if len(aligned.part) < front_end.length:
        heard = len(aligned.part) / capture.rate
        raise Unfit(f"{heard:.3f} s of the part were heard; {front_end.length_s:.3f} s are wanted", Quality.TOO_SHORT)
    return aligned


def _all_finite(capture: Capture) -> bool:
    """Whether all that was heard is finite; what lies in a gap was not."""
    edges = [0, *(edge for gap in sorted(capture.gaps) for edge in gap), len(capture.samples)]
    return all(is_finite(capture.samples[first:last]) for first, last in zip(edges[::2], edges[1::2], strict=True))


def _numbers(
    aligned: Capture, front_end: FrontEnd, embed: Embed | None
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    part = aligned.part
    if front_end.low_hz > LOW_HZ:
        _, filtered = filter_step(at_rest(high_pass(front_end.rate, front_end.low_hz)), part)
        part = filtered.astype(np.float32)
    features = numbers_of_part(part, front_end.rate, front_end.profile, front_end.level, front_end.low_hz)
    return features, None if embed is None else embed(part, front_end.rate)


def judge(capture: Capture, model: PartModel, embed: Embed | None = None) -> Judgement:
    """Judge one part.

    NotDecidable where the sound cannot be trusted, with the score beside it wherever the part was whole and finite;
    else NotOK if and only if the score is above 1.

    Parameters
    ----------
    capture
        The part with its surroundings.
    model
        What was learned.
    embed
        The very model that `model.second` names; not asked where there is no second voter.

    Raises
    ------
    ValueError
        Where the capture has another rate than the model, or the second voter no embedding of its size: a fault of
        wiring, not of the part.
    """
    if model.second is None:
        embed = None
    elif embed is None:
        raise ValueError(f"the second voter hears through {model.second.embedding}, which was not given")
    try:
        aligned = _whole(capture, model.front_end)
    except Unfit as fault:
        return Judgement(not_decidable(_sentence(str(fault)), fault.word))
    features, vector = _numbers(aligned, model.front_end, embed)
    scores = _scores(features, vector, model)
    indicators, share = indicators_of(aligned.part), clipped_share(aligned.part)
    doubt = doubts(aligned, model, indicators.rms_db, share)
    learned = max(scores.values())
    fixed = [(one, one.measure(aligned.part, aligned.rate, indicators, learned)) for one in model.fixed]
    scores |= {str(one): one.score(measured) for one, measured in fixed}
    score = max(scores.values())
    nearest: tuple[Near, ...] = ()
    if doubt.why:
        verdict = Verdict(Evaluation.NOT_DECIDABLE, score, None, None, doubt.why, doubt.words, scores)
    elif score > learned and score > 1.0:  # what a person fixed has no name among the taught defects
        reasons = [one.reason(measured) for one, measured in fixed if one.score(measured) == score]
        verdict = Verdict(Evaluation.NOT_OK, score, UNKNOWN, None, _sentence(reasons[0]), doubt.words, scores)
    elif score > 1.0:
        named = model.prototypes.recognise(features) if model.prototypes else Named(UNKNOWN, None, ())
        nearest = named.nearest
        like = f"; most like {nearest[0].recording}" if nearest and named.name != UNKNOWN else ""
        reason = f"{score:.2f} times the limit: {why_strange(features, model)}{like}."
        verdict = Verdict(Evaluation.NOT_OK, score, named.name, named.confidence, reason, doubt.words, scores)
    else:
        reason = f"As good parts sound: {score:.2f} of the limit."
        verdict = Verdict(Evaluation.OK, score, None, None, reason, doubt.words, scores)
    return Judgement(verdict, features, indicators, share, doubt.disturbance, aligned.start, vector, nearest)


def _sentence(clauses: str) -> str:
    return f"{clauses[0].upper()}{clauses[1:]}."


def _scores(features: NDArray[np.float32], vector: NDArray[np.float32] | None, model: PartModel) -> dict[str, float]:
    row = features if vector is None else np.concatenate([features, vector], dtype=np.float32)
    if len(row) != model.width:
        raise ValueError(f"a part of {len(row)} numbers; the recipe scores {model.width}: another embedding was given")
    return {name: float(score[0]) for name, score in model.scores(row[None, :]).items()}
