"""What the handshake of one station knows, as frozen values; what is done with it stands in table.py."""

from dataclasses import dataclass
from enum import Enum, StrEnum

from analytics.decision.verdict import Verdict
from connectors.plc.port import GwImage, PlcImage
from gateway.handshake.masters import MasterRules
from gateway.processes.messages import Judged

TICKET_STRIDE = 4096  #: stations a gateway may have, so that tickets of different stations never meet


class StationMode(StrEnum):
    """What the site file allows a station."""

    OBSERVE = "observe"  #: numbers into the store, no verdict, no PLC write at all
    SHADOW = "shadow"  #: also a verdict, no PLC write at all
    ACTIVE = "active"  #: writes the gateway-owned tags


class Overrun(StrEnum):
    """What becomes of the open part when the next one comes too early. The next is NotDecidable either way."""

    FINISH = "finish"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class StationRules:
    """What never changes while the gateway runs; times in seconds.

    Parameters
    ----------
    number
        0..4095, unique in the gateway: makes its tickets unique.
    deadline_s
        Used where the PLC leaves DeadlineMs 0.
    margin_s
        This long before the deadline a part without a verdict is committed as NotDecidable with the late bit.
    hold_s
        A result stands at least this long, or until ResultAck, before the next replaces it: at least two poll periods
        of the PLC, or a PLC with several parts in flight loses one (contract.md, T7).
    stale_s
        PlcHeartbeat unchanged for this long is a fault (row 12).
    gap_s
        P unread for this long voids everything in flight (rule 8).
    reread_max, reread_s
        How often, and how far apart, a torn P block is read again (row 5).
    late_s
        How long after its deadline a part still waits for its true verdict (rule 11).
    beat_s
        Shortest time between two counts of GwHeartbeat; the contract wants 100..250 ms.
    masters
        Known parts that must be judged right before others are judged at all; None for none.
    """

    station: str
    mode: StationMode = StationMode.ACTIVE
    number: int = 0
    deadline_s: float = 0.6
    margin_s: float = 0.02
    hold_s: float = 0.1
    overrun: Overrun = Overrun.FINISH
    stale_s: float = 1.0
    gap_s: float = 1.0
    reread_max: int = 3
    reread_s: float = 0.005
    late_s: float = 5.0
    beat_s: float = 0.1
    masters: MasterRules | None = None

    def __post_init__(self) -> None:
        assert 0 <= self.number < TICKET_STRIDE, self.number
        assert 0 < self.margin_s < self.deadline_s, self


class Phase(StrEnum):
    """How far a station's connection has come."""

    DOWN = "down"  #: no connection
    LOOKING = "looking"  #: nothing is in flight; the next image is the baseline, never a trigger
    ZEROING = "zeroing"  #: the baseline is taken, our zero image is on its way
    OPEN = "open"  #: triggers are answered
    FOREIGN = "foreign"  #: another gateway writes these tags: this one does not any more


WATCHED = (Phase.ZEROING, Phase.OPEN)  #: the PLC's heartbeat is watched


class Worker(Enum):
    """Whether somebody judges."""

    UNKNOWN = "not started yet"
    UP = "up"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the PLC is told of a part."""

    told: Verdict
    quality_code: int
    defect_code: int
    outcome: str  #: judged | late | aborted | overrun | lost | taught | observed


@dataclass(frozen=True, slots=True)
class Part:
    """One part from the moment its TrigSeq was seen; the payload is there once the second read stands."""

    sequence: int
    seen_at: float
    since: float  #: the last look at which it was not there yet: the PLC's timer may have started right after it
    deadline: float  #: on our clock, counted from `since`; nothing is written for this part from then on
    plc_boot_id: int
    plc_mode: int = 0
    part_type: int = 0
    part_id: str = ""
    reads: int = 1  #: second reads asked for
    ticket: int = 0  #: 0 = no capture was started
    heard: bool = False  #: its recording runs
    accepted: bool = False  #: TrigAck was written, or is being written
    clock_step: bool = False
    master: bool = False  #: a known part that checks the station: never told OK, in no number
    recorded: bool = False  #: its record went out in an earlier life of the connection
    judged: Judged | None = None
    answer: Answer | None = None
    written: bool = False
    latency_ms: float | None = None


class Write(Enum):
    """Kinds of write."""

    ZERO = "zero"
    ACCEPT = "accept"
    RESULT = "result"


@dataclass(frozen=True, slots=True)
class Writing:
    """The one write that is on its way."""

    kind: Write
    image: GwImage
    part: Part | None = None


@dataclass(frozen=True, slots=True)
class State:
    """Everything the handshake of one station remembers."""

    rules: StationRules
    image: GwImage  #: as it stands in the PLC, once ZEROING is over
    next_ticket: int
    phase: Phase = Phase.DOWN
    plc: PlcImage | None = None  #: last P block
    read_at: float = 0.0  #: when it was read
    plc_beat_at: float = 0.0  #: when PlcHeartbeat last changed
    seen_seq: int = 0  #: newest TrigSeq taken; the baseline at first
    old_since: float | None = None  #: since when a TrigSeq stands that is older than `seen_seq`
    answered: tuple[int, int] = (0, 0)  #: PlcBootId and TrigSeq of the result written last
    reading: Part | None = None  #: TrigSeq seen, payload not yet
    part: Part | None = None  #: being recorded or judged
    answers: tuple[Part, ...] = ()  #: decided, not yet written
    late: tuple[Part, ...] = ()  #: answered as late, waiting for the true verdict
    writing: Writing | None = None
    zero_wanted: bool = False
    baseline: Part | None = None  #: the part found at the baseline, where nobody answered it
    result_at: float = 0.0  #: when the result that stands was written
    beat_at: float = float("-inf")  #: when GwHeartbeat was counted
    worker: Worker = Worker.UNKNOWN
    ready: frozenset[int] = frozenset()  #: part types with a usable recipe
    broken: frozenset[int] = frozenset()  #: part types whose recipe cannot be used
    degraded: bool = False
    locked: bool = False
    ending: bool = False  #: the gateway is being stopped: open parts are answered, no new one is heard
    alarms: frozenset[str] = frozenset()

    @property
    def stale(self) -> bool:
        """PlcHeartbeat stands still."""
        return "PlcHeartbeatStale" in self.alarms


def begin(rules: StationRules, boot_id: int) -> State:
    """Give the state of a station at gateway start.

    Parameters
    ----------
    boot_id
        GwBootId, random, 1..65535.
    """
    assert 1 <= boot_id <= 0xFFFF, boot_id
    ticket = rules.number + TICKET_STRIDE
    return State(rules, GwImage(boot_id=boot_id), next_ticket=ticket, locked=rules.masters is not None)
