"""What can happen to the handshake of a station, in the past tense, and what it then wants done, as orders."""

from dataclasses import dataclass

from connectors.plc.port import GwImage, PlcImage
from gateway.handshake.state import Part
from gateway.processes.messages import Abandon, Judged, StartCapture

# ---- events ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Connected:
    """A new connection stands; nothing was read or written on it yet."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection is closed, and nothing that was sent on it is waited for."""

    why: str


@dataclass(frozen=True, slots=True)
class Polled:
    """A P block was read; its payload may be older than its TrigSeq."""

    image: PlcImage


@dataclass(frozen=True, slots=True)
class RereadCame:
    """The second read is here: it was sent after the new TrigSeq had been seen. None: unreadable."""

    image: PlcImage | None


@dataclass(frozen=True, slots=True)
class WriteDone:
    """The write that was on its way was answered as done."""


@dataclass(frozen=True, slots=True)
class WriteFailed:
    """The write that was on its way failed, or was never sent because its time had run out."""

    why: str


@dataclass(frozen=True, slots=True)
class RecordingStarted:
    """The sound of this ticket is being recorded."""

    ticket: int


@dataclass(frozen=True, slots=True)
class VerdictCame:
    """The worker has judged a part, or (`judged.verdict` NotDecidable) has not been able to."""

    judged: Judged
    defect_code: int = 0  #: of the verdict's defect; used with NotOK alone


@dataclass(frozen=True, slots=True)
class WorkerTicked:
    """The judging loop has completed a pass."""


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The worker died or was ended."""


@dataclass(frozen=True, slots=True)
class WorkerBack:
    """A new worker stands; GwBootId changes, so that the PLC voids what was in flight."""

    boot_id: int


@dataclass(frozen=True, slots=True)
class ReadyChanged:
    """What can be judged has changed."""

    ready: frozenset[int]
    broken: frozenset[int] = frozenset()
    degraded: bool = False  #: judging, but something about the ear needs a person
    locked: bool = False  #: only master parts are judged


@dataclass(frozen=True, slots=True)
class Ending:
    """The gateway is being stopped. GwState stays as it is: a pass that is still to be seen must not be taken back."""


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The wall clock jumped. No judgement uses it; records say so."""


@dataclass(frozen=True, slots=True)
class TimePassed:
    """Nothing else happened."""


Event = (
    Connected
    | Disconnected
    | Polled
    | RereadCame
    | WriteDone
    | WriteFailed
    | RecordingStarted
    | VerdictCame
    | WorkerTicked
    | WorkerLost
    | WorkerBack
    | ReadyChanged
    | Ending
    | ClockStepped
    | TimePassed
)

# ---- actions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reread:
    """Read this station's P block once more, after a pause."""

    after_s: float


@dataclass(frozen=True, slots=True)
class WriteZero:
    """Write a whole image without any result."""

    image: GwImage


@dataclass(frozen=True, slots=True)
class WriteAccept:
    """Write TrigAck."""

    image: GwImage
    until: float  #: never send it from this moment on


@dataclass(frozen=True, slots=True)
class WriteResult:
    """Write a result. Cancelled at `until`, never retried."""

    image: GwImage
    until: float


@dataclass(frozen=True, slots=True)
class Beat:
    """Write GwHeartbeat, GwBootId and GwState; not urgent, only the newest counts."""

    image: GwImage


@dataclass(frozen=True, slots=True)
class Record:
    """A part is over. Comes exactly once for every part."""

    part: Part


@dataclass(frozen=True, slots=True)
class Count:
    """Something to be counted that is no part's outcome."""

    what: str  #: missed | unjudged | bad_input | old_trigger | stale_verdict | torn | voided
    by: int = 1


@dataclass(frozen=True, slots=True)
class Raise:
    """An alarm begins."""

    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Clear:
    """An alarm ends."""

    name: str


Action = Reread | WriteZero | WriteAccept | WriteResult | Beat | StartCapture | Abandon | Record | Count | Raise | Clear
