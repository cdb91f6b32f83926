"""The PLC's own program, scan by scan."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.plc.port import GwImage, Mode
from connectors.simulated.plc_program import WAITING_MAX, PlcProgram, PlcSettings, pass_key

SETTINGS = PlcSettings(deadline_s=0.5, quiet_s=0.1, in_flight_max=2)


class Line:
    """A program, the block it reads, and a gateway that answers what the test tells it to."""

    def __init__(self, settings=SETTINGS, **program):
        self.program = PlcProgram(settings, **program)
        self.g = GwImage(boot_id=700, state=1)
        self.now = 0.0
        self.alive = True

    def scan(self, times=1):
        for _ in range(times):
            self.now += 0.01
            if self.alive:
                self.g = replace(self.g, heartbeat=self.g.heartbeat + 1)
            self.p = self.program.scan(self.g, self.now)
        return self.p

    def accept(self):
        self.g = replace(self.g, trig_ack=self.p.trig_seq)

    def answer(self, verdict=1, **changes):
        seq = self.p.trig_seq
        key = pass_key(seq, self.p.boot_id) if verdict == 1 else 0
        image = replace(self.g, result_head=seq, verdict=verdict, score=0.5, pass_key=key, result_seq=seq)
        self.g = replace(image, **changes)


@pytest.fixture
def line():
    line = Line()
    line.scan(15)
    return line


def one_part(line, **answer):
    line.program.arrive("A", 1)
    line.scan()
    line.accept()
    line.scan(5)
    line.answer(**answer)
    line.scan(60)
    return line.program.log[-1]


def test_an_acknowledged_ok_passes_at_the_deadline_and_not_before(line):
    line.program.arrive("A", 1)
    line.scan()
    line.accept()
    line.scan()
    line.answer()
    line.scan(40)
    assert line.program.log == []
    line.scan(10)
    (part,) = line.program.log
    assert part.passed
    assert (part.part_id, part.part_type, part.sequence, part.verdict, part.why) == ("A", 1, 2, 1, "")
    assert part.decided_at - part.triggered_at == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"verdict": 2}, ""),
        ({"verdict": 3, "quality_code": 1}, ""),
        ({"pass_key": 0}, "OK refused by the pass rule"),
        ({"quality_code": 1 << 4}, "OK refused by the pass rule"),
        ({"boot_id": 701}, "OK refused by the pass rule"),
        ({"map_version": 2}, "OK refused by the pass rule"),
        ({"result_seq": 0, "result_head": 0}, "no result before the deadline"),
    ],
)
def test_everything_else_is_rejected_with_its_reason(line, answer, why):
    part = one_part(line, **answer)
    assert not part.passed
    assert part.why == why


def test_the_start_is_quiet_and_parts_meanwhile_are_rejected_without_a_number():
    line = Line()
    line.program.arrive("early", 1)
    image = line.scan()
    assert (image.boot_id, image.trig_seq, line.program.armed) == (0, 0, False)
    line.scan(15)
    assert (line.p.boot_id, line.program.armed) == (1, True)
    assert [(part.part_id, part.sequence, part.why) for part in line.program.log] == [("early", 0, "PLC not armed")]


def test_a_late_acknowledgement_does_not_latch(line):
    line.program.arrive("A", 1)
    line.scan(12)
    line.accept()
    line.scan()
    line.answer()
    line.scan(60)
    assert line.program.log[0].why == "OK refused: not acknowledged in time"
    assert line.program.no_ack == 1


def test_a_dead_gateway_passes_nothing_and_a_value_it_left_behind_is_no_life():
    line = Line()
    line.alive = False
    line.scan(15)
    assert not one_part(line).passed


def test_a_heartbeat_that_stops_for_a_second_refuses_what_comes_after(line):
    line.alive = False
    line.scan(101)
    assert not one_part(line).passed
    line.alive = True
    line.scan(2)
    assert one_part(line).passed


def test_leaving_automatic_refuses_the_part_even_if_the_mode_comes_back(line):
    line.program.arrive("A", 1)
    line.scan()
    line.accept()
    line.program.mode = Mode.BYPASS
    line.scan()
    line.program.mode = Mode.AUTOMATIC
    line.scan()
    line.answer()
    line.scan(60)
    assert not line.program.log[0].passed


def test_a_result_after_the_deadline_is_late_and_changes_nothing(line):
    line.program.arrive("A", 1)
    line.scan()
    line.accept()
    line.scan(60)
    line.answer()
    line.scan()
    (part,) = line.program.log
    assert (part.passed, part.late, part.verdict, part.why) == (False, True, 0, "no result before the deadline")


def test_a_result_in_time_that_is_shown_again_is_not_late(line):
    one_part(line)
    shown = line.g
    line.g = replace(line.g, result_seq=0)
    line.scan()
    line.g = shown
    line.scan()
    assert not line.program.log[0].late


def test_a_result_of_no_part_is_counted_as_stray(line):
    line.answer(result_seq=999)
    line.scan()
    assert line.program.stray_results == 1


def test_a_torn_first_look_at_a_result_is_looked_at_again(line):
    line.program.arrive("A", 1)
    line.scan()
    line.accept()
    line.scan()
    line.answer(result_head=0)
    line.scan()
    line.answer()
    line.scan(60)
    assert line.program.log[0].passed
    assert not line.program.log[0].wrong


def test_a_part_that_is_taken_out_is_rejected_and_its_number_told(line):
    line.program.arrive("A", 1)
    line.scan()
    line.accept()
    line.answer()
    line.scan()
    line.program.abort("nobody")
    line.program.abort("A")
    assert line.scan().abort_seq == 2
    assert line.program.log[0].why == "removed by the PLC"
    assert not line.program.log[0].passed


def test_one_part_too_many_between_station_and_gate_is_rejected_unheard(line):
    for name in "ABC":
        line.program.arrive(name, 1)
    line.scan(3)
    assert [(part.part_id, part.why) for part in line.program.log] == [("C", "too many parts in flight")]
    assert line.program.in_flight == 2


def test_two_parts_in_flight_keep_their_own_latches(line):
    line.program.arrive("A", 1)
    line.scan()
    line.accept()
    line.scan()
    line.answer()
    line.scan()
    line.program.arrive("B", 1)
    line.scan()
    line.accept()
    line.scan()
    line.answer(verdict=2)
    line.scan(60)
    assert [(part.part_id, part.passed, part.verdict) for part in line.program.log] == [("A", True, 1), ("B", False, 2)]


def test_nobody_scanning_is_an_error_with_a_remedy(line):
    for number in range(WAITING_MAX):
        line.program.arrive(str(number), 1)
    with pytest.raises(OverflowError, match="call scan"):
        line.program.arrive("one more", 1)


def test_a_restart_counts_the_boot_id_and_keeps_the_counter(line):
    one_part(line)
    line.program.arrive("B", 1)
    line.scan()
    line.program.restart()
    assert line.program.log[-1].why == "PLC restarted"
    assert line.scan().trig_seq == 0
    line.scan(15)
    assert line.p.boot_id == 2
    line.g = replace(line.g, trig_ack=0, result_seq=0)
    line.program.arrive("C", 1)
    assert line.scan().trig_seq == 4


def test_a_restart_without_memory_takes_its_boot_id_from_the_clock_and_counts_from_1(line):
    one_part(line)
    line.program.restart(memory_kept=False, clock_s=40_000)
    line.g = GwImage(boot_id=700, state=1)
    line.scan(15)
    line.program.arrive("B", 1)
    assert (line.scan().boot_id, line.p.trig_seq) == (40_000 % 32767 + 1, 1)


def test_the_deadline_is_told_unless_the_gateway_keeps_its_own():
    for told, expected in ((True, 500), (False, 0)):
        line = Line(replace(SETTINGS, tell_deadline=told))
        line.scan(15)
        line.program.arrive("A", 1)
        assert line.scan().deadline_ms == expected


def test_the_heartbeat_counts_ten_times_a_second_and_wraps(line):
    before = line.p.heartbeat
    line.scan(100)
    assert line.p.heartbeat - before == 10
    line.program._p = replace(line.program._p, heartbeat=65535)
    assert line.scan(11).heartbeat in (0, 1)


@given(
    last=st.integers(0, 32767),
    boot_id=st.integers(1, 32767),
    ack=st.integers(0, 4),
    result=st.integers(0, 4),
)
def test_rule_10_a_fresh_number_is_in_the_domain_and_nowhere_to_be_seen(last, boot_id, ack, result):
    line = Line(boot_id=boot_id, last_seq=last)
    line.g = replace(line.g, trig_ack=(last + ack) % 32768, result_seq=(last + result) % 32768)
    line.scan(15)
    line.program.arrive("A", 1)
    seq = line.scan().trig_seq
    assert 1 <= seq <= 32767
    assert seq not in (line.g.trig_ack, line.g.result_seq, boot_id)
    assert (seq - last) % 32767 <= 4
