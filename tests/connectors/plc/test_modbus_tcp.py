"""The server on real sockets, with clients that do not mean well."""

import asyncio
import struct
from contextlib import asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.plc.modbus_pdu import ExceptionCode, Table
from connectors.plc.modbus_tcp import Allowed, ModbusTcpServer

READ = bytes.fromhex("0300000001")


class Registers:
    def __init__(self):
        self.words = list(range(100))

    def read(self, table, address, count):
        if table is not Table.HOLDING or address + count > 100:
            return ExceptionCode.ILLEGAL_ADDRESS
        return self.words[address : address + count]

    def write(self, table, address, values, peer):
        return ExceptionCode.ILLEGAL_ADDRESS


def frame(pdu, transaction=1, unit=1):
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


@asynccontextmanager
async def serving(**options):
    server = ModbusTcpServer("127.0.0.1", 0, Registers(), **options)
    port = await server.start()
    try:
        yield server, port
    finally:
        await server.close()


async def answered(reader):
    """One answer: transaction, unit, PDU."""
    header = await asyncio.wait_for(reader.readexactly(7), 2)
    transaction, protocol, length, unit = struct.unpack(">HHHB", header)
    assert protocol == 0
    return transaction, unit, await asyncio.wait_for(reader.readexactly(length - 1), 2)


async def test_three_requests_in_one_segment_get_three_answers_in_order():
    async with serving() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        writer.write(b"".join(frame(bytes.fromhex(f"03000{n}0001"), n, 255) for n in (1, 2, 3)))

        assert [await answered(reader) for _ in range(3)] == [(n, 255, bytes((3, 2, 0, n))) for n in (1, 2, 3)]
        writer.close()


async def test_a_request_that_comes_byte_by_byte_is_answered():
    async with serving() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(6, 1, 1)

        for each in frame(READ, 7):
            writer.write(bytes((each,)))
            await writer.drain()
            await asyncio.sleep(0)

        assert await answered(reader) == (7, 1, bytes.fromhex("03020000"))
        writer.close()


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        bytes.fromhex("16030100f1010000ed0303"),
        struct.pack(">HHHB", 1, 0, 0, 1),
        struct.pack(">HHHB", 1, 0, 255, 1),
        struct.pack(">HHHB", 1, 0, 65535, 1),
        struct.pack(">HHHB", 1, 9, 6, 1) + READ,
    ],
)
async def test_what_is_not_modbus_is_closed_and_the_others_are_served_on(nonsense):
    async with serving() as (server, port):
        good_reader, good = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        writer.write(frame(READ, 5) + nonsense)

        assert (await answered(reader))[0] == 5
        assert await asyncio.wait_for(reader.read(), 2) == b""
        assert server.broken == 1
        good.write(frame(READ))
        assert (await answered(good_reader))[2] == bytes.fromhex("03020000")
        good.close()


async def test_connections_beyond_the_limit_are_closed_and_a_place_that_frees_is_given():
    async with serving(max_connections=2) as (server, port):
        pairs = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        for reader, writer in pairs:
            writer.write(frame(READ))
            await answered(reader)

        reader, _ = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 2)
        assert server.refused == 1

        pairs[0][1].close()
        async with asyncio.timeout(2):
            while len(server.connections) > 1:
                await asyncio.sleep(0.002)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(frame(READ))
        assert await answered(reader)
        writer.close()
        pairs[1][1].close()


async def test_a_trickle_that_never_becomes_a_request_does_not_hold_its_place():
    async with serving(idle_timeout_s=0.1) as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(2):
            while not server.connections:
                await asyncio.sleep(0.002)
            while server.connections:
                writer.write(b"\0")
                await asyncio.sleep(0.02)
        writer.close()


async def test_a_client_that_never_reads_is_dropped_and_costs_bounded_memory():
    async with serving(idle_timeout_s=0.2) as (server, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        flood = frame(bytes.fromhex("0300000064")) * 1000

        async def pour():
            while True:
                writer.write(flood)
                await writer.drain()

        pouring = asyncio.create_task(pour())
        async with asyncio.timeout(10):
            while not server.connections:
                await asyncio.sleep(0.002)
            while server.connections:
                (each,) = server.connections
                assert each._transport is None or each._transport.get_write_buffer_size() < 100_000
                await asyncio.sleep(0.01)
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
        writer.transport.abort()


async def test_a_flood_leaves_the_loop_to_the_others():
    async with serving() as (_, port):
        flooder_reader, flooder = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        flooder.write(frame(READ) * 5000)
        writer.write(frame(READ, 9))

        assert (await answered(reader))[0] == 9
        for _ in range(5000):
            await answered(flooder_reader)
        flooder.close()
        writer.close()


async def test_only_the_named_addresses_may_connect():
    async with serving(allowed=Allowed.of(["10.0.0.0/29"])) as (server, port):
        reader, _ = await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 2)
        assert server.refused == 1


def test_an_address_list_is_read_strictly():
    assert "10.0.0.5" in Allowed.of(["10.0.0.5"])
    assert "10.0.0.6" not in Allowed.of(["10.0.0.5"])
    assert "anything" in Allowed()
    assert "not an address" not in Allowed.of(["10.0.0.5"])
    with pytest.raises(ValueError, match=r"10\.0\.0\.300"):
        Allowed.of(["10.0.0.300"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=4))
def test_nothing_a_client_sends_harms_the_server(pieces):
    async def send():
        async with serving() as (_, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            for piece in pieces:
                writer.write(piece)
            writer.write_eof()
            reader, good = await asyncio.open_connection("127.0.0.1", port)
            good.write(frame(READ, 3))
            assert (await answered(reader))[0] == 3
            writer.transport.abort()
            good.close()

    asyncio.run(send())
