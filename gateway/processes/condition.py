"""What is said of a machine: diagnosis, wear, episodes and evidence, as the processes pass them on."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytics.quality.words import Quality


@dataclass(frozen=True, slots=True)
class Line:
    """One line of evidence in an envelope spectrum."""

    fault: str
    order: float
    frequency_hz: float
    harmonics_snr_db: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the sound of a machine points to; `fault` is the field's word or none or undecided."""

    name: str  #: outer race | inner race | rolling element | cage | gear | none | undecided
    fault: str | None  #: BPFO | BPFI | BSF | FTF
    reason: str
    bearing: str = ""
    confidence: float | None = None
    rpm: float | None = None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class MachineEvidence:
    """The spectrum a diagnosis rests on: of the envelope, or of the sound itself."""

    frequency_hz: NDArray[np.float32]
    envelope: NDArray[np.float32]  #: depth of modulation; of the sound: level, dB re full scale
    band_hz: tuple[float, float]
    of: str = "envelope"  #: envelope | sound
    lines: tuple[tuple[str, float], ...] = ()  #: name and Hz of what is to be marked; empty = the diagnosis' own


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """One alarm of a machine from raised to cleared, repeated in every report while it lasts."""

    id: str  #: random, given when raised
    failure_mode: str  #: the diagnosis' name, or "abnormal sound"
    severity: str  #: warning | critical
    raised_at: str  #: ISO 8601 UTC
    active: bool
    text: str  #: one sentence with the numbers


@dataclass(frozen=True, slots=True)
class RemainingLife:
    """How long a machine may still run, hours."""

    low_h: float
    mid_h: float
    high_h: float


@dataclass(frozen=True, slots=True)
class WearView:
    """Where a machine stands on its way to wearing out."""

    level: str  #: normal | warning | alarm
    trend: str  #: learning | steady | rising | falling | unknown
    over_db: float | None  #: over baseline, what load, speed and temperature explain taken away
    life: RemainingLife | None  #: None = no trend, so no number
    reason: str  #: one sentence


@dataclass(frozen=True, slots=True)
class ConditionReport:
    """The condition of a machine, about once a second while it is heard."""

    station: str
    at: float
    wall: str  #: ISO 8601 UTC
    running: bool | None
    rpm: float | None
    indicators: Mapping[str, float]
    level_over_baseline_db: float | None  #: None while the baseline is being learned
    baseline: str  #: "learning 12 of 20 s" | "frozen 2026-11-24T12:00Z"
    diagnosis: Diagnosis
    quality: tuple[Quality, ...]
    episodes: tuple[EpisodeView, ...] = ()
    evidence: MachineEvidence | None = None  #: with a newly raised episode only
    wear: WearView | None = None  #: None before the first full minute
    named: Mapping[str, float | None] = field(default_factory=dict)  #: named indicators, dB over baseline, last look
    covariates: Mapping[str, float] = field(
        default_factory=dict
    )  #: what the plant's tags said of load, temperature, ...
    hall: str = ""  #: how far the hall is known that is taken out of the sound; empty = it is left in
    kept: str | None = None  #: what the station wants to be told again after a restart, JSON; None = as before
