"""What passes between the processes: frozen, plain, versioned.

Everything goes through main, as the spokes of a wheel: a worker never speaks to the ledger, the front never to a
worker. Sound passes only as evidence, and only where the site file lets it be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analytics.decision.verdict import Verdict
from analytics.quality.words import DEAF, Quality
from gateway.processes.budget import Budget

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


# ---- main -> ledger -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One part as it was told to the PLC, and as it truly was where that came later."""

    station: str
    mode: str  #: observe | shadow | active
    plc_mode: int
    sequence: int
    part_id: str
    part_type: int
    wall: str  #: ISO 8601 UTC, when the trigger was seen
    told: Verdict  #: what was committed (or would have been, where nothing is written)
    defect_code: int
    quality_code: int
    true: Verdict | None  #: a verdict that came too late for the PLC
    written: bool  #: ResultSeq was written and answered
    latency_ms: float | None  #: trigger seen -> ResultSeq answered (or verdict known, where nothing is written)
    judge_ms: float | None  #: capture complete -> verdict
    recipe: str
    outcome: str  #: judged | late | aborted | overrun | lost | taught | observed | master
    evidence: PartEvidence | None = None
    answer_ms: float | None = None  #: capture complete -> ResultSeq answered (or verdict known)
    numbers: PartNumbers | None = None


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened and may matter later: link lost, link back, worker restarted, baseline learned."""

    wall: str
    where: str  #: station, connector or process
    kind: str  #: short, stable, kebab-case
    sentence: str
    level: str = "info"  #: info | warning | error


@dataclass(frozen=True, slots=True)
class Command:
    """What a person asks for. Checked and audited by the ledger, which alone carries it out."""

    name: str  #: acknowledge | maintenance-done | ...
    target: str  #: incident id, station, ...
    who: str
    via: str  #: page | opcua | terminal
    arguments: Mapping[str, str] = field(default_factory=dict)
    id: str = ""  #: given by whoever sends it, and on the answer again


@dataclass(frozen=True, slots=True)
class DefectNames:
    """Taught classes of a station, asking for codes (ledger answers `DefectCodes`)."""

    station: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlantTags:
    """What the plain tags say that routes and rules of incidents look at; after every change."""

    values: Mapping[str, float | bool | None]  #: by the name wiring gave; None = nobody knows


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of a proposal: a version not put to use, or None and why."""

    station: str
    part_type: int
    who: str
    based_on: str  #: name, version and hash of the version in use
    version: int | None
    sentence: str
    figures: Mapping[str, object] = field(default_factory=dict)


# ---- ledger -> main -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DefectCodes:
    """DefectCode of every name this station ever had: 2 and up, given once, never reused."""

    station: str
    codes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Propose:
    """Make the next version of a recipe from what was taught and labelled, in a process of its own."""

    station: str
    part_type: int
    folder: str  #: of the recipe
    store: str  #: folder of the store
    who: str
    models: str = ""  #: folder of embedding models; empty for the user's own


@dataclass(frozen=True, slots=True)
class KeptStates:
    """What machines' stations wanted to be told again, as the store has it; once, when the ledger starts."""

    states: Mapping[str, str]  #: station -> JSON


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident as the front and the terminal show it."""

    id: str
    station: str
    asset: str
    failure_mode: str
    severity: str
    raised_at: str
    cleared_at: str | None
    acknowledged_by: str | None
    text: str
    order: str  #: the order's number, "queued", "none (why)", ...
    order_state: str
    shelved_until: str | None = None  #: ISO 8601 UTC; it rings nobody until then
    shelved_by: str = ""
    ended_at: str | None = None
    zone: str = ""  #: where it was heard, for people
    event: bool = False  #: a taught kind of sound, and not the state of a machine


@dataclass(frozen=True, slots=True)
class WindowView:
    """Maintenance that is going on at a station: no new incident, no order, nobody is rung."""

    station: str
    who: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class LedgerReport:
    """State of the ledger, after every change and at least every second."""

    at: float
    incidents: tuple[IncidentView, ...]
    outbox_waiting: int
    outbox_stuck: int
    faults: tuple[str, ...]  #: sentences: disk full, CMMS refused the key, ...
    defect_codes: Mapping[str, Mapping[str, int]]
    windows: tuple[WindowView, ...] = ()
    budget: Budget | None = None  #: None before it was measured


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """What came of a `Command`; sent once it stands in the audit trail."""

    name: str
    target: str
    who: str
    accepted: bool
    sentence: str
    id: str = ""  #: of the command


@dataclass(frozen=True, slots=True)
class SelfTestDue:
    """It is time for the microphones' self-test, in a pause of the line of main's choosing."""
