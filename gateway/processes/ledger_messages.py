"""What passes between main and the ledger; what the front asks for goes the same way."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from analytics.decision.verdict import Verdict
from gateway.processes.budget import Budget
from gateway.processes.messages import PartEvidence, PartNumbers

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
