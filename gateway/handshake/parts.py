"""What becomes of a part: seen, read, heard, judged, answered, recorded. Every way out records it exactly once."""

from dataclasses import replace

from analytics.quality.words import Quality
from connectors.plc.port import Mode, PlcImage
from gateway.handshake.answers import answer, clean_part_id, refusal
from gateway.handshake.events import Count, Record, Reread, VerdictCame
from gateway.handshake.sequence import in_domain, newer, skipped
from gateway.handshake.state import TICKET_STRIDE, Answer, Overrun, Part, State, StationMode, Worker
from gateway.handshake.turn import Turn
from gateway.processes.messages import Abandon, StartCapture

JUDGED_MODES = (Mode.AUTOMATIC, Mode.TEACH, Mode.DRY_RUN)
ANSWERS_MAX = 16  #: a PLC that counts faster than results can be held loses the surplus
LATE_MAX = 8


# ---- in -------------------------------------------------------------------------------------------------------------


def seen(turn: Turn, sequence: int, since: float) -> None:
    """Take note of a new TrigSeq; its payload is taken from a read that starts only now (rule 5).

    `since` is the time of the read before, which did not show it yet.
    """
    state = turn.state
    assert state.plc is not None
    reading = Part(sequence, turn.now, since, since + state.rules.deadline_s, state.plc.boot_id)
    turn.set(reading=reading, old_since=None)
    turn.do(Reread(0.0))


def reread(turn: Turn, image: PlcImage | None) -> None:
    """Take the second read: whole, or torn and to be read again, or newer still."""
    state, reading = turn.state, turn.state.reading
    if reading is None:
        return  # voided while the read was under way
    whole = image is not None and image.trig_head == image.trig_seq and in_domain(image.trig_seq)
    if image is not None and whole and image.trig_seq == reading.sequence and image.boot_id == reading.plc_boot_id:
        turn.set(reading=None)
        _arrived(turn, reading, image)
        return
    if image is not None and whole and newer(reading.sequence, image.trig_seq):
        # A newer part came between the reads: its number was first seen now, so its payload needs a read after now.
        since = reading.seen_at
        deadline = since + state.rules.deadline_s
        reading = replace(reading, sequence=image.trig_seq, seen_at=turn.now, since=since, deadline=deadline)
    else:
        turn.do(Count("torn"))
    if reading.reads > state.rules.reread_max:
        turn.set(reading=None, seen_seq=reading.sequence)
        conclude(turn, reading, refusal(reading, "the PLC's part data stayed torn", Quality.INTERNAL))
        return
    turn.set(reading=replace(reading, reads=reading.reads + 1))
    turn.do(Reread(state.rules.reread_s))


def _arrived(turn: Turn, part: Part, image: PlcImage) -> None:
    """Decide what to do with a part whose payload is known."""
    state = turn.state
    visible = frozenset({image.boot_id, state.image.trig_ack, state.image.result_seq})
    missed = skipped(state.seen_seq, part.sequence, visible)
    turn.set(seen_seq=part.sequence)
    if missed:
        turn.do(Count("missed", missed))
    if image.mode not in JUDGED_MODES:
        turn.do(Count("unjudged"))
        return
    deadline = part.since + image.deadline_ms / 1000 if image.deadline_ms else part.deadline
    part_id, masters = clean_part_id(image.part_id), state.rules.masters
    part = replace(
        part,
        deadline=deadline,
        plc_mode=image.mode,
        part_type=image.part_type,
        part_id=part_id,
        master=masters is not None and part_id in masters.parts,
    )
    if turn.state.part is not None:
        _overrun(turn, part)
    elif (refused := _refused(turn, part)) is not None:
        conclude(turn, part, refused)
    else:
        _start(turn, part)


def _overrun(turn: Turn, part: Part) -> None:
    """Answer a part that came while the one before is still open."""
    if turn.state.rules.overrun is Overrun.ABORT:
        withdraw(turn, None, "the next part came too early", Quality.OVERRUN, Quality.ABORTED)
    reason = "came while the part before was still being judged"
    conclude(turn, part, refusal(part, reason, Quality.OVERRUN, outcome="overrun"))


def _refused(turn: Turn, part: Part) -> Answer | None:
    """Give the answer of a part that cannot be heard or judged at all; None where it can."""
    state = turn.state
    if state.worker is not Worker.UP:
        return refusal(part, f"nobody can judge: worker {state.worker.value}", Quality.INTERNAL)
    if part.master and part.plc_mode == Mode.TEACH:
        return refusal(part, "a master part is not taught from", Quality.TEACHING)
    if (state.locked and not part.master) or state.ending:
        why = "the station is locked: see its master parts" if not state.ending else "the gateway is being stopped"
        return refusal(part, why, Quality.INTERNAL)
    if part.plc_mode == Mode.TEACH or state.rules.mode is StationMode.OBSERVE or part.part_type in state.ready:
        return None
    if part.part_type in state.broken:
        return refusal(part, f"the recipe of part type {part.part_type} cannot be used", Quality.NO_RECIPE)
    return refusal(part, f"no recipe for part type {part.part_type}", Quality.UNKNOWN_TYPE)


def _start(turn: Turn, part: Part) -> None:
    """Let the sound of this part be recorded."""
    ticket = turn.state.next_ticket
    turn.set(part=replace(part, ticket=ticket), next_ticket=ticket + TICKET_STRIDE)
    teach = part.plc_mode == Mode.TEACH
    station = turn.state.rules.station
    turn.do(StartCapture(station, ticket, part.part_type, part.part_id, part.seen_at, teach, part.master))


# ---- heard and judged -----------------------------------------------------------------------------------------------


def recording_started(turn: Turn, ticket: int) -> None:
    """Its recording runs: TrigAck may be written."""
    part = turn.state.part
    if part is not None and part.ticket == ticket:
        turn.set(part=replace(part, heard=True))


def verdict_came(turn: Turn, event: VerdictCame) -> None:
    """Answer the open part, or complete the record of one that was answered without its verdict."""
    state, judged = turn.state, event.judged
    if state.part is not None and state.part.ticket == judged.ticket:
        # A verdict implies that the recording had started, even where that message was lost.
        part = replace(state.part, judged=judged, heard=True)
        turn.set(part=None)
        conclude(turn, part, answer(part, judged, event.defect_code, state.rules.mode))
        return
    for index, part in enumerate(state.answers):
        if part.ticket == judged.ticket:
            queued = replace(part, judged=judged)
            turn.set(answers=(*state.answers[:index], queued, *state.answers[index + 1 :]))
            return
    if state.writing is not None and state.writing.part is not None and state.writing.part.ticket == judged.ticket:
        turn.set(writing=replace(state.writing, part=replace(state.writing.part, judged=judged)))
        return
    for part in state.late:
        if part.ticket == judged.ticket:
            turn.set(late=tuple(other for other in state.late if other is not part))
            record(turn, replace(part, judged=judged))
            return
    turn.do(Count("stale_verdict"))


# ---- out ------------------------------------------------------------------------------------------------------------


def conclude(turn: Turn, part: Part, answer: Answer) -> None:
    """Queue the answer of a part, or record it at once where nothing may be written."""
    part = replace(part, answer=answer)
    if not turn.active:
        finish(turn, part, written=False)
    elif len(turn.state.answers) >= ANSWERS_MAX:
        lose(turn, part, f"{ANSWERS_MAX} results already wait to be written")
    else:
        turn.set(answers=(*turn.state.answers, part))


def finish(turn: Turn, part: Part, *, written: bool) -> None:
    """Record a part, unless its true verdict is still worth waiting for."""
    assert part.answer is not None
    late = part.answer.outcome == "late"
    part = replace(part, written=written, latency_ms=(turn.now - part.seen_at) * 1000)
    awaited = late and part.judged is None and part.ticket
    if not awaited or turn.state.worker is not Worker.UP:
        record(turn, part)
        return
    turn.set(late=(*turn.state.late, part))
    if len(turn.state.late) > LATE_MAX:
        oldest, *rest = turn.state.late
        turn.set(late=tuple(rest))
        record(turn, oldest)


def lose(turn: Turn, part: Part, why: str) -> None:
    """Give up a part whose answer cannot reach the PLC."""
    if part.answer is not None and part.answer.outcome == "late":
        finish(turn, part, written=False)
        return
    if part.ticket and part.judged is None:
        turn.do(Abandon(turn.state.rules.station, part.ticket))
    record(turn, replace(part, answer=refusal(part, why, Quality.INTERNAL, outcome="lost"), latency_ms=None))


def drop_all(turn: Turn, why: str) -> None:
    """Void everything in flight (rule 8)."""
    state = turn.state
    writing = state.writing
    if state.reading is not None:
        turn.set(seen_seq=state.reading.sequence)
    parts = (writing.part if writing is not None else None, *state.answers, state.part, state.reading)
    turn.set(
        reading=None,
        part=None,
        answers=(),
        writing=replace(writing, part=None) if writing is not None else None,
    )
    for part in parts:
        if part is not None:
            lose(turn, part, why)


def withdraw(turn: Turn, sequence: int | None, reason: str, *quality: Quality) -> None:
    """Abandon the open part, or part `sequence` wherever it stands, and tell the PLC NotDecidable.

    A result that is already written stays: the PLC has it, and ignores it if it took the part out.
    """
    state = turn.state
    part = state.part
    if part is not None and sequence in (None, part.sequence):
        turn.set(part=None)
        turn.do(Abandon(state.rules.station, part.ticket))
        conclude(turn, part, refusal(part, reason, *quality, outcome="aborted"))
    if state.reading is not None and sequence == state.reading.sequence:
        turn.set(reading=None, seen_seq=state.reading.sequence)
        conclude(turn, state.reading, refusal(state.reading, reason, *quality, outcome="aborted"))
    for index, queued in enumerate(state.answers):
        if queued.sequence == sequence:
            told = replace(queued, answer=refusal(queued, reason, *quality, outcome="aborted"))
            turn.set(answers=(*turn.state.answers[:index], told, *turn.state.answers[index + 1 :]))


def record(turn: Turn, part: Part) -> None:
    """Hand out the record of a part, once."""
    if not part.recorded:
        turn.do(Record(part))


def mind_deadlines(turn: Turn) -> None:
    """Answer what is about to run out, give up what has, stop waiting for what never came."""
    rules, now = turn.state.rules, turn.now
    reading, part = turn.state.reading, turn.state.part
    if reading is not None and now >= reading.deadline - rules.margin_s:
        turn.set(reading=None, seen_seq=reading.sequence)
        conclude(turn, reading, _late(reading))
    if part is not None and now >= part.deadline - rules.margin_s:
        turn.set(part=None)
        conclude(turn, part, _late(part))
    if any(now >= part.deadline for part in turn.state.answers):
        over = [part for part in turn.state.answers if now >= part.deadline]
        turn.set(answers=tuple(part for part in turn.state.answers if now < part.deadline))
        for part in over:
            lose(turn, part, "its deadline passed before its result could be written")
    if any(now >= part.deadline + rules.late_s for part in turn.state.late):
        over = [part for part in turn.state.late if now >= part.deadline + rules.late_s]
        turn.set(late=tuple(part for part in turn.state.late if now < part.deadline + rules.late_s))
        for part in over:
            turn.do(Abandon(rules.station, part.ticket))
            record(turn, part)


def _late(part: Part) -> Answer:
    return refusal(part, "no verdict before the deadline", Quality.LATE, outcome="late")


def next_due(state: State, now: float) -> float:
    """Give the moment after `now` at which time alone has something to do; infinite for never."""
    rules = state.rules
    due = [part.deadline - rules.margin_s for part in (state.reading, state.part) if part is not None]
    due += [part.deadline for part in state.answers]
    due += [part.deadline + rules.late_s for part in state.late]
    if state.answers:
        due.append(state.result_at + rules.hold_s)
    due = [moment for moment in due if moment > now]
    return min(due, default=float("inf"))
