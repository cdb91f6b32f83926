"""What is Modbus's own where the PLC is the client and comes to us."""

import asyncio

import pytest
import pytest_asyncio
from pymodbus.client import AsyncModbusTcpClient

from connectors.plc.modbus_server import ModbusServerPlc, ModbusServerSettings
from connectors.plc.port import GwImage, PlcImage, PlcRefused, PlcUnreachable
from connectors.plc.registers import RegisterTag, gw_to_words, plc_to_words

SETTINGS = {
    "name": "plc.main",
    "host": "127.0.0.1",
    "port": 0,
    "stations": {"ring": 0, "gear": 64},
    "values": {"rpm": RegisterTag(200, "uint16")},
    "writes": frozenset({"ring"}),
}
P = plc_to_words(PlcImage(heartbeat=1, boot_id=5, mode=1, trig_head=7, part_id="A-1", trig_seq=7))


class Time:
    now = 100.0

    def __call__(self):
        return self.now


@pytest_asyncio.fixture
async def served():
    """A port that listens, a PLC that has connected, and the time."""
    time = Time()
    port = ModbusServerPlc(ModbusServerSettings(**SETTINGS), time)
    await port.listen()
    opening = asyncio.create_task(port.open())
    client = AsyncModbusTcpClient("127.0.0.1", port=port.port, timeout=1, retries=0, reconnect_delay=0)
    assert await client.connect()
    await client.write_registers(0, P)
    await opening
    yield port, client, time
    client.close()
    await port.close()


async def test_only_stations_that_were_written_are_seen(served):
    port, client, _ = served
    assert set(await port.poll()) == {"ring"}

    await client.write_registers(64, P)

    images = await port.poll()
    assert set(images) == {"ring", "gear"}
    assert images["ring"].part_id == "A-1"
    assert images["ring"].gw_boot_id is None


async def test_g_is_read_as_inputs_and_mirrored_as_holdings(served):
    port, client, _ = served
    image = GwImage(heartbeat=3, boot_id=9, state=1, trig_ack=7, result_head=7, verdict=1, score=0.5, result_seq=7)

    await port.result("ring", image)

    assert (await client.read_input_registers(0, count=16)).registers == gw_to_words(image)
    assert (await client.read_holding_registers(32, count=16)).registers == gw_to_words(image)
    assert (await client.read_discrete_inputs(0, count=7)).bits[:7] == [True, False, True, True, False, False, False]
    assert (await client.read_coils(0, count=7)).bits[:7] == [True, False, True, True, False, False, False]


@pytest.mark.parametrize("address", [32, 44, 47, 48, 63, 96, 128, 199, 201, 65535])
async def test_a_client_can_write_nothing_but_p_and_plain_tags(served, address):
    _port, client, _ = served

    answer = await client.write_register(address, 1)

    assert answer.exception_code == 2
    assert (await client.read_holding_registers(32, count=16)).registers == gw_to_words(GwImage())


async def test_a_write_that_reaches_from_p_into_g_changes_nothing(served):
    port, client, _ = served

    answer = await client.write_registers(20, [9] * 20)

    assert answer.exception_code == 2
    assert (await port.read("ring")).trig_seq == 7


async def test_coils_are_never_written(served):
    _, client, _ = served

    assert (await client.write_coil(0, True)).exception_code == 2


async def test_a_write_and_the_read_of_g_share_one_request(served):
    port, client, _ = served
    await port.accept("ring", GwImage(trig_ack=7))

    answer = await client.readwrite_registers(read_address=32, read_count=16, write_address=24, values=[8])

    assert answer.registers[3] == 7
    assert (await port.read("ring")).trig_seq == 8


async def test_plain_tags_are_what_the_plc_wrote(served):
    port, client, _ = served

    await client.write_register(200, 1480)

    assert (await port.values())["rpm"].value == 1480.0


async def test_a_plc_that_falls_silent_is_gone_after_a_second(served):
    port, _client, time = served
    time.now += 0.9
    assert await port.poll()

    time.now += 0.2

    with pytest.raises(PlcUnreachable, match=r"has written nothing for 1\.1 s"):
        await port.poll()
    with pytest.raises(PlcUnreachable):
        await port.result("ring", GwImage(result_head=7, result_seq=7))


async def test_a_plc_that_comes_back_on_a_second_connection_voids_the_first(served):
    port, _client, _ = served
    second = AsyncModbusTcpClient("127.0.0.1", port=port.port, timeout=1, retries=0, reconnect_delay=0)
    assert await second.connect()
    assert not (await second.read_input_registers(0, count=16)).isError()
    assert await port.poll()

    await second.write_registers(0, P)

    with pytest.raises(PlcUnreachable, match="ring is written by a second connection"):
        await port.poll()
    second.close()


async def test_a_plc_may_keep_a_connection_for_each_station(served):
    port, _client, _ = served
    second = AsyncModbusTcpClient("127.0.0.1", port=port.port, timeout=1, retries=0, reconnect_delay=0)
    assert await second.connect()

    await second.write_registers(64, P)

    assert set(await port.poll()) == {"ring", "gear"}
    second.close()


async def test_what_is_not_active_is_not_shown(served):
    port, client, _ = served

    with pytest.raises(PlcRefused, match="gear is not active"):
        await port.result("gear", GwImage(result_head=1, result_seq=1))

    assert (await client.read_input_registers(64, count=16)).registers == gw_to_words(GwImage())


async def test_without_a_plc_open_says_what_it_waits_for():
    port = ModbusServerPlc(ModbusServerSettings(**{**SETTINGS, "first_write_s": 0.05}))

    with pytest.raises(PlcUnreachable, match=r"no client has connected.*wanted FC16 to holding 0\.\.24, 64\.\.88, 200"):
        await port.open()
    await port.close()


async def test_a_plc_with_plain_tags_alone_needs_no_heartbeat():
    time = Time()
    port = ModbusServerPlc(ModbusServerSettings(**{**SETTINGS, "stations": {}}), time)
    await port.listen()
    opening = asyncio.create_task(port.open())
    client = AsyncModbusTcpClient("127.0.0.1", port=port.port, timeout=1, retries=0, reconnect_delay=0)
    assert await client.connect()
    await client.write_register(200, 1480)
    await opening
    time.now += 60

    assert await port.poll() == {}
    assert (await port.values())["rpm"].value == 1480.0
    client.close()
    await port.close()


async def test_a_port_that_is_taken_is_said():
    first = ModbusServerPlc(ModbusServerSettings(**SETTINGS))
    number = await first.listen()
    second = ModbusServerPlc(ModbusServerSettings(**{**SETTINGS, "port": number}))

    with pytest.raises(PlcUnreachable, match="cannot listen"):
        await second.open()
    await second.close()
    await first.close()


async def test_a_wrong_address_list_is_refused_with_an_example():
    port = ModbusServerPlc(ModbusServerSettings(**{**SETTINGS, "allow": ("10.0.0.x",)}))

    with pytest.raises(PlcRefused, match=r"plc\.main\.allow: .*10\.0\.0\.x.*wanted addresses like 10\.0\.0\.5"):
        await port.open()
    await port.close()


async def test_check_tells_which_stations_the_plc_does_not_write(served):
    _, _, _ = served
    port = ModbusServerPlc(ModbusServerSettings(**SETTINGS))
    await port.listen()
    checking = asyncio.create_task(port.check())
    client = AsyncModbusTcpClient("127.0.0.1", port=port.port, timeout=1, retries=0, reconnect_delay=0)
    assert await client.connect()
    await client.write_registers(0, P)

    findings = await checking

    assert [finding.ok for finding in findings] == [True, False]
    assert findings[1].sentence == "gear: its P block was not written"
    client.close()
