"""May this part's sound be trusted? What the recipe learned of good sound, held against what was heard."""

from dataclasses import dataclass
from typing import Protocol

from analytics.quality.ambient import AmbientReference
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
    def ambient(self) -> AmbientReference | None:
        """How much of good parts the ambient microphone hears."""

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
        What lies around the part or is heard by the ambient microphone, against its limit, 1 being the limit; None
        where neither could be looked at.
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
    around = trusted.gate.excess(before, after) if trusted.gate else None
    elsewhere = trusted.ambient.excess(aligned) if trusted.ambient else None
    found: list[tuple[Quality, str]] = []
    if is_silent(level_db, trusted.noise_floor_db):
        found.append((Quality.SILENT, f"the part is silent ({level_db:.0f} dB re full scale)"))
    if is_frozen(aligned.part):
        found.append((Quality.FROZEN, "the microphone repeats one sample"))
    if too_clipped(share, trusted.clipped_share):
        taught = f"in good parts {trusted.clipped_share:.1%}"
        found.append((Quality.CLIPPED, f"{share:.1%} of the samples are at full scale, {taught}"))
    if around is not None and around > 1.0:
        loud = f"{around:.1f} times the limit"
        found.append((Quality.DISTURBED, f"another sound lies in the quiet around the part, {loud}"))
    if elsewhere is not None and elsewhere > 1.0:
        loud = f"{elsewhere:.1f} times the limit"
        found.append((Quality.DISTURBED, f"the ambient microphone hears more than this part, {loud}"))
    words = list(dict.fromkeys(word for word, _ in found))
    looked_around = around is not None and before is not None and after is not None
    if not looked_around and elsewhere is None:
        words.append(Quality.NO_CONTEXT)
    disturbance = max((one for one in (around, elsewhere) if one is not None), default=None)
    clauses = "; ".join(clause for _, clause in found)
    return Doubts(tuple(words), f"{clauses[0].upper()}{clauses[1:]}." if clauses else "", disturbance)
