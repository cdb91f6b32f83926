"""node-opcua's alarm viewer against the gateway's own server, with a real ledger behind."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import pytest

from connectors.plc.trust import TrustFolder
from tests.gateway.serve.incident_plant import PASSWORD, a_plant

HERE = Path(__file__).resolve().parent
NODE_MODULES = HERE.parents[1] / ".foreign" / "node" / "node_modules"
NODE = shutil.which("node")

pytestmark = [
    pytest.mark.foreign,
    pytest.mark.timeout(200),
    pytest.mark.skipif(
        NODE is None or not (NODE_MODULES / "node-opcua").is_dir(),
        reason="node or node-opcua is not there: tests/foreign/install.py",
    ),
]


async def seen_by_node(tmp_path, plant, security, *who):
    """Let the viewer look on, and do what it waits for."""
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(HERE / "opcua_conditions.js"), plant.url, security, str(tmp_path / "pki"), *who,
        stdin=-1, stdout=-1, stderr=-1, env=os.environ | {"NODE_PATH": str(NODE_MODULES), "HOME": str(home)},
    )  # fmt: skip
    does = {"ready to hear it cleared": {"active": False}, "ready to hear of another": {"failure_mode": "gear"}}
    async with asyncio.timeout(90):
        while line := (await process.stdout.readline()).decode().strip():
            if line in does:
                plant.hear(**does[line])
                process.stdin.write(b"\n")
            if line.startswith("{"):
                await process.wait()
                return json.loads(line)
        raise AssertionError((await process.stderr.read()).decode())


async def test_node_opcua_sees_what_stands_acknowledges_shelves_and_hears_the_end(tmp_path):
    async with a_plant(tmp_path, "SignAndEncrypt") as plant:
        plant.hear()
        assert "fault" in await seen_by_node(tmp_path, plant, "SignAndEncrypt", "ana", PASSWORD)
        folder = TrustFolder(tmp_path / "server")
        (refused,) = folder.rejected()
        folder.accept(refused.fingerprint)
        seen = await seen_by_node(tmp_path, plant, "SignAndEncrypt", "ana", PASSWORD)
    assert "fault" not in seen, seen
    first = seen["refreshed"]
    assert (first["source"], first["condition"], first["severity"]) == ("pump-7", "outer race", 500)
    assert (first["enabled"], first["active"], first["acked"], first["retain"]) == (True, True, False, True)
    assert (seen["unknown"], seen["acknowledge"], seen["again"]) == (
        "BadEventIdUnknown", "Good", "BadConditionBranchAlreadyAcked",
    )  # fmt: skip
    assert (seen["acked"]["comment"], seen["acked"]["by"]) == ("heard it too", "ana")
    assert (seen["shelve"], seen["unshelve"]) == ("Good", "Good")
    assert (seen["shelved"]["shelf"], seen["unshelved"]["shelf"]) == ("Timed Shelved", "Unshelved")
    assert (seen["cleared"]["active"], seen["cleared"]["retain"]) == (False, True)
    assert seen["raised"]["condition"] == "gear"
    assert plant.audit() == [
        ("ana", "opcua", "acknowledge", '{"comment": "heard it too"}', 1),
        ("ana", "opcua", "shelve", '{"for": "1 h"}', 1),
        ("ana", "opcua", "unshelve", "{}", 1),
    ]


async def test_node_opcua_without_a_name_sees_alarms_and_changes_nothing(tmp_path):
    async with a_plant(tmp_path) as plant:
        plant.hear()
        seen = await seen_by_node(tmp_path, plant, "None")
    assert "fault" not in seen, seen
    assert (seen["acknowledge"], seen["shelve"]) == ("BadUserAccessDenied", "BadUserAccessDenied")
    assert (seen["cleared"]["active"], seen["cleared"]["acked"]) == (False, False)
    assert plant.audit() == []
