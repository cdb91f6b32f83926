"""The parts to learn from: what they have to be, and how they are listened to."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.decision.fixed import FixedLimit
from analytics.decision.limits import Costs, scores_needed
from analytics.decision.model import FrontEnd
from analytics.features.log_mel import LOW_HZ, Level, Profile
from analytics.features.profile import guess_profile
from analytics.few_shot.prototypes import UNKNOWN
from analytics.quality.part_sound import is_frozen, is_silent, rms_db
from analytics.signal.beamforming import Beam
from analytics.signal.capture import Capture
from analytics.signal.onset import find_onset
from models.report import percent

FEWEST = 8  #: good parts; below, scores of parts left out say nothing about the next part
KNOCK_S = 0.2  #: of a struck part, from its onset: what rings longer adds nothing (docs/teaching.md)
_NAMED = 10  #: faults shown of a long list


class TeachError(Exception):
    """Nothing can be learned from these parts; one sentence a line: which, what was found, what was wanted."""


@dataclass(frozen=True, slots=True, eq=False)
class TaughtPart:
    """One part to learn from; `defect` is empty for a good one, `group` names the take or shift it came from."""

    name: str
    capture: Capture
    group: str = ""
    defect: str = ""


@dataclass(frozen=True, slots=True)
class TeachSettings:
    """How to learn.

    Parameters
    ----------
    profile
        None: told from the sound.
    level
        ABSOLUTE where the gain of the microphone is fixed and loudness counts.
    reject_rate, confidence
        Share of good parts that may be rejected, and how sure that must be.
    length_s
        Of a part; None: `KNOCK_S` or the shortest good part for a knock, the shortest good part for running sound.
    low_hz
        Lower edge of the bands.
    fixed
        Limits a person sets, beside the learned ones.
    costs
        What errors cost, to put the limit where that is least; None: the lowest that keeps the promise.
    confirmed
        Names of good parts that a person has heard and calls good: they are not shown among the strangest.
    beam
        Microphones the parts were heard by as one; None for one alone.
    """

    profile: Profile | None = None
    level: Level = Level.ABSOLUTE
    reject_rate: float = 0.01
    confidence: float = 0.95
    length_s: float | None = None
    low_hz: float = LOW_HZ
    fixed: tuple[FixedLimit, ...] = ()
    costs: Costs | None = None
    confirmed: tuple[str, ...] = ()
    beam: Beam | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """One recording something was learned from, by the hash of its samples."""

    name: str
    sha256: str
    group: str
    defect: str


@dataclass(frozen=True, slots=True, eq=False)
class TaughtRows:
    """The numbers of everything taught; learning again needs no sound.

    Parameters
    ----------
    features : ndarray, shape (n, d), float32
    embeddings : ndarray, shape (n, e), float32, or None
        What a second voter heard.
    heard
        Whose numbers each row holds.
    """

    features: NDArray[np.float32]
    embeddings: NDArray[np.float32] | None
    heard: tuple[Heard, ...]

    def __post_init__(self) -> None:
        n = len(self.heard)
        if self.features.ndim != 2 or len(self.features) != n or not np.isfinite(self.features).all():
            raise ValueError(f"features of shape {self.features.shape} do not fit {n} recordings, or are not finite")
        vectors = self.embeddings
        if vectors is not None and (vectors.ndim != 2 or len(vectors) != n or not np.isfinite(vectors).all()):
            raise ValueError(f"embeddings of shape {vectors.shape} do not fit {n} recordings, or are not finite")

    @property
    def joined(self) -> NDArray[np.float32]:
        """Features and embedding of each part side by side, shape (n, d + e): a row as `PartModel.scores` wants it."""
        vectors = self.embeddings
        return self.features if vectors is None else np.concatenate([self.features, vectors], axis=1)


def once_each(parts: Sequence[TaughtPart]) -> tuple[tuple[Heard, ...], list[TaughtPart], list[str]]:
    """Leave out what is there twice: a copy proves nothing, and held out of its twin it looks too good."""
    first: dict[str, TaughtPart] = {}
    heard, twice = [], []
    for part in parts:
        digest = hashlib.sha256(np.ascontiguousarray(part.capture.samples, "<f4").tobytes()).hexdigest()
        if digest not in first:
            first[digest] = part
            heard.append(Heard(part.name, digest, part.group, part.defect))
        elif first[digest].defect != part.defect:
            raise TeachError(f"{part.name}: the same sound as {first[digest].name}, once good and once defect")
        else:
            twice.append(f"{part.name} is the same sound as {first[digest].name}: taught once")
    return tuple(heard), list(first.values()), twice


def refuse(parts: Sequence[TaughtPart], settings: TeachSettings) -> None:
    """Raise `TeachError` where nothing can be learned from these parts."""
    refuse_few(parts, settings)
    rates = sorted({part.capture.rate for part in parts})
    if len(rates) > 1:
        raise TeachError(f"parts of {' and '.join(map(str, rates))} samples a second; wanted one rate")
    raise_all([f"{part.name}: {fault}" for part in parts if (fault := fault_of(part.capture))])


def refuse_few(parts: Sequence[TaughtPart] | Sequence[Heard], settings: TeachSettings) -> None:
    """Raise `TeachError` where there are too few good ones, or a defect has a name that means another thing."""
    good = sum(not part.defect for part in parts)
    need = scores_needed(settings.reject_rate, settings.confidence)
    if good < FEWEST:
        raise TeachError(
            f"{good} good {'part' if good == 1 else 'parts'}; wanted at least {FEWEST}, and {need} to promise "
            f"{percent(settings.reject_rate)} false rejects: record more good parts"
        )
    if UNKNOWN in defects_of(parts):
        raise TeachError(f"{UNKNOWN} names the defects nobody taught; give this one another name")


def raise_all(faults: Sequence[str]) -> None:
    """Raise all faults as one error, a sentence a line; nothing where there are none."""
    if faults:
        more = [f"and {len(faults) - _NAMED} more"] if len(faults) > _NAMED else []
        raise TeachError("\n".join([*faults[:_NAMED], *more]))


def fault_of(capture: Capture) -> str:
    """Say why a part cannot be learned from; empty where it can."""
    if any(first < capture.stop and capture.start < last for first, last in capture.gaps):
        return "samples are missing inside the part; leave it out"
    if not np.isfinite(capture.samples).all():
        return "holds values that are no numbers; record it again or leave it out with --drop"
    if is_silent(rms_db(capture.part), None) or is_frozen(capture.part):
        return "is silent or one sample repeated; check the microphone, or leave it out with --drop"
    return ""


def defects_of(parts: Sequence[TaughtPart] | Sequence[Heard]) -> list[str]:
    """Return the names of the defects, sorted."""
    return sorted({part.defect for part in parts} - {""})


def front_end_of(good: Sequence[TaughtPart], settings: TeachSettings) -> FrontEnd:
    """Settle how these parts are listened to: profile and length from the sound, where they are not given."""
    captures = [part.capture for part in good]
    profile = settings.profile or guess_profile(captures)
    rate = captures[0].rate
    length_s = settings.length_s
    if length_s is None:
        length_s = min(len(capture.part) for capture in captures) / rate
        if profile is Profile.KNOCK:
            length_s = min(KNOCK_S, length_s - _lead_s(captures))
    try:
        return FrontEnd(profile, settings.level, rate, length_s, settings.low_hz)
    except ValueError as fault:
        raise TeachError(str(fault)) from fault


def _lead_s(captures: Sequence[Capture]) -> float:
    """Tell how long before the knock the typical part begins; the odd late knock must not shorten all others.

    A capture with surroundings was cut at the knock already.
    """
    onsets = [
        0 if capture.before or capture.after else find_onset(capture.samples, capture.rate, 0, len(capture.samples))
        for capture in captures
    ]
    return float(np.median([onset or 0 for onset in onsets])) / captures[0].rate
