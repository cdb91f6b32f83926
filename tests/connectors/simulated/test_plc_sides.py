"""The simulated PLCs and the wire: what the tests and the demo lean on."""

import asyncio

import pytest

from connectors.plc.port import GwImage
from connectors.simulated.plc_program import PlcProgram, PlcSettings
from connectors.simulated.plc_stations import PlcStations
from connectors.simulated.wire import FaultyWire


async def echo_server():
    async def echo(reader, writer):
        while piece := await reader.read(100):
            writer.write(piece)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]


@pytest.fixture
async def wired():
    server, port = await echo_server()
    wire = FaultyWire(port)
    reader, writer = await asyncio.open_connection("127.0.0.1", await wire.start())
    yield wire, reader, writer
    writer.close()
    await wire.stop()
    server.close()


async def test_a_whole_wire_carries_both_ways(wired):
    _, reader, writer = wired

    writer.write(b"hello")

    assert await asyncio.wait_for(reader.readexactly(5), 2) == b"hello"


async def test_a_frozen_wire_delivers_late_what_was_sent_meanwhile(wired):
    wire, reader, writer = wired
    wire.freeze()
    writer.write(b"late")

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.readexactly(4), 0.05)
    wire.thaw()

    assert await asyncio.wait_for(reader.readexactly(4), 2) == b"late"


async def test_a_cut_wire_resets_its_connections_and_takes_new_ones(wired):
    wire, reader, writer = wired
    writer.write(b"x")
    await reader.readexactly(1)

    wire.cut()

    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 2)


def test_a_scan_tells_whether_p_changed_and_a_stopped_plc_keeps_its_g():
    stations = PlcStations({"ring": PlcProgram(PlcSettings(quiet_s=0.0))}, now=lambda: 1.0)

    assert stations.scan("ring")
    assert not stations.scan("ring")
    stations.programs["ring"].arrive("A-1", 1)
    assert stations.scan("ring")


@pytest.mark.parametrize("g_kept", [True, False])
def test_a_restart_keeps_or_loses_the_g_block(g_kept):
    stations = PlcStations({"ring": PlcProgram(PlcSettings(quiet_s=0.0))}, now=lambda: 1.0)
    stations.scan("ring")
    stations.g["ring"] = GwImage(result_seq=5)

    stations.restart("ring", g_kept=g_kept)
    stations.scan("ring")

    assert stations.g["ring"].result_seq == (5 if g_kept else 0)
    assert stations.p["ring"].boot_id == 2
