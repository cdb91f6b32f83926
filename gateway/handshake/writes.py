"""What goes out to the PLC, one write at a time: zero image, TrigAck, results, heartbeat."""

from dataclasses import replace

from connectors.plc.port import GwImage, GwState, Mode
from gateway.handshake.answers import result_image
from gateway.handshake.events import Beat, WriteAccept, WriteResult, WriteZero
from gateway.handshake.parts import finish, lose
from gateway.handshake.state import Part, Phase, State, Worker, Write, Writing
from gateway.handshake.turn import Turn

_SAID_AT_ONCE = (GwState.INIT, GwState.FAULT, GwState.LOCKED, GwState.BYPASS)


def gw_state(state: State) -> GwState:
    """Give GwState; what forbids a pass goes before what merely describes."""
    if state.phase is Phase.FOREIGN or state.worker is Worker.LOST or state.stale:
        return GwState.FAULT
    if state.locked:
        return GwState.LOCKED
    mode = state.plc.mode if state.plc is not None else Mode.OFF
    if mode == Mode.BYPASS:
        return GwState.BYPASS
    judging = mode in (Mode.AUTOMATIC, Mode.DRY_RUN) and bool(state.ready)
    if state.worker is not Worker.UP or not (judging or mode == Mode.TEACH):
        return GwState.INIT
    if state.degraded:
        return GwState.DEGRADED
    # A result that waits to be written does not keep the next part from being heard: ready, not busy.
    return GwState.BUSY if state.part is not None else GwState.READY


def zero_image(state: State) -> GwImage:
    """Give our whole image with nothing in it but who writes it."""
    return GwImage(heartbeat=state.image.heartbeat, boot_id=state.image.boot_id, state=gw_state(state))


def next_write(turn: Turn) -> None:
    """Send what is due, if nothing is on its way."""
    state = turn.state
    if not turn.active or state.writing is not None:
        return
    if state.phase is Phase.ZEROING and state.zero_wanted:
        image = zero_image(state)
        turn.set(writing=Writing(Write.ZERO, image), zero_wanted=False)
        turn.do(WriteZero(image))
    elif state.phase is Phase.OPEN:
        _next_of_parts(turn)


def _next_of_parts(turn: Turn) -> None:
    """Send TrigAck of the open part, or the oldest answer; a part's TrigAck always goes before its result."""
    state = turn.state
    if state.part is not None and state.part.heard and not state.part.accepted:
        part = replace(state.part, accepted=True)
        turn.set(part=part)
        _accept(turn, part)
    elif state.answers and not state.stale:
        first, *rest = state.answers
        if first.heard and not first.accepted:
            first = replace(first, accepted=True)
            turn.set(answers=(first, *rest))
            _accept(turn, first)
        elif not _held(turn):
            turn.set(answers=tuple(rest))
            image = replace(result_image(state.image, first, turn.now), state=gw_state(state))
            turn.set(writing=Writing(Write.RESULT, image, first))
            turn.do(WriteResult(image, first.deadline))


def _accept(turn: Turn, part: Part) -> None:
    image = replace(turn.state.image, trig_ack=part.sequence, state=gw_state(turn.state))
    turn.set(writing=Writing(Write.ACCEPT, image))
    turn.do(WriteAccept(image, part.deadline))


def _held(turn: Turn) -> bool:
    """Whether the result that stands may not be replaced yet (T7)."""
    state = turn.state
    acked = state.plc is not None and state.plc.result_ack == state.image.result_seq
    return state.image.result_seq != 0 and not acked and turn.now < state.result_at + state.rules.hold_s


def write_done(turn: Turn) -> Writing:
    """Take over what now stands in the PLC."""
    writing = turn.state.writing
    assert writing is not None
    # The heartbeat has a life of its own and may have been counted meanwhile.
    image = replace(writing.image, heartbeat=turn.state.image.heartbeat, boot_id=turn.state.image.boot_id)
    turn.set(writing=None, image=image)
    if writing.kind is Write.RESULT:
        turn.set(result_at=turn.now)
    if writing.part is not None:
        turn.set(answered=(writing.part.plc_boot_id, writing.part.sequence))
        finish(turn, writing.part, written=True)
    return writing


def write_failed(turn: Turn, why: str) -> None:
    """Give up the part whose result did not get out; what stands in the PLC is unknown until the next zero image."""
    writing = turn.state.writing
    assert writing is not None
    turn.set(writing=None)
    if writing.part is not None:
        lose(turn, writing.part, why)


def beat(turn: Turn) -> None:
    """Count the heartbeat, at its pace; only ever called for a completed pass of the judging loop."""
    state = turn.state
    if turn.now - state.beat_at < state.rules.beat_s:
        return
    image = replace(state.image, heartbeat=(state.image.heartbeat + 1) & 0xFFFF)
    turn.set(image=image, beat_at=turn.now)
    if turn.active and state.phase is Phase.OPEN:
        say_state(turn, always=True)


def say_state(turn: Turn, *, always: bool = False) -> None:
    """Write GwState between heartbeats where it forbids a pass; the heartbeat may have stopped for good."""
    state = turn.state
    now = gw_state(state)
    urgent = now is not GwState(state.image.state) and (now in _SAID_AT_ONCE or state.image.state in _SAID_AT_ONCE)
    if always or (urgent and turn.active and state.phase is Phase.OPEN):
        image = replace(state.image, state=now)
        turn.set(image=image)
        turn.do(Beat(image))
