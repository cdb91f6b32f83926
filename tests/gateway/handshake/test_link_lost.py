"""A link that is lost, refused, silent or ended: every fault hits every request once."""

import asyncio

import pytest

from connectors.plc.port import PlcRefused, PlcUnreachable
from gateway.processes.ledger_messages import EventRecord
from tests.gateway.handshake.memory_plant import NOT_OK, OK, MemoryPlc, MemoryPort, Plant, play


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
