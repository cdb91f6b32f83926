"""Everything that judging a part needs, learned beforehand and never changed."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.anomaly.mahalanobis import Mahalanobis
from analytics.decision.drift import DriftReference
from analytics.decision.fixed import FixedLimit
from analytics.decision.limits import Limit
from analytics.decision.panel import Second, Voices
from analytics.features.log_mel import LOW_HZ, Level, Profile, mel_plan
from analytics.features.part import count_of
from analytics.few_shot.prototypes import Prototypes, TaughtScore
from analytics.quality.ambient import AmbientReference, ambient_bands
from analytics.quality.gate import GateReference, octaves
from analytics.signal.beamforming import Beam


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """How a part's sound becomes numbers; the same in teaching and in judging.

    Parameters
    ----------
    profile, level
        What to listen for.
    rate
        Samples per second. Sound of another rate is refused, never stretched.
    length_s
        Length of the part that is judged, counted from its onset.
    low_hz
        Lower edge of the bands. Above its default everything below is filtered away before framing, since short
        frames leak it upwards.
    """

    profile: Profile
    level: Level
    rate: int
    length_s: float
    low_hz: float = LOW_HZ

    def __post_init__(self) -> None:
        if not (self.rate > 0 and math.isfinite(self.length_s) and self.length_s > 0):
            raise ValueError(f"a part of {self.length_s} s at {self.rate} Hz cannot be judged")
        plan = mel_plan(self.rate, self.profile, self.low_hz)
        if self.length < plan.frame + plan.hop:
            least = (plan.frame + plan.hop) / self.rate
            raise ValueError(
                f"a part of {self.length_s:.3f} s is too short; {self.profile} needs {least:.3f} s at least"
            )

    @property
    def length(self) -> int:
        """Length of the part in samples."""
        return round(self.length_s * self.rate)

    @property
    def count(self) -> int:
        """How many numbers a part is reduced to."""
        return count_of(self.profile, self.level)


@dataclass(frozen=True, slots=True, eq=False)
class PartModel:
    """What was learned of one kind of part.

    Parameters
    ----------
    front_end
        How sound becomes numbers.
    detector, limit
        Distance from the goods, and where it ends to be good.
    taught
        The score that knows the taught defects; None with fewer than three examples.
    prototypes
        Names for defects; None where none was taught.
    gate
        How quiet it is around good parts; None where they were taught without surroundings.
    clipped_share
        Largest share of samples at full scale in any good part taught.
    noise_floor_db
        Median RMS before the good parts, dB re full scale; None where it was not heard.
    second
        A voter beside the detector, on an embedding; None where the detector decides alone. `limit` then is one of
        both voices together.
    ambient
        How much of good parts the ambient microphone hears; None where they were taught without one.
    fixed
        Limits that a person set, beside the learned ones.
    drift
        How good parts scored when taught, for who watches the scores of later ones; None where that is not known.
    beam
        Microphones that were heard as one; None for one alone. Sound must be summed so before it is judged.
    """

    front_end: FrontEnd
    detector: Mahalanobis
    limit: Limit
    taught: TaughtScore | None = None
    prototypes: Prototypes | None = None
    gate: GateReference | None = None
    clipped_share: float = 0.0
    noise_floor_db: float | None = None
    second: Second | None = None
    ambient: AmbientReference | None = None
    fixed: tuple[FixedLimit, ...] = ()
    drift: DriftReference | None = None
    beam: Beam | None = None

    def __post_init__(self) -> None:
        d = self.front_end.count
        if len(self.detector.mean) != d:
            raise ValueError(f"the detector knows {len(self.detector.mean)} numbers; a part has {d}")
        if self.taught is not None and len(self.taught.weights) != d:
            raise ValueError(f"the taught score knows {len(self.taught.weights)} numbers; a part has {d}")
        if self.prototypes is not None and len(self.prototypes.whitening.mean) != d:
            raise ValueError(f"the prototypes know {len(self.prototypes.whitening.mean)} numbers; a part has {d}")
        if self.gate is not None and self.gate.bands != octaves(self.front_end.rate):
            raise ValueError(f"a gate of {self.gate.bands} octaves does not fit {self.front_end.rate} Hz")
        if self.ambient is not None and self.ambient.bands != ambient_bands(self.front_end.rate):
            raise ValueError(
                f"an ambient reference of {self.ambient.bands} octaves does not fit {self.front_end.rate} Hz"
            )
        if not 0 <= self.clipped_share <= 1:
            raise ValueError(f"{self.clipped_share} is no share of samples")

    @property
    def width(self) -> int:
        """How many numbers a part is scored by: its features, then its embedding where a second voter hears it."""
        return len(self.detector.mean) + (len(self.second.detector.mean) if self.second else 0)

    def distances(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Distance of each row (n, width) from the good parts, shape (n,); good up to `limit.value`."""
        return Voices(self.detector, self.second).score(rows)

    def scores(self, rows: NDArray[np.float32]) -> dict[str, NDArray[np.float64]]:
        """Score rows (n, width) by each detector, each shape (n,); 1 is the limit, the largest counts."""
        found = {"fused" if self.second else "mahalanobis": self.distances(rows) / self.limit.value}
        if self.taught is not None:
            found["taught"] = self.taught.score(self.detector.whiten(rows[:, : len(self.detector.mean)]))
        return found

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the taught defects."""
        return self.prototypes.names if self.prototypes else ()
