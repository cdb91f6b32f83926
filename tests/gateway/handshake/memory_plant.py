"""A plant in memory, in virtual time: PLC, judge and link, with a fault for the n-th request."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from analytics.decision.verdict import Evaluation, Verdict
from connectors.plc.port import Finding, GwImage, PlantValue, PlcImage, PlcRefused, PlcUnreachable
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from gateway.handshake.link import Link
from gateway.handshake.state import StationMode, StationRules
from gateway.handshake.wire import LinkSettings
from gateway.processes.ledger_messages import EventRecord, PartRecord
from gateway.processes.messages import Judged, RecipeView, Recording

OK, NOT_OK = Evaluation.OK, Evaluation.NOT_OK
ROUND_TRIP_S = 0.001


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time jumps to the next timer when every task waits."""

    def __init__(self):
        super().__init__()
        self._virtual = 1000.0
        select = self._selector.select

        def jump(timeout):
            ready = select(0)
            if not ready:
                assert timeout is not None, "every task waits for ever"
                self._virtual += timeout
            return ready

        self._selector.select = jump

    def time(self):
        return self._virtual


class LoopClock:
    def __init__(self):
        self.ahead_s = 0.0

    def now(self):
        return asyncio.get_running_loop().time()

    def wall(self):
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now() + self.ahead_s)


class MemoryPlc:
    """The PLC: programs, memory, and a fault for the n-th request."""

    def __init__(self, stations, fault="", fault_at=0):
        self.programs = {name: PlcProgram(PlcSettings(deadline_s=0.4, quiet_s=0.05)) for name in stations}
        self.g = {name: GwImage(map_version=0) for name in stations}
        self.p = {name: PlcImage() for name in stations}
        self.truth: dict[str, Evaluation] = {}
        self.fault, self.fault_at, self.calls = fault, fault_at, 0
        self.bad: set[str] = set()
        self.slow_s = 0.0
        self.results_at: dict[tuple[str, int], float] = {}
        self.requests: list[str] = []

    async def run(self):
        while True:
            for name, program in self.programs.items():
                self.p[name] = program.scan(self.g[name], asyncio.get_running_loop().time())
            await asyncio.sleep(0.01)


class MemoryPort:
    """A `PlcPort` that fails as real lines do, and notices whoever uses it after it has failed."""

    def __init__(self, plc: MemoryPlc):
        self.plc = plc
        self.dead = self.busy = False

    async def _request(self, what, act=lambda: None):
        assert not self.dead, f"{what} on a connection that has failed"
        assert not self.busy, f"{what} while another request is under way"
        self.busy = True
        plc = self.plc
        plc.calls += 1
        plc.requests.append(what)
        try:
            await asyncio.sleep(ROUND_TRIP_S + plc.slow_s)
            if plc.calls == plc.fault_at:
                self.dead = plc.fault != "refused"  # a PLC that says no is still there
                await self._fail(act)
            return act()
        finally:
            self.busy = False

    async def _fail(self, act):
        match self.plc.fault:
            case "down":
                raise PlcUnreachable("the PLC is gone")
            case "refused":
                raise PlcRefused("the PLC said no")
            case "answer lost":
                act()
                raise PlcUnreachable("the answer never came")
            case "acts later":
                asyncio.get_running_loop().call_later(0.3, act)
                await asyncio.sleep(3600)

    async def open(self):
        await self._request("open")

    async def poll(self) -> Mapping[str, PlcImage]:
        names = [name for name in self.plc.p if name not in self.plc.bad]
        return await self._request("poll", lambda: {name: self._p(name) for name in names})

    async def read(self, station):
        if station in self.plc.bad:
            raise PlcRefused("BadSensorFailure")
        return await self._request("read", lambda: self._p(station))

    def _p(self, name):
        return replace(self.plc.p[name], gw_boot_id=self.plc.g[name].boot_id)

    def _put(self, station, image):
        if image.result_seq != self.plc.g[station].result_seq:
            self.plc.results_at[station, image.result_seq] = asyncio.get_running_loop().time()
        self.plc.g[station] = image

    async def zero(self, station, image):
        await self._request("zero", lambda: self._put(station, image))

    async def accept(self, station, image):
        await self._request("accept", lambda: self._put(station, image))

    async def result(self, station, image):
        await self._request("result", lambda: self._put(station, image))

    async def beat(self, images):
        def act():
            for name, image in images.items():
                self.plc.g[name] = replace(
                    self.plc.g[name], heartbeat=image.heartbeat, boot_id=image.boot_id, state=image.state
                )

        await self._request("beat", act)

    async def values(self) -> Mapping[str, PlantValue]:
        return await self._request("values", lambda: {"speed": PlantValue(1480.0)})

    async def check(self) -> list[Finding]:
        return []

    async def close(self):
        await asyncio.sleep(0)


class Judge:
    """The worker: hears what stands at the station when it is told to, and judges by the truth."""

    def __init__(self, plc, judge_s=0.1):
        self.plc, self.judge_s = plc, judge_s
        self.link: Link
        self.orders, self.abandoned, self.judged_at = [], [], {}

    def start(self, order):
        self.orders.append(order)
        loop = asyncio.get_running_loop()
        loop.call_later(0.005, lambda: self.link.recording(Recording(order.station, order.ticket, loop.time())))
        loop.call_later(self.judge_s, self._judge, order)

    def _judge(self, order):
        now = asyncio.get_running_loop().time()
        self.judged_at[order.ticket] = now
        truth = self.plc.truth[order.part_id]
        score = 0.5 if truth is OK else 2.0
        verdict = Verdict(truth, score, None if truth is OK else "crack", None, "by the truth")
        self.link.judged(Judged(order.station, order.ticket, verdict, now, now, "bracket-A 1 abc"))

    def abandon(self, order):
        self.abandoned.append(order.ticket)

    async def tick(self):
        while True:
            self.link.tick(list(self.plc.programs))
            await asyncio.sleep(0.05)


RECIPE = RecipeView("bracket-A", 1, "abc", False, "", ("crack",))


RECIPE = RecipeView("bracket-A", 1, "abc", False, "", ("crack",))


class Plant:
    """PLC, judge and link, running."""

    def __init__(self, plc, *, modes=StationMode.ACTIVE, settings=None, judge_s=0.1, on_values=None, port=None):
        self.plc, self.clock, self.records = plc, LoopClock(), []
        self.judge = Judge(plc, judge_s)
        rules = [StationRules(name, modes, number, deadline_s=0.4) for number, name in enumerate(plc.programs)]
        settings = settings or LinkSettings(
            "plc.main", poll_s=0.05, request_s=0.2, open_s=0.2, retry_s=0.05, retry_max_s=0.1
        )
        self.link = Link(
            port or (lambda: MemoryPort(plc)),
            rules,
            self.clock,
            self.judge,
            self.records.append,
            settings=settings,
            rng=random.Random(7),
            on_values=on_values,
        )
        self.judge.link = self.link
        for name in plc.programs:
            self.link.recipes(name, {1: RECIPE})
            self.link.defect_codes(name, {"crack": 2})

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(job) for job in (self.plc.run(), self.judge.tick(), self.link.run())]
        return self

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def parts(self, *truths, every_s=0.5, station=None):
        for truth in truths:
            part_id = f"P{len(self.plc.truth)}"
            self.plc.truth[part_id] = truth
            for name in [station] if station else self.plc.programs:
                self.plc.programs[name].arrive(part_id, 1)
            await asyncio.sleep(every_s)

    @property
    def part_records(self):
        return [record for record in self.records if isinstance(record, PartRecord)]

    @property
    def kinds(self):
        return [record.kind for record in self.records if isinstance(record, EventRecord)]


def play(scenario):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(scenario())
