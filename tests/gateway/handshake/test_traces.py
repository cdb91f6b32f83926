"""The counterexamples T1 to T10 that a model checker found in an earlier contract, played against both sides."""

from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation
from connectors.plc.port import GwImage
from connectors.simulated.plc_program import PassPart, PlcSettings, pass_key, passes
from gateway.handshake import events
from gateway.handshake.state import Phase, StationRules

OK, NOT_OK = Evaluation.OK, Evaluation.NOT_OK


@pytest.mark.parametrize("block_kept", [True, False])
def test_t1_a_plc_that_restarts_and_counts_from_1_again_passes_no_part_on_the_old_result(rig, block_kept):
    rig.start()
    rig.arrive("good", OK)
    rig.run(0.2)  # its OK stands
    assert rig.g.verdict == 1
    kept = rig.g
    rig.program.restart(memory_kept=False, clock_s=500)
    rig.g = kept if block_kept else GwImage(map_version=0)
    rig.scan(10)  # the quiet start ends before the gateway looks again
    rig.arrive("bad", NOT_OK)
    rig.run(0.8)
    assert not rig.passed("bad")


def test_t1_a_job_that_outlives_the_plc_restart_answers_nobody(rig):
    rig.start()
    rig.arrive("good", OK)
    rig.run(0.05)
    rig.program.restart(memory_kept=False, clock_s=500)
    rig.scan(10)
    rig.arrive("bad", NOT_OK)
    rig.run(0.8)
    assert not rig.passed("bad")
    assert rig.outcome("good") == "lost"
    assert rig.counts["stale_verdict"] == 1


def test_t2_an_abandoned_result_that_acts_after_a_plc_restart_passes_nothing(rig):
    rig.start()
    rig.arrive("good", OK)
    rig.run(0.05)
    rig.now += 0.1
    rig.judge()
    abandoned = rig.lose_link()
    assert [action.image.verdict for action in abandoned if isinstance(action, events.WriteResult)] == [1]
    rig.program.restart(memory_kept=False, clock_s=500)
    rig.g = GwImage(map_version=0)
    rig.scan(10)
    rig.arrive("number 1", NOT_OK)
    rig.arrive("bad", NOT_OK)
    rig.scan(2)
    late = next(action for action in abandoned if isinstance(action, events.WriteResult))
    assert rig.p.trig_seq == late.image.result_seq == late.image.trig_ack
    rig.carry_out(late)
    rig.scan(60)
    assert not rig.passed("bad")


def test_t2_the_same_number_with_the_key_of_another_boot_is_refused():
    part = PassPart(1, 2, 700, acked=True, mode_held=True, elapsed_s=0.1, my_deadline_s=0.5)
    image = GwImage(5, 700, 1, 1, 1, 1, 0, 0, 0.5, 9, pass_key(1, 2), 1)
    assert passes(image, part, gw_alive=True)
    assert not passes(replace(image, pass_key=pass_key(1, 1)), part, gw_alive=True)


def test_a_key_of_sequence_2_boot_1_is_the_key_of_sequence_1_boot_2_and_still_does_not_pass():
    assert pass_key(2, 1) == pass_key(1, 2)
    image = GwImage(5, 700, 1, 1, 2, 1, 0, 0, 0.5, 9, pass_key(2, 1), 2)
    part = PassPart(1, 2, 700, acked=True, mode_held=True, elapsed_s=0.1, my_deadline_s=0.5)
    assert not passes(image, part, gw_alive=True)


def test_t3_a_number_that_comes_round_after_an_outage_finds_no_stale_match(make_rig):
    rig = make_rig(rules=StationRules("ring", gap_s=1e9, stale_s=1e9))
    rig.start()
    rig.arrive("good", OK)
    rig.run(0.6)
    answered = rig.g.result_seq
    rig.program._last_seq = answered - 1  # the counter has come round while the gateway was blind
    rig.arrive("bad", NOT_OK)
    rig.scan(60)
    assert rig.p.trig_seq == answered + 1  # rule 10: the number that is still visible is skipped
    assert not rig.passed("bad")


def torn(old: GwImage, new: GwImage, cut: int) -> GwImage:
    """What a PLC sees that reads G upwards while a newer frame lands after register `cut`."""
    names = list(GwImage.__dataclass_fields__)
    return replace(new, **{name: getattr(old, name) for name in names[:cut]})


def test_t4_a_torn_result_never_passes_and_only_the_key_prevents_it():
    old = GwImage(5, 700, 1, 2, 2, 1, 0, 0, 0.5, 9, pass_key(1, 9), 1)  # the OK of part 1, head already 2
    new = replace(old, verdict=2, score=2.0, pass_key=0, result_seq=2)
    part = PassPart(2, 9, 700, acked=True, mode_held=True, elapsed_s=0.1, my_deadline_s=0.5)
    images = [torn(old, new, cut) for cut in range(len(GwImage.__dataclass_fields__) + 1)]
    assert not any(passes(image, part, gw_alive=True) for image in images)
    # The rule without its PassKey term is the rule that is handed the right key for nothing: it passes the bad part.
    assert any(passes(replace(image, pass_key=pass_key(2, 9)), part, gw_alive=True) for image in images)


def test_t5_the_recipe_is_of_the_part_even_where_the_first_read_held_the_type_before(rig):
    rig.start(ready=frozenset({1, 2}))
    rig.arrive("one", OK, part_type=1)
    rig.run(0.7)
    rig.arrive("two", OK, part_type=2)
    rig.scan()
    written = rig.p
    rig.p = replace(written, part_type=1, part_id="one")  # read while the PLC was still writing
    rig.poll()
    rig.p = written
    rig.requests()
    assert rig.state.part.part_type == 2
    assert rig.state.part.part_id == "two"


def test_t6_a_trigger_seen_late_records_the_next_part_and_passes_neither_wrongly(make_rig):
    rig = make_rig(plc=PlcSettings(deadline_s=1.0, quiet_s=0.05, ack_s=0.1), rules=StationRules("ring", deadline_s=1.0))
    rig.start()
    rig.arrive("bad", NOT_OK)
    rig.scan()
    trigger_of_bad = rig.p
    rig.at_station, rig.truth["good"] = "good", OK  # it stands there before the gateway has heard of the first
    rig.scan(15)  # slow link: AckMs is over
    rig.p = trigger_of_bad
    rig.poll()
    rig.requests()
    rig.run(0.9)
    assert rig.heard == dict.fromkeys(rig.heard, "good")
    assert rig.program.log[0].verdict == 1  # the gateway believes it
    assert rig.program.log[0].why == "OK refused: not acknowledged in time"
    assert not rig.passed("bad")


def test_t7_with_two_parts_in_flight_the_result_of_the_first_outlives_the_trigger_of_the_second(make_rig):
    rig = make_rig(plc=PlcSettings(deadline_s=1.0, quiet_s=0.05), rules=StationRules("ring", deadline_s=1.0))
    rig.start()
    rig.arrive("k", OK)
    rig.run(0.13)
    slow_scan = rig.program
    rig.arrive("k+1", OK)
    rig.run(0.9)
    assert slow_scan.in_flight <= 1
    rig.run(0.5)
    assert rig.passed("k")
    assert rig.passed("k+1")


def test_t8_after_an_outage_of_half_the_domain_the_first_part_is_answered(rig):
    rig.start()
    rig.arrive("before", OK)
    rig.run(0.7)
    rig.lose_link()
    rig.program._last_seq = 20000
    rig.arrive("unseen", OK)
    rig.scan(200)
    rig.feed(events.Connected())
    rig.run(0.2)
    rig.arrive("first", OK)
    rig.run(0.7)
    assert rig.passed("first")
    assert not rig.passed("unseen")


def test_t9_a_hung_judge_stops_the_heartbeat_and_a_new_one_serves_the_next_part(rig):
    rig.start()
    rig.arrive("open", OK)
    rig.run(0.05)
    rig.judging = False
    rig.run(0.7)
    beat = rig.g.heartbeat
    rig.run(3.0)
    assert rig.g.heartbeat == beat
    rig.feed(events.WorkerLost())
    rig.feed(events.WorkerBack(999))
    rig.judging = True
    rig.run(0.3)
    rig.arrive("next", OK)
    rig.run(0.7)
    assert not rig.passed("open")
    assert rig.passed("next")


def test_t10_after_a_reconnect_nothing_of_the_life_before_is_sent(rig):
    rig.start()
    rig.arrive("good", OK)
    rig.run(0.7)
    rig.lose_link()
    rig.log.clear()
    rig.feed(events.Connected())
    rig.poll()
    assert rig.state.phase is Phase.ZEROING
    rig.requests()
    rig.arrive("next", NOT_OK)
    rig.run(0.12)
    sent = [action.image for action in rig.log if isinstance(action, events.WriteZero | events.WriteAccept)]
    assert len(sent) == 2
    assert all((image.verdict, image.pass_key, image.result_seq, image.score) == (0, 0, 0, 0.0) for image in sent)


def test_rule_10_a_trigger_equal_to_the_boot_id_is_skipped(rig):
    rig.start()
    rig.arrive("first", OK)
    rig.run(0.7)
    assert rig.p.trig_seq == 2
    assert rig.p.boot_id == 1
    assert rig.passed("first")
