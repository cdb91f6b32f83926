"""Rows of docs/plc/contract.md in which the link, the judge, the PLC or its Mode changes under a part."""

from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation
from analytics.quality.words import Quality
from connectors.plc.port import GwState, Mode
from gateway.handshake import events
from gateway.handshake.state import Phase, StationMode, StationRules
from tests.gateway.handshake.blocks import opened, triggered

OK, NOT_OK = Evaluation.OK, Evaluation.NOT_OK


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
    assert rig.answers() == [("", "lost")]
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
    assert rig.answers() == [("late", "late")]


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
    assert rig.results() == []
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
    assert rig.answers() == [("jam", "aborted")]
    assert (rig.g.verdict, rig.g.quality_code) == (3, 1 << 10)
    assert rig.abandoned == list(rig.heard)


def test_row_17_an_abort_seen_with_its_own_trigger_ends_the_part_before_it_is_heard(rig):
    image = opened(rig)
    rig.feed(events.Polled(triggered(image, 1, abort_seq=1)))
    assert rig.results()[-1].quality_code == 1 << 10
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
    assert rig.results()[-1].verdict == 3


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
    assert (rig.records, rig.heard, rig.results()) == ([], {}, [])
    assert rig.counts == {"unjudged": 1}
    assert not rig.passed("part")


def test_row_18_mode_leaves_automatic_with_a_part_open(rig):
    rig.start()
    rig.arrive("part", OK)
    rig.run(0.05)
    rig.program.mode = Mode.BYPASS
    rig.run(0.6)
    assert rig.answers() == [("part", "aborted")]
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
    assert [result.verdict for result in rig.results()] == [1, 3]


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
    assert rig.answers() == [("lesson", "taught")]
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
    assert rig.answers() == [("part", "judged")]
