"""Table and PLC program under any interleaving: delays, restarts of both sides, late writes, torn reads.

Invariants: no part ever passes without an OK for that very part, and no result ever bears another part's number.
"""

from dataclasses import replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from analytics.decision.verdict import Evaluation
from connectors.plc.port import GwImage, Mode
from connectors.simulated.plc_program import PlcSettings
from gateway.handshake import events
from gateway.handshake.state import Phase, StationRules, Write

OK, NOT_OK = Evaluation.OK, Evaluation.NOT_OK
NAMES = list(GwImage.__dataclass_fields__)
VERDICT = NAMES.index("verdict")
LATE_MAX_S = 0.4  #: rule 11 in this small world: shorter than the PLC's quiet start


class Handshake(RuleBasedStateMachine):
    """Both sides, the line between them, and everything that can happen to them."""

    rig_class: type
    parts_in_flight: int

    def __init__(self):
        super().__init__()
        plc = PlcSettings(deadline_s=0.4, quiet_s=0.5, ack_s=0.1, in_flight_max=self.parts_in_flight)
        self.rig = self.rig_class(plc=plc, rules=StationRules("ring", deadline_s=0.4))
        self.rig.judging = False  # the rules below play the worker
        self.rig.feed(events.WorkerTicked())
        self.rig.feed(events.ReadyChanged(frozenset({1})))
        self.rig.scan(60)
        self.rig.feed(events.Connected())
        self.rig.run(0.1)
        self.late: list[tuple[float, events.Action]] = []
        self.answer: events.Event | None = None  # of the one request that is under way
        self.switched: set[str] = set()  # parts whose Mode was not automatic throughout
        self.named = 0
        self.boots = 700

    # ---- the plant

    @precondition(lambda self: self.rig.program.in_flight < self.parts_in_flight)
    @rule(truth=st.sampled_from([OK, NOT_OK]))
    def a_part_arrives(self, truth):
        # Parts keep the distance AckMs asks for.
        self.rig.scan(11)
        self.named += 1
        self.rig.arrive(f"P{self.named}", truth)
        if self.rig.program.mode != Mode.AUTOMATIC:
            self.switched.add(f"P{self.named}")
        self.rig.scan()

    @rule(scans=st.integers(1, 20))
    def time_passes(self, scans):
        for _ in range(scans):
            self.rig.scan()
            self._act_late()

    @rule(scans=st.integers(1, 12))
    def all_is_well_for_a_while(self, scans):
        self._deliver()
        for _ in range(scans):
            self._act_late()
            self.rig.run(0.01)
            self.rig.feed(events.WorkerTicked())
            self._hear_and_judge(self.rig.judge_s)

    @precondition(lambda self: self.rig.program.in_flight < self.parts_in_flight)
    @rule(
        truth=st.sampled_from([OK, NOT_OK]), torn=st.none() | st.tuples(st.just(VERDICT), st.integers(VERDICT + 1, 13))
    )
    def a_part_comes_and_its_result_is_written(self, truth, torn):
        self.a_part_arrives(truth)
        self._deliver()
        for _ in range(30):
            if self.rig.state.writing is not None and self.rig.state.writing.kind is Write.RESULT:
                break
            self.all_is_well_for_a_while(1)
        if torn is None:
            self.the_line_catches_up()
        else:
            self.the_plc_reads_while_we_write(*torn)

    @precondition(lambda self: self.rig.program.in_flight < self.parts_in_flight - 1)
    @rule(truth=st.sampled_from([OK, NOT_OK]), following=st.sampled_from([OK, NOT_OK]))
    def the_next_part_comes_before_this_one_is_recorded(self, truth, following):
        self.a_part_arrives(truth)
        for _ in range(2):  # the poll, then the second read, whose answer is slow
            self._deliver()
            if self.rig.state.phase is not Phase.DOWN and not self.rig.wire:
                self.we_poll()
            elif self.rig.wire:
                self.a_request_reaches_the_plc()
        self.a_part_arrives(following)
        self.the_line_catches_up()

    @rule()
    def the_line_catches_up(self):
        self._deliver()
        self._hear_and_judge(0.0)
        for _ in range(20):
            if self.rig.wire:
                self.a_request_reaches_the_plc()
            self._deliver()
            self._hear_and_judge(0.0)

    @rule(head=st.integers(3, 7), tail=st.integers(5, len(NAMES)))
    def the_plc_reads_while_we_write(self, head, tail):
        write = next((a for a in self.rig.wire if not isinstance(a, events.Reread | events.Beat)), None)
        if write is not None:
            # Both go upwards: what the writer has passed already, then what it has not, then where it overtook.
            old = self.rig.g
            self.rig.g = replace(write.image, **{name: getattr(old, name) for name in NAMES[head:tail]})
            self.rig.scan()
            self.rig.g = old

    @rule(kept=st.booleans(), block_kept=st.booleans())
    def the_plc_restarts(self, kept, block_kept):
        self.boots += 1
        self.rig.program.restart(memory_kept=kept, clock_s=self.boots)
        if not block_kept:
            self.rig.g = GwImage(map_version=0)
        self.rig.scan()

    @rule(mode=st.sampled_from([Mode.AUTOMATIC, Mode.BYPASS, Mode.DRY_RUN, Mode.TEACH]), back=st.booleans())
    def somebody_turns_the_mode_switch(self, mode, back):
        self.rig.program.mode = mode
        if mode != Mode.AUTOMATIC:
            # What has passed the rule already stays passed; the switch is for what has not.
            self.switched |= {flight.part_id for flight in self.rig.program._flights if not flight.passed}
        self.rig.scan()
        if back:
            self.rig.program.mode = Mode.AUTOMATIC
            self.rig.scan()

    @rule()
    def the_plc_withdraws_a_part(self):
        self.rig.program.abort(f"P{self.named}")

    # ---- the line

    @precondition(lambda self: self.answer is None and self.rig.state.phase is not Phase.DOWN)
    @rule()
    def we_poll(self):
        self.answer = events.Polled(replace(self.rig.p, gw_boot_id=self.rig.g.boot_id))

    @precondition(lambda self: self.answer is None and self.rig.wire)
    @rule()
    def a_request_reaches_the_plc(self):
        action = self.rig.wire.popleft()
        self.rig.carry_out(action)
        if isinstance(action, events.Reread):
            self.answer = events.RereadCame(self.rig.p)
        elif not isinstance(action, events.Beat):
            self.answer = events.WriteDone()

    @precondition(lambda self: self.answer is not None)
    @rule()
    def its_answer_arrives(self):
        self._deliver()

    def _deliver(self):
        if self.answer is not None:
            answer, self.answer = self.answer, None
            self.rig.feed(answer)

    @precondition(lambda self: isinstance(self.answer, events.RereadCame))
    @rule()
    def a_reread_is_torn(self):
        if self.rig.state.reading is not None:
            self.answer = None
            self.rig.feed(events.RereadCame(replace(self.rig.p, trig_head=self.rig.p.trig_seq + 1)))

    @precondition(lambda self: self.rig.state.phase is not Phase.DOWN)
    @rule(delay=st.floats(0.0, LATE_MAX_S))
    def the_link_is_lost_and_what_was_sent_acts_later(self, delay):
        self.late += [(self.rig.now + delay, action) for action in self.rig.lose_link()]
        self.answer = None

    @precondition(lambda self: self.rig.state.phase is Phase.DOWN)
    @rule()
    def the_link_is_back(self):
        self.rig.feed(events.Connected())

    # ---- the gateway

    @rule()
    def the_judge_works(self):
        self._hear_and_judge(0.0)

    @rule()
    def the_gateway_is_killed(self):
        self.boots += 1
        self.rig.restart_gateway(self.boots)
        self.answer = None
        self.rig.records.clear()  # a new life gives its tickets anew

    @rule()
    def the_worker_is_lost_and_replaced(self):
        self.boots += 1
        self.rig.feed(events.WorkerLost())
        self.rig.feed(events.WorkerBack(self.boots))

    def _act_late(self):
        for due, action in list(self.late):
            if due <= self.rig.now:
                self.late.remove((due, action))
                self.rig.carry_out(action)

    def _hear_and_judge(self, after_s):
        for due, ticket in list(self.rig._jobs):
            self.rig.feed(events.RecordingStarted(ticket))
            if self.rig.now >= due - self.rig.judge_s + after_s:
                self.rig._jobs.remove((due, ticket))
                self.rig.say(ticket)

    # ---- what must hold

    @invariant()
    def no_part_passes_without_its_own_ok(self):
        for part in self.rig.program.log:
            assert not part.passed or self.rig.truth[part.part_id] is OK, part
            assert not part.passed or part.part_id not in self.switched, part

    @invariant()
    def what_stands_in_g_is_whole_and_says_ok_with_its_key_alone(self):
        image = self.rig.state.image
        assert (image.verdict == 1) == (image.pass_key != 0)
        assert image.result_head == image.result_seq
        assert image.verdict != 1 or image.quality_code & 0x77FF == 0
        assert (image.result_seq == 0) == (image.verdict == 0)

    @invariant()
    def nothing_grows_without_bound(self):
        state = self.rig.state
        assert len(state.answers) <= 16
        assert len(state.late) <= 8
        assert len(self.rig.wire) < 300

    def teardown(self):
        # Whatever happened, within a few seconds of good weather a good part passes again.
        rig = self.rig
        self.late.clear()
        rig.program.mode = Mode.AUTOMATIC
        rig.judging = True
        rig.wire.clear()
        if rig.state.phase is not Phase.DOWN:
            rig.lose_link()
        rig.scan(120)
        rig.feed(events.Connected())
        rig.run(0.3)
        for number in range(3):
            rig.arrive(f"last {number}", OK)
            rig.run(0.5)
        assert rig.passed("last 2")
        tickets = [record.part.ticket for record in rig.records if record.part.ticket]
        assert len(tickets) == len(set(tickets))


FAST = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def play(rig_class, parts_in_flight):
    members = {"rig_class": rig_class, "parts_in_flight": parts_in_flight}
    run_state_machine_as_test(type("Plant", (Handshake,), members), settings=FAST)


def test_no_interleaving_passes_a_part_wrongly_with_one_part_in_flight(make_rig):
    play(make_rig, 1)


def test_no_interleaving_passes_a_part_wrongly_with_several_parts_in_flight(make_rig):
    play(make_rig, 3)
