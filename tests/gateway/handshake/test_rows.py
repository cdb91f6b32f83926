"""The twenty interleavings of docs/plc/contract.md, row by row, from the gateway's side."""

from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from connectors.plc.port import GwState, Mode, PlcImage
from gateway.handshake import events
from gateway.handshake.state import Overrun, Phase, StationMode, StationRules

OK, NOT_OK = Evaluation.OK, Evaluation.NOT_OK


def answers(rig):
    return [(record.part.part_id, record.part.answer.outcome) for record in rig.records]


def results(rig):
    return [action.image for action in rig.log if isinstance(action, events.WriteResult)]


def test_a_good_part_passes_and_a_bad_one_does_not(rig):
    rig.start()
    rig.arrive("good", OK)
    rig.run(0.7)
    rig.arrive("bad", NOT_OK)
    rig.run(0.7)
    assert rig.passed("good")
    assert not rig.passed("bad")
    assert answers(rig) == [("good", "judged"), ("bad", "judged")]
    assert (rig.g.defect_code, rig.g.pass_key) == (2, 0)
    assert not any(part.wrong or part.late for part in rig.program.log)
    assert rig.records[0].part.written
    assert 100 <= rig.records[0].part.latency_ms <= 140


def test_row_1_a_plc_restart_voids_the_part_and_zeroes_our_image(rig):
    rig.start()
    rig.arrive("before", OK)
    rig.run(0.05)
    rig.program.restart()
    rig.run(0.2)
    assert rig.outcome("before") == "lost"
    assert rig.abandoned == list(rig.heard)
    assert (rig.g.result_seq, rig.g.trig_ack, rig.g.pass_key, rig.g.verdict) == (0, 0, 0, 0)
    rig.arrive("after", OK)
    rig.run(0.7)
    assert not rig.passed("before")
    assert rig.passed("after")


def test_row_1_a_plc_that_arms_itself_after_its_quiet_start_voids_nothing_worth_telling(rig):
    rig.feed(events.WorkerTicked())
    rig.feed(events.ReadyChanged(frozenset({1})))
    rig.feed(events.Connected())
    rig.run(0.2)
    assert rig.counts == {}
    rig.arrive("first", OK)
    rig.run(0.7)
    assert rig.passed("first")


def test_row_2_the_trigger_found_at_start_is_a_baseline_answered_not_decidable(rig):
    rig.start()
    rig.arrive("mid", OK)
    rig.run(0.05)
    rig.restart_gateway(boot_id=701)
    heard = dict(rig.heard)
    rig.feed(events.Connected())
    rig.run(0.1)
    assert rig.heard == heard
    assert rig.g.result_seq == rig.p.trig_seq
    assert (rig.g.verdict, rig.g.quality_code) == (3, 1 << 12)
    rig.run(0.5)
    assert not rig.passed("mid")
    rig.arrive("next", OK)
    rig.run(0.6)
    assert rig.passed("next")


def test_row_2_a_baseline_the_plc_has_acknowledged_is_not_answered_again(rig):
    rig.start()
    rig.arrive("done", OK)
    rig.run(0.7)
    rig.restart_gateway(boot_id=701)
    rig.feed(events.Connected())
    rig.run(0.1)
    assert rig.g.result_seq == 0
    assert len(rig.records) == 1


def test_row_3_a_jump_answers_the_newest_alone_and_counts_the_missed(rig):
    rig.start()
    for names in ("a", "bcd"):
        for name in names:
            rig.arrive(name, OK)
        rig.scan(len(names))
        rig.run(0.8)
    assert rig.counts == {"missed": 2}
    assert answers(rig) == [("a", "judged"), ("d", "judged")]
    assert [part.passed for part in rig.program.log] == [True, False, False, True]


def test_row_3_a_number_the_plc_had_to_skip_is_not_missed(make_rig):
    rig = make_rig()
    rig.start()
    rig.arrive("1 is PlcBootId, so this is 2", OK)
    rig.run(0.7)
    assert rig.p.trig_seq == 2
    rig.program.restart()  # PlcBootId 2; the counter goes on at 3
    rig.run(0.2)
    rig.arrive("3", OK)
    rig.run(0.7)
    assert rig.p.trig_seq == 3
    assert "missed" not in rig.counts


def test_row_4_the_same_number_again_is_nothing_new(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.6)
    before = len(rig.log)
    for _ in range(1000):
        rig.poll()
    assert len(rig.log) == before


@pytest.mark.parametrize(
    ("policy", "expected", "first_passes"),
    [
        (Overrun.FINISH, [("second", "overrun"), ("first", "judged")], True),
        (Overrun.ABORT, [("first", "aborted"), ("second", "overrun")], False),
    ],
)
def test_row_4_a_part_that_comes_too_early_is_overrun(make_rig, policy, expected, first_passes):
    rig = make_rig(rules=StationRules("ring", deadline_s=0.5, overrun=policy))
    rig.start()
    rig.arrive("first", OK)
    rig.run(0.05)
    rig.arrive("second", OK)
    rig.run(0.8)
    assert answers(rig) == expected
    codes = {image.result_seq: image.quality_code for image in results(rig)}
    assert codes[3] == 1 << 7
    assert rig.passed("first") is first_passes
    assert not rig.passed("second")


def opened(rig, **p):
    """A station that is open on an image of the test's making, to be played by hand."""
    rig.feed(events.WorkerTicked())
    rig.feed(events.ReadyChanged(frozenset({1}), frozenset({9})))
    rig.feed(events.Connected())
    image = PlcImage(**{"boot_id": 5, "mode": 1, "part_type": 1, **p})
    rig.feed(events.Polled(image))
    rig.wire.clear()
    rig.feed(events.WriteDone())
    return image


def triggered(image, seq, **changes):
    return replace(image, **{"trig_head": seq, "trig_seq": seq, "heartbeat": image.heartbeat + 1, **changes})


def test_rows_5_and_13_a_torn_block_is_read_again_and_the_payload_is_never_of_the_first_read(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1, part_type=7)))
    rig.feed(events.RereadCame(triggered(image, 1, trig_head=2)))
    assert rig.wire[-1] == events.Reread(rig.rules.reread_s)
    rig.feed(events.RereadCame(triggered(image, 1, part_type=1)))
    assert rig.state.part.part_type == 1
    assert rig.counts == {"torn": 1}


def test_row_5_what_stays_torn_is_not_decidable(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    for unreadable in (None, triggered(image, 1, trig_head=2), triggered(image, 0), None):
        rig.feed(events.RereadCame(unreadable))
    assert results(rig)[-1].quality_code == 1 << 12
    assert rig.state.reading is None


def test_row_5_a_part_that_comes_between_the_reads_is_read_once_more(rig):
    image = opened(rig, trig_seq=10, result_ack=10)
    rig.feed(events.Polled(triggered(image, 11)))
    rig.now += 0.02
    rig.feed(events.RereadCame(triggered(image, 12, part_type=7)))
    assert rig.state.part is None
    rig.feed(events.RereadCame(triggered(image, 12)))
    assert (rig.state.part.sequence, rig.state.part.part_type, rig.state.part.seen_at) == (12, 1, rig.now)
    assert rig.counts == {"missed": 1}


def test_row_5_a_read_that_outlived_its_part_is_ignored(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.Polled(replace(image, boot_id=6, heartbeat=9)))
    assert rig.feed(events.RereadCame(triggered(image, 1))) == ()


@pytest.mark.parametrize(("part_type", "bit"), [(2, 5), (0, 5), (65535, 5), (9, 6)])
def test_row_5_a_type_without_a_recipe_is_answered_at_once_and_never_acknowledged(rig, part_type, bit):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.RereadCame(triggered(image, 1, part_type=part_type)))
    assert (results(rig)[-1].verdict, results(rig)[-1].quality_code) == (3, 1 << bit)
    assert results(rig)[-1].trig_ack == 0


def test_row_6_a_result_stays_through_the_next_trigger_and_does_not_wait_for_its_ack(make_rig):
    rig = make_rig(rules=StationRules("ring", deadline_s=0.5, hold_s=0.1))
    image = opened(rig)
    for seq in (1, 2):
        rig.feed(events.Polled(triggered(image, seq)))
        rig.feed(events.RereadCame(triggered(image, seq)))
        ticket = rig.state.part.ticket
        rig.feed(events.RecordingStarted(ticket))
        rig.feed(events.WriteDone())
        assert rig.state.image.trig_ack == seq
        if seq == 2:
            assert rig.state.image.result_seq == 1
        rig.say(ticket)
        if seq == 1:
            rig.feed(events.WriteDone())
    assert rig.state.writing is None  # held: the PLC may not have looked yet
    rig.now += 0.1
    rig.feed(events.TimePassed())
    rig.feed(events.WriteDone())
    assert rig.state.image.result_seq == 2


def test_row_6_an_ack_ends_the_hold_early(make_rig):
    rig = make_rig(rules=StationRules("ring", deadline_s=0.5, hold_s=0.4))
    image = opened(rig)
    for seq in (1, 2):
        rig.feed(events.Polled(triggered(image, seq)))
        rig.feed(events.RereadCame(triggered(image, seq, part_type=2)))
        if seq == 1:
            rig.feed(events.WriteDone())
    assert rig.state.writing is None
    rig.feed(events.Polled(triggered(image, 2, result_ack=1)))
    assert rig.state.writing.image.result_seq == 2


def test_row_7_a_late_part_is_not_decidable_just_before_its_deadline_and_its_true_verdict_is_recorded(rig):
    rig.judge_s = 0.55
    rig.start()
    rig.arrive("slow", OK)
    rig.run(0.45)
    assert results(rig) == []
    rig.run(0.05)
    assert [(image.verdict, image.quality_code) for image in results(rig)] == [(3, 1)]
    assert rig.records == []
    rig.run(0.3)
    assert len(results(rig)) == 1
    (record,) = rig.records
    assert record.part.answer.outcome == "late"
    assert record.part.judged.verdict.evaluation is OK
    assert not rig.passed("slow")
    assert not rig.program.log[0].late


def test_row_7_a_verdict_that_never_comes_is_waited_for_five_seconds(rig):
    rig.judge_s = 60.0
    rig.start()
    rig.arrive("never", OK)
    rig.run(5.4)
    assert rig.records == []
    rig.run(0.3)
    assert answers(rig) == [("never", "late")]
    assert rig.abandoned == list(rig.heard)


def test_row_7_nothing_is_written_once_the_deadline_is_over(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.RereadCame(triggered(image, 1)))
    rig.now += 0.6  # the line was blocked: even the late answer is late
    rig.feed(events.Polled(triggered(image, 1)))
    assert results(rig) == []
    rig.say(rig.state.late[0].ticket)
    assert not rig.records[0].part.written
    assert rig.records[0].part.answer.outcome == "late"


@pytest.mark.parametrize("deadline_ms", [1, 20])
def test_a_deadline_shorter_than_the_margin_is_late_at_once(rig, deadline_ms):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.RereadCame(triggered(image, 1, deadline_ms=deadline_ms)))
    rig.feed(events.TimePassed())
    assert results(rig)[-1].quality_code == 1


def test_row_8_a_lost_link_drops_the_part_and_never_sends_it_later(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.05)
    rig.lose_link()
    rig.run(0.2)
    assert rig.outcome("part") == "lost"
    assert rig.counts == {"stale_verdict": 1}
    rig.feed(events.Connected())
    rig.run(0.1)
    assert rig.g.verdict == 3  # unanswered baseline
    assert len(rig.records) == 1
    rig.run(0.3)
    assert not rig.passed("part")


def test_rule_8_a_second_without_reads_voids_everything(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.RereadCame(triggered(image, 1, deadline_ms=9000)))
    rig.now += 1.01
    rig.feed(events.TimePassed())
    assert rig.state.phase is Phase.LOOKING
    assert answers(rig) == [("", "lost")]
    rig.feed(events.Polled(triggered(image, 30000)))
    rig.feed(events.WriteDone())
    assert (rig.state.phase, rig.state.seen_seq) == (Phase.OPEN, 30000)


def test_row_11_a_lost_judge_answers_not_decidable_and_comes_back_with_a_new_boot_id(rig):
    rig.start()
    rig.arrive("open", OK)
    rig.run(0.05)
    rig.feed(events.WorkerLost())
    rig.judging = False
    rig.run(0.1)
    assert (rig.g.verdict, rig.g.quality_code, rig.g.state) == (3, 1 << 12, GwState.FAULT)
    rig.arrive("meanwhile", OK)
    rig.run(0.7)
    assert rig.g.quality_code == 1 << 12
    beat = rig.g.heartbeat
    rig.run(0.5)
    assert rig.g.heartbeat == beat
    rig.feed(events.WorkerTicked())  # of the dead one, still in a queue
    assert rig.state.image.heartbeat == beat
    rig.feed(events.WorkerBack(900))
    rig.judging = True
    rig.run(0.2)
    assert (rig.g.boot_id, rig.g.result_seq, rig.g.state) == (900, 0, GwState.READY)
    rig.arrive("after", OK)
    rig.run(0.7)
    assert [part.passed for part in rig.program.log] == [False, False, True]
    assert "WorkerLost" not in rig.alarms


def test_row_11_a_late_part_is_not_waited_for_when_its_judge_is_gone(rig):
    rig.judge_s = 60.0
    rig.start()
    rig.arrive("late", OK)
    rig.run(0.6)
    assert rig.records == []
    rig.feed(events.WorkerLost())
    assert answers(rig) == [("late", "late")]


def test_row_12_no_verdict_is_written_while_the_plc_heartbeat_stands_still(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.scan()
    frozen = rig.p
    for _ in range(130):
        rig.now += 0.01
        rig.p = replace(frozen, trig_head=frozen.trig_seq, deadline_ms=3000)
        rig.feed(events.WorkerTicked())
        rig.poll()
        rig.requests()
    assert "PlcHeartbeatStale" in rig.alarms
    assert rig.g.state == GwState.FAULT
    (ticket,) = rig.heard
    rig.say(ticket)
    rig.requests()
    assert results(rig) == []
    rig.p = replace(rig.p, heartbeat=rig.p.heartbeat + 1)
    rig.poll()
    rig.requests()
    assert rig.g.verdict == 1
    assert rig.alarms == {}


def test_row_14_a_clock_step_marks_the_part_and_does_not_stop_it_passing(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.05)
    rig.feed(events.ClockStepped())
    rig.run(0.6)
    assert rig.passed("part")
    assert rig.records[0].part.answer.quality_code == 1 << 11


def test_row_15_a_plc_refuses_a_map_it_does_not_know(rig):
    rig.start()
    rig.arrive("part", OK)
    for _ in range(70):
        rig.run(0.01)
        rig.g = replace(rig.g, map_version=2)
    assert rig.program.log[0].verdict == 1
    assert not rig.passed("part")


def test_row_16_a_boot_id_we_did_not_write_stops_us_until_the_next_connection(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.05)
    rig.g = replace(rig.g, boot_id=12345)
    rig.run(0.3)
    assert rig.state.phase is Phase.FOREIGN
    assert "SecondGateway" in rig.alarms
    assert rig.g.boot_id == 12345
    assert rig.outcome("part") == "lost"
    rig.program.restart()
    rig.run(0.3)
    assert rig.state.phase is Phase.FOREIGN
    rig.lose_link()
    rig.feed(events.Connected())
    rig.run(0.2)
    assert rig.g.boot_id == 700


def test_row_16_a_block_the_plc_zeroed_is_written_anew(rig):
    rig.start()
    rig.g = replace(rig.g, boot_id=0)
    rig.run(0.1)
    assert (rig.state.phase, rig.g.boot_id) == (Phase.OPEN, 700)


def test_row_17_an_aborted_part_is_not_decidable_with_its_bit(rig):
    rig.start()
    rig.arrive("jam", OK)
    rig.run(0.05)
    rig.program.abort("jam")
    rig.run(0.1)
    assert answers(rig) == [("jam", "aborted")]
    assert (rig.g.verdict, rig.g.quality_code) == (3, 1 << 10)
    assert rig.abandoned == list(rig.heard)


def test_row_17_an_abort_seen_with_its_own_trigger_ends_the_part_before_it_is_heard(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1, abort_seq=1)))
    assert results(rig)[-1].quality_code == 1 << 10
    assert rig.heard == {}


def test_row_17_an_abort_overtakes_a_result_that_waits(make_rig):
    rig = make_rig(rules=StationRules("ring", hold_s=0.4))
    image = opened(rig)
    for seq in (1, 2):
        rig.feed(events.Polled(triggered(image, seq)))
        rig.feed(events.RereadCame(triggered(image, seq)))
        rig.feed(events.RecordingStarted(rig.state.part.ticket))
        rig.feed(events.WriteDone())
        rig.say(rig.state.part.ticket)
        if seq == 1:
            rig.feed(events.WriteDone())
    rig.feed(events.Polled(triggered(image, 2, abort_seq=2, result_ack=1)))
    assert results(rig)[-1].verdict == 3


@pytest.mark.parametrize("abort_seq", [1, 40, 32768])
def test_row_17_an_abort_of_another_part_changes_nothing(rig, abort_seq):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 2)))
    rig.feed(events.RereadCame(triggered(image, 2)))
    rig.feed(events.Polled(triggered(image, 2, abort_seq=abort_seq)))
    assert rig.state.part.sequence == 2


@pytest.mark.parametrize(
    ("mode", "state"), [(Mode.BYPASS, GwState.BYPASS), (Mode.OFF, GwState.INIT), (77, GwState.INIT)]
)
def test_row_18_parts_run_unjudged_while_the_mode_says_so(rig, mode, state):
    rig.start()
    rig.program.mode = mode
    rig.arrive("part", OK)
    rig.run(0.7)
    assert rig.g.state == state
    assert (rig.records, rig.heard, results(rig)) == ([], {}, [])
    assert rig.counts == {"unjudged": 1}
    assert not rig.passed("part")


def test_row_18_mode_leaves_automatic_with_a_part_open(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.05)
    rig.program.mode = Mode.BYPASS
    rig.run(0.6)
    assert answers(rig) == [("part", "aborted")]
    assert rig.g.quality_code == 1 << 10


def test_row_18_mode_leaves_automatic_with_an_ok_on_its_way(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.05)
    rig.now += 0.1
    rig.judge()
    (write,) = rig.wire
    assert write.image.verdict == 1
    rig.program.mode = Mode.BYPASS
    rig.scan()
    rig.requests()
    rig.run(0.6)
    assert rig.program.log[0].verdict == 1
    assert not rig.passed("part")


def test_row_18_mode_leaves_automatic_with_an_ok_held_back(make_rig):
    rig = make_rig(rules=StationRules("ring", hold_s=0.4))
    image = opened(rig)
    for seq in (1, 2):
        rig.feed(events.Polled(triggered(image, seq)))
        rig.feed(events.RereadCame(triggered(image, seq)))
        rig.truth[""] = OK
        rig.say(rig.state.part.ticket)
        rig.feed(events.WriteDone())  # TrigAck
        if seq == 1:
            rig.feed(events.WriteDone())
    rig.feed(events.Polled(triggered(image, 2, mode=4, result_ack=1)))
    assert [result.verdict for result in results(rig)] == [1, 3]


def test_row_19_an_old_trigger_is_dropped_and_moves_nothing(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 5)))
    rig.feed(events.RereadCame(triggered(image, 5)))
    rig.feed(events.Polled(triggered(image, 4)))
    assert rig.counts == {"old_trigger": 1}
    assert (rig.state.seen_seq, rig.state.part.sequence) == (5, 5)


def test_row_19_a_counter_that_was_set_back_is_a_new_baseline_after_a_second(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 900)))
    rig.feed(events.RereadCame(triggered(image, 900, part_type=2)))
    rig.feed(events.WriteDone())
    for beat in range(120):
        rig.now += 0.01
        rig.feed(events.Polled(triggered(image, 10, heartbeat=beat)))
    assert rig.state.phase is Phase.ZEROING
    assert rig.state.seen_seq == 10


@pytest.mark.parametrize("seq", [0, 32768, 65535])
def test_a_number_outside_the_domain_is_no_trigger(rig, seq):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 5)))
    rig.feed(events.RereadCame(triggered(image, 5)))
    rig.feed(events.Polled(triggered(image, seq)))
    rig.feed(events.Polled(triggered(image, seq)))
    assert rig.state.reading is None
    assert rig.counts.get("bad_input", 0) == (1 if seq else 0)


def test_a_plc_that_is_not_armed_triggers_nothing(rig):
    image = opened(rig, boot_id=0)
    rig.feed(events.Polled(triggered(image, 1)))
    assert rig.state.reading is None


def test_a_boot_id_that_changes_between_the_two_reads_is_no_valid_read(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.RereadCame(triggered(image, 1, boot_id=6)))
    assert rig.state.part is None


def test_teach_parts_are_heard_whatever_their_type_and_told_not_decidable(rig):
    rig.start(ready=frozenset())
    rig.program.mode = Mode.TEACH
    rig.arrive("lesson", OK, part_type=7)
    rig.run(0.7)
    assert answers(rig) == [("lesson", "taught")]
    assert (rig.g.verdict, rig.g.quality_code, rig.g.state) == (3, 0, GwState.READY)
    assert rig.records[0].part.answer.told.quality == (Quality.TEACHING,)


@pytest.mark.parametrize(("truth", "told"), [(OK, 3), (NOT_OK, 2)])
def test_a_dry_run_never_says_ok(rig, truth, told):
    rig.start()
    rig.program.mode = Mode.DRY_RUN
    rig.arrive("rehearsal", truth)
    rig.run(0.7)
    assert (rig.g.verdict, rig.g.quality_code, rig.g.pass_key) == (told, 1 << 9, 0)


@pytest.mark.parametrize("mode", ["observe", "shadow"])
def test_observe_and_shadow_write_nothing_at_all(make_rig, mode):
    rig = make_rig(rules=StationRules("ring", StationMode(mode)))
    rig.start()
    rig.arrive("part", OK, part_type=1)
    rig.run(0.7)
    rig.lose_link()
    rig.feed(events.Connected())
    rig.run(0.1)
    written = (events.WriteZero, events.WriteAccept, events.WriteResult, events.Beat)
    assert not [action for action in rig.log if isinstance(action, written)]
    (record,) = rig.records
    assert record.part.answer.outcome == {"observe": "observed", "shadow": "judged"}[mode]
    assert not record.part.written
    assert record.part.latency_ms > 0


def test_a_shadow_station_starts_anew_after_a_plc_restart(make_rig):
    rig = make_rig(rules=StationRules("ring", StationMode.SHADOW))
    rig.start()
    rig.program.restart()
    rig.run(0.2)
    rig.arrive("part", NOT_OK)
    rig.run(0.7)
    assert answers(rig) == [("part", "judged")]
