"""What passes between main and the workers: frozen, plain, versioned.

Everything goes through main, as the spokes of a wheel: a worker never speaks to the ledger, the front never to a
worker. Sound passes only as evidence, and only where the site file lets it be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytics.decision.verdict import Verdict
from analytics.quality.words import DEAF, Quality

VERSION = 1  #: of this module; main takes no worker of another one, as an upgrade beneath it would start


# ---- main -> worker -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StartCapture:
    """A part is at the station: record it."""

    station: str
    ticket: int  #: ours, unique over the life of main; what every answer is matched by
    part_type: int
    part_id: str
    seen_at: float  #: monotonic seconds when the trigger was seen
    teach: bool = False  #: Mode 3: learn from it instead of judging it
    master: bool = False  #: a known part that checks the station: no part of the production


@dataclass(frozen=True, slots=True)
class Abandon:
    """Nobody wants this part's verdict any more."""

    station: str
    ticket: int


@dataclass(frozen=True, slots=True)
class PlantState:
    """What the plant's tags say of a machine; None where unknown or bad."""

    station: str
    at: float
    running: bool | None
    rpm: float | None
    covariates: Mapping[str, float | None] = field(default_factory=dict)  #: by the name the site file gives each


@dataclass(frozen=True, slots=True)
class Recall:
    """What this machine's station wanted to be told again after a restart (`ConditionReport.kept`)."""

    station: str
    kept: str


@dataclass(frozen=True, slots=True)
class UseRecipe:
    """From the next part of this type on, judge by this recipe folder."""

    station: str
    part_type: int
    folder: str


@dataclass(frozen=True, slots=True)
class RestartBaseline:
    """Maintenance was done: learn this machine's normal anew."""

    station: str


@dataclass(frozen=True, slots=True)
class AcceptSound:
    """What this station's microphone hears now is normal, says a person: learn it anew."""

    station: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish what is under way and end."""


# ---- worker -> main -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Started:
    """The worker stands: its sources are open (or being tried), its recipes are loaded."""

    worker: str
    version: int
    recipes: Mapping[str, Mapping[int, "RecipeView"]]  #: station -> PartType -> what it learned


@dataclass(frozen=True, slots=True)
class RecipeView:
    """What others need to know of a loaded recipe."""

    name: str
    version: int
    hash: str
    provisional: bool  #: the limit is not yet proven at the promised rate
    promise: str  #: one line, as `teach` prints it
    defects: tuple[str, ...]
    fault: str = ""  #: why it cannot be used; empty when it can
    folder: str = ""  #: of the very version


@dataclass(frozen=True, slots=True)
class LongestPass:
    """The longest pass of a worker's loop since its tick before."""

    took_s: float = 0.0
    computed_s: float = 0.0  #: of it on a processor; the rest it waited for one
    step_s: float = 0.0  #: its longest step
    step: str = ""  #: what that was, and for which station


@dataclass(frozen=True, slots=True)
class Tick:
    """One whole pass of the worker's loop was completed; at least every 200 ms."""

    worker: str
    at: float
    passes: int
    longest: LongestPass = LongestPass()


@dataclass(frozen=True, slots=True)
class Recording:
    """The sound of this very trigger is being recorded."""

    station: str
    ticket: int
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class PartEvidence:
    """What lets a person believe a verdict; `sound` only where the site file lets it be written."""

    rate: int
    sound: NDArray[np.float32] | None = None  #: (n,), or (n, 2) with the ambient microphone; the very samples judged
    spectrogram_db: NDArray[np.float32] | None = None  #: (frames, bands)
    before: NDArray[np.float32] | None = None  #: (m,), heard just before `sound`: only looked through for speech


@dataclass(frozen=True, slots=True, eq=False)
class PartNumbers:
    """What a part can be judged again by: its sound needs the cut, and without sound its numbers remain."""

    cut: str  #: JSON, `gateway.processes.cut`
    front_end: str = ""  #: JSON: how sound became numbers
    features: NDArray[np.float32] | None = None  #: (d,); None where nothing could be scored
    embedding: NDArray[np.float32] | None = None  #: (e,), where a second voter listened


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict of one part."""

    station: str
    ticket: int
    verdict: Verdict
    captured_at: float  #: monotonic seconds when the last sample of the capture was there
    judged_at: float
    recipe: str = ""  #: name, version and hash
    level_db: float | None = None
    evidence: PartEvidence | None = None
    numbers: PartNumbers | None = None
    drift: str = ""  #: which recipes of the station drift, as a sentence; empty while none does


@dataclass(frozen=True, slots=True, eq=False)
class Taught:
    """The sound of a part heard in Mode 3, for the learner."""

    station: str
    ticket: int
    part_type: int
    rate: int
    samples: NDArray[np.float32]  #: the capture, surroundings included
    start: int
    stop: int
    quality: tuple[Quality, ...]
    before: bool = True  #: the whole of the surroundings before the part was heard
    after: bool = True
    ambient: NDArray[np.float32] | None = None  #: the same span from the ambient microphone


@dataclass(frozen=True, slots=True)
class RecipeLoaded:
    """Answer to `UseRecipe`."""

    station: str
    part_type: int
    recipe: RecipeView


@dataclass(frozen=True, slots=True)
class EarReport:
    """How the microphone of a station is, about once a second."""

    station: str
    at: float
    quality: tuple[Quality, ...]  #: silent, frozen, vanished, ...; empty = good
    sentence: str
    level_db: float | None  #: RMS of the last second, dB re full scale
    gaps: int  #: since the source was opened
    lost_samples: int
    last_sample_age_s: float | None
    sure: bool = False  #: what is wrong is believed; before that it is a warning and voids nothing

    @property
    def deaf(self) -> bool:
        """Whether no part is believed that is heard by it now."""
        return any(word in DEAF for word in self.quality)


@dataclass(frozen=True, slots=True)
class WorkerNote:
    """Something a person should read in the log."""

    worker: str
    level: str  #: info | warning | error
    sentence: str
