"""What the table refuses, bounds and paces; rows and traces have files of their own."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.decision.verdict import Evaluation
from connectors.plc.port import GwState, PlcImage
from gateway.handshake import events
from gateway.handshake.parts import next_due
from gateway.handshake.phases import NEXT, Cause, HandshakeError, legal, mermaid
from gateway.handshake.state import Phase, StationRules, begin
from gateway.handshake.table import step
from gateway.handshake.turn import Turn
from gateway.processes.messages import Judged

OK, NOT_OK = Evaluation.OK, Evaluation.NOT_OK
IMAGE = PlcImage(boot_id=5, mode=1, part_type=1)


def opened(rig):
    rig.feed(events.WorkerTicked())
    rig.feed(events.ReadyChanged(frozenset({1})))
    rig.feed(events.Connected())
    rig.feed(events.Polled(IMAGE))
    rig.feed(events.WriteDone())
    rig.wire.clear()


def part(rig, seq, heartbeat=0, **changes):
    image = replace(IMAGE, **{"trig_head": seq, "trig_seq": seq, "heartbeat": heartbeat, **changes})
    rig.feed(events.Polled(rig.state.plc))  # the deadline counts from the read before
    rig.feed(events.Polled(image))
    rig.feed(events.RereadCame(image))


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        (events.Polled(IMAGE), "ring: Polled came in phase down; legal: ClockStepped, Connected, "),
        (events.Disconnected("x"), "ring: Disconnected came in phase down"),
        (events.WriteDone(), "ring: WriteDone came in phase down"),
    ],
)
def test_an_illegal_event_is_an_error_that_names_state_event_and_what_was_legal(event, sentence):
    state = begin(StationRules("ring"), 700)
    with pytest.raises(HandshakeError, match=sentence):
        step(state, event, 1.0)


def test_a_second_connect_and_an_answer_nobody_waits_for_are_illegal(rig):
    opened(rig)
    for event in (events.Connected(), events.WriteDone(), events.WriteFailed("x")):
        with pytest.raises(HandshakeError):
            step(rig.state, event, rig.now)
    part(rig, 1)
    rig.feed(events.RecordingStarted(rig.state.part.ticket))
    with pytest.raises(HandshakeError, match="writing accept"):
        step(rig.state, events.Connected(), rig.now)
    assert events.WriteFailed in legal(rig.state)


def test_a_cause_the_table_does_not_know_in_this_phase_is_an_error():
    with pytest.raises(HandshakeError, match="no way from down by 'zero image written'"):
        Turn(begin(StationRules("ring"), 700), 0.0).go(Cause.ZEROED)


def test_every_phase_can_be_left_and_reached():
    reached = {target for ways in NEXT.values() for target in ways.values()}
    assert set(NEXT) == reached == set(Phase)


def test_the_diagram_in_the_contract_is_drawn_from_the_table():
    text = (Path(__file__).parents[3] / "docs/plc/contract.md").read_text(encoding="utf-8")
    assert f"```mermaid\n{mermaid()}\n```" in text


@given(st.lists(st.floats(0.0, 0.3), max_size=60))
def test_the_heartbeat_counts_on_ticks_alone_and_never_faster_than_its_pace(pauses):
    state, now, counted = begin(StationRules("ring"), 700), 0.0, []
    for pause in pauses:
        now += pause
        before = state.image.heartbeat
        state, _ = step(state, events.TimePassed(), now)
        assert state.image.heartbeat == before
        state, _ = step(state, events.WorkerTicked(), now)
        if state.image.heartbeat != before:
            counted.append(now)
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(counted))
    assert len(counted) >= (1 if pauses else 0)


def test_the_heartbeat_wraps_within_its_register():
    state = begin(StationRules("ring"), 700)
    state = replace(state, image=replace(state.image, heartbeat=65535))
    state, _ = step(state, events.WorkerTicked(), 1.0)
    assert state.image.heartbeat == 0


def test_a_heartbeat_counted_while_a_write_is_under_way_survives_its_answer(rig):
    opened(rig)
    part(rig, 1)
    rig.feed(events.RecordingStarted(rig.state.part.ticket))
    rig.now += 0.2
    rig.feed(events.WorkerTicked())
    beat = rig.state.image.heartbeat
    rig.feed(events.WriteDone())
    assert rig.state.image.heartbeat == beat


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({}, GwState.READY),
        ({"degraded": True}, GwState.DEGRADED),
        ({"locked": True}, GwState.LOCKED),
        ({"ready": frozenset()}, GwState.INIT),
    ],
)
def test_gw_state_says_what_is(rig, change, state):
    rig.start()
    rig.feed(events.ReadyChanged(**{"ready": frozenset({1}), **change}))
    rig.run(0.2)
    assert rig.g.state == state


def test_gw_state_is_busy_while_a_part_is_open(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.05)
    assert rig.g.state == GwState.BUSY
    rig.run(0.1)
    assert rig.g.state == GwState.READY


@pytest.mark.parametrize("event", [events.Ending(), events.ReadyChanged(frozenset({1}), locked=True)])
def test_a_station_that_is_locked_or_ending_hears_no_new_part(rig, event):
    opened(rig)
    rig.feed(event)
    part(rig, 1)
    assert rig.heard == {}
    assert rig.state.writing.image.quality_code == 1 << 12


def test_before_any_worker_stands_a_part_is_not_decidable(rig):
    rig.feed(events.ReadyChanged(frozenset({1})))
    rig.feed(events.Connected())
    rig.feed(events.Polled(IMAGE))
    rig.feed(events.WriteDone())
    part(rig, 1)
    assert rig.state.writing.image.quality_code == 1 << 12
    assert rig.state.writing.image.state == GwState.INIT


def test_a_plc_that_counts_faster_than_results_can_be_held_loses_the_surplus(make_rig):
    rig = make_rig(rules=StationRules("ring", hold_s=0.5))
    opened(rig)
    for seq in range(1, 60):
        rig.now += 0.001
        part(rig, seq, part_type=2)
        if rig.state.writing:
            rig.feed(events.WriteDone())
    assert len(rig.state.answers) == 16
    assert [record.part.answer.outcome for record in rig.records] == ["judged"] + ["lost"] * 42


def test_a_ninth_late_part_gives_up_waiting_for_the_first_verdict(rig):
    opened(rig)
    for seq in range(1, 10):
        part(rig, seq, heartbeat=seq, deadline_ms=100, result_ack=max(seq - 1, 0))
        rig.now += 0.085
        rig.feed(events.TimePassed())
        rig.feed(events.WriteDone())
    assert len(rig.state.late) == 8
    assert [record.part.sequence for record in rig.records] == [1]


def test_a_verdict_that_comes_while_the_late_answer_waits_or_is_written_is_the_true_one(make_rig):
    rig = make_rig(rules=StationRules("ring", hold_s=1.0))
    rig.truth[""] = OK
    opened(rig)
    for seq in (1, 2):
        part(rig, seq, heartbeat=seq, deadline_ms=900)
        ticket = rig.state.part.ticket
        rig.now += 0.885
        rig.feed(events.TimePassed())
        rig.say(ticket)
        if seq == 1:
            assert rig.state.writing.part.judged is not None
            rig.feed(events.WriteDone())
        else:
            assert rig.state.answers[0].judged is not None
    rig.now += 0.02
    rig.feed(events.TimePassed())
    assert [(r.part.sequence, r.part.written, r.part.judged.verdict.evaluation) for r in rig.records] == [
        (1, True, OK),
        (2, False, OK),
    ]


def test_a_verdict_of_nobody_is_counted(rig):
    opened(rig)
    part(rig, 1)
    rig.feed(events.RecordingStarted(999))
    assert not rig.state.part.heard
    rig.heard[999] = ""
    rig.say(999)
    assert rig.counts == {"stale_verdict": 1}
    rig.now += 0.49
    rig.feed(events.TimePassed())
    rig.say(999)
    rig.feed(events.WriteDone())
    rig.say(999)
    assert rig.counts == {"stale_verdict": 3}
    assert len(rig.state.late) == 1


def test_a_result_that_could_not_be_sent_is_lost_and_the_next_one_goes(rig):
    opened(rig)
    part(rig, 1, part_type=2)
    rig.feed(events.WriteFailed("its time had run out"))
    assert rig.records[0].part.answer.outcome == "lost"
    part(rig, 2, part_type=2)
    assert rig.state.writing.image.result_seq == 2
    rig.feed(events.WriteDone())
    part(rig, 3)
    rig.feed(events.RecordingStarted(rig.state.part.ticket))
    rig.feed(events.WriteFailed("no time for TrigAck"))
    assert rig.state.part.accepted


def test_a_restart_seen_while_a_result_is_under_way_loses_the_part_once_and_zeroes_after_it(rig):
    opened(rig)
    part(rig, 1, part_type=2)
    rig.feed(events.Polled(replace(IMAGE, boot_id=6)))
    assert (rig.state.phase, rig.state.writing.part) == (Phase.ZEROING, None)
    rig.feed(events.WriteDone())
    assert isinstance(rig.wire[-1], events.WriteZero)
    rig.feed(events.WriteDone())
    assert rig.state.phase is Phase.OPEN
    assert [record.part.answer.outcome for record in rig.records] == ["lost"]


def test_a_zero_image_overtaken_by_a_restart_is_written_again(rig):
    rig.feed(events.Connected())
    rig.feed(events.Polled(IMAGE))
    rig.feed(events.Polled(replace(IMAGE, boot_id=6)))
    rig.feed(events.WriteDone())
    assert rig.state.phase is Phase.ZEROING
    rig.feed(events.WriteDone())
    assert rig.state.phase is Phase.OPEN


def test_a_new_worker_before_the_first_image_changes_the_boot_id_alone(rig):
    rig.feed(events.Connected())
    rig.feed(events.WorkerBack(42))
    assert (rig.state.phase, rig.state.image.boot_id) == (Phase.LOOKING, 42)


def test_time_alone_has_nothing_to_do_in_an_idle_station(rig):
    opened(rig)
    assert next_due(rig.state, rig.now) == float("inf")
    part(rig, 1)
    assert next_due(rig.state, rig.now) == pytest.approx(rig.now + 0.5 - 0.02)


def test_a_late_answer_of_a_part_that_was_never_read_has_no_job_to_wait_for(rig):
    opened(rig)
    rig.feed(events.Polled(replace(IMAGE, trig_head=1, trig_seq=1)))
    rig.now += 0.49
    rig.feed(events.TimePassed())
    rig.feed(events.WriteDone())
    assert [record.part.answer.outcome for record in rig.records] == ["late"]
    assert rig.state.seen_seq == 1


def test_a_clock_step_without_an_open_part_marks_nothing(rig):
    opened(rig)
    before = rig.state
    rig.feed(events.ClockStepped())
    assert rig.state == before


def test_a_not_decidable_verdict_of_the_worker_is_told_as_it_is(rig):
    opened(rig)
    part(rig, 1)
    ticket = rig.state.part.ticket
    rig.feed(events.RecordingStarted(ticket))
    rig.feed(events.WriteDone())
    rig.say(ticket)
    assert (rig.state.writing.image.verdict, rig.state.writing.image.score) == (3, 0.0)
    assert isinstance(rig.state.writing.part.judged, Judged)


def test_a_link_that_goes_with_a_part_half_read_records_it_as_lost(rig):
    opened(rig)
    rig.feed(events.Polled(replace(IMAGE, trig_head=1, trig_seq=1)))
    rig.lose_link()
    assert [(record.part.sequence, record.part.answer.outcome) for record in rig.records] == [(1, "lost")]


def test_the_station_number_keeps_tickets_of_stations_apart(make_rig):
    tickets = set()
    for number in range(3):
        rig = make_rig(rules=StationRules("ring", number=number))
        opened(rig)
        for seq in range(1, 5):
            part(rig, seq)
            tickets.add(rig.state.part.ticket)
            rig.say(rig.state.part.ticket)
            rig.feed(events.WriteDone())
            if rig.state.writing:
                rig.feed(events.WriteDone())
            rig.now += 0.2
    assert len(tickets) == 12


def test_an_abort_or_a_verdict_finds_its_part_behind_another_that_waits(make_rig):
    rig = make_rig(rules=StationRules("ring", hold_s=0.3))
    rig.truth[""] = OK
    opened(rig)
    part(rig, 1, part_type=2)
    rig.feed(events.WriteDone())
    part(rig, 2, part_type=2)
    part(rig, 3)
    ticket = rig.state.part.ticket
    rig.feed(events.RecordingStarted(ticket))
    rig.feed(events.WriteDone())
    rig.say(ticket)
    assert [queued.sequence for queued in rig.state.answers] == [2, 3]
    assert next_due(rig.state, rig.now) == pytest.approx(rig.state.result_at + 0.3)
    rig.say(ticket)  # told twice: nothing changes
    rig.feed(events.Polled(replace(IMAGE, trig_head=3, trig_seq=3, abort_seq=3)))
    assert [queued.answer.outcome for queued in rig.state.answers] == ["judged", "aborted"]
