"""The link against a PLC in memory, in virtual time: an hour costs nothing, and every fault hits every call once."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analytics.decision.verdict import Evaluation, Verdict
from connectors.plc.port import Finding, GwImage, GwState, PlantValue, PlcImage, PlcRefused, PlcUnreachable
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from gateway.handshake.link import Link
from gateway.handshake.state import StationMode, StationRules
from gateway.handshake.wire import LinkSettings
from gateway.processes.messages import EventRecord, Judged, PartRecord, RecipeView, Recording

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


def test_parts_are_judged_written_and_recorded_once():
    async def scenario():
        async with Plant(MemoryPlc(["ring"])) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, NOT_OK, OK)
        return plant

    plant = play(scenario)
    assert [part.passed for part in plant.plc.programs["ring"].log] == [True, False, True]
    assert [(r.outcome, r.written, r.defect_code, r.part_id) for r in plant.part_records] == [
        ("judged", True, 0, "P0"),
        ("judged", True, 2, "P1"),
        ("judged", True, 0, "P2"),
    ]
    view = plant.link.views()["ring"]
    assert (view.counters.parts, view.counters.ok, view.counters.not_ok, view.counters.lost) == (3, 2, 1, 0)
    assert view.chips == (1, 2, 1)
    assert view.last.part_id == "P2"
    assert len(view.latencies_ms) == sum(view.dials.answers) == sum(view.dials.scores) == 3
    assert view.dials.plc_beat_at is None, "of a PLC that is gone nobody knows"
    assert (view.link, view.ready) == ("down", True)


def test_a_password_that_cannot_be_read_is_said_once_and_the_link_comes_up_when_it_can():
    async def scenario():
        plc, missing = MemoryPlc(["ring"]), [True]

        def open_port():
            if missing:
                raise PlcRefused("plc.main.password: the environment variable PLC_PASSWORD is not set")
            return MemoryPort(plc)

        async with Plant(plc, port=open_port) as plant:
            await asyncio.sleep(1.0)
            said = [r.sentence for r in plant.records if isinstance(r, EventRecord) and r.kind == "plc-refused"]
            missing.clear()
            await asyncio.sleep(0.6)
            return plant.link.views()["ring"].link, said

    link, said = play(scenario)
    assert link == "up"
    assert said == ["plc.main.password: the environment variable PLC_PASSWORD is not set"]


def test_a_station_that_hears_nothing_says_degraded_until_it_hears_again_whatever_is_taught_meanwhile():
    async def scenario():
        async with Plant(MemoryPlc(["ring", "gear"])) as plant:
            states = []
            for deaf in (True, True, False):
                plant.link.ear("ring", deaf=deaf)
                plant.link.recipes("ring", {1: RECIPE})
                await asyncio.sleep(0.4)
                states.append((plant.plc.g["ring"].state, plant.plc.g["gear"].state))
            return states

    states = play(scenario)
    assert states == [(GwState.DEGRADED, GwState.READY)] * 2 + [(GwState.READY, GwState.READY)]


def check_safety(plant):
    for name, program in plant.plc.programs.items():
        for part in program.log:
            assert not part.passed or plant.plc.truth[part.part_id] is OK, (name, part)
            assert not (part.result_at and part.verdict == 2 and plant.plc.truth[part.part_id] is OK), (name, part)
        sequences = [record.sequence for record in plant.part_records if record.station == name]
        assert len(sequences) == len(set(sequences)), sequences


@pytest.mark.parametrize("fault", ["down", "refused", "answer lost", "acts later"])
def test_any_one_request_may_fail_and_no_part_passes_wrongly_and_the_last_one_passes(fault):
    async def scenario(n):
        plc = MemoryPlc(["ring"], fault, n)
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, NOT_OK, OK, every_s=0.45)
            settled = plc.calls
            await asyncio.sleep(0.8)
            await plant.parts(OK, every_s=0.6)
        return plant, settled

    n = 0
    while True:
        n += 1
        plant, settled = play(lambda n=n: scenario(n))
        check_safety(plant)
        if plant.plc.calls < n:
            break
        if n > settled:
            continue  # the link was lost just before the last part, or with it: that may cost the part
        assert plant.plc.programs["ring"].log[-1].passed, (n, plant.plc.requests[n - 5 : n + 5])
        assert {"plc-link-down", "plc-refused", "plc-torn-read"} & set(plant.kinds)
    assert n > 60


def test_a_result_waits_for_one_request_at_most_among_sixteen_stations():
    async def scenario():
        plc = MemoryPlc([f"s{n}" for n in range(16)])
        settings = LinkSettings("plc.main", poll_s=0.004, request_s=0.2)
        async with Plant(plc, settings=settings) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, OK, station="s3")
        return plant

    plant = play(scenario)
    for order in plant.judge.orders:
        seq = next(r.sequence for r in plant.part_records if r.part_id == order.part_id)
        waited = plant.plc.results_at["s3", seq] - plant.judge.judged_at[order.ticket]
        assert waited <= 2 * ROUND_TRIP_S + 1e-6


def test_the_heartbeats_of_all_stations_go_in_one_request_at_the_pace_of_the_contract():
    async def scenario():
        plc = MemoryPlc(["a", "b", "c"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            before, plc.requests[:] = plc.g["a"].heartbeat, []
            await asyncio.sleep(2.0)
            return plc.g["a"].heartbeat - before, plc.requests.count("beat"), plant

    counted, requests, _ = play(scenario)
    assert counted == requests
    assert 2.0 / 0.25 <= counted <= 2.0 / 0.1


def test_a_hung_judge_stops_the_heartbeat_and_a_new_one_gets_a_new_boot_id():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            boot_id = plc.g["ring"].boot_id
            plant.tasks[1].cancel()
            plant.link.worker_lost(["ring"])
            await asyncio.sleep(0.3)
            assert plc.g["ring"].state == GwState.FAULT
            assert "WorkerLost" in plant.link.alarms()["ring"]
            await plant.parts(OK)
            assert plc.programs["ring"].log[0].quality_code == 1 << 12
            plant.link.worker_back(["ring"])
            plant.tasks.append(asyncio.create_task(plant.judge.tick()))
            await asyncio.sleep(0.3)
            assert plc.g["ring"].boot_id not in (0, boot_id)
            await plant.parts(OK)
            return plant

    plant = play(scenario)
    assert [part.passed for part in plant.plc.programs["ring"].log] == [False, True]
    assert plant.kinds.count("alarm-raised") == plant.kinds.count("alarm-cleared") == 1


def test_a_heartbeat_that_waits_behind_a_slow_request_does_not_bring_the_old_boot_id_back():
    async def scenario(moment):
        plc = MemoryPlc(["ring"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            plc.slow_s = 0.15
            await asyncio.sleep(moment)
            plant.link.tick(["ring"])
            plant.link.worker_lost(["ring"])
            plant.link.worker_back(["ring"])
            plc.slow_s = 0.0
            await asyncio.sleep(0.5)
            return plc.g["ring"], plant

    for hundredth in range(20, 60):
        g, plant = play(lambda hundredth=hundredth: scenario(hundredth / 100))
        assert g.boot_id == plant.link.views()["ring"].gateway.boot_id
        assert g.state == GwState.READY
        assert plant.kinds.count("alarm-raised") == plant.kinds.count("alarm-cleared") == 1  # WorkerLost


def test_the_link_says_once_that_it_is_down_and_once_that_it_is_back():
    class Refusing(MemoryPort):
        async def open(self):
            if asyncio.get_running_loop().time() < 1060.0:
                raise PlcUnreachable("plc.main: 10.20.0.5:4840 refused the connection")
            await super().open()

    async def scenario():
        plant = Plant(MemoryPlc(["ring"]))
        plant.link._factory = lambda: Refusing(plant.plc)
        async with plant:
            await asyncio.sleep(10)
            assert plant.link.views()["ring"].link_sentence.endswith("refused the connection")
            await asyncio.sleep(60)
            assert plant.link.views()["ring"].link == "up"
        return plant

    assert play(scenario).kinds == ["plc-link-down", "plc-link-up"]


def test_a_line_that_accepts_and_stays_silent_is_given_up_in_time():
    class Silent(MemoryPort):
        async def open(self):
            await asyncio.sleep(3600)

        async def close(self):
            await asyncio.sleep(3600)

    async def scenario():
        plant = Plant(MemoryPlc(["ring"]))
        made = []
        plant.link._factory = lambda: made.append(Silent(plant.plc)) or made[-1]
        async with plant:
            await asyncio.sleep(60)
        return len(made), plant

    attempts, plant = play(scenario)
    assert attempts >= 4
    assert plant.kinds.count("plc-link-down") == 1


def test_bad_tags_of_one_station_leave_the_others_alone_and_void_it_after_a_second():
    async def scenario():
        plc = MemoryPlc(["good", "bad"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            plc.bad.add("bad")
            await plant.parts(OK, OK, OK)
            plc.bad.clear()
            await asyncio.sleep(0.3)
            await plant.parts(OK)
        return plant

    plant = play(scenario)
    assert [part.passed for part in plant.plc.programs["good"].log] == [True] * 4
    assert [part.passed for part in plant.plc.programs["bad"].log] == [False, False, False, True]
    assert plant.kinds.count("plc-link-down") == 0
    assert "handshake-voided" in plant.kinds


def test_a_late_part_is_answered_at_its_margin_and_not_at_the_next_poll():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, judge_s=60.0) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK)
            (order,) = plant.judge.orders
            return plc.results_at["ring", plc.programs["ring"].log[0].sequence] - order.seen_at, plant

    waited, plant = play(scenario)
    assert 0.32 <= waited <= 0.38  # counted from the poll before: the PLC's timer runs already
    assert plant.plc.programs["ring"].log[0].quality_code == 1


def test_a_result_whose_time_ran_out_behind_a_slow_poll_is_never_sent():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, judge_s=0.31) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, every_s=0.29)
            plc.slow_s = 0.15
            await asyncio.sleep(0.3)
            plc.slow_s = 0.0
            plant.judge.judge_s = 0.1
            await asyncio.sleep(0.3)
            await plant.parts(OK)
        return plant

    plant = play(scenario)
    assert [(record.outcome, record.written) for record in plant.part_records] == [("lost", False), ("judged", True)]
    assert plant.part_records[0].true.evaluation is OK
    assert "plc-link-down" not in plant.kinds
    assert [part.passed for part in plant.plc.programs["ring"].log] == [False, True]


def test_shadow_sends_no_write_at_all_and_records_every_part():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, modes=StationMode.SHADOW) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, NOT_OK)
        return plant

    plant = play(scenario)
    assert set(plant.plc.requests) == {"open", "poll", "read"}
    assert [(record.told.evaluation, record.written) for record in plant.part_records] == [(OK, False), (NOT_OK, False)]


def test_stop_lets_the_open_part_be_answered_and_hears_no_new_one():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, every_s=0.08)
            plant.link.stop()
            plant.link.stop()
            await asyncio.wait_for(plant.tasks[2], 3.0)
            await asyncio.sleep(0.5)
        return plant

    plant = play(scenario)
    assert plant.plc.programs["ring"].log[0].passed
    assert plant.part_records[0].outcome == "judged"


def test_stop_ends_a_link_that_waits_to_connect():
    class Refusing(MemoryPort):
        async def open(self):
            raise PlcRefused("no such tag")

    async def scenario():
        plant = Plant(MemoryPlc(["ring"]))
        plant.link._factory = lambda: Refusing(plant.plc)
        async with plant:
            await asyncio.sleep(0.05)
            plant.link.stop()
            await asyncio.wait_for(plant.tasks[2], 0.01)
        return plant

    assert play(scenario).kinds == ["plc-refused"]


def test_a_wall_clock_step_is_said_once_and_marks_the_open_part():
    async def scenario():
        async with Plant(MemoryPlc(["ring"])) as plant:
            await asyncio.sleep(0.3)
            await plant.parts(OK, every_s=0.08)
            plant.clock.ahead_s = 3600.0
            await asyncio.sleep(0.5)
        return plant

    plant = play(scenario)
    assert plant.kinds.count("clock-step") == 1
    assert plant.part_records[0].quality_code == 1 << 11
    assert plant.plc.programs["ring"].log[0].passed


def test_plain_tags_are_handed_on_a_few_times_a_second():
    seen = []

    async def scenario():
        async with Plant(MemoryPlc(["ring"]), on_values=seen.append):
            await asyncio.sleep(2.0)

    play(scenario)
    assert 7 <= len(seen) <= 9
    assert seen[0]["speed"].value == 1480.0


def test_a_teach_part_needs_no_verdict():
    async def scenario():
        plc = MemoryPlc(["ring"])
        async with Plant(plc, judge_s=60.0) as plant:
            plc.programs["ring"].mode = 3
            await asyncio.sleep(0.3)
            await plant.parts(OK, every_s=0.2)
            (order,) = plant.judge.orders
            plant.link.taught("ring", order.ticket, plant.clock.now())
            await asyncio.sleep(0.1)
        return plant

    plant = play(scenario)
    assert plant.judge.orders[0].teach
    assert [record.outcome for record in plant.part_records] == ["taught"]
    assert plant.plc.g["ring"].verdict == 3
