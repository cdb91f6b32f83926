"""The handshake of one station: what happened goes in, what is to be done comes out. No I/O, no clock.

The law is docs/plc/contract.md, whose rule and row numbers the comments cite. Phases of the connection stand in
phases.py as a table; what becomes of a part in parts.py; what may be written, and when, in writes.py.
"""

from dataclasses import replace

from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from connectors.plc.port import Mode, PlcImage
from gateway.handshake import events
from gateway.handshake.answers import refusal
from gateway.handshake.events import Action, Count, Event
from gateway.handshake.parts import (
    JUDGED_MODES,
    conclude,
    drop_all,
    mind_deadlines,
    record,
    recording_started,
    reread,
    seen,
    verdict_came,
    withdraw,
)
from gateway.handshake.phases import Cause, check
from gateway.handshake.sequence import in_domain, newer
from gateway.handshake.state import WATCHED, Part, Phase, State, Worker, Write
from gateway.handshake.turn import Turn
from gateway.handshake.writes import beat, next_write, say_state, write_done, write_failed

_UNVOIDED = (Phase.DOWN, Phase.LOOKING, Phase.FOREIGN)  #: nothing is in flight there, or nothing may change


def step(state: State, event: Event, now: float) -> tuple[State, tuple[Action, ...]]:
    """Take one event.

    Parameters
    ----------
    state
        What is known so far.
    event
        What happened.
    now
        Monotonic seconds, never less than in the step before.

    Returns
    -------
    The new state, and what is to be done, in this order.

    Raises
    ------
    HandshakeError
        If the event cannot come in this state: a fault of the driver.
    """
    check(state, event)
    turn = Turn(state, now)
    _mind_gap(turn)
    mind_deadlines(turn)
    _take(turn, event)
    _mind_heartbeat(turn)
    next_write(turn)
    say_state(turn)
    return turn.state, tuple(turn.actions)


def _take(turn: Turn, event: Event) -> None:
    match event:
        case events.Polled(image):
            _polled(turn, image)
        case events.RereadCame(image):
            reread(turn, image)
        case events.Connected():
            turn.go(Cause.CONNECTED)
        case events.Disconnected(why):
            _disconnected(turn, why)
        case events.WriteDone():
            _written(turn)
        case events.WriteFailed(why):
            write_failed(turn, why)
        case events.RecordingStarted(ticket):
            recording_started(turn, ticket)
        case events.VerdictCame():
            verdict_came(turn, event)
        case _:
            _take_of_gateway(turn, event)


def _take_of_gateway(turn: Turn, event: Event) -> None:
    """Take what happens on our own side."""
    match event:
        case events.WorkerTicked():
            if turn.state.worker is not Worker.LOST:
                turn.set(worker=Worker.UP)
                beat(turn)
        case events.WorkerLost():
            _worker_lost(turn)
        case events.WorkerBack(boot_id):
            _void(turn, "the judging process was replaced")
            turn.set(worker=Worker.UP, image=replace(turn.state.image, boot_id=boot_id))
            turn.alarm("WorkerLost", False)
        case events.ReadyChanged(ready, broken, degraded, locked):
            turn.set(ready=ready, broken=broken, degraded=degraded, locked=locked)
        case events.Ending():
            turn.set(ending=True)
        case events.ClockStepped():
            if turn.state.part is not None:
                turn.set(part=replace(turn.state.part, clock_step=True))
        case _:
            assert isinstance(event, events.TimePassed), event


# ---- the connection -------------------------------------------------------------------------------------------------


def _disconnected(turn: Turn, why: str) -> None:
    drop_all(turn, why)
    turn.set(writing=None, zero_wanted=False, baseline=None, old_since=None)
    # What the PLC's heartbeat does now nobody knows; that the link is down is an alarm of its own.
    turn.alarm("PlcHeartbeatStale", False)
    turn.alarm("SecondGateway", False)
    turn.go(Cause.DISCONNECTED)


def _void(turn: Turn, why: str, *, counted: bool = True) -> bool:
    """Drop every job and start from a new baseline (rule 8); False where there is nothing to void."""
    if turn.state.phase in _UNVOIDED:
        return False
    drop_all(turn, why)
    if counted:
        turn.do(Count("voided"))
    turn.go(Cause.VOIDED)
    return True


def _first(turn: Turn, image: PlcImage, *, restarted: bool) -> None:
    """Take the TrigSeq that stands as baseline, whatever its value, and have our image zeroed (rule 8, rows 1, 2)."""
    state = turn.state
    # A PLC that has just restarted rejects what was in flight by itself.
    wanted = (
        turn.active
        and not restarted
        and in_domain(image.boot_id)
        and in_domain(image.trig_seq)
        and image.mode in JUDGED_MODES
        and image.trig_seq != image.result_ack
        and (image.boot_id, image.trig_seq) != state.answered
    )
    known = state.plc is not None and (state.plc.boot_id, state.seen_seq) == (image.boot_id, image.trig_seq)
    turn.set(
        plc=image,
        read_at=turn.now,
        plc_beat_at=turn.now,
        seen_seq=image.trig_seq if in_domain(image.trig_seq) else 0,
        old_since=None,
        zero_wanted=turn.active,
        baseline=Part(image.trig_seq, turn.now, turn.now, 0.0, image.boot_id, image.mode, recorded=known)
        if wanted
        else None,
    )
    turn.go(Cause.BASELINE if turn.active else Cause.BASELINE_SILENT)


def _written(turn: Turn) -> None:
    """Take note of a finished write; the zero image opens the station."""
    writing = write_done(turn)
    state = turn.state
    if writing.kind is not Write.ZERO or state.phase is not Phase.ZEROING or state.zero_wanted:
        return
    turn.go(Cause.ZEROED)
    if state.baseline is not None:
        part = replace(state.baseline, seen_at=turn.now, deadline=turn.now + state.rules.deadline_s)
        reason = "came while the gateway was not connected"
        turn.set(baseline=None)
        conclude(turn, part, refusal(part, reason, Quality.INTERNAL, outcome="lost"))


# ---- the P block ----------------------------------------------------------------------------------------------------


def _polled(turn: Turn, image: PlcImage) -> None:
    before = turn.state.plc
    if turn.state.phase is Phase.LOOKING:
        _first(turn, image, restarted=False)
        return
    assert before is not None
    if image.heartbeat != before.heartbeat:
        turn.set(plc_beat_at=turn.now)
    since = turn.state.read_at
    turn.set(plc=image, read_at=turn.now)
    if image.boot_id != before.boot_id:
        # A PLC that arms itself after its quiet start has had nothing in flight.
        if _void(turn, "the PLC restarted", counted=before.boot_id != 0):
            _first(turn, image, restarted=True)
        return
    if turn.state.phase is Phase.OPEN and not _foreign(turn, image):
        _watch_trigger(turn, image, before, since)
        if image.abort_seq != before.abort_seq:
            withdraw(turn, image.abort_seq, "the PLC withdrew the part", Quality.ABORTED)
        _watch_mode(turn, image)


def _foreign(turn: Turn, image: PlcImage) -> bool:
    """Look at the GwBootId that stands in the PLC (row 16)."""
    state = turn.state
    found = image.gw_boot_id
    if not turn.active or state.writing is not None or found in (None, state.image.boot_id):
        return False
    if found == 0:
        _void(turn, "the PLC lost the gateway's block")
        return True
    drop_all(turn, f"another gateway (GwBootId {found}) writes the same tags")
    turn.go(Cause.FOREIGN)
    turn.alarm("SecondGateway", True, f"GwBootId is {found}, not ours: another gateway writes this station's tags")
    return True


def _watch_trigger(turn: Turn, image: PlcImage, before: PlcImage, since: float) -> None:
    """Notice a new TrigSeq (rules 2 and 9, rows 4 and 19)."""
    state, sequence = turn.state, image.trig_seq
    if sequence == state.seen_seq or state.reading is not None or not in_domain(image.boot_id):
        return
    if not in_domain(sequence):
        if sequence not in (0, before.trig_seq):
            turn.do(Count("bad_input"))
        return
    if newer(state.seen_seq, sequence):
        seen(turn, sequence, since)
    elif state.old_since is None:
        turn.set(old_since=turn.now)
        turn.do(Count("old_trigger"))
    elif turn.now - state.old_since > state.rules.gap_s:
        # A late notification does not stand in reads for a second: the PLC's counter was set back.
        _void(turn, "TrigSeq went back")


def _watch_mode(turn: Turn, image: PlcImage) -> None:
    """Withdraw what was triggered under another Mode (row 18)."""
    part = turn.state.part
    if part is not None and part.plc_mode != image.mode:
        withdraw(turn, part.sequence, "Mode changed while the part was judged", Quality.ABORTED)
    for queued in turn.state.answers:
        if (
            queued.answer is not None
            and queued.answer.told.evaluation is Evaluation.OK
            and image.mode != Mode.AUTOMATIC
        ):
            withdraw(turn, queued.sequence, "Mode left automatic before the result was written", Quality.ABORTED)


# ---- time and the worker --------------------------------------------------------------------------------------------


def _mind_gap(turn: Turn) -> None:
    """Void everything after a hole in the reads (rule 8): what was triggered in it is unknown."""
    state = turn.state
    if state.phase not in _UNVOIDED and turn.now - state.read_at > state.rules.gap_s:
        _void(turn, f"the PLC was not read for over {state.rules.gap_s:g} s")


def _mind_heartbeat(turn: Turn) -> None:
    """Watch the PLC's life (row 12): without it no verdict is written."""
    state = turn.state
    if state.phase in WATCHED:
        stale = turn.now - state.plc_beat_at > state.rules.stale_s
        turn.alarm("PlcHeartbeatStale", stale, f"PlcHeartbeat stands still for over {state.rules.stale_s:g} s")


def _worker_lost(turn: Turn) -> None:
    """Answer what is open as NotDecidable, and every part until a worker is back (row 11)."""
    turn.set(worker=Worker.LOST)
    turn.alarm("WorkerLost", True, "the process that judges this station died or hung")
    part = turn.state.part
    if part is not None:
        turn.set(part=None)
        conclude(turn, part, refusal(part, "the judging process was lost", Quality.INTERNAL))
    late = turn.state.late
    turn.set(late=())
    for waiting in late:
        record(turn, waiting)
