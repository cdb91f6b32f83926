"""The twenty interleavings of docs/plc/contract.md, row by row, from the gateway's side."""

from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation
from gateway.handshake import events
from gateway.handshake.state import Overrun, StationRules
from tests.gateway.handshake.blocks import opened, triggered

OK, NOT_OK = Evaluation.OK, Evaluation.NOT_OK


def test_a_good_part_passes_and_a_bad_one_does_not(rig):
    rig.start()
    rig.arrive("good", OK)
    rig.run(0.7)
    rig.arrive("bad", NOT_OK)
    rig.run(0.7)
    assert rig.passed("good")
    assert not rig.passed("bad")
    assert rig.answers() == [("good", "judged"), ("bad", "judged")]
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
    assert rig.answers() == [("a", "judged"), ("d", "judged")]
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
    assert rig.answers() == expected
    codes = {image.result_seq: image.quality_code for image in rig.results()}
    assert codes[3] == 1 << 7
    assert rig.passed("first") is first_passes
    assert not rig.passed("second")


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
    assert rig.results()[-1].quality_code == 1 << 12
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
    assert (rig.results()[-1].verdict, rig.results()[-1].quality_code) == (3, 1 << bit)
    assert rig.results()[-1].trig_ack == 0


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
    assert rig.results() == []
    rig.run(0.05)
    assert [(image.verdict, image.quality_code) for image in rig.results()] == [(3, 1)]
    assert rig.records == []
    rig.run(0.3)
    assert len(rig.results()) == 1
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
    assert rig.answers() == [("never", "late")]
    assert rig.abandoned == list(rig.heard)


def test_row_7_nothing_is_written_once_the_deadline_is_over(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.RereadCame(triggered(image, 1)))
    rig.now += 0.6  # the line was blocked: even the late answer is late
    rig.feed(events.Polled(triggered(image, 1)))
    assert rig.results() == []
    rig.say(rig.state.late[0].ticket)
    assert not rig.records[0].part.written
    assert rig.records[0].part.answer.outcome == "late"


@pytest.mark.parametrize("deadline_ms", [1, 20])
def test_a_deadline_shorter_than_the_margin_is_late_at_once(rig, deadline_ms):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1)))
    rig.feed(events.RereadCame(triggered(image, 1, deadline_ms=deadline_ms)))
    rig.feed(events.TimePassed())
    assert rig.results()[-1].quality_code == 1
