"""The published state of the whole gateway: what every screen, tag and metric is made from.

Main makes a new one a few times a second and hands it to the front. Nothing in it is shared or changed afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analytics.decision.verdict import Verdict
from connectors.plc.port import GwImage, PlcImage
from gateway.processes.budget import Budget
from gateway.processes.condition import ConditionReport
from gateway.processes.ledger_messages import IncidentView, WindowView
from gateway.processes.messages import EarReport, RecipeView
from gateway.processes.sounds import SoundsReport


@dataclass(frozen=True, slots=True)
class Counters:
    """Since the gateway started; UInt32 on tags, so that a loss shows as a difference."""

    parts: int = 0
    ok: int = 0
    not_ok: int = 0
    not_decidable: int = 0
    late: int = 0
    missed: int = 0  #: triggers that were skipped by the PLC's counter, seen as a jump
    overrun: int = 0
    aborted: int = 0
    lost: int = 0  #: results that could not be written
    taught: int = 0  #: heard in Mode 3; in no other number


ANSWER_BOUNDS_S = (0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0)
UNSAID = "unsaid"  #: stands for the word of a NotDecidable that names none
SCORE_BOUNDS = (0.25, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0, 4.0)


@dataclass(frozen=True, slots=True)
class PartDials:
    """What the plant's own tools plot of a part station; numbers of parts since the gateway started."""

    answers: tuple[int, ...] = (0,) * (len(ANSWER_BOUNDS_S) + 1)  #: judged, by `ANSWER_BOUNDS_S`; the last is slower
    answers_s: float = 0.0  #: sum of their times, capture complete to result answered
    scores: tuple[int, ...] = (0,) * (len(SCORE_BOUNDS) + 1)  #: with a score, by `SCORE_BOUNDS`; the last is above all
    scores_sum: float = 0.0
    not_decidable: Mapping[str, int] = field(default_factory=dict)  #: by word of quality; a part may have several
    happened: Mapping[str, int] = field(default_factory=dict)  #: on the handshake, what is no part's outcome
    plc_beat_at: float | None = None  #: monotonic, when PlcHeartbeat last changed; None while it is not watched


@dataclass(frozen=True, slots=True)
class LastPart:
    """The part judged last at a station."""

    sequence: int
    part_id: str
    part_type: int
    wall: str
    verdict: Verdict
    defect_code: int
    quality_code: int
    latency_ms: float | None
    recipe: str


@dataclass(frozen=True, slots=True)
class PartView:
    """The part flow of one station."""

    mode: str  #: observe | shadow | active
    link: str  #: up | down | connecting
    link_sentence: str
    ready: bool
    plc: PlcImage | None
    gateway: GwImage
    counters: Counters
    last: LastPart | None
    recipes: Mapping[int, RecipeView]
    latencies_ms: tuple[float, ...] = ()  #: capture complete to result answered, of the last 1,000 parts
    chips: tuple[int, ...] = ()  #: evaluation of the last 20 parts, newest last
    locked: bool = False  #: until its master parts were judged right; the alarm MasterCheck says why
    dials: PartDials = PartDials()


@dataclass(frozen=True, slots=True)
class StationView:
    """One station."""

    name: str
    title: str
    ear: EarReport | None
    part: PartView | None = None
    condition: ConditionReport | None = None
    asset: str = ""
    worker_alive: bool = False
    sounds: SoundsReport | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class AlarmView:
    """One alarm as plain tags: needs an operator response, else it is an event."""

    station: str  #: empty for the gateway as a whole
    name: str  #: [A-Za-z0-9]+, stable: MicrophoneSilent, PlcLinkDown, ...
    active: bool
    since: str
    text: str
    priority: str  #: low | medium | high


@dataclass(frozen=True, slots=True)
class ProcessView:
    """One of the gateway's processes."""

    name: str
    alive: bool
    restarts: int
    pid: int | None
    errand: bool = False  #: ends by itself, as a learner


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything, at one moment."""

    line: str
    wall: str  #: ISO 8601 UTC
    at: float  #: monotonic seconds
    boot_id: int
    version: str
    stations: tuple[StationView, ...]
    incidents: tuple[IncidentView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()
    processes: tuple[ProcessView, ...] = ()
    outbox_waiting: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)  #: messages lost by queue: each is an alarm
    windows: tuple[WindowView, ...] = ()  #: maintenance that is going on
    budget: Budget | None = None  #: how much people are rung; None before the ledger has measured it
    outbox_stuck: int = 0  #: a person must look at them
    pid: int = 0  #: of main
