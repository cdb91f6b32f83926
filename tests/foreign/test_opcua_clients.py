"""node-opcua, an OPC UA stack that is not ours, against the gateway's own server."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from connectors.plc.trust import TrustFolder
from gateway.serve.front import station_tags
from gateway.serve.opcua import OpcUaServer
from gateway.serve.plan import OpcUaServerPlan, ServedStation
from tests.gateway.serve.snapshots import a_snapshot

HERE = Path(__file__).resolve().parent
NODE_MODULES = HERE.parents[1] / ".foreign" / "node" / "node_modules"
NODE = shutil.which("node")
STATIONS = (ServedStation("ring", True, False), ServedStation("pump-7", False, True))

pytestmark = [
    pytest.mark.foreign,
    pytest.mark.skipif(
        NODE is None or not (NODE_MODULES / "node-opcua").is_dir(),
        reason="node or node-opcua is not there: tests/foreign/install.py",
    ),
]


async def a_server(tmp_path, security):
    plan = OpcUaServerPlan("opc.tcp://127.0.0.1:0", security, str(tmp_path / "server"), "Casting line 2")
    server = OpcUaServer(plan, station_tags(STATIONS))
    url = await server.start()
    await server.publish(a_snapshot())
    return server, url


async def seen_by_node(tmp_path, url, security):
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(HERE / "opcua_client.js"), url, security, str(tmp_path / "pki"), stdout=-1, stderr=-1,
        env=os.environ | {"NODE_PATH": str(NODE_MODULES), "HOME": str(home)},
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 90)
    lines = [line for line in out.decode().splitlines() if line.startswith("{")]
    assert lines, err.decode()
    return json.loads(lines[-1])


def is_whole(seen):
    assert "fault" not in seen, seen
    assert "Wheeltapper" in seen["objects"]
    assert seen["line"] == ["Casting line 2"]
    assert {"Result", "Handshake", "Counters", "Quality", "Identity", "Alarms", "Station"} <= set(seen["folders"])
    assert (seen["verdict"]["status"], seen["verdict"]["value"], seen["verdict"]["type"]) == ("Good", 2, "UInt32")
    assert seen["verdict"]["at"].startswith("2026-11-24T12:00:00")
    assert seen["score"]["value"] == pytest.approx(1.83, rel=1e-6)
    assert seen["confidence"]["status"] == "BadNoData"
    assert seen["words"] == ["Undefined", "OK", "NotOK", "NotDecidable"]
    assert (seen["range"]["low"], seen["range"]["high"]) == (0, 10)
    assert seen["unit"]["unitId"] == 4403766
    assert seen["write"] in {"BadUserAccessDenied", "BadNotWritable"}
    assert seen["changed"] == 412


async def test_node_opcua_browses_reads_subscribes_and_cannot_write(tmp_path):
    server, url = await a_server(tmp_path, "None")
    try:
        is_whole(await seen_by_node(tmp_path, url, "None"))
    finally:
        await server.stop()


@pytest.mark.timeout(200)
async def test_node_opcua_is_refused_until_a_person_trusts_its_certificate(tmp_path):
    server, url = await a_server(tmp_path, "SignAndEncrypt")
    try:
        assert "fault" in await seen_by_node(tmp_path, url, "SignAndEncrypt")
        folder = TrustFolder(tmp_path / "server")
        (refused,) = folder.rejected()
        folder.accept(refused.fingerprint)
        is_whole(await seen_by_node(tmp_path, url, "SignAndEncrypt"))
    finally:
        await server.stop()
