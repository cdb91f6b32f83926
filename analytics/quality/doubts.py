"""May this part's sound be trusted? What the recipe learned of good sound, held against what was heard."""

from dataclasses import dataclass
from typing import Protocol

from analytics.quality.gate import GateReference, surroundings_of
from analytics.quality.part_sound import is_frozen, is_silent, too_clipped
from analytics.quality.words import Quality
from analytics.signal.capture import Capture


class Trusted(Protocol):
    """What a recipe knows of sound that may be trusted; see `analytics.decision.model.PartModel`."""

    @property
    def gate(self) -> GateReference | None:
        """How quiet it is around good parts."""

    @property
    def clipped_share(self) -> float:
        """Largest share of samples at full scale in any good part."""

    @property
    def noise_floor_db(self) -> float | None:
        """RMS before good parts, dB re full scale."""


@dataclass(frozen=True, slots=True)
class Doubts:
    """What speaks against a sound.

    Parameters
    ----------
    words
        Everything that was found or could not be looked for.
    why
        A sentence for a person where the part must not be decided; empty where nothing speaks against deciding.
    disturbance
        Loudest surroundings against the gate's limit, 1 being the limit; None where they were not looked at.
    """

    words: tuple[Quality, ...]
    why: str = ""
    disturbance: float | None = None


def doubts(aligned: Capture, trusted: Trusted, level_db: float, share: float) -> Doubts:
    """Look for everything that speaks against deciding on this part.

    Parameters
    ----------
    aligned
        The part where it truly begins, whole and finite, with what was heard around it.
    trusted
        What was learned of good sound.
    level_db
        RMS of the part, dB re full scale.
    share
        Of the part's samples at full scale, 0 to 1.
    """
    before, after = surroundings_of(aligned)
    disturbance = trusted.gate.excess(before, after) if trusted.gate else None
    found: list[tuple[Quality, str]] = []
    if is_silent(level_db, trusted.noise_floor_db):
        found.append((Quality.SILENT, f"the part is silent ({level_db:.0f} dB re full scale)"))
    if is_frozen(aligned.part):
        found.append((Quality.FROZEN, "the microphone repeats one sample"))
    if too_clipped(share, trusted.clipped_share):
        taught = f"in good parts {trusted.clipped_share:.1%}"
        found.append((Quality.CLIPPED, f"{share:.1%} of the samples are at full scale, {taught}"))
    if disturbance is not None and disturbance > 1.0:
        loud = f"{disturbance:.1f} times the limit"
        found.append((Quality.DISTURBED, f"another sound lies in the quiet around the part, {loud}"))
    words = [word for word, _ in found]
    if trusted.gate is None or before is None or after is None:
        words.append(Quality.NO_CONTEXT)
    clauses = "; ".join(clause for _, clause in found)
    return Doubts(tuple(words), f"{clauses[0].upper()}{clauses[1:]}." if clauses else "", disturbance)
