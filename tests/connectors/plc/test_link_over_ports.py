"""The gateway's link and a PLC program, joined over each protocol: every part gets its own verdict, or a reject."""

import asyncio

import pytest
import pytest_asyncio

from analytics.decision.verdict import Evaluation, Verdict
from connectors.plc.modbus_server import ModbusServerPlc
from connectors.plc.open import open_port
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from gateway.handshake.link import Link
from gateway.handshake.state import StationRules
from gateway.handshake.wire import LinkSettings
from gateway.processes.clock import SystemClock
from gateway.processes.messages import Judged, RecipeView, Recording

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATIONS = ("ring", "gear")
RECIPE = RecipeView("any", 1, "0", provisional=False, promise="", defects=("crack",))


class Judge:
    """Starts a recording at once, and knows by the part's name whether it is good."""

    def __init__(self):
        self.link: Link

    def start(self, order):
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: self.link.recording(Recording(order.station, order.ticket, loop.time())))
        loop.call_later(0.005, self._judge, order)

    def abandon(self, order):
        pass

    def _judge(self, order):
        now = asyncio.get_running_loop().time()
        good = order.part_id.startswith("good")
        evaluation = Evaluation.OK if good else Evaluation.NOT_OK
        verdict = Verdict(evaluation, 0.5 if good else 1.5, None if good else "crack", None, "by its name")
        self.link.judged(Judged(order.station, order.ticket, verdict, captured_at=now, judged_at=now))


@pytest_asyncio.fixture(loop_scope="module")
async def running(rig):
    """The link of a whole gateway over this rig, with programs that decide after 0.6 s."""
    judge = Judge()
    records = []

    def port():
        made = open_port(rig.settings())
        if isinstance(made, ModbusServerPlc):
            listen = made.listen

            async def told():
                number = await listen()
                rig.wire.target = ("127.0.0.1", number)
                return number

            made.listen = told
        return made

    for name in STATIONS:
        rig.stations.programs[name] = PlcProgram(PlcSettings(quiet_s=0.0, deadline_s=0.6, ack_s=0.3, heartbeat_s=0.05))
    rules = [StationRules(name, number=n, hold_s=0.02) for n, name in enumerate(STATIONS)]
    settings = LinkSettings(poll_s=0.003, retry_s=0.02, retry_max_s=0.05)
    link = Link(port, rules, SystemClock(), judge, records.append, settings=settings)
    judge.link = link

    async def tick():
        while True:
            link.tick(STATIONS)
            await asyncio.sleep(0.02)

    for name in STATIONS:
        link.recipes(name, {1: RECIPE})
        link.defect_codes(name, {"crack": 2})
    tasks = [asyncio.create_task(link.run()), asyncio.create_task(tick())]
    yield link, records
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def ready(rig):
    """Until the PLC has seen the gateway ready and its heartbeat change."""
    for name in STATIONS:
        first = rig.stations.g[name].heartbeat
        await rig.until(lambda name=name, first=first: rig.stations.g[name].heartbeat != first)
        await rig.until(lambda name=name: rig.stations.g[name].state == 1)


def answered(rig):
    """Whether the PLC sees a result for the last part of each station."""
    return all(rig.stations.g[s].result_seq == rig.stations.p[s].trig_seq != 0 for s in STATIONS)


async def gates(rig):
    """Wait until no part is between station and gate; returns what the gates made of all of them."""
    await rig.until(lambda: not any(rig.stations.programs[s].in_flight for s in STATIONS))
    return [entry for station in STATIONS for entry in rig.stations.programs[station].log]


async def arrive(rig, part):
    """Let one part come to each station, and wait until it has its number."""
    before = {s: rig.stations.p[s].trig_seq for s in STATIONS}
    for station in STATIONS:
        rig.stations.programs[station].arrive(part, 1)
    await rig.until(lambda: all(rig.stations.p[s].trig_seq != before[s] for s in STATIONS))


async def test_every_part_gets_its_own_verdict_in_time(rig, running):
    _, records = running
    await ready(rig)
    names = [f"{'bad' if n % 3 == 0 else 'good'}-{n}" for n in range(6)]

    for name in names:
        await arrive(rig, name)
        await rig.until(lambda: answered(rig))
    log = await gates(rig)

    assert {entry.part_id: entry.passed for entry in log} == {name: name.startswith("good") for name in names}, log
    assert all(entry.verdict in (1, 2) and not entry.late and not entry.wrong for entry in log), log
    assert {entry.defect_code for entry in log if not entry.passed} == {2}
    parts = [record for record in records if hasattr(record, "sequence")]
    assert len(parts) == len(log)
    assert all(part.written for part in parts)


async def test_a_link_that_breaks_costs_rejects_and_never_a_wrong_pass(rig, running):
    await ready(rig)

    await arrive(rig, "bad-1")
    rig.wire.cut()
    await arrive(rig, "bad-2")
    rejected = await gates(rig)
    await ready(rig)
    for name in ("good-later", "bad-later"):
        await arrive(rig, name)
        await rig.until(lambda: answered(rig))
    log = await gates(rig)

    assert [entry.passed for entry in rejected] == [False] * 4
    assert {entry.part_id for entry in log if entry.passed} == {"good-later"}, log
