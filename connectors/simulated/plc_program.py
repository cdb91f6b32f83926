"""The PLC's own program: triggers, timers, and the rule by which a part may pass.

Pure: one call of `PlcProgram.scan` is one scan cycle, with the G block as the PLC read it and the time of its own
timer. Servers that put it on a real socket stand beside this file. The pass rule is the one of
docs/plc/pass_rule.st, and a test compares the two term by term. It is written apart from the gateway's side on
purpose: a slip made once on a shared line would cancel itself out.
"""

from collections import deque
from dataclasses import dataclass, field, replace

from connectors.plc.port import MAP_VERSION, SEQUENCE_MAX, GwImage, Mode, PlcImage

OK = 1  #: OPC 40001-101 1.01.0, 10.3: the only verdict that may pass
PASS_MASK = 0x77FF  #: every defined quality bit but 11 (clock step), which does not touch the judgement
JUDGING_STATES = (1, 2, 3)  #: ready, busy, degraded
WAITING_MAX = 64  #: parts that have arrived and wait for their scan
REMEMBERED_MAX = 64  #: decided parts whose late result is still recognised


@dataclass(frozen=True, slots=True)
class PlcSettings:
    """Constants of the PLC program of one station; times in seconds of the PLC's own timer.

    Parameters
    ----------
    deadline_s
        MyDeadline: the gate decides then, whatever the network does.
    tell_deadline
        Copy MyDeadline to DeadlineMs; False leaves 0, and the gateway uses its own default.
    ack_s
        AckMs: TrigAck must be seen this soon. Shorter than the shortest distance of two parts, or the recording that
        was acknowledged may be the next part's sound (docs/plc/contract.md, T6).
    quiet_s
        After STOP->RUN: PlcBootId and TrigSeq stay 0 this long, so that nothing older can still act (rule 11).
    in_flight_max
        Parts between station and gate. One more is rejected unheard.
    """

    deadline_s: float = 0.6
    tell_deadline: bool = True
    ack_s: float = 0.1
    heartbeat_s: float = 0.1
    heartbeat_stale_s: float = 1.0
    quiet_s: float = 5.0
    in_flight_max: int = 8


@dataclass(frozen=True, slots=True)
class PassPart:
    """What the PLC holds of one part when it evaluates the pass rule; the names are those of pass_rule.st."""

    my_trig_seq: int
    my_plc_boot_id: int  #: PlcBootId of the trigger
    my_gw_boot_id: int  #: GwBootId at the moment of the trigger
    acked: bool  #: latch: TrigAck = MyTrigSeq was seen within AckMs
    mode_held: bool  #: latch: Mode was 1 in every scan since the trigger
    elapsed_s: float
    my_deadline_s: float


def pass_key(trig_seq: int, plc_boot_id: int) -> int:
    """Give the only PassKey that passes this part: (NOT TrigSeq) XOR PlcBootId, 16 bit."""
    return (~trig_seq & 0xFFFF) ^ plc_boot_id


def passes(g: GwImage, part: PassPart, *, gw_alive: bool) -> bool:
    """Evaluate the pass rule, the whole of it (docs/plc/contract.md). False means reject.

    Parameters
    ----------
    g
        The G block as this scan read it; registers may be of different moments.
    gw_alive
        GwHeartbeat changed within the last second.
    """
    return (
        g.verdict == OK
        and g.result_seq == part.my_trig_seq
        and g.result_head == part.my_trig_seq
        and g.pass_key == pass_key(part.my_trig_seq, part.my_plc_boot_id)
        and part.acked
        and g.boot_id == part.my_gw_boot_id
        and gw_alive
        and part.elapsed_s <= part.my_deadline_s
        and part.mode_held
        and g.state in JUDGING_STATES
        and (g.quality_code & PASS_MASK) == 0
    )


@dataclass(frozen=True, slots=True)
class PartLog:
    """What became of one part at the gate; joined with the truth by `part_id`, outside."""

    part_id: str
    part_type: int
    sequence: int  #: 0 = it never got one (PLC not armed, or too many in flight)
    passed: bool
    verdict: int  #: seen before the deadline; 0 = none
    quality_code: int
    defect_code: int
    score: float
    triggered_at: float
    acked_at: float | None
    result_at: float | None  #: the first scan that saw ResultSeq = its TrigSeq
    decided_at: float
    why: str = ""  #: of a reject that no NotOK explains
    late: bool = False  #: ResultSeq came, but after the deadline
    wrong: bool = False  #: a result bore its number, but not its head or not its key


@dataclass(slots=True)
class _Flight:
    """A part between station and gate."""

    part_id: str
    part_type: int
    sequence: int
    plc_boot_id: int
    gw_boot_id: int
    triggered_at: float
    mode_held: bool
    acked_at: float | None = None
    result_at: float | None = None
    result: GwImage = field(default_factory=GwImage)
    passed: bool = False
    wrong: bool = False


class PlcProgram:
    """One station's part of a PLC program.

    Parameters
    ----------
    settings
        Its constants.
    boot_id
        PlcBootId of the first run, 1..32767.
    last_seq
        The retained counter: the last TrigSeq that was given, 0 = none.
    """

    def __init__(self, settings: PlcSettings | None = None, *, boot_id: int = 1, last_seq: int = 0) -> None:
        assert 1 <= boot_id <= SEQUENCE_MAX, boot_id
        assert 0 <= last_seq <= SEQUENCE_MAX, last_seq
        self.settings = settings or PlcSettings()
        self.log: list[PartLog] = []
        self.mode: int = Mode.AUTOMATIC
        self.no_ack = 0  #: parts whose recording was never acknowledged in time
        self.stray_results = 0  #: results that bear the number of no part known here
        self._boot_id = boot_id
        self._last_seq = last_seq
        self._waiting: deque[tuple[str, int]] = deque()
        self._flights: list[_Flight] = []
        self._decided: dict[int, int] = {}  # sequence -> index in log
        self._p = PlcImage()
        self._armed_at: float | None = None
        self._beat_at = 0.0
        self._now = 0.0
        self._gw_heartbeat: int | None = None
        self._gw_alive_at: float | None = None
        self._last_result_seq = 0

    @property
    def armed(self) -> bool:
        """The quiet start is over: triggers are given."""
        return self._p.boot_id != 0

    @property
    def in_flight(self) -> int:
        """Parts that wait for their trigger or for their gate."""
        return len(self._flights) + len(self._waiting)

    def arrive(self, part_id: str, part_type: int) -> None:
        """Let a part come to the station; it gets its number in the next scan.

        Raises
        ------
        OverflowError
            If more than `WAITING_MAX` parts wait: nobody calls `scan`.
        """
        if len(self._waiting) >= WAITING_MAX:
            raise OverflowError(f"PLC program: {WAITING_MAX} parts wait for a scan; wanted: scan called; call scan")
        self._waiting.append((part_id, part_type))

    def abort(self, part_id: str) -> None:
        """Take a part out of the line: its number goes to AbortSeq, and it is rejected. Unknown parts are ignored."""
        for flight in self._flights:
            if flight.part_id == part_id:
                self._p = replace(self._p, abort_seq=flight.sequence)
                self._decide(flight, self._now, "removed by the PLC")
                return

    def restart(self, *, memory_kept: bool = True, clock_s: int = 0) -> None:
        """STOP->RUN: every part in flight is rejected, and the quiet start begins with the next scan.

        Parameters
        ----------
        memory_kept
            Whether the retained counters survived. The G block is the caller's: it may keep it or hand in zeros.
        clock_s
            Seconds of the PLC's clock, which make the boot id where the retained counter is lost.
        """
        for flight in list(self._flights):
            self._decide(flight, self._now, "PLC restarted")
        if memory_kept:
            self._boot_id = self._boot_id % SEQUENCE_MAX + 1
        else:
            self._boot_id = clock_s % SEQUENCE_MAX + 1
            self._last_seq = 0
        self._p = PlcImage()
        self._decided.clear()
        self._armed_at = None
        self._gw_heartbeat = self._gw_alive_at = None
        self._last_result_seq = 0

    def scan(self, g: GwImage, now: float) -> PlcImage:
        """Run one scan cycle: read G, decide what is due, trigger what has come, hand back P.

        Parameters
        ----------
        g
            The G block as read at the start of this scan.
        now
            Seconds of the PLC's monotonic timer.
        """
        self._now = now
        if self._armed_at is None:
            self._armed_at = now + self.settings.quiet_s
            self._beat_at = now
        self._watch_gateway(g, now)
        for flight in list(self._flights):
            self._follow(flight, g, now)
        if self._waiting:
            part_id, part_type = self._waiting.popleft()
            self._trigger(part_id, part_type, g, now)
        boot_id = self._boot_id if now >= self._armed_at else 0
        beats = int((now - self._beat_at) / self.settings.heartbeat_s)
        self._beat_at += beats * self.settings.heartbeat_s
        heartbeat = (self._p.heartbeat + min(beats, 1)) & 0xFFFF
        self._p = replace(self._p, heartbeat=heartbeat, boot_id=boot_id, mode=self.mode, result_ack=g.result_seq)
        return self._p

    def _watch_gateway(self, g: GwImage, now: float) -> None:
        """Note a living heartbeat, and results that belong to no part in flight."""
        if g.heartbeat != self._gw_heartbeat:
            # The first value seen is no change: a dead gateway's tag stands there too.
            self._gw_alive_at = None if self._gw_heartbeat is None else now
            self._gw_heartbeat = g.heartbeat
        if g.result_seq != self._last_result_seq:
            self._last_result_seq = g.result_seq
            if g.result_seq in self._decided:
                index = self._decided[g.result_seq]
                # A result that came in time and is shown again is not late.
                if self.log[index].result_at is None:
                    self.log[index] = replace(self.log[index], late=True, result_at=now)
            elif g.result_seq and all(flight.sequence != g.result_seq for flight in self._flights):
                self.stray_results += 1

    def _follow(self, flight: _Flight, g: GwImage, now: float) -> None:
        """Update the latches of one part, evaluate the pass rule, decide at its deadline."""
        elapsed = now - flight.triggered_at
        flight.mode_held = flight.mode_held and self.mode == Mode.AUTOMATIC
        if flight.acked_at is None and g.trig_ack == flight.sequence and elapsed <= self.settings.ack_s:
            flight.acked_at = now
        fresh = flight.result_at is None or flight.wrong  # a torn first look is looked at again
        if g.result_seq == flight.sequence and fresh and elapsed <= self.settings.deadline_s:
            flight.result_at = now if flight.result_at is None else flight.result_at
            flight.result = g
            key = pass_key(flight.sequence, flight.plc_boot_id) if g.verdict == OK else 0
            flight.wrong = g.result_head != flight.sequence or g.pass_key != key
        part = PassPart(
            my_trig_seq=flight.sequence,
            my_plc_boot_id=flight.plc_boot_id,
            my_gw_boot_id=flight.gw_boot_id,
            acked=flight.acked_at is not None,
            mode_held=flight.mode_held,
            elapsed_s=elapsed,
            my_deadline_s=self.settings.deadline_s,
        )
        if g.map_version == MAP_VERSION and passes(g, part, gw_alive=self._gateway_alive(now)):
            flight.passed = True
        # Latched or not, the gate waits for the deadline: until then an abort can still take the part out.
        if elapsed >= self.settings.deadline_s:
            self._decide(flight, now, "" if flight.result_at is not None else "no result before the deadline")

    def _gateway_alive(self, now: float) -> bool:
        return self._gw_alive_at is not None and now - self._gw_alive_at <= self.settings.heartbeat_stale_s

    def _trigger(self, part_id: str, part_type: int, g: GwImage, now: float) -> None:
        """Give a part its number; without one it is rejected."""
        if not self.armed or len(self._flights) >= self.settings.in_flight_max:
            why = "PLC not armed" if not self.armed else "too many parts in flight"
            self.log.append(PartLog(part_id, part_type, 0, False, 0, 0, 0, 0.0, now, None, None, now, why))
            return
        sequence = self._fresh(g)
        self._last_seq = sequence
        self._decided.pop(sequence, None)
        held = self.mode == Mode.AUTOMATIC
        self._flights.append(_Flight(part_id, part_type, sequence, self._boot_id, g.boot_id, now, held))
        self._p = replace(
            self._p,
            trig_head=sequence,
            part_type=part_type,
            deadline_ms=round(self.settings.deadline_s * 1000) if self.settings.tell_deadline else 0,
            part_id=part_id[:32],
            trig_seq=sequence,
        )

    def _fresh(self, g: GwImage) -> int:
        """Give the next number, by rule 10: none that is visible in G, none that makes the key a stuck 65535."""
        taken = {g.trig_ack, g.result_seq, self._boot_id, *(flight.sequence for flight in self._flights)}
        sequence = self._last_seq % SEQUENCE_MAX + 1
        while sequence in taken:  # a handful in 32767
            sequence = sequence % SEQUENCE_MAX + 1
        return sequence

    def _decide(self, flight: _Flight, now: float, why: str) -> None:
        """Work the gate for one part, and remember it."""
        self._flights.remove(flight)
        passed = flight.passed and not why
        if not passed and not why and flight.result.verdict == OK:
            why = "OK refused: not acknowledged in time" if flight.acked_at is None else "OK refused by the pass rule"
        if flight.acked_at is None:
            self.no_ack += 1
        self._decided[flight.sequence] = len(self.log)
        while len(self._decided) > REMEMBERED_MAX:
            del self._decided[next(iter(self._decided))]
        self.log.append(
            PartLog(
                part_id=flight.part_id,
                part_type=flight.part_type,
                sequence=flight.sequence,
                passed=passed,
                verdict=flight.result.verdict if flight.result_at is not None else 0,
                quality_code=flight.result.quality_code,
                defect_code=flight.result.defect_code,
                score=flight.result.score,
                triggered_at=flight.triggered_at,
                acked_at=flight.acked_at,
                result_at=flight.result_at,
                decided_at=now,
                why=why,
                wrong=flight.wrong,
            )
        )
