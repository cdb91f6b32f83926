"""What is Modbus's own where the gateway is the client."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from connectors.plc.modbus import ModbusPlc, ModbusSettings
from connectors.plc.modbus_pdu import ExceptionCode, Table
from connectors.plc.port import GwImage, PlcRefused, PlcUnreachable
from connectors.plc.registers import RegisterTag, WordOrder
from connectors.simulated.plc_modbus import ModbusServingPlc
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations
from connectors.simulated.wire import FaultyWire

BASES = {f"s{n}": 64 * n for n in range(4)}


class CountingPlc(ModbusServingPlc):
    """Counts what it is asked."""

    def __init__(self, *given, **options):
        super().__init__(*given, **options)
        self.reads: list[tuple[int, int]] = []
        self.written: list[tuple[int, int]] = []
        self.answers_with: ExceptionCode | None = None

    def read(self, table, address, count):
        self.reads.append((address, count))
        return self.answers_with or super().read(table, address, count)

    def write(self, table, address, values, peer):
        self.written.append((address, len(values)))
        return super().write(table, address, values, peer)


@asynccontextmanager
async def rig(tags=None, word_order=WordOrder.BIG, **changes):
    stations = PlcStations({name: PlcProgram(PlcSettings(quiet_s=0.0)) for name in BASES}, scan_s=0.002)
    plc = CountingPlc(stations, BASES, tags, word_order)
    address = await plc.start()
    settings = ModbusSettings(
        name="plc.main",
        host="127.0.0.1",
        port=int(address.rpartition(":")[2]),
        stations=BASES,
        values=tags or {},
        writes=frozenset(BASES),
        word_order=word_order,
    )
    port = ModbusPlc(replace(settings, **changes))
    try:
        yield plc, port
    finally:
        await port.close()
        await plc.stop()


async def test_four_stations_are_polled_in_two_requests():
    async with rig() as (plc, port):
        await port.open()
        plc.reads.clear()

        images = await port.poll()

        assert plc.reads == [(0, 98), (128, 98)]
        assert set(images) == set(BASES)


async def test_a_plc_with_holes_between_its_blocks_is_polled_block_by_block():
    async with rig() as (plc, port):
        plc.unmapped.update(range(50, 64))
        plc.unmapped.update(range(178, 192))

        await port.open()
        plc.reads.clear()

        assert set(await port.poll()) == set(BASES)
        assert plc.reads == [(base, 34) for base in BASES.values()]


async def test_a_result_is_one_frame_of_the_whole_block():
    async with rig() as (plc, port):
        await port.open()

        await port.result("s1", GwImage(result_head=3, verdict=2, score=1.25, result_seq=3))

        assert plc.written == [(96, 16)]
        assert plc.stations.g["s1"].score == 1.25


@pytest.mark.parametrize("word_order", WordOrder)
async def test_floats_are_understood_in_either_word_order(word_order):
    async with rig({"rpm": RegisterTag(1000, "float")}, word_order) as (plc, port):
        await plc.set_value("rpm", 1482.5)
        await port.open()

        await port.result("s0", GwImage(score=0.75))

        assert (await port.values())["rpm"].value == 1482.5
        assert plc.stations.g["s0"].score == 0.75


async def test_the_test_float_is_written_for_the_integrator():
    async with rig() as (plc, port):
        await port.open()
        await port.zero("s0", GwImage())

        assert plc.read(Table.HOLDING, 46, 2) == [0x42F6, 0xE979]


async def test_a_register_that_is_not_there_is_named_in_both_counts():
    async with rig() as (plc, port):
        plc.unmapped.add(64 + 24)

        with pytest.raises(PlcRefused, match=r"exception 2 at holding 64 \(40065\): the PLC has no such register"):
            await port.open()


async def test_a_plc_that_is_busy_is_unreachable_and_not_refused():
    async with rig() as (plc, port):
        await port.open()
        plc.answers_with = ExceptionCode.DEVICE_FAILURE

        with pytest.raises(PlcUnreachable, match="exception 4"):
            await port.poll()


async def test_a_plain_tag_that_is_gone_has_no_value_and_the_stations_live_on():
    async with rig({"rpm": RegisterTag(1000, "float")}) as (plc, port):
        await port.open()
        plc.unmapped.add(1000)

        value = (await port.values())["rpm"]

        assert value.value is None
        assert "exception 2 at holding 1000" in value.why
        assert set(await port.poll()) == set(BASES)


async def test_another_map_version_is_refused():
    async with rig() as (_plc, port):
        await port.open()
        await port.zero("s2", GwImage(map_version=9))
        second = ModbusPlc(port._settings)

        with pytest.raises(PlcRefused, match="s2: MapVersion at holding 173 is 9; wanted 1"):
            await second.open()
        await second.close()


async def test_overlapping_registers_are_refused_before_anything_is_connected():
    async with rig(tags={"rpm": RegisterTag(70, "float")}) as (plc, port):
        with pytest.raises(PlcRefused, match=r"plc\.main: tag rpm at register 70 overlaps block of s1"):
            await port.open()

        assert plc.reads == []


async def test_a_plc_that_grants_one_connection_is_served_over_one():
    async with rig() as (plc, port):
        plc._server.max_connections = 1

        await port.open()
        await port.result("s0", GwImage(result_head=1, result_seq=1))

        assert plc.stations.g["s0"].result_seq == 1


async def test_a_verdict_does_not_wait_behind_a_read():
    async with rig() as (plc, port):
        await port.open()
        reads, frozen = port._reader, asyncio.Event()

        original = reads.read_holding_registers

        async def stuck(*given, **options):
            await frozen.wait()
            return await original(*given, **options)

        reads.read_holding_registers = stuck
        polling = asyncio.create_task(port.poll())

        await port.result("s0", GwImage(result_head=1, result_seq=1))

        assert plc.stations.g["s0"].result_seq == 1
        assert not polling.done()
        frozen.set()
        await polling


async def test_an_answer_that_comes_after_its_time_is_never_taken_for_another():
    async with rig(timeout_s=0.1) as (_plc, port):
        wire = FaultyWire(port._settings.port)
        late = ModbusPlc(replace(port._settings, port=await wire.start()))
        await late.open()
        wire.freeze()

        with pytest.raises(PlcUnreachable, match=r"no answer within 0\.1 s"):
            await late.poll()
        wire.thaw()

        with pytest.raises(PlcUnreachable, match="new object"):
            await late.poll()
        await late.close()
        await wire.stop()


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 300, b"\0" * 9])
async def test_a_peer_that_does_not_speak_modbus_is_unreachable_in_time(said):
    async def speak(reader, writer):
        writer.write(said)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    port = ModbusPlc(ModbusSettings("plc.main", "127.0.0.1", server.sockets[0].getsockname()[1], {"ring": 0}))

    async with asyncio.timeout(3):
        with pytest.raises(PlcUnreachable, match=r"plc\.main"):
            await port.open()
        await port.close()
    server.close()
