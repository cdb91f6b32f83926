"""The front as a client sees it, over real sockets."""

import asyncio
import contextlib
import multiprocessing
from dataclasses import replace

import pytest
from asyncua import Client, ua
from pymodbus.client import AsyncModbusTcpClient

from connectors.plc.trust import TrustFolder
from gateway.processes.channel import Channel
from gateway.processes.clock import SystemClock
from gateway.processes.ledger_messages import CommandAnswer, EventRecord, IncidentView
from gateway.processes.messages import Stop
from gateway.serve import front as front_module
from gateway.serve.front import Front
from gateway.serve.modbus import BLOCK
from gateway.serve.plan import FrontPlan, OpcUaServerPlan, ServedStation
from tests.gateway.processes.hang_up import hang_up
from tests.gateway.serve.incident_plant import a_viewer, some_people
from tests.gateway.serve.snapshots import SILENT_ALARM, WALL, a_part_view, a_snapshot

STATIONS = (ServedStation("ring", True, False), ServedStation("pump-7", False, True))
PATH = "Casting line 2/ring/Result/"


class Served:
    """A front in this loop, main's end of its channel, and the addresses it told."""

    def __init__(self, main, heard, opcua, modbus):
        self.main, self.heard, self.opcua, self.modbus_port = main, heard, opcua, modbus

    def publish(self, snapshot):
        self.main.send(snapshot)

    @contextlib.asynccontextmanager
    async def client(self):
        async with Client(self.opcua, timeout=10) as client:
            yield client, await client.get_namespace_index("urn:wheeltapper")


@contextlib.asynccontextmanager
async def a_front(tmp_path, security="None", modbus="127.0.0.1:0", people=""):
    ours, theirs = multiprocessing.Pipe()
    main = Channel(ours, "front")
    heard: asyncio.Queue[object] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    main.listen(lambda message: loop.call_soon_threadsafe(heard.put_nowait, message), lambda: None)
    plan = FrontPlan(
        "Casting line 2",
        STATIONS,
        OpcUaServerPlan("opc.tcp://127.0.0.1:0", security, str(tmp_path), "Casting line 2", people),
        modbus,
    )
    task = asyncio.create_task(Front(plan, Channel(theirs, "main"), SystemClock()).run())
    told = {}
    while len(told) < 2:
        event = await asyncio.wait_for(heard.get(), 30)
        assert isinstance(event, EventRecord)
        assert event.level == "info", event
        told[event.kind] = event.sentence.split()[-1]
    yield Served(main, heard, told["serve-opcua"], int(told["serve-modbus"].rsplit(":", 1)[1]))
    main.send(Stop())
    await asyncio.wait_for(task, 30)
    main.close()
    hang_up(ours)


async def until(read, expected):
    """Read again until it is so; the test's own timeout ends it."""
    async with asyncio.timeout(20):
        while (found := await read()) != expected:
            await asyncio.sleep(0.01)
    return found


async def test_a_client_reads_the_last_verdict_with_its_words_range_and_time(tmp_path):
    async with a_front(tmp_path) as served, served.client() as (client, ns):
        served.publish(a_snapshot())
        verdict = client.get_node(f"ns={ns};s={PATH}Verdict")
        await until(lambda: _value(client, ns, "Verdict"), 2)
        value = await verdict.read_data_value()
        assert value.SourceTimestamp.isoformat().startswith("2026-11-24T12:00:00")
        words = await (await verdict.get_child("0:EnumStrings")).read_value()
        assert [word.Text for word in words] == ["Undefined", "OK", "NotOK", "NotDecidable"]
        score = client.get_node(f"ns={ns};s={PATH}Score")
        assert await score.read_value() == pytest.approx(1.83, rel=1e-6)
        span = await (await score.get_child("0:EURange")).read_value()
        assert (span.Low, span.High) == (0, 10)
        unit = await (await client.get_node(f"ns={ns};s={PATH}LatencyMs").get_child("0:EngineeringUnits")).read_value()
        assert unit.UnitId == 4403766


async def _value(client, ns, name):
    found = await client.get_node(f"ns={ns};s={PATH}{name}").read_data_value(raise_on_bad_status=False)
    return found.Value.Value if found.StatusCode.is_good() else None


async def test_a_subscription_hears_every_change(tmp_path):
    async with a_front(tmp_path) as served, served.client() as (client, ns):
        heard: asyncio.Queue[object] = asyncio.Queue()

        class Handler:
            def datachange_notification(self, node, value, data):
                heard.put_nowait(value)

        subscription = await client.create_subscription(50, Handler())
        await subscription.subscribe_data_change(client.get_node(f"ns={ns};s=Casting line 2/ring/Counters/Parts"))
        served.publish(a_snapshot())
        async with asyncio.timeout(20):
            while await heard.get() != 412:
                pass


async def test_nobody_may_write(tmp_path):
    async with a_front(tmp_path) as served, served.client() as (client, ns):
        served.publish(a_snapshot())
        await until(lambda: _value(client, ns, "Verdict"), 2)
        with pytest.raises(ua.UaError):
            await client.get_node(f"ns={ns};s={PATH}Verdict").write_value(ua.Variant(1, ua.VariantType.UInt32))
        assert await _value(client, ns, "Verdict") == 2


async def test_an_administrator_is_a_reader_like_everybody(tmp_path):
    async with a_front(tmp_path) as served:
        client = Client(served.opcua, timeout=10)
        client.set_user("admin")
        client.set_password("admin")
        with pytest.raises(ua.UaError):
            async with client:
                raise AssertionError("a name and a password were accepted")


async def test_a_client_without_a_trusted_certificate_is_refused_and_its_certificate_kept_for_a_person(tmp_path):
    async with a_front(tmp_path / "server", "SignAndEncrypt") as served:
        own = TrustFolder(tmp_path / "client")
        certificate, key = own.own("urn:test:client")

        def a_client():
            client = Client(served.opcua, timeout=10)
            client.application_uri = "urn:test:client"
            return client

        with pytest.raises(ua.UaError):
            async with Client(served.opcua, timeout=10):
                raise AssertionError("an open connection was accepted")
        client = a_client()
        await client.set_security_string(f"Basic256Sha256,SignAndEncrypt,{certificate},{key}")
        with pytest.raises((ua.UaError, ConnectionError, TimeoutError)):
            async with client:
                raise AssertionError("an unknown certificate was accepted")
        servers = TrustFolder(tmp_path / "server")
        (refused,) = servers.rejected()
        assert "urn:test:client" in refused.uris
        servers.accept(refused.fingerprint)
        client = a_client()
        await client.set_security_string(f"Basic256Sha256,SignAndEncrypt,{certificate},{key}")
        async with client:
            assert await client.get_namespace_index("urn:wheeltapper")


async def test_an_alarm_is_plain_tags(tmp_path):
    async with a_front(tmp_path) as served, served.client() as (client, ns):
        served.publish(a_snapshot(alarms=[SILENT_ALARM]))
        active = client.get_node(f"ns={ns};s=Casting line 2/ring/Alarms/MicrophoneFault/Active")
        await until(lambda: _read(active), True)


async def _read(node):
    value = await node.read_data_value(raise_on_bad_status=False)
    return value.Value.Value if value.StatusCode.is_good() else None


async def test_when_main_is_silent_no_tag_goes_on_looking_good(tmp_path, monkeypatch):
    monkeypatch.setattr(front_module, "STALE_S", 0.3)
    async with a_front(tmp_path) as served, served.client() as (client, ns):
        served.publish(a_snapshot())
        node = client.get_node(f"ns={ns};s={PATH}Verdict")

        async def status():
            return (await node.read_data_value(raise_on_bad_status=False)).StatusCode.name

        await until(status, "UncertainLastUsableValue")


async def test_a_named_operators_call_becomes_a_command_and_the_answer_its_status(tmp_path):
    some_people(tmp_path)
    incident = IncidentView("ABCD", "pump-7", "PUMP-7", "gear", "warning", WALL, None, None, "worn", "none", "")
    async with a_front(tmp_path, people=str(tmp_path)) as served, a_viewer(served.opcua, "ana") as viewer:
        await viewer.subscribe("gear")
        served.publish(replace(a_snapshot(), incidents=(incident,)))
        told = await viewer.next()
        for accepted, status in ((False, "BadConditionBranchAlreadyAcked"), (True, "Good")):
            calling = asyncio.create_task(viewer.acknowledge(told, "seen"))
            command = await asyncio.wait_for(served.heard.get(), 20)
            assert (command.name, command.target, command.who, command.via) == (
                "acknowledge",
                "ABCD",
                "ana",
                "opcua",
            )
            assert command.arguments == {"comment": "seen"}
            served.main.send(CommandAnswer("acknowledge", "ABCD", "ana", accepted, "said", command.id))
            assert await calling == status


async def test_a_modbus_panel_reads_the_same_numbers_and_cannot_write(tmp_path):
    async with a_front(tmp_path) as served:
        served.publish(a_snapshot(a_part_view()))
        async with AsyncModbusTcpClient("127.0.0.1", port=served.modbus_port) as client:
            place = next(p for p in _places() if p.station == "ring" and p.tag.name == "TrigSeq")

            async def read():
                return (await client.read_input_registers(place.address, count=1)).registers[0]

            await until(read, 412)
            assert (await client.write_register(place.address, 5)).isError()
            assert (await client.read_input_registers(3 * BLOCK, count=1)).exception_code == 2


def _places():
    from gateway.serve.front import station_tags
    from gateway.serve.modbus import places

    return list(places(station_tags(STATIONS)))
