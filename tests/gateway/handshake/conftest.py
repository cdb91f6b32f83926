"""A station's table and a PLC's program, joined by shared memory that the test may lose, delay and tear."""

from collections import deque
from dataclasses import replace

import pytest

from analytics.decision.verdict import Evaluation, Verdict
from connectors.plc.port import GwImage, PlcImage
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from gateway.handshake import events
from gateway.handshake.state import State, StationRules, begin
from gateway.handshake.table import step
from gateway.processes.messages import Abandon, Judged, StartCapture

TICK_S = 0.01
GOOD, BAD = Evaluation.OK, Evaluation.NOT_OK


def verdict(evaluation: Evaluation, **changes: object) -> Verdict:
    score = {Evaluation.OK: 0.5, Evaluation.NOT_OK: 2.0}.get(evaluation)
    defect = "crack" if evaluation is Evaluation.NOT_OK else None
    return replace(Verdict(evaluation, score, defect, None, "as the test says"), **changes)


class Rig:
    """Both sides, one memory, one clock. `run` plays them at 10 ms; a test that wants an order plays the parts."""

    def __init__(
        self, *, rules: StationRules | None = None, plc: PlcSettings | None = None, boot_id: int = 700
    ) -> None:
        self.now = 100.0
        self.plc_settings = plc or PlcSettings(deadline_s=0.5, quiet_s=0.05)
        self.rules = rules or StationRules("ring", deadline_s=0.5)
        self.program = PlcProgram(self.plc_settings, boot_id=1)
        self.g = GwImage(map_version=0)  #: what stands in the PLC's memory
        self.p = PlcImage()
        self.state: State = begin(self.rules, boot_id)
        self.truth: dict[str, Evaluation] = {}
        self.at_station = ""  #: the part whose sound a recording started now would hold
        self.heard: dict[int, str] = {}  #: ticket -> the part its sound is of
        self.records: list[events.Record] = []
        self.counts: dict[str, int] = {}
        self.alarms: dict[str, str] = {}
        self.abandoned: list[int] = []
        self.wire: deque[events.Action] = deque()  #: requests asked for, not yet carried out
        self.log: list[events.Action] = []
        self.judge_s = 0.1
        self.judging = True
        self._jobs: deque[tuple[float, int]] = deque()

    # ---- the gateway's side

    def answers(self) -> list[tuple[str, str]]:
        return [(record.part.part_id, record.part.answer.outcome) for record in self.records]

    def results(self) -> list[GwImage]:
        return [action.image for action in self.log if isinstance(action, events.WriteResult)]

    def feed(self, event: events.Event) -> tuple[events.Action, ...]:
        self.state, actions = step(self.state, event, self.now)
        for action in actions:
            self.log.append(action)
            match action:
                case StartCapture():
                    self.heard[action.ticket] = self.at_station
                    self._jobs.append((self.now + self.judge_s, action.ticket))
                case Abandon():
                    self.abandoned.append(action.ticket)
                case events.Record():
                    self.records.append(action)
                case events.Count(what, by):
                    self.counts[what] = self.counts.get(what, 0) + by
                case events.Raise(name, sentence):
                    self.alarms[name] = sentence
                case events.Clear(name):
                    del self.alarms[name]
                case _:
                    self.wire.append(action)
        return actions

    def start(self, ready: frozenset[int] = frozenset({1})) -> None:
        """A worker stands, the PLC is armed, the link is up."""
        self.feed(events.WorkerTicked())
        self.feed(events.ReadyChanged(ready))
        self.scan(20)
        self.feed(events.Connected())
        self.run(0.2)

    def poll(self) -> None:
        self.feed(events.Polled(replace(self.p, gw_boot_id=self.g.boot_id)))

    def carry_out(self, action: events.Action) -> None:
        """The PLC side of one request: the memory changes whole."""
        match action:
            case events.WriteZero(image) | events.WriteResult(image) | events.WriteAccept(image):
                self.g = image
            case events.Beat(image):
                self.g = replace(self.g, heartbeat=image.heartbeat, boot_id=image.boot_id, state=image.state)

    def requests(self) -> None:
        """Carry out and answer everything that waits."""
        while self.wire:
            action = self.wire.popleft()
            self.carry_out(action)
            if isinstance(action, events.Reread):
                self.feed(events.RereadCame(self.p))
            elif not isinstance(action, events.Beat):
                self.feed(events.WriteDone())

    def lose_link(self) -> list[events.Action]:
        """Close the connection; what waited on it is handed back, for a test that lets it act later."""
        waited = list(self.wire)
        self.wire.clear()
        self.feed(events.Disconnected("the test pulled the plug"))
        self.wire.clear()
        return waited

    def restart_gateway(self, boot_id: int) -> None:
        """kill -9, and up again without a memory; the link is not up yet."""
        self.wire.clear()
        self._jobs.clear()
        self.state = begin(self.rules, boot_id)
        self.feed(events.WorkerTicked())
        self.feed(events.ReadyChanged(frozenset({1})))

    def judge(self) -> None:
        """Let the judge finish what is due."""
        while self._jobs and self._jobs[0][0] <= self.now:
            _, ticket = self._jobs.popleft()
            self.say(ticket)

    def say(self, ticket: int, **changes: object) -> None:
        evaluation = self.truth.get(self.heard[ticket], Evaluation.NOT_DECIDABLE)
        judged = Judged("ring", ticket, verdict(evaluation, **changes), self.now - 0.01, self.now, "bracket-A 1")
        self.feed(events.VerdictCame(judged, 2 if evaluation is BAD else 0))

    # ---- the PLC's side

    def arrive(self, part_id: str, truth: Evaluation, part_type: int = 1) -> None:
        self.truth[part_id] = truth
        self.at_station = part_id
        self.program.arrive(part_id, part_type)

    def scan(self, times: int = 1) -> None:
        for _ in range(times):
            self.now += TICK_S
            self.p = self.program.scan(self.g, self.now)

    # ---- both

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            self.scan()
            if self.judging:
                self.feed(events.WorkerTicked())
            if self.state.phase != "down":
                self.poll()
                self.requests()
            if self.judging:
                for _, ticket in list(self._jobs):
                    self.feed(events.RecordingStarted(ticket))
                self.requests()
                self.judge()
                self.requests()

    def passed(self, part_id: str) -> bool:
        return next(part for part in self.program.log if part.part_id == part_id).passed

    def outcome(self, part_id: str) -> str:
        return next(r.part.answer.outcome for r in self.records if r.part.part_id == part_id and r.part.answer)


@pytest.fixture
def rig() -> Rig:
    return Rig()


@pytest.fixture
def make_rig() -> type[Rig]:
    return Rig
