"""The life of a station's connection as a table: from which phase, why, to which phase; and what may happen when.

The diagram in docs/plc/contract.md is drawn from `NEXT` by `mermaid`, and a test compares the two.
"""

from collections.abc import Mapping
from enum import StrEnum

from gateway.handshake import events
from gateway.handshake.state import Phase, State


class HandshakeError(Exception):
    """The driver did something the handshake does not allow: a fault of ours, never of the plant."""


class Cause(StrEnum):
    """Why a phase ends."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    BASELINE = "first image read"
    BASELINE_SILENT = "first image read, nothing may be written"
    ZEROED = "zero image written"
    VOIDED = "PLC restarted, reads missing for 1 s, worker replaced, TrigSeq went back"
    FOREIGN = "another gateway's boot id"


_VOIDABLE = {Cause.VOIDED: Phase.LOOKING, Cause.DISCONNECTED: Phase.DOWN}

NEXT: Mapping[Phase, Mapping[Cause, Phase]] = {
    Phase.DOWN: {Cause.CONNECTED: Phase.LOOKING},
    Phase.LOOKING: {
        Cause.BASELINE: Phase.ZEROING,
        Cause.BASELINE_SILENT: Phase.OPEN,
        Cause.VOIDED: Phase.LOOKING,
        Cause.DISCONNECTED: Phase.DOWN,
    },
    Phase.ZEROING: {Cause.ZEROED: Phase.OPEN, **_VOIDABLE},
    Phase.OPEN: {Cause.FOREIGN: Phase.FOREIGN, **_VOIDABLE},
    # Only a new connection leads out, so that two gateways do not overwrite each other in turn.
    Phase.FOREIGN: {Cause.DISCONNECTED: Phase.DOWN},
}

_ANYTIME = frozenset(
    {
        events.RecordingStarted,
        events.VerdictCame,
        events.WorkerTicked,
        events.WorkerLost,
        events.WorkerBack,
        events.ReadyChanged,
        events.Ending,
        events.ClockStepped,
        events.TimePassed,
    }
)
_CONNECTED = _ANYTIME | {events.Disconnected, events.Polled, events.RereadCame}
_WRITE_ENDS = frozenset({events.WriteDone, events.WriteFailed})


def legal(state: State) -> frozenset[type[events.Event]]:
    """Give the events that may come now."""
    if state.phase is Phase.DOWN:
        return _ANYTIME | {events.Connected}
    return _CONNECTED | _WRITE_ENDS if state.writing is not None else _CONNECTED


def check(state: State, event: events.Event) -> None:
    """Refuse an event that cannot come now.

    Raises
    ------
    HandshakeError
        Naming the state, the event and what was legal; the state stays as it was.
    """
    allowed = legal(state)
    if type(event) not in allowed:
        names = ", ".join(sorted(kind.__name__ for kind in allowed))
        writing = f", writing {state.writing.kind.value}" if state.writing else ""
        raise HandshakeError(
            f"{state.rules.station}: {type(event).__name__} came in phase {state.phase}{writing}; legal: {names}"
        )


def mermaid() -> str:
    """Draw `NEXT` as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {Phase.DOWN}"]
    for phase, ways in NEXT.items():
        lines += [f"    {phase} --> {target}: {cause}" for cause, target in ways.items()]
    return "\n".join(lines)
