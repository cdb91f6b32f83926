"""Modbus clients that others wrote against our server: what it speaks is not only what we expect of it."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from connectors.plc.modbus_server import ModbusServerPlc, ModbusServerSettings
from connectors.plc.port import GwImage
from connectors.plc.registers import RegisterTag, gw_to_words

pytestmark = pytest.mark.foreign

HERE = Path(__file__).resolve().parent
NODE_MODULES = HERE.parents[1] / ".foreign" / "node" / "node_modules"
NODE = shutil.which("node")
MBPOLL = shutil.which("mbpoll")
G = GwImage(
    heartbeat=7,
    boot_id=40_000,
    state=1,
    trig_ack=9,
    result_head=9,
    verdict=1,
    score=3.25,
    pass_key=65_529,
    result_seq=9,
)


@pytest.fixture
async def server():
    """Our Modbus server, one active station, its G block shown as soon as the PLC has written."""
    port = ModbusServerPlc(
        ModbusServerSettings(
            "plc.main",
            "127.0.0.1",
            0,
            {"ring": 0},
            {"rpm": RegisterTag(200, "float")},
            frozenset({"ring"}),
            silent_s=60.0,
            first_write_s=20.0,
        )
    )
    await port.listen()
    port._map.publish("ring", G)
    yield port
    await port.close()


async def told(*command, **environment):
    """Run a client to its end and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=-1, stderr=-1, env=os.environ | environment
    )
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, out.decode(), err.decode()


@pytest.mark.skipif(
    NODE is None or not (NODE_MODULES / "modbus-serial").is_dir(),
    reason="node or modbus-serial is not there: tests/foreign/install.py",
)
async def test_modbus_serial_plays_the_plc(server):
    opening = asyncio.create_task(server.open())

    code, out, err = await told(NODE, HERE / "modbus_client.js", server.port, NODE_PATH=str(NODE_MODULES))

    assert code == 0, err
    seen = json.loads(out)
    assert seen["inputs"] == seen["mirror"] == gw_to_words(G)
    assert seen["lamps"] == seen["coils"] == [True, False, True, True, False, False, False]
    assert seen["refused"] == [2, 2, 2, 2]
    assert seen["many"] == gw_to_words(G)[:6]
    await opening
    assert seen["own"][24] == 9


needs_mbpoll = pytest.mark.skipif(MBPOLL is None, reason="mbpoll is not installed: apt-get install mbpoll")


def values(out):
    """`[40001]: 7` lines of mbpoll, in order."""
    return [line.partition("]:")[2].split()[0] for line in out.splitlines() if line.startswith("[")]


@needs_mbpoll
async def test_mbpoll_reads_g_as_inputs_and_as_holdings(server):
    common = [MBPOLL, "-m", "tcp", "-p", server.port, "-0", "-1", "-q"]

    _, inputs, _ = await told(*common, "-t", "3", "-r", "0", "-c", "16", "127.0.0.1")
    _, holdings, _ = await told(*common, "-t", "4", "-r", "32", "-c", "16", "127.0.0.1")

    assert [int(each) for each in values(inputs)] == gw_to_words(G)
    assert values(inputs) == values(holdings)


@needs_mbpoll
async def test_mbpoll_reads_the_test_float_in_our_default_word_order(server):
    _, out, _ = await told(
        MBPOLL,
        "-m",
        "tcp",
        "-p",
        server.port,
        "-0",
        "-1",
        "-q",
        "-B",
        "-t",
        "3:float",
        "-r",
        "14",
        "-c",
        "1",
        "127.0.0.1",
    )

    assert [float(each) for each in values(out)] == [123.456]


@needs_mbpoll
async def test_mbpoll_writes_plain_tags_and_is_refused_in_g(server):
    common = [MBPOLL, "-m", "tcp", "-p", server.port, "-0", "-q", "-B", "-t", "4:float"]

    written, _, err = await told(*common, "-r", "200", "127.0.0.1", "--", "1482.5")
    _, out, refusal = await told(*common, "-r", "40", "127.0.0.1", "--", "1")

    assert written == 0, err
    assert server._map.holding(200, 2) == [0x44B9, 0x5000]
    assert "Illegal data address" in out + refusal
    assert server._map.holding(32, 16) == gw_to_words(G)
